"""What all pages share: the site's parts, who is asking, forms, and the way a template becomes an answer."""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode

import jinja2
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dbgate import __version__
from dbgate.dashboard.fleet import Fleet
from dbgate.dashboard.journal import ActionLog
from dbgate.dashboard.logins import Attempts, Login, Logins
from dbgate.dashboard.shield import MAX_BODY
from dbgate.dashboard.users import Role, User, Users
from dbgate.dashboard.words import FILTERS

HERE: Final = Path(__file__).parent
_NO_CONTENT: Final = 204


@cache
def template_environment() -> jinja2.Environment:
    """Escapes everything, and a name that is not there is a defect."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(version=__version__, Role=Role, query=query)
    return environment


def query(base: dict[str, str], **changes: object) -> str:
    """A query string of the given parameters and changes to them, empty ones left out."""
    return "?" + urlencode(
        {key: value for key, value in {**base, **changes}.items() if value not in ("", None)}
    )


class Site:
    """The parts of one dashboard. secure: it is reached over HTTPS, so that its cookies may not travel otherwise."""

    def __init__(self, fleet: Fleet, users: Users, logins: Logins, actions: ActionLog, secure: bool) -> None:
        self.fleet = fleet
        self.users = users
        self.logins = logins
        self.actions = actions
        self.secure = secure
        self.attempts = Attempts()
        self.templates = template_environment()

    @property
    def cookie(self) -> str:
        """The name of the login's cookie; the prefix makes browsers hold it to Secure, Path=/ and this host."""
        return "__Host-dbgate" if self.secure else "dbgate_dashboard"

    def who(self, cookie: str, touch: bool) -> tuple[Login, User] | None:
        """Whose cookie this is; nobody's once the user is gone or has another password. touch: as Logins.find."""
        login = self.logins.find(cookie, time.monotonic(), touch)
        user = self.users.find(login.user) if login is not None else None
        if login is None or user is None or user.password != login.password:
            return None
        return login, user

    def render(self, template: str, **values: Any) -> str:
        """A template's text."""
        return self.templates.get_template(template).render(**values)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, and what for."""

    site: Site
    request: Request
    user: User
    login: Login

    @property
    def partial(self) -> bool:
        """Whether htmx asks for a part of a page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def acts(self) -> bool:
        """Whether this is to do something, and carries the login's token. HEAD, which comes wherever GET may, is not."""
        return self.request.method == "POST"

    def may(self, role: Role) -> bool:
        """Whether the user has that role, or more."""
        return self.user.role >= role

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page, or a part of one."""
        text = self.site.render(
            template,
            visit=self,
            user=self.user,
            csrf=self.login.csrf,
            fleet=self.site.fleet,
            path=self.request.url.path,
            **values,
        )
        return HTMLResponse(text, status)

    def sorry(self, status: int, headline: str, message: str, hint: str = "") -> HTMLResponse:
        """A page that says what did not work."""
        return self.page("sorry.html", status, headline=headline, message=message, hint=hint)

    def go(self, path: str) -> Response:
        """On to another page, after something was done."""
        if self.partial:
            return Response(status_code=_NO_CONTENT, headers={"hx-redirect": path})
        return RedirectResponse(path, 303)

    def act(self, event: str, outcome: str, instance: str, detail: str) -> None:
        """Writes down what the user did, or tried."""
        self.site.actions.write(
            event,
            self.user.name,
            address(self.request),
            outcome,
            role=self.user.role.word,
            instance=instance,
            detail=detail,
        )


Handler = Callable[[Visit], Awaitable[Response]]


def address(request: Request) -> str:
    """Where the browser is."""
    return request.client.host if request.client else ""


async def form(request: Request) -> dict[str, str]:
    """The fields of a form, the first of each name; an unreadable or endless one has none."""
    content = b""
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MAX_BODY:
                return {}
        fields = parse_qs(content.decode("utf-8"), keep_blank_values=True, max_num_fields=50)
    except (ClientDisconnect, ValueError):  # not UTF-8 is a ValueError too
        return {}
    return {name: values[0] for name, values in fields.items()}


def guarded(site: Site, role: Role, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """`handler` for those who are logged in and have the role; a POST must carry the login's token."""

    async def serve(request: Request) -> Response:
        cookie = request.cookies.get(site.cookie, "")
        # What the page asks for by itself does not keep anybody logged in.
        touch = request.url.path != "/live" and request.query_params.get("live") != "1"
        found = site.who(cookie, touch)
        if found is None:
            return _to_login(request)
        login, user = found
        visit = Visit(site, request, user, login)
        if not visit.may(role):
            visit.act(f"{request.method} {request.url.path[:200]}", "refused", "", f"needs {role.word}")
            return visit.sorry(
                403,
                "Not with your role",
                f"{user.name} is {user.role.word}; this needs {role.word}.",
                "An administrator changes roles: dbgate-dashboard passwd NAME --role ROLE.",
            )
        if visit.acts:
            request.state.form = await form(request)
            token = request.headers.get("x-csrf-token") or request.state.form.get("csrf", "")
            if not hmac.compare_digest(token.encode("utf-8", "replace"), login.csrf.encode()):
                return visit.sorry(
                    403,
                    "This form is not valid any more",
                    "Nothing was done.",
                    "Go back, reload the page, try again.",
                )
        return await handler(visit)

    return serve


def _to_login(request: Request) -> Response:
    target = "/login"
    path = request.url.path
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"hx-redirect": target})
    if request.method != "GET" or path in ("/live", "/points"):
        return Response(status_code=401)
    if path != "/":
        target += "?next=" + quote(path + (f"?{request.url.query}" if request.url.query else ""), safe="")
    return RedirectResponse(target, 303)
