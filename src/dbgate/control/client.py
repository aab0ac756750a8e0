"""A client of the control API: synchronous, standard library only, so that a command starts fast. Every call has one
deadline over all its reads, and every failure is an error that says what to do next."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

from dbgate import __version__
from dbgate.control.access import Access, ControlError, Unreachable, remote

if TYPE_CHECKING:
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
    )
    from dbgate.stats.snapshot import Stats

__all__ = ["Access", "ControlClient", "ControlError", "Refused", "Unreachable", "remote"]

DEFAULT_TIMEOUT: Final = 5.0
MAX_ANSWER: Final = 64 << 20


class Refused(ControlError):
    """The gateway answered no. status: of HTTP; code: the error's word; problems: findings in a policy file."""

    def __init__(self, status: int, code: str, message: str, hint: str, problems: list[str]) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code
        self.problems = problems


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
        return cast("Stats", self._object("GET", "/v1/stats"))

    def sessions(self) -> list[SessionInfo]:
        """Every open session."""
        sessions = self._object("GET", "/v1/sessions").get("sessions")
        if not isinstance(sessions, list) or not all(isinstance(item, dict) for item in sessions):
            raise self._nonsense("its list of sessions is none")
        return cast("list[SessionInfo]", sessions)

    def kill(self, session_id: str) -> KillResult:
        """End a session; Refused with status 404 where there is none of that id."""
        return cast("KillResult", self._object("POST", f"/v1/sessions/{quote(session_id, safe='')}/kill"))

    def policy(self) -> PolicyInfo:
        """The policy that is live."""
        return cast("PolicyInfo", self._object("GET", "/v1/policy"))

    def catalog(self) -> CatalogInfo:
        """What stands behind the names of the server, as the workers have it."""
        return cast("CatalogInfo", self._object("GET", "/v1/catalog"))

    def reload(self) -> ReloadResult:
        """Have the policy file read again; Refused with its problems where it is bad."""
        return cast("ReloadResult", self._object("POST", "/v1/policy/reload"))

    def policy_versions(self) -> PolicyVersions:
        """The policies that were loaded, newest first."""
        return cast("PolicyVersions", self._object("GET", "/v1/policy/versions"))

    def policy_version(self, number: int) -> PolicyText:
        """One of them with its text; Refused with status 404 where it is not kept."""
        return cast("PolicyText", self._object("GET", f"/v1/policy/versions/{number}"))

    def policy_diff(self, first: int, second: int) -> PolicyDiff:
        """What differs between two of them; Refused with status 404 where one is not kept."""
        return cast("PolicyDiff", self._object("GET", f"/v1/policy/diff?from={first}&to={second}"))

    def policy_rollback(self, number: int) -> RollbackResult:
        """Put an earlier version live again, as a new one. Refused: 404 not kept, 409 the file cannot be written, 422
        it is no valid policy any more."""
        return cast("RollbackResult", self._object("POST", "/v1/policy/rollback", {"version": number}))

    def policy_explain(self, asked: dict[str, object]) -> ExplainAnswer:
        """What the gateway would do with a statement. asked: fields of messages.ExplainBody. Refused: 404 the session that it
        names is not open, 400 the question makes no sense."""
        answer = self._object("POST", "/v1/policy/explain", asked)
        if not isinstance(answer.get("steps"), list) or not isinstance(answer.get("decision"), str):
            raise self._nonsense("its explanation is none")
        return cast("ExplainAnswer", answer)

    def health(self) -> HealthInfo:
        """Whether clients may be sent to the gateway. A gateway that is unwell is an answer, not an error."""
        status, body = self._call("GET", "/v1/health")
        if status not in (200, 503) or "status" not in body:
            raise self._refusal("GET", "/v1/health", status, body)
        return cast("HealthInfo", body)

    def _object(self, method: str, path: str, content: dict[str, object] | None = None) -> dict[str, Any]:
        status, body = self._call(method, path, content)
        if status != 200:
            raise self._refusal(method, path, status, body)
        return body

    def _call(
        self, method: str, path: str, sent: dict[str, object] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """One request, with a JSON object or without: status and JSON object, or Unreachable."""
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
            response = connection.getresponse()
            content = response.read(MAX_ANSWER + 1)
        except http.client.HTTPException as error:
            raise self._nonsense(f"{type(error).__name__}: {error}") from None
        except OSError as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()
        if len(content) > MAX_ANSWER:
            raise self._nonsense("its answer has no end")
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            raise self._nonsense("its answer is not JSON") from None
        if not isinstance(body, dict):
            raise self._nonsense("its answer is no JSON object")
        return response.status, body

    def _refusal(self, method: str, path: str, status: int, body: dict[str, Any]) -> ControlError:
        detail = body.get("error")
        if not isinstance(detail, dict):
            return self._nonsense(f"status {status} without a reason")
        code = str(detail.get("code", ""))
        problems = detail.get("problems")
        hint = str(detail.get("hint", ""))
        if code in ("no-such-path", "wrong-method"):
            hint = (
                f"the gateway is of another version than this command ({__version__}); upgrade the older one"
            )
        return Refused(
            status,
            code,
            str(detail.get("message") or f"{method} {path}: status {status}"),
            hint,
            [str(problem) for problem in problems] if isinstance(problems, list) else [],
        )

    def _nonsense(self, what: str) -> Unreachable:
        return Unreachable(
            f"what answers at {self.path} is not dbgate's control API: {what}",
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


class _DeadlineSocket(socket.socket):
    """A socket on which all reads together, not each of them, have to be done by `deadline` (monotonic seconds)."""

    deadline = 0.0

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.settimeout(left)
        return super().recv_into(*arguments, **options)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("dbgate", timeout=timeout)
        self._path = path
        self._seconds = timeout

    def connect(self) -> None:
        sock = _DeadlineSocket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.deadline = time.monotonic() + self._seconds
        sock.settimeout(self._seconds)
        try:
            sock.connect(self._path)
        except BaseException:
            sock.close()
            raise
        self.sock = sock


def _group(path: str) -> str:
    try:
        import grp

        return f" ({grp.getgrgid(os.stat(path).st_gid).gr_name})"
    except (OSError, KeyError):
        return ""
