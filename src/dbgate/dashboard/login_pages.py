"""Logging in and out."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dbgate.dashboard.users import User
from dbgate.dashboard.web import Site, Visit, address, form

_NONCE: Final = "dbgate_login"
_AT_ONCE: Final = 2  # passwords that are checked at the same time: 64 MiB each
_WAITING: Final = 16


class LoginPages:
    """GET and POST /login, POST /logout."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def show(self, request: Request) -> Response:
        """The form."""
        return self._form(request, 200, "", _safe(request.query_params.get("next", "")))

    async def log_in(self, request: Request) -> Response:
        """A name and a password."""
        fields = await form(request)
        name, password = fields.get("user", ""), fields.get("password", "")
        onward = _safe(fields.get("next", ""))
        where = address(request)
        nonce = request.cookies.get(_NONCE, "")
        if not nonce or not self._site.logins.genuine(nonce, fields.get("token", "")):
            return self._form(request, 403, "The form was too old. Please try again.", onward)
        wait = self._site.attempts.wait(where, name, time.monotonic())
        if wait > 0:
            self._site.actions.write(
                "dashboard.login", name[:64], where, "refused", detail="too many attempts"
            )
            text = f"Too many attempts. Try again in {int(wait // 60) + 1} min."
            return self._form(request, 429, text, onward, {"retry-after": str(int(wait) + 1)})
        if self._waiting >= _WAITING:
            return self._form(request, 503, "Too many log in at the moment. Please try again.", onward)
        # Counted before it is checked, so that many at once are no way around the limit.
        self._site.attempts.failed(where, name, time.monotonic())
        user = await self._check(name, password)
        if user is None:
            detail = self._site.users.trouble or "wrong name or password"
            self._site.actions.write("dashboard.login", name[:64], where, "failed", detail=detail)
            if self._site.users.trouble:
                return self._form(request, 503, "Nobody can log in: the users file is not usable.", onward)
            return self._form(request, 401, "Wrong name or password.", onward)
        self._site.attempts.passed(where, name)
        self._site.actions.write("dashboard.login", user.name, where, "done", role=user.role.word)
        cookie, _ = self._site.logins.open(user.name, user.password, where, time.monotonic())
        answer = RedirectResponse(onward, 303)
        self._set(answer, self._site.cookie, cookie)
        answer.delete_cookie(_NONCE, path="/")
        return answer

    async def _check(self, name: str, password: str) -> User | None:
        self._waiting += 1
        try:
            async with self._turn:
                return await self._site.fleet.run(self._site.users.check, name, password)
        finally:
            self._waiting -= 1

    async def log_out(self, visit: Visit) -> Response:
        """The end of a login."""
        visit.act("dashboard.logout", "done", "", "")
        self._site.logins.close(visit.request.cookies.get(self._site.cookie, ""))
        answer = visit.go("/login")
        answer.delete_cookie(self._site.cookie, path="/", secure=self._site.secure)
        return answer

    def _form(
        self, request: Request, status: int, problem: str, onward: str, headers: dict[str, str] | None = None
    ) -> Response:
        nonce = secrets.token_urlsafe(24)
        text = self._site.render(
            "login.html", problem=problem, onward=onward, token=self._site.logins.sign(nonce)
        )
        answer = HTMLResponse(text, status, headers)
        self._set(answer, _NONCE, nonce)
        return answer

    def _set(self, answer: Response, name: str, value: str) -> None:
        answer.set_cookie(name, value, path="/", secure=self._site.secure, httponly=True, samesite="strict")


def _safe(path: str) -> str:
    """A path of this site; the overview for everything else, so that no link leads elsewhere through the login."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or any(ord(c) < 32 for c in path):
        return "/"
    return path
