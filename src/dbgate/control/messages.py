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


class CatalogInfo(TypedDict):
    """What stands behind the names of the server. configured: an account is set for it; else all else is empty.
    objects: views, routines and triggers; age_s: seconds since it was read, -1 = never; problem: "" or why the latest
    reading failed; catalog: as the workers have it (docs/control-api.md), null where there is none."""

    configured: bool
    objects: int
    age_s: int
    problem: str
    catalog: dict[str, Any] | None


class ReloadResult(TypedDict):
    """The policy file was read again and is live in every worker. changed: it is another than before."""

    version: str
    previous: str
    changed: bool


class PolicyVersion(TypedDict):
    """One policy that was loaded, never changed afterwards. number: from 1, in order of time; version: its short hash,
    as in audit records; sha256: of its text and of the shapes that it names; time: RFC 3339, UTC; author: who had it
    loaded: `alice (uid 1000)`, "SIGHUP", "file watch" or "start"; note: "" or what it came from; live: it is in force."""

    number: int
    version: str
    sha256: str
    time: str
    author: str
    note: str
    live: bool


class RefusedLoad(TypedDict):
    """The latest load of the policy file, where it was refused. problems: one line each."""

    time: str
    author: str
    problems: list[str]


class PolicyVersions(TypedDict):
    """The versions that are kept, newest first. live: the number of the one in force, 0 = none, or none that is kept;
    kept: how many are at most; refused: the latest load, where it changed nothing, else null; folder: of the store;
    trouble: "" or why versions are kept in memory only."""

    versions: list[PolicyVersion]
    live: int
    kept: int
    refused: RefusedLoad | None
    folder: str
    trouble: str


class PolicyText(PolicyVersion):
    """A version with its text, and with that of the shapes that it names (null = none)."""

    text: str
    shapes: str | None


class RollbackBody(TypedDict):
    """version: the number to go back to."""

    version: int


class RollbackResult(TypedDict):
    """The policy file has the text of an earlier version again. number: the new version that this made; of: the one it is
    a copy of; version, previous: hashes; changed: the live policy is another than before."""

    number: int
    of: int
    version: str
    previous: str
    changed: bool


class RuleChange(TypedDict):
    """One rule or key that differs. what: added, removed, changed or moved; rule: its name (`access_control 'app'`,
    `sql_rules.require_where`); line_from, line_to: where it stands, 0 = not there; details: what differs in it."""

    what: str
    rule: str
    line_from: int
    line_to: int
    details: list[str]


class PolicyDiff(TypedDict):
    """Two versions compared: rule by rule, and as text (unified). The numbers are of versions."""

    from_number: int
    to_number: int
    changes: list[RuleChange]
    text: str


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
