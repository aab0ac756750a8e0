"""What the control API says, as JSON objects. The OpenAPI document is made from these types, so they are its contract;
a later gateway may add fields, and clients skip those they do not know."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class SessionInfo(TypedDict):
    """One client session. connected_at: RFC 3339, UTC; state: login, idle, busy, … ; queries, blocked: statements so far;
    last_digest: of the latest statement, "" before the first."""

    session_id: str
    client_ip: str
    client_port: int
    db_user: str
    db_name: str
    connected_at: str
    state: str
    queries: int
    blocked: int
    last_digest: str


class SessionList(TypedDict):
    """Every open session, of all workers."""

    sessions: list[SessionInfo]


class KillResult(TypedDict):
    """A session was ended. detail: what became of the statement that was running."""

    session_id: str
    killed: bool
    detail: str


class PolicyInfo(TypedDict):
    """The policy that is live. version "" = none, so everything is refused; loaded_at: RFC 3339, UTC, "" = never;
    problems: why the latest reload was refused, empty where it was not."""

    file: str
    version: str
    loaded_at: str
    problems: list[str]


class ReloadResult(TypedDict):
    """The policy file was read again and is live in every worker. changed: it is another than before."""

    version: str
    previous: str
    changed: bool


class HealthInfo(TypedDict):
    """status: "ok" or "unavailable"; reasons: why no client should be sent here, empty when ok; version: of dbgate."""

    status: str
    reasons: list[str]
    version: str
    instance: str
    details: dict[str, Any]


class ErrorDetail(TypedDict):
    """code: a word for programs; message: what is wrong; hint: what to do next, may be ""; problems: the findings in a
    policy file, one line each."""

    code: str
    message: str
    hint: str
    problems: NotRequired[list[str]]


class ErrorBody(TypedDict):
    """Every answer that is no success, but for /v1/health's 503."""

    error: ErrorDetail
