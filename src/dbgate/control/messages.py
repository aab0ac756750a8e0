"""What the control API says, as JSON objects. The OpenAPI document is made from these types, so they are its contract;
a later gateway may add fields, and clients skip those they do not know. What is added to an answer is NotRequired, so that
clients can ask gateways that came before it; all else is required, and a client says so where it is missing."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

import msgspec


class SessionInfo(TypedDict):
    """One client session. connected_at: RFC 3339, UTC; state: login, idle, busy, … ; queries, blocked: statements so far;
    last_digest: of the latest statement, "" before the first; tls: the client's connection is encrypted; cert_subject: of
    the client's certificate, "" = it has shown none."""

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
    tls: NotRequired[bool]
    cert_subject: NotRequired[str]


class SessionList(TypedDict):
    """Every open session, of all workers."""

    sessions: list[SessionInfo]


class KillResult(TypedDict):
    """A session was ended. on_server: "killed" (what it left running was ended there), "gone" (nothing of it ran there any more)
    or "closed" (its connection is closed, and the server stops its statement when it notices); detail: the same in words."""

    session_id: str
    killed: bool
    detail: str
    on_server: NotRequired[str]


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


class AuditPage(TypedDict):
    """Records of the audit log, the newest first. cursors: of each of them, the `cursor` of a request for what stands
    before it; start: that of this request, also where it named none; older: that for what this request did not look at,
    "" = there is nothing; reached: the time of the oldest record that was looked at, "" with it; trouble: what could
    not be read, one line each."""

    records: list[dict[str, Any]]
    cursors: list[str]
    start: str
    older: str
    reached: str
    trouble: list[str]


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


_Name = Annotated[str, msgspec.Meta(max_length=256)]


class ExplainBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A statement, and who sends it. sql, or sql_base64 where it is no text; session_id: an open session that would
    send it: what is not given is taken from there; else user, source (127.0.0.1), schema (none), tls (true),
    cert_subject (null = what the access rule wants, "" = none), charset (utf8mb4), and the sql_mode of the latest login.
    prepared: it is sent to be prepared; masked: it comes from the audit log, `?` stands for values; detections: of the
    record, in place of looking for them anew; at: Unix seconds, null = now."""

    sql: str | None = None
    sql_base64: str | None = None
    session_id: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    user: _Name | None = None
    source: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    schema: _Name | None = None
    tls: bool | None = None
    cert_subject: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    charset: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    sql_mode: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    prepared: bool = False
    masked: bool = False
    detections: Annotated[list[_Name], msgspec.Meta(max_length=64)] | None = None
    at: Annotated[float, msgspec.Meta(ge=0, le=32503680000)] | None = None


class ExplainedStep(TypedDict):
    """One step of the order of decision. outcome: passed, would_block, block or "not reached"."""

    number: int
    name: str
    outcome: str
    rule: str
    rule_line: int
    reason: str


class ExplainedPolicy(TypedDict):
    """What it was judged by. file, version: of the policy; catalog: what is known of views and routines, in words."""

    file: str
    version: str
    catalog: str


class ExplainedSent(TypedDict):
    """What was judged: who, from where, when, and how the server reads it. assumed: what of it is a guess, because no
    session has told it yet."""

    user: str
    source: str
    schema: str
    at: str
    server: str
    charset: str
    sql_mode: str
    prepared: bool
    tls: NotRequired[bool]
    cert_subject: NotRequired[str | None]
    fold_names: NotRequired[bool]
    assumed: NotRequired[list[str]]


class NeedInfo(TypedDict):
    """A right that a statement needs. kind: table, any right on table, schema, a table in schema, operation."""

    kind: str
    operation: str
    schema: str
    table: str
    written: bool


class DetectionInfo(TypedDict):
    """What a detector found."""

    detector: str
    reason: str


class StatementInfo(TypedDict):
    """One statement of the text, as it was understood."""

    verb: str
    operations: list[str]
    needs: list[NeedInfo]
    functions: list[str]
    calls: list[str]
    detections: list[DetectionInfo]
    session_statement: bool
    creates_routine: bool
    dynamic_sql: str
    folded: dict[str, Any] | None
    without_where: list[str]
    session_state: str
    new_schema: str | None


class BehindInfo(TypedDict):
    """A view, routine or trigger that a statement reaches, and what its body does."""

    path: str
    needs: list[NeedInfo]
    functions: list[str]
    calls: list[str]
    problem: str


class ExplainAnswer(TypedDict):
    """What the gateway would decide, and why. Field names stay; more may come. notes: what a verdict at another time, or on
    the statement as it was sent, may depend on besides."""

    decision: str
    rule: str
    rule_line: int
    reason: str
    mode: str
    access_rule: str
    access_rule_line: int
    policy: ExplainedPolicy
    sent: ExplainedSent
    steps: list[ExplainedStep]
    statement: str
    digest: str
    error: str
    session_state: str
    statements: list[StatementInfo]
    catalog: str
    behind: list[BehindInfo]
    notes: list[str]


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
