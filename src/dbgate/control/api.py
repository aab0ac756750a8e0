"""The control API: HTTP/1.1 with JSON under /v1/ (docs/control-api.md). This module says what each verb does, in
terms of an Operator that the supervisor provides; control.server puts it on a Unix socket."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from dbgate import __version__
from dbgate.control import openapi
from dbgate.control.audit_page import Busy, question
from dbgate.control.auditlog import Search
from dbgate.control.endpoints import ENDPOINTS, MAX_BODY, MAX_SESSION_ID, Endpoint
from dbgate.control.messages import (
    AuditPage,
    CatalogInfo,
    ErrorDetail,
    ExplainAnswer,
    ExplainBody,
    HealthInfo,
    KillResult,
    PolicyDiff,
    PolicyInfo,
    PolicyText,
    PolicyVersions,
    ReloadResult,
    RollbackBody,
    RollbackResult,
    SessionInfo,
)
from dbgate.control.peer import ON_BEHALF, Peer, may
from dbgate.stats.snapshot import Stats

LOG: Final = logging.getLogger("dbgate.control")
_HEADERS: Final = {"cache-control": "no-store", "server": f"dbgate/{__version__}"}


class ReloadRefused(Exception):
    """The policy file was refused, and the running policy stays. problems: the findings, one line each."""

    def __init__(self, problems: list[str], version: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.version = version


class NotWritable(Exception):
    """The policy file cannot be written; the message says why. Nothing has changed."""


class NotAsked(Exception):
    """What was sent with a request has the right form, and yet makes no sense; the message says why."""


class Operator(Protocol):
    """What the control API needs of the gateway. Every method may take a while and must not block the loop. `author`
    says who asked, for the audit log: `alice (uid 1000)`."""

    async def stats(self) -> Stats:
        """Statistics over all workers."""

    async def sessions(self) -> list[SessionInfo]:
        """Every open session."""

    async def kill(self, session_id: str, author: str) -> KillResult | None:
        """End a session; None where there is none of that id."""

    async def policy_info(self) -> PolicyInfo:
        """The policy that is live."""

    async def catalog(self) -> CatalogInfo:
        """What stands behind the names of the server."""

    async def reload(self, author: str) -> ReloadResult:
        """Read the policy file again and put it live everywhere; ReloadRefused where that cannot be."""

    async def policy_versions(self) -> PolicyVersions:
        """The versions that are kept, newest first, and why the latest load was refused, if it was."""

    async def policy_version(self, number: int) -> PolicyText | None:
        """One version with its text; None where it is not kept."""

    async def policy_diff(self, first: int, second: int) -> PolicyDiff | None:
        """What differs between two versions; None where one of them is not kept."""

    async def policy_rollback(self, number: int, author: str) -> RollbackResult | None:
        """The policy file gets the text of version `number` and is put live, as a new version; None where that version
        is not kept, NotWritable, or ReloadRefused."""

    async def policy_explain(self, asked: ExplainBody) -> ExplainAnswer | None:
        """What would come of a statement; None where the session that it names is not open, NotAsked where the
        question makes no sense."""

    async def audit(self, wanted: Search, limit: int, cursor: str) -> AuditPage | None:
        """A page of records; None where there is no file to read them from, Busy where too many ask."""

    async def health(self) -> HealthInfo:
        """Whether clients may be sent here."""


class _Refused(Exception):
    def __init__(
        self, status: int, code: str, message: str, hint: str = "", problems: list[str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: ErrorDetail = {"code": code, "message": message, "hint": hint}
        if problems is not None:
            self.error["problems"] = problems


class _Verbs:
    """One method for each endpoint: the request and who asks -> status and body."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    async def openapi(self, request: Request, peer: Peer) -> tuple[int, object]:
        return 200, openapi.document()

    async def health(self, request: Request, peer: Peer) -> tuple[int, object]:
        health = await self.operator.health()
        return (200 if health["status"] == "ok" else 503), health

    async def stats(self, request: Request, peer: Peer) -> tuple[int, object]:
        return 200, await self.operator.stats()

    async def sessions(self, request: Request, peer: Peer) -> tuple[int, object]:
        return 200, {"sessions": await self.operator.sessions()}

    async def sessions_kill(self, request: Request, peer: Peer) -> tuple[int, object]:
        session_id = request.path_params["session_id"]
        result = None
        if len(session_id) <= MAX_SESSION_ID:
            result = await self.operator.kill(session_id, peer.author)
        if result is None:
            raise _no_session(session_id)
        return 200, result

    async def policy(self, request: Request, peer: Peer) -> tuple[int, object]:
        return 200, await self.operator.policy_info()

    async def catalog(self, request: Request, peer: Peer) -> tuple[int, object]:
        return 200, await self.operator.catalog()

    async def policy_reload(self, request: Request, peer: Peer) -> tuple[int, object]:
        try:
            return 200, await self.operator.reload(peer.author)
        except ReloadRefused as refused:
            raise _policy_refused(
                refused, "correct the file; `dbgate-cli policy validate FILE` checks it without a reload"
            ) from None

    async def policy_versions(self, request: Request, peer: Peer) -> tuple[int, object]:
        return 200, await self.operator.policy_versions()

    async def policy_version(self, request: Request, peer: Peer) -> tuple[int, object]:
        number = _whole(request.path_params["number"])
        found = await self.operator.policy_version(number) if number else None
        if found is None:
            raise _no_version(request.path_params["number"])
        return 200, found

    async def policy_diff(self, request: Request, peer: Peer) -> tuple[int, object]:
        texts = [request.query_params.get(name, "") for name in ("from", "to")]
        first, second = (_whole(text) for text in texts)
        if not first or not second:
            raise _Refused(400, "bad-request", "from and to must be numbers of versions", _VERSIONS_HINT)
        found = await self.operator.policy_diff(first, second)
        if found is None:
            raise _no_version(" or ".join(texts))
        return 200, found

    async def policy_rollback(self, request: Request, peer: Peer) -> tuple[int, object]:
        number = (await _body(request, RollbackBody))["version"]
        try:
            result = await self.operator.policy_rollback(number, peer.author) if number > 0 else None
        except NotWritable as error:
            raise _Refused(
                409,
                "policy-not-writable",
                f"nothing was changed: {error}",
                "let the gateway's user write the file and its folder, or put the version's text there yourself: "
                f"`dbgate-cli policy show {number}` prints it",
            ) from None
        except ReloadRefused as refused:
            raise _policy_refused(
                refused, "the policy file is as it was before; an older or newer version may do"
            ) from None
        if result is None:
            raise _no_version(str(number))
        return 200, result

    async def policy_explain(self, request: Request, peer: Peer) -> tuple[int, object]:
        asked: ExplainBody = await _body(request, ExplainBody)
        try:
            answer = await self.operator.policy_explain(asked)
        except NotAsked as error:
            raise _Refused(400, "bad-request", str(error), _DOCUMENT_HINT) from None
        if answer is None:
            raise _no_session(asked.session_id or "")
        return 200, answer

    async def audit(self, request: Request, peer: Peer) -> tuple[int, object]:
        try:
            wanted, limit, cursor = question(request.query_params.multi_items())
        except ValueError as error:
            raise _Refused(400, "bad-request", str(error), _DOCUMENT_HINT) from None
        try:
            page = await self.operator.audit(wanted, limit, cursor)
        except Busy:
            raise _Refused(429, "busy", "too many ask for records already", "ask again in a moment") from None
        if page is None:
            raise _Refused(
                404,
                "no-audit-log",
                "this gateway keeps no audit log that can be read",
                "its setting audit_log names a file, or nothing is kept",
            )
        return 200, page


_VERSIONS_HINT: Final = "`dbgate-cli policy versions` lists those that are kept"


def _policy_refused(refused: ReloadRefused, hint: str) -> _Refused:
    stays = f"policy {refused.version} stays" if refused.version else "there is still no policy"
    return _Refused(422, "policy-refused", f"the policy file was refused, {stays}", hint, refused.problems)


def _no_session(session_id: str) -> _Refused:
    return _Refused(
        404,
        "no-such-session",
        f"there is no session {session_id[:MAX_SESSION_ID]!r}",
        "it may have ended; `dbgate-cli sessions` lists those that are open",
    )


def _no_version(what: str) -> _Refused:
    return _Refused(404, "no-such-version", f"there is no version {what[:40]} of the policy", _VERSIONS_HINT)


def _whole(text: str) -> int:
    """A number from 1; 0 where the text is none."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


async def _body(request: Request, kind: Any) -> Any:
    """What was sent with the request, as `kind`; refused with 400 where it is something else."""
    content = b""
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MAX_BODY:
                raise _Refused(400, "bad-request", f"more than {MAX_BODY} bytes were sent")
    except ClientDisconnect:
        raise _Refused(400, "bad-request", "the request ended in the middle") from None
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _Refused(
            400, "bad-request", f"what was sent is not what this verb takes: {error}", _DOCUMENT_HINT
        ) from None


_DOCUMENT_HINT: Final = "GET /v1/openapi.json describes what there is"


def app(operator: Operator, owner_uid: int, socket_gid: Callable[[], int]) -> Starlette:
    """The ASGI application. Each request's scope must carry the peer as `dbgate.peer` (control.server sees to it);
    without one the request is refused. socket_gid: the group that the socket belongs to at the moment."""
    verbs = _Verbs(operator)
    routes = [
        Route(
            # An id is whatever stands there; one with a slash is as unknown as any other.
            endpoint.path.replace("_id}", "_id:path}").replace("{number}", "{number:path}"),
            _guarded(endpoint, getattr(verbs, endpoint.verb.replace(".", "_")), owner_uid, socket_gid),
            methods=[endpoint.method],
        )
        for endpoint in ENDPOINTS
    ]
    handlers = {HTTPException: _http_error}
    made = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
    made.router.redirect_slashes = False  # a 307 to the path without its last slash is no answer of this API
    return made


def _guarded(
    endpoint: Endpoint,
    act: Callable[[Request, Peer], Awaitable[tuple[int, object]]],
    owner_uid: int,
    socket_gid: Callable[[], int],
) -> Callable[[Request], Awaitable[Response]]:
    """`act` behind the authorisation table, with every outcome as JSON."""

    async def serve(request: Request) -> Response:
        peer = request.scope.get("dbgate.peer")
        try:
            if not isinstance(peer, Peer) or not may(endpoint.verb, peer.relation(owner_uid, socket_gid())):
                who = peer.author if isinstance(peer, Peer) else "an unknown peer"
                LOG.warning("control: %s was refused %s", who, endpoint.verb)
                raise _Refused(
                    403,
                    "forbidden",
                    f"{who} may not use {endpoint.method} {endpoint.path}",
                    "ask as the gateway's user, as root, or as a member of the socket's group",
                )
            status, body = await act(request, peer.acting_for(request.headers.get(ON_BEHALF, "")))
            return _json(status, body)
        except _Refused as refused:
            return _json(refused.status, {"error": refused.error})
        except Exception:
            LOG.exception("control: %s %s failed", endpoint.method, endpoint.path)
            error = {
                "code": "internal",
                "message": "the gateway failed to answer",
                "hint": "its log says why",
            }
            return _json(500, {"error": error})

    return serve


async def _http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        body = {"code": "wrong-method", "message": f"{request.url.path} does not take {request.method}"}
    else:
        body = {"code": "no-such-path", "message": f"there is no {request.url.path[:200]}"}
    body["hint"] = _DOCUMENT_HINT
    return _json(error.status_code, {"error": body}, dict(error.headers or {}))


def _json(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    content = msgspec.json.encode(body) + b"\n"
    return Response(content, status, {**_HEADERS, **(headers or {})}, "application/json")
