"""The dashboard's routes, and who may use them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from dbgate.dashboard import explain, policy_pages, records, sessions
from dbgate.dashboard.login_pages import LoginPages
from dbgate.dashboard.overview import Overview
from dbgate.dashboard.shield import Shield
from dbgate.dashboard.users import Role
from dbgate.dashboard.web import HERE, Handler, Site, guarded

GET: Final = ("GET",)
POST: Final = ("POST",)
BOTH: Final = ("GET", "POST")
_SESSION: Final = "/sessions/{instance}/{session_id:path}/kill"
_ROLLBACK: Final = "/policy/rollback/{number:int}"


def table(overview: Overview, login: LoginPages) -> list[tuple[str, tuple[str, ...], Role, Handler]]:
    """Path, methods, the least role, and the page. Whoever is not logged in gets none of these."""
    return [
        ("/", GET, Role.VIEWER, overview.show),
        ("/live", GET, Role.VIEWER, overview.live),
        ("/points", GET, Role.VIEWER, overview.points),
        ("/newest", GET, Role.VIEWER, overview.newest),
        ("/blocked", GET, Role.VIEWER, records.blocked),
        ("/audit", GET, Role.VIEWER, records.audit),
        ("/alerts", GET, Role.VIEWER, records.alerts),
        ("/record/{event_id}", GET, Role.VIEWER, records.record),
        ("/sessions", GET, Role.VIEWER, sessions.sessions),
        (_SESSION, BOTH, Role.OPERATOR, sessions.kill),
        ("/policy", GET, Role.VIEWER, policy_pages.policy),
        ("/policy/versions/{number:int}", GET, Role.VIEWER, policy_pages.version),
        ("/policy/diff", GET, Role.VIEWER, policy_pages.difference),
        ("/tester", BOTH, Role.VIEWER, explain.tester),
        ("/policy/reload", POST, Role.ADMIN, policy_pages.reload),
        (_ROLLBACK, BOTH, Role.ADMIN, policy_pages.rollback),
        ("/logout", POST, Role.VIEWER, login.log_out),
    ]


class Dashboard:
    """The ASGI application of a site. end(): call it before the server is stopped, so that its streams end."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._overview = Overview(site)
        login = LoginPages(site)
        routes: list[BaseRoute] = [
            Route(path, guarded(site, role, handler), methods=list(methods))
            for path, methods, role, handler in table(self._overview, login)
        ]
        routes += [
            Route("/login", login.show, methods=["GET"]),
            Route("/login", login.log_in, methods=["POST"]),
            Route("/healthz", _healthz, methods=["GET"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]
        handlers: Any = {HTTPException: self._http_error, Exception: self._defect}
        self.asgi = Shield(
            Starlette(routes=routes, exception_handlers=handlers, lifespan=self._lifespan), site.secure
        )

    def end(self) -> None:
        """No stream may hold up the end of the server."""
        self._overview.end()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self._site.fleet.start()
        try:
            yield
        finally:
            await self._site.fleet.stop()
            self._site.actions.close()

    async def _http_error(self, request: Request, error: HTTPException) -> Response:
        words = {404: "There is no such page", 405: "That does not work here"}
        headline = words.get(error.status_code, "That did not work")
        return HTMLResponse(self._site.render("lost.html", headline=headline), error.status_code)

    async def _defect(self, request: Request, error: Exception) -> Response:
        return HTMLResponse(self._site.render("lost.html", headline="The dashboard failed to answer"), 500)


async def _healthz(request: Request) -> Response:
    return PlainTextResponse("ok\n")
