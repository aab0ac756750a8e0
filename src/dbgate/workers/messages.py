"""What the supervisor and a worker say to each other, on a private socket, so both ends are the same release."""

from __future__ import annotations

from typing import Any

import msgspec

from dbgate.config.settings import Settings


class Start(msgspec.Struct, tag=True, frozen=True):
    """First word to a worker. worker: its number, of `workers`; plan: of the policy that is live (policy.plan), empty =
    none; epoch: how often the instance's policy changed; certificates: what their files held when they were last good
    (certificates.read_files); catalog: as JSON, None = names alone."""

    worker: int
    workers: int
    instance: str
    settings: Settings
    plan: bytes
    epoch: int
    catalog: str | None = None
    certificates: dict[str, bytes] = {}


class Prepare(msgspec.Struct, tag=True, frozen=True):
    """Make a policy of this plan and hold it ready; answered by Prepared."""

    number: int
    plan: bytes


class Commit(msgspec.Struct, tag=True, frozen=True):
    """Make the prepared policy live; answered by Committed. epoch: as in Start."""

    number: int
    epoch: int


class Abort(msgspec.Struct, tag=True, frozen=True):
    """Forget the prepared policy."""

    number: int


class TakeCatalog(msgspec.Struct, tag=True, frozen=True):
    """Put this catalog (sql.catalog_text) in force; answered by CatalogTaken."""

    number: int
    text: str


class Settled(msgspec.Struct, tag=True, frozen=True):
    """The catalog that is in force holds what the worker's statements up to its Changed of this number did, or could
    not be read: sessions that wait for that go on."""

    number: int


class Drain(msgspec.Struct, tag=True, frozen=True):
    """Refuse new clients, let sessions end for at most `seconds`, then end."""

    seconds: float


class Reopen(msgspec.Struct, tag=True, frozen=True):
    """Open log files anew."""


class Renew(msgspec.Struct, tag=True, frozen=True):
    """Take these certificates and keys (Start.certificates), for the handshakes to come."""

    certificates: dict[str, bytes]


class ListSessions(msgspec.Struct, tag=True, frozen=True):
    """Answered by Sessions."""

    number: int


class Kill(msgspec.Struct, tag=True, frozen=True):
    """End one session; answered by Killed."""

    number: int
    session_id: str


class AskReading(msgspec.Struct, tag=True, frozen=True):
    """How does the server read what that session sends? session_id "" = a new session, as the latest login found it.
    Answered by Reading."""

    number: int
    session_id: str


class Told(msgspec.Struct, tag=True, frozen=True):
    """The answer to Wanted, for the session that waits for it. columns, rows: of the table; problem: "" or why there is none."""

    session_id: str
    number: int
    columns: list[str]
    rows: list[list[str]]
    problem: str = ""


class Ready(msgspec.Struct, tag=True, frozen=True):
    """The worker accepts clients. policy_version: "" = none."""

    policy_version: str


class Prepared(msgspec.Struct, tag=True, frozen=True):
    """error: "" or why this worker cannot take that policy."""

    number: int
    version: str
    error: str = ""


class Committed(msgspec.Struct, tag=True, frozen=True):
    """The policy of that Prepare is live in this worker."""

    number: int


class CatalogTaken(msgspec.Struct, tag=True, frozen=True):
    """That catalog is in force in this worker."""

    number: int


class Changed(msgspec.Struct, tag=True, frozen=True):
    """A statement has run that may change what the catalog says; its session waits for Settled of this number."""

    number: int


class Sessions(msgspec.Struct, tag=True, frozen=True):
    """more: others follow under the same number."""

    number: int
    sessions: list[dict[str, Any]]
    more: bool = False


class Killed(msgspec.Struct, tag=True, frozen=True):
    """thread, user, port: of gateway.catalog_source.ServerThread; thread 0 = the server knows it as nobody's."""

    number: int
    found: bool
    thread: int = 0
    user: str = ""
    port: int = 0


class Reading(msgspec.Struct, tag=True, frozen=True):
    """known: there is such a session, or was any login at all; else the rest says nothing. user … cert_subject: of the
    session; unfollowed: "" or why its statements are refused; then the fields of sql.statement.LexContext."""

    number: int
    known: bool
    user: str = ""
    client_ip: str = ""
    schema: str = ""
    tls: bool = False
    cert_subject: str = ""
    unfollowed: str = ""
    flavour: int = 0
    version: int = 0
    charset: str = ""
    ansi_quotes: bool = False
    no_backslash_escapes: bool = False
    ignore_space: bool = False
    pipes_as_concat: bool = False
    high_not_precedence: bool = False
    fold_names: bool = False


class Wanted(msgspec.Struct, tag=True, frozen=True):
    """A session asked in-band (DBGATE SHOW …) for what only the supervisor knows, and waits. number: of its question; what:
    SESSIONS, STATS or RULES."""

    session_id: str
    number: int
    what: str


ToWorker = (
    Start
    | Prepare
    | Commit
    | Abort
    | TakeCatalog
    | Settled
    | Drain
    | Reopen
    | Renew
    | ListSessions
    | Kill
    | AskReading
    | Told
)
ToSupervisor = Ready | Prepared | Committed | CatalogTaken | Changed | Sessions | Killed | Reading | Wanted
