"""A client of the control API: synchronous, and with little to load, so that a command starts fast. Every call has one
deadline over all its reads, every answer is held to its type (control.answers), and every failure is an error that says what
to do next."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

from dbgate import __version__
from dbgate.control.access import Access, ControlError, Unreachable, remote
from dbgate.control.answers import Anything, Lacking, Strange, decoded, most
from dbgate.control.deadline import CarefulResponse, DeadlineSocket
from dbgate.control.messages import (
    CatalogInfo,
    ExplainAnswer,
    HealthInfo,
    KillResult,
    PolicyDiff,
    PolicyInfo,
    PolicyText,
    PolicyVersions,
    ReloadResult,
    RollbackResult,
    SessionInfo,
    SessionList,
)
from dbgate.stats.snapshot import Stats

__all__ = ["Access", "ControlClient", "ControlError", "Refused", "Unreachable", "remote"]

DEFAULT_TIMEOUT: Final = 5.0
_MOST_REFUSAL: Final = 4 << 20  # bytes of an answer that is none
_PIECE: Final = 1 << 18  # bytes: one read of all that may come would reserve all of it
_MOST_WORDS: Final = 1000  # characters of a message that somebody else wrote
_MOST_PROBLEMS: Final = 1000
_OTHER_VERSION: Final = ("no-such-path", "wrong-method")


class Refused(ControlError):
    """The gateway answered no. status: of HTTP; code: the error's word; problems: findings in a policy file; answered: it is
    an answer to what was asked, not a failure to give one."""

    def __init__(self, status: int, code: str, message: str, hint: str, problems: list[str]) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code
        self.problems = problems
        self.answered = status < 500 and code not in _OTHER_VERSION


class ControlClient:
    """path: of the control socket, or https://HOST:PORT of a gateway elsewhere; timeout: seconds that a whole call may take;
    behalf: whose name the gateway writes down beside the caller's, "" = none; access: for https, what opens it. Each call is
    a connection of its own."""

    def __init__(
        self, path: str, timeout: float = DEFAULT_TIMEOUT, behalf: str = "", access: Access | None = None
    ) -> None:
        self.path = path
        self.timeout = timeout
        self.behalf = behalf
        self.access = access

    def stats(self) -> Stats:
        """Statistics over all workers."""
        return cast(Stats, self._object("GET", "/v1/stats", kind=Stats))

    def sessions(self) -> list[SessionInfo]:
        """Every open session."""
        return cast(SessionList, self._object("GET", "/v1/sessions", kind=SessionList))["sessions"]

    def kill(self, session_id: str) -> KillResult:
        """End a session; Refused with status 404 where there is none of that id."""
        path = f"/v1/sessions/{quote(session_id, safe='')}/kill"
        return cast(KillResult, self._object("POST", path, kind=KillResult))

    def policy(self) -> PolicyInfo:
        """The policy that is live."""
        return cast(PolicyInfo, self._object("GET", "/v1/policy", kind=PolicyInfo))

    def catalog(self) -> CatalogInfo:
        """What stands behind the names of the server, as the workers have it."""
        return cast(CatalogInfo, self._object("GET", "/v1/catalog", kind=CatalogInfo))

    def reload(self) -> ReloadResult:
        """Have the policy file read again; Refused with its problems where it is bad."""
        return cast(ReloadResult, self._object("POST", "/v1/policy/reload", kind=ReloadResult))

    def policy_versions(self) -> PolicyVersions:
        """The policies that were loaded, newest first."""
        return cast(PolicyVersions, self._object("GET", "/v1/policy/versions", kind=PolicyVersions))

    def policy_version(self, number: int) -> PolicyText:
        """One of them with its text; Refused with status 404 where it is not kept."""
        return cast(PolicyText, self._object("GET", f"/v1/policy/versions/{number}", kind=PolicyText))

    def policy_diff(self, first: int, second: int) -> PolicyDiff:
        """What differs between two of them; Refused with status 404 where one is not kept."""
        return cast(
            PolicyDiff, self._object("GET", f"/v1/policy/diff?from={first}&to={second}", kind=PolicyDiff)
        )

    def policy_rollback(self, number: int) -> RollbackResult:
        """Put an earlier version live again, as a new one. Refused: 404 not kept, 409 the file cannot be written, 422
        it is no valid policy any more."""
        asked: dict[str, object] = {"version": number}
        return cast(RollbackResult, self._object("POST", "/v1/policy/rollback", asked, kind=RollbackResult))

    def policy_explain(self, asked: dict[str, object]) -> ExplainAnswer:
        """What the gateway would do with a statement. asked: fields of messages.ExplainBody. Refused: 404 the session that it
        names is not open, 400 the question makes no sense."""
        return cast(ExplainAnswer, self._object("POST", "/v1/policy/explain", asked, kind=ExplainAnswer))

    def health(self) -> HealthInfo:
        """Whether clients may be sent to the gateway. A gateway that is unwell is an answer, not an error."""
        status, body = self._call("GET", "/v1/health", kind=HealthInfo, also=503)
        if status not in (200, 503):
            raise self._refusal("GET", "/v1/health", status, body)
        return cast(HealthInfo, body)

    def _object(
        self, method: str, path: str, content: dict[str, object] | None = None, *, kind: Any = Anything
    ) -> Any:
        status, body = self._call(method, path, content, kind=kind)
        if status != 200:
            raise self._refusal(method, path, status, body)
        return body

    def _call(
        self,
        method: str,
        path: str,
        sent: dict[str, object] | None = None,
        *,
        kind: Any = Anything,
        also: int = 200,
    ) -> tuple[int, Any]:
        """One request, with a JSON object or without: the status, and the answer, which is of type `kind` where the status is
        200 or `also`. Else Unreachable."""
        headers = {"User-Agent": f"dbgate-cli/{__version__}"}
        connection: http.client.HTTPConnection
        if remote(self.path):
            from dbgate.control.far import connect, token

            connection = connect(self.path, self.timeout, self.access)
            headers["Authorization"] = f"Bearer {token(self.access)}"
        else:
            connection = _UnixConnection(self.path, self.timeout)
        try:
            if self.behalf:
                headers["X-Dbgate-On-Behalf-Of"] = self.behalf
            if sent is not None:
                headers["Content-Type"] = "application/json"
            connection.request(method, path, None if sent is None else json.dumps(sent), headers)
            with (
                connection.getresponse() as response
            ):  # its end closes the socket, where it has no length of its own
                wanted = kind if response.status in (200, also) else Anything
                content = self._body(response, most(wanted) if wanted is kind else _MOST_REFUSAL)
            return response.status, decoded(content, wanted)
        except Lacking as lacking:
            raise Unreachable(
                f"the gateway at {self.path} is another version of dbgate than this ({__version__}): {_words(str(lacking))}",
                "upgrade the older one",
            ) from None
        except Strange as strange:
            raise self._nonsense(str(strange)) from None
        except OSError as error:  # first: some are ValueErrors or HTTPExceptions, too
            raise self._unreachable(error) from None
        except (http.client.HTTPException, ValueError) as error:
            raise self._nonsense(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()

    def _body(self, response: http.client.HTTPResponse, limit: int) -> bytes:
        """What was answered, where it is JSON of at most `limit` bytes."""
        said = response.headers.get_content_type() if "content-type" in response.headers else ""
        if said and said != "application/json":
            if response.status == 503:
                raise Unreachable(
                    f"the gateway at {self.path} is asked by too many at once",
                    "try again in a moment; scripts and dashboards that ask often may be why",
                )
            raise Strange(f"its answer is {said}, status {response.status}")
        pieces: list[bytes] = []
        got = 0
        while piece := response.read(_PIECE):
            pieces.append(piece)
            got += len(piece)
            if got > limit:
                raise Strange("its answer has no end")
        if response.length:
            raise ConnectionResetError("it closed the connection in the middle of its answer")
        return b"".join(pieces)

    def _refusal(self, method: str, path: str, status: int, body: dict[str, Any]) -> ControlError:
        detail = body.get("error")
        if not isinstance(detail, dict):
            return self._nonsense(f"status {status} without a reason")
        code = _text(detail.get("code"))
        problems = detail.get("problems")
        hint = _text(detail.get("hint"))
        if code in _OTHER_VERSION:
            hint = (
                f"the gateway is of another version than this command ({__version__}); upgrade the older one"
            )
        return Refused(
            status,
            code,
            _text(detail.get("message")) or f"{method} {path[:200]}: status {status}",
            hint,
            [_text(problem) for problem in problems[:_MOST_PROBLEMS]] if isinstance(problems, list) else [],
        )

    def _nonsense(self, what: str) -> Unreachable:
        return Unreachable(
            f"what answers at {self.path} is not dbgate's control API: {_words(what)}",
            "name the gateway's own socket, or its https address, with --socket or DBGATE_CONTROL_SOCKET",
        )

    def _unreachable(self, error: OSError) -> Unreachable:
        path = self.path
        if remote(path) and not isinstance(error, TimeoutError | BlockingIOError):
            from dbgate.control.far import explain

            return explain(path, error)
        if isinstance(error, FileNotFoundError):
            return Unreachable(
                f"no gateway listens at {path}: there is no such socket",
                "start one with `dbgate serve`, or name its socket with --socket or DBGATE_CONTROL_SOCKET",
            )
        if isinstance(error, ConnectionRefusedError) and not Path(path).is_socket():
            return Unreachable(
                f"no gateway listens at {path}: it is no socket",
                "name the gateway's socket with --socket or DBGATE_CONTROL_SOCKET; its first line of output has it",
            )
        if isinstance(error, ConnectionRefusedError):
            return Unreachable(
                f"no gateway listens at {path}: the socket is there, but nobody answers (it ended, or crashed)",
                "start it again with `dbgate serve`; it replaces the old socket",
            )
        if isinstance(error, PermissionError):
            return Unreachable(
                f"you may not use {path}",
                f"ask as the gateway's user, as root, or as a member of the socket's group{_group(path)}",
            )
        if isinstance(error, TimeoutError | BlockingIOError):
            return Unreachable(
                f"the gateway at {path} did not answer within {self.timeout:g} s",
                "it may be overloaded or stopped: look at its log, or give it longer with --timeout",
            )
        if isinstance(error, ConnectionError):
            return Unreachable(
                f"the gateway at {path} hung up: {error.strerror or error}", "its log says why"
            )
        return Unreachable(
            f"{path} cannot be used as a control socket: {error.strerror or error}",
            "name the gateway's socket with --socket or DBGATE_CONTROL_SOCKET",
        )


class _UnixConnection(http.client.HTTPConnection):
    response_class = CarefulResponse

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("dbgate", timeout=timeout)
        self._path = path
        self._seconds = timeout

    def connect(self) -> None:
        sock = DeadlineSocket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.deadline = time.monotonic() + self._seconds
        sock.settimeout(self._seconds)
        try:
            sock.connect(self._path)
        except BaseException:
            sock.close()
            raise
        self.sock = sock


def _words(text: str) -> str:
    """Somebody else's words, on one line of bounded length."""
    folded = " ".join(text[: 4 * _MOST_WORDS].split())
    return folded if len(folded) <= _MOST_WORDS else folded[:_MOST_WORDS] + " …"


def _text(value: object) -> str:
    return _words(value) if isinstance(value, str) else ""


def _group(path: str) -> str:
    try:
        import grp

        return f" ({grp.getgrgid(os.stat(path).st_gid).gr_name})"
    except (OSError, KeyError):
        return ""
