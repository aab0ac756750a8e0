"""What all sessions of one worker share, besides the gates' brain: seats, timers, where records go, who is here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol, final

from dbgate.audit.record import Record
from dbgate.config.parse import Address
from dbgate.gate.effects import Effects
from dbgate.gate.session import Gate
from dbgate.gateway.board import Seats
from dbgate.gateway.certificates import Contexts
from dbgate.gateway.sources import Sources
from dbgate.gateway.timers import Timers
from dbgate.stats.counters import Counters

KEEP_SECONDS: Final = 0.01  # for which finished records may wait
KEEP_MOST: Final = 1000  # … and how many

TOO_MANY: Final = "dbgate: too many connections"
SHUTTING_DOWN: Final = "dbgate: the gateway is shutting down"

LOG: Final = logging.getLogger("dbgate.gateway")


class Waiting(Protocol):
    """A connection that is no session yet."""

    def drop(self) -> None: ...


class LiveSession(Protocol):
    """A session as the rest of the worker sees it."""

    gate: Gate

    def kill(self) -> None: ...
    def drain(self) -> None: ...
    def apply(self, effects: Effects) -> None: ...


@final
class Hub:
    """One a worker.

    new_gate(session_id, client_ip, client_port, now) makes a session's brain; keep(records, wall_offset) takes finished
    records for the audit log, None = there is none; counters count them; wall_offset: wall clock minus monotonic,
    seconds. draining: new clients are refused, with 1053. contexts: of TLS, None = both legs stay in clear. sources:
    limits by address; stall_timeout: seconds that a client may leave a reply where it is. None, 0 = no limit.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        upstream: Address,
        connect_timeout: float,
        seats: Seats,
        timers: Timers,
        new_gate: Callable[[str, str, int, float], Gate],
        keep: Callable[[list[Record], float], None] | None,
        counters: Counters,
        session_prefix: str,
        wall_offset: float = 0.0,
        contexts: Contexts | None = None,
        sources: Sources | None = None,
        stall_timeout: float = 0.0,
    ) -> None:
        self._loop = loop
        self.upstream = upstream
        self.connect_timeout = connect_timeout
        self.seats = seats
        self.stall_timeout = stall_timeout
        self._sources = sources
        self.timers = timers
        self.new_gate = new_gate
        self.draining = False
        self.sessions: dict[str, LiveSession] = {}  # by id: those that are open
        self.contexts = contexts
        self.waiting: set[Waiting] = set()  # connections whose PROXY header is awaited
        self.ending: set[LiveSession] = set()  # those that are over, but whose client has not let go yet
        self.counters = counters
        self.wall_offset = wall_offset
        self.statements = 0  # records that were counted, since the start
        self.keep = keep
        self._pending: list[Record] = []
        self._armed = False
        self._prefix = session_prefix
        self._made = 0
        self._keep_failed = 0
        self._failure_logged = 0.0

    def new_id(self) -> str:
        """A session id that no other session of this instance has or had."""
        self._made += 1
        return f"{self._prefix}-{self._made}"

    def take(self, ip: str, now: float) -> tuple[int, str, str] | None:
        """A client has come from there: None, and leave() is owed; or what it is refused with (Gate.refuse)."""
        if self.draining:
            return 1053, "08S01", SHUTTING_DOWN
        sources = self._sources
        if sources is not None and (no := sources.take(ip, now)) is not None:
            return no
        if not self.seats.take():
            if sources is not None:
                sources.leave(ip)
            return 1040, "08004", TOO_MANY
        return None

    def leave(self, ip: str) -> None:
        """A client that was taken is gone."""
        self.seats.leave()
        if self._sources is not None:
            self._sources.leave(ip)

    def finish(self, record: Record) -> None:
        """Takes a record. It is kept a little later, with others: that is half the work of keeping each at once,
        between two commands."""
        pending = self._pending
        pending.append(record)
        if not self._armed:
            self._armed = True
            self._loop.call_later(KEEP_SECONDS, self._keep_pending)
        elif len(pending) >= KEEP_MOST:
            self.flush()

    def _keep_pending(self) -> None:
        self._armed = False
        self.flush()

    def flush(self) -> None:
        """Hands on what waits. Nothing that goes wrong there may stop a query."""
        records = self._pending
        self._pending = []
        self.statements += len(records)
        keep = self.keep
        if keep is not None:
            try:
                keep(records, self.wall_offset)
            except Exception:
                self._failed(f"{len(records)} records or some of them")
        counters = self.counters
        for record in records:
            try:
                why = record.why
                if (
                    record.event == "query"
                    and record.error_code == 0
                    and not why.rule
                    and not record.truncated
                    and record.duration_us >= 0
                ):
                    counters.passed(record.what.operation, record.rows, record.bytes, record.duration_us)
                else:
                    counters.finished(
                        record.event,
                        record.what.operation,
                        why.rule,
                        why.rule_line,
                        record.rows,
                        record.bytes,
                        record.duration_us,
                        record.error_code,
                        record.truncated,
                        # when a rule was last hit
                        int((record.at + self.wall_offset) * 1000) if why.rule else 0,
                    )
            except Exception:
                self._failed("a record's count")
        counters.settle()

    def _failed(self, what: str) -> None:
        """Logs the first ones, then one now and then."""
        self._keep_failed += 1
        if self._keep_failed <= 10 or self._keep_failed % 10_000 == 0:
            LOG.exception("%s could not be kept (failure %d)", what, self._keep_failed)

    def server_failed(self, now: float, why: str) -> None:
        """Notes, and logs at most once in five seconds, that a session could not reach the server."""
        self.seats.failed(now)
        if now - self._failure_logged >= 5.0:
            self._failure_logged = now
            LOG.error("cannot reach the server at %s: %s", self.upstream, why)

    def drain(self) -> None:
        """Refuses new clients from now on and asks every session to end at its next good moment."""
        self.draining = True
        for session in list(self.sessions.values()):
            session.drain()

    def kill(self, session_id: str) -> bool:
        """Ends one session at once; False when there is none of that id here."""
        session = self.sessions.get(session_id)
        if session is None:
            return False
        session.kill()
        return True

    def kill_all(self) -> None:
        """Ends every session at once."""
        for session in list(self.sessions.values()):
            session.kill()
        for connection in list(self.waiting):
            connection.drop()
