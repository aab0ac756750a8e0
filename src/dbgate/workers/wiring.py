"""A worker's parts, put together: brain, hub, audit log, counters. The only place where they meet."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Generator
from typing import Final

from dbgate.analyst.desk import Desk
from dbgate.audit.ulid import UlidSource
from dbgate.config.settings import Settings
from dbgate.gate.brain import Brain
from dbgate.gate.keys import RsaKey
from dbgate.gate.legs import OFF, PREFER, REQUIRE, Legs
from dbgate.gate.limits import Limits
from dbgate.gate.question import Answer, Question
from dbgate.gate.session import Gate
from dbgate.gate.state import State
from dbgate.gateway.board import Board, Seats
from dbgate.gateway.certificates import load_contexts
from dbgate.gateway.connection import Session
from dbgate.gateway.hub import Hub
from dbgate.gateway.rates import Ledger
from dbgate.gateway.sources import Sources
from dbgate.gateway.timers import Timers
from dbgate.policy.compiled import CompiledPolicy
from dbgate.sinks.audit_file import AuditFile
from dbgate.sql.catalog import Catalog
from dbgate.sql.catalog_text import parse as parse_catalog
from dbgate.stats.counters import Counters
from dbgate.workers import log
from dbgate.workers.fading import Fading
from dbgate.workers.messages import Killed, Reading, Sessions, Start, Told
from dbgate.workers.pages import StatsPages
from dbgate.workers.required import RequiredRecords

LOG: Final = logging.getLogger("dbgate.workers")

LISTED: Final = 64  # sessions in one answer
_TOGETHER: Final = 16  # sessions that are described at once


class Wiring:
    """start: what the supervisor said; policy: the one that is live now, None = none."""

    def __init__(
        self,
        start: Start,
        board: Board,
        stats_fd: int,
        rates_fd: int,
        policy: CompiledPolicy | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        settings = start.settings
        self._settings = settings
        self._process = f"worker {start.worker}"
        self._offset = log.wall_offset()
        self._ids = UlidSource(os.urandom)
        self.policy_version = ""
        self.fading = Fading()
        self.seats = Seats(board, start.worker, settings.max_connections)
        self.counters = Counters(StatsPages(stats_fd).pages[start.worker], os.getpid())
        self.audit: AuditFile | None = None
        if settings.audit_log:
            self.audit = AuditFile(
                settings.audit_log,
                start.instance,
                self.wall,
                max_bytes=settings.audit_max_size,
                max_files=settings.audit_max_files,
                queue_records=settings.audit_queue,
                on_trouble=self._audit_trouble,
                on_lost=_audit_lost,
                pending=_pending_path(settings.audit_log, start),
                sync_every=settings.audit_sync,
            )
        limits = Limits(
            handshake_timeout=settings.handshake_timeout,
            idle_timeout=settings.idle_timeout,
            statement=settings.max_statement,
            packet=settings.max_packet,
            queue=settings.max_queue,
            prepared=settings.max_prepared,
            cache=settings.cache_size,
            stall_timeout=settings.stall_timeout,
        )
        shared = Ledger(rates_fd, start.worker, start.workers)
        ledger = shared if start.workers > 1 else None
        sources = Sources(
            shared,
            settings.max_connections_per_source,
            settings.max_connections_per_user,
            settings.login_failures,
            settings.login_failure_window,
            settings.login_failure_pause,
        )
        self.brain = Brain(
            policy,
            limits,
            self._new_event_id,
            self._offset,
            ledger,
            _legs(settings),
        )
        self.brain.doors = sources
        self.desk = Desk(self._question, self._analysed)
        self.brain.analyst = self.desk
        if start.catalog is not None:
            self.brain.catalog = parse_catalog(start.catalog)
        self.hub = Hub(
            loop=loop,
            upstream=settings.upstream,
            connect_timeout=settings.connect_timeout,
            seats=self.seats,
            timers=Timers(time.monotonic()),
            new_gate=self._new_gate,
            keep=self.audit.put_all if self.audit is not None else None,
            counters=self.counters,
            session_prefix=f"{start.worker:x}{os.getpid():x}",
            wall_offset=self._offset,
            contexts=load_contexts(settings, start.certificates),
            sources=sources,
            stall_timeout=settings.stall_timeout,
        )
        self.required = RequiredRecords(self.audit, self.brain.halt, self.seats.halted, loop)
        self._in_force(policy, start.epoch)
        if self.audit is not None:
            self.audit.start()

    def _audit_trouble(self, message: str) -> None:
        """Called from the audit log's thread."""
        if message:
            LOG.error("the audit log cannot be written: %s", message)
        else:
            LOG.info("the audit log is written again")
        self.required.soon()

    def _new_gate(self, session_id: str, client_ip: str, client_port: int, now: float) -> Gate:
        return Gate(self.brain, session_id, client_ip, client_port, now)

    def _new_event_id(self) -> str:
        return self._ids.new(int(self.wall_now() * 1000))

    # --- clocks ---

    def wall(self, at: float) -> float:
        """Unix seconds of a monotonic second. Also called from the audit log's thread."""
        return at + self._offset

    def wall_now(self) -> float:
        return self.wall(time.monotonic())

    def beat(self) -> None:
        """Once a second: the wall clock may have been set, and some totals are only looked at now and then."""
        self.seats.alive(time.monotonic())
        self._offset = log.wall_offset()
        self.brain.wall_offset = self._offset
        self.hub.wall_offset = self._offset
        try:
            audit = self.audit
            if audit is not None:
                self.counters.audit(audit.written, audit.dropped, audit.queued, bool(audit.trouble))
            self._count_caches()
            desk = self.desk
            self.counters.long_statements(desk.analysed, desk.failed, desk.waiting)
        except Exception:
            LOG.exception("counting failed")

    def _count_caches(self) -> None:
        verdicts = self.brain.verdicts
        self.counters.cache(
            exact=max(
                0, self.hub.statements - verdicts.exact_misses
            ),  # the caches count what they do not find
            digest=verdicts.shape_hits,
            misses=max(0, verdicts.exact_misses - verdicts.shape_hits),
            held_bytes=verdicts.size + self.brain.analyses.size,
        )

    # --- what the supervisor asks for ---

    def publish(self, policy: CompiledPolicy, epoch: int) -> None:
        """Puts a policy in force for every session of this worker, from its next command on."""
        before = self.brain.policy
        self.brain.publish(policy)
        self._in_force(policy, epoch)
        if before is not None:
            self.fading.add(before)

    def letting_go(self) -> Generator[None, None, None]:
        """Frees policies that were replaced, once idle sessions have let them go too."""
        if not len(self.fading):
            return
        for session in list(self.hub.sessions.values()):
            try:
                session.gate.keep_up()
            except Exception:  # as its next command will
                LOG.exception("a session's access rule could not be looked up")
            yield
        yield from self.fading.freeing()

    def publish_catalog(self, catalog: Catalog) -> None:
        """Puts a catalog in force for every session of this worker, from its next command on."""
        self.brain.publish_catalog(catalog)

    def settled(self, number: int) -> None:
        """Lets sessions go on that waited for the catalog to say what they changed."""
        now = time.monotonic()
        for session in list(self.hub.sessions.values()):
            try:
                session.apply(session.gate.settled(number, now))
            except Exception:  # as in the shell: this session ends, the others go on
                LOG.exception("a session could not go on after the catalog was read")
                session.kill()

    def _in_force(self, policy: CompiledPolicy | None, epoch: int) -> None:
        self.policy_version = policy.version if policy else ""
        most = policy.max_connections if policy else 0
        self.seats.limit = (
            min(most, self._settings.max_connections) if most else self._settings.max_connections
        )
        self.counters.policy_changed(epoch)
        required = policy is not None and policy.records_required
        self.brain.keep = self.audit.put_now if required and self.audit is not None else None
        self.required.require(required)
        log.follow_policy(self._settings, policy, self._process)

    def list_sessions(self, number: int, send: Callable[[Sessions], None]) -> Generator[None, None, None]:
        """Sends every open session, as the control API shows it, in answers of at most LISTED; a little at a time."""
        part: list[dict[str, object]] = []
        for session_id, session in list(self.hub.sessions.items()):
            if len(part) == LISTED:
                send(Sessions(number, part, more=True))
                part = []
            if session_id in self.hub.sessions:  # it may have ended meanwhile
                part.append(session.gate.describe())
            if len(part) % _TOGETHER == 0:
                yield
        send(Sessions(number, part))

    def kill(self, number: int, session_id: str) -> Killed:
        """See messages.Kill. What the session is on the server can only be told before its end."""
        session = self.hub.sessions.get(session_id)
        thread, user, port = 0, "", 0
        if isinstance(session, Session) and session.server is not None:
            state = session.gate.state
            here = session.server.get_extra_info("sockname")
            if state.logged_in and state.greeting is not None and here:
                thread, user, port = state.greeting.thread_id, state.user, int(here[1])
        return Killed(number, self.hub.kill(session_id), thread, user, port)

    def reading(self, number: int, session_id: str) -> Reading:
        """See messages.AskReading."""
        ctx = self.brain.context
        state: State | None = None
        if session_id:
            session = self.hub.sessions.get(session_id)
            state = session.gate.state if session is not None and isinstance(session.gate, Gate) else None
            ctx = state.ctx if state is not None and state.logged_in else None
        if ctx is None:
            return Reading(number, known=False)
        return Reading(
            number,
            known=True,
            user=state.user if state else "",
            client_ip=state.client_ip if state else "",
            schema=state.schema if state else "",
            tls=state.client_tls if state else False,
            cert_subject=state.cert_subject if state else "",
            unfollowed=state.unfollowed if state else "",
            flavour=ctx.flavour,
            version=ctx.version,
            charset=ctx.charset,
            ansi_quotes=ctx.ansi_quotes,
            no_backslash_escapes=ctx.no_backslash_escapes,
            ignore_space=ctx.ignore_space,
            pipes_as_concat=ctx.pipes_as_concat,
            high_not_precedence=ctx.high_not_precedence,
            fold_names=ctx.fold_names,
        )

    def told(self, answer: Told) -> None:
        """Gives a session the table that it asked for in-band; it may have gone meanwhile."""
        session = self.hub.sessions.get(answer.session_id)
        if session is None or not isinstance(session.gate, Gate):
            return
        try:
            rows = [tuple(row) for row in answer.rows]
            columns = tuple(answer.columns)
            session.apply(session.gate.told(answer.number, columns, rows, answer.problem, time.monotonic()))
        except Exception:  # as in the shell: this session ends, the others go on
            LOG.exception("a session could not be given what it asked for")
            session.kill()

    # --- long statements, which another process analyses ---

    def _question(self, session_id: str, ticket: int) -> Question | None:
        session = self.hub.sessions.get(session_id)
        return session.gate.question(ticket) if session is not None else None

    def _analysed(self, session_id: str, ticket: int, answer: Answer | None) -> None:
        session = self.hub.sessions.get(session_id)
        if session is None:
            return
        try:
            session.apply(session.gate.analysed(ticket, answer, time.monotonic()))
        except Exception:  # as in the shell: this session ends, the others go on
            LOG.exception("a session could not go on after its statement was analysed")
            session.kill()

    def renew(self, certificates: dict[str, bytes]) -> None:
        """For the handshakes to come."""
        self.hub.contexts = load_contexts(self._settings, certificates)

    def reopen(self) -> None:
        """Log files that were moved away are let go."""
        if self.audit is not None:
            self.audit.reopen()

    def close(self, timeout: float) -> None:
        """Writes what waits, for at most `timeout` seconds."""
        self.required.close()
        if self.audit is not None and (lost := self.audit.close(timeout)):
            LOG.error("%d audit records of this worker were not kept", lost)


def _legs(settings: Settings) -> Legs:
    mode = settings.upstream_tls_mode
    server = OFF if mode == "off" else PREFER if mode == "prefer" else REQUIRE
    return Legs(
        offered=bool(settings.tls_cert),
        required=settings.tls_mode == "require",
        server=server,
        key=RsaKey() if server != OFF else None,
    )


def _pending_path(audit_log: str, start: Start) -> str:
    """Where a worker's records are on their way to a log that is a file."""
    if audit_log == "-" or (os.path.exists(audit_log) and not os.path.isfile(audit_log)):
        return ""
    return f"{audit_log}.{start.instance}.{start.worker}.pending"


def _audit_lost(line: str) -> None:
    LOG.error("audit record that could not be written before the end: %s", line)
