"""All that the gate knows of one session, and the few things that every part of it does: answer, record, end."""

from __future__ import annotations

from typing import Final, final

from dbgate.audit.record import Record, Who
from dbgate.errors import ProtocolError
from dbgate.gate.brain import Brain, Scope
from dbgate.gate.effects import Effects
from dbgate.gate.familiar import Named
from dbgate.gate.judged import Judged, why_of
from dbgate.gate.limits import LOOK
from dbgate.gate.phase import (
    ANALYSIS,
    ANSWER,
    AUTH,
    CLOSED,
    CONTEXT,
    FOLLOWS,
    GREETING,
    LOGIN,
    NAMES,
    READY,
    REPLY,
    UPGRADE,
    WRAP,
)
from dbgate.gate.prepared import Statements
from dbgate.gate.question import Question
from dbgate.policy.compiled import CompiledEntry
from dbgate.policy.transport import transport
from dbgate.policy.verdict import ALLOW, BLOCK, Verdict
from dbgate.sql.memory import Memory
from dbgate.sql.statement import MYSQL, LexContext
from dbgate.wire import build
from dbgate.wire.constants import ER_ACCESS_BLOCKED, SERVER_STATUS_IN_TRANS
from dbgate.wire.handshake import Greeting
from dbgate.wire.kinds import RESULT
from dbgate.wire.packet import PacketReader

_EVENTS: Final = ("query", "query.would_block", "query.blocked")
_UNKNOWN: Final = LexContext(MYSQL, 0)  # of a server that has not spoken yet
_OPEN: Final = Verdict(ALLOW)
FAREWELL: Final = build.hollow_login(b"dbgate-refused")
# Bytes of one packet before the login is done; real ones are below 64 KiB, and everybody who can connect may send one.
HANDSHAKE_LIMIT: Final = 1 << 17


@final
class State:
    """One session. Strings are as the log shows them; schema "" = none; status: flags of the server's last OK or EOF.

    user, entry, schema and ctx are those that the server has confirmed. unfollowed: why the server's state is one that
    the lexer does not follow ("" = it does); then everything is refused but what can mend it.
    record, judged, command, statement_id: the command whose reply is under way; record is None for own queries.
    quick: that command went the short way (gate.shortcut), and nothing but its reply has come since: `reply` does not
    know of it yet, begin_reply() is owed. who: what records say of the session while it has this scope, None = to be made.
    """

    # fmt: off
    __slots__ = (
        "active_at", "asked_at", "blocked", "brain", "capabilities", "cert_subject", "client_ip",
        "client_port", "client_spoke", "client_tls", "command", "ctx", "draining", "entry", "entry_epoch",
        "fx", "greeting", "heard", "infile_seq", "judged", "judged_epoch", "last_digest", "last_word", "logged_in",
        "login", "mariadb", "memory", "named", "nonce", "offered", "opened_at", "partial", "partial_at", "phase", "place",
        "plugin", "prepare", "queries", "question", "quick", "reader", "record", "reply", "reread", "schema",
        "scope", "server_reader", "server_tls", "session_id", "settling", "statement_id", "statements",
        "status", "told", "unfollowed", "user", "waiting", "wanted", "who",
    )
    # fmt: on

    def __init__(self, brain: Brain, session_id: str, client_ip: str, client_port: int, now: float) -> None:
        # Those that the short way reads and writes stand together: it meets a session whose memory is cold.
        self.phase = GREETING
        self.quick = False
        self.draining = False
        self.brain = brain
        self.scope: Scope | None = None
        self.reader = PacketReader(HANDSHAKE_LIMIT)  # the client's packets
        self.unfollowed = ""
        self.memory: Memory | None = None  # what dynamic SQL may use; None = nothing is known
        self.who: Who | None = None
        self.named: Who | None = None  # the latest of those
        self.queries = 0
        self.last_digest = ""
        self.record: Record | None = None
        self.judged: Judged | None = None
        self.judged_epoch = 0
        self.command = 0
        self.statement_id = -1
        self.active_at = now
        self.status = 0
        self.reply = brain.familiar.silent
        self.fx = Effects()
        self.statements = Statements()
        self.session_id = session_id
        self.client_ip = client_ip
        self.client_port = client_port
        self.opened_at = now
        self.asked_at = now  # when the login, or the gate's own question, began
        self.server_reader: PacketReader | None = PacketReader(HANDSHAKE_LIMIT)  # the server's, during logins
        self.greeting: Greeting | None = None
        self.offered = 0
        self.plugin = ""  # that the server uses where the client names none
        self.nonce = b""  # for passwords, as the server has last given one
        self.client_tls = False
        self.server_tls = False  # also while it is only going to be
        self.cert_subject = ""  # of the client's certificate (RFC 4514), "" = none
        self.capabilities = 0
        self.mariadb = False
        self.user = ""
        self.entry: CompiledEntry | None = None
        self.entry_epoch = 0
        self.schema = ""
        self.ctx = _UNKNOWN
        self.logged_in = False
        self.client_spoke = False
        self.last_word = 0  # the error that the client was told at the session's end
        self.told = False  # a connection.denied record was written
        self.heard = False  # something of the answer to the gate's own question has come
        self.login: Login | None = None
        self.prepare = b""  # the PREPARE that is under way, as it came
        self.infile_seq = 0
        self.settling = 0  # in phase CONTEXT: which news of the catalog is awaited, 0 = none
        self.reread = False  # … and that the server must be asked then
        self.waiting = False  # in phase CONTEXT: the supervisor's answer to a DBGATE SHOW is awaited …
        self.wanted = 0  # … that has this number
        self.question: Question | None = None  # in phase ANALYSIS: what is awaited
        self.blocked = 0
        self.place: str | None = None  # the user whose sessions this one counts among
        self.partial = 0  # how far a command that was half there had come at the last look …
        self.partial_at = 0.0  # … and since when it was as far as that

    def move(self, phase: int) -> None:
        """Enter a phase that may follow the present one."""
        if not FOLLOWS[self.phase] >> phase & 1:
            raise AssertionError(f"phase {phase} cannot follow {self.phase}")
        self.phase = phase

    def login_reader(self) -> PacketReader:
        """The server's packets during a login; its `seq` numbers the next one on that leg, whoever sends it."""
        reader = self.server_reader
        if reader is None:
            raise ProtocolError("no login is under way")
        return reader

    def stalls(self, now: float, timeout: float) -> bool:
        """Called now and then: whether the client stopped `timeout` seconds ago in the middle of a command; 0 = it may."""
        came = self.reader.progress()
        if came != self.partial:
            self.partial = came
            self.partial_at = now
        return came > 0 and 0.0 < timeout <= now - self.partial_at

    def rest(self, now: float) -> float:
        """Seconds in which no time limit passes, as far as is seen now."""
        if self.phase != READY or self.partial:
            return LOOK
        seconds = self.brain.limits.rest
        idle = self.brain.idle_timeout()
        return seconds if idle <= 0.0 else max(LOOK, min(seconds, self.active_at + idle - now))

    def in_transaction(self) -> bool:
        return self.status & SERVER_STATUS_IN_TRANS != 0

    def describe(self) -> dict[str, object]:
        """The session for the list of sessions; connected_at is wall clock seconds."""
        idle = self.phase == READY
        return {
            "session_id": self.session_id,
            "client_ip": self.client_ip,
            "client_port": self.client_port,
            "db_user": self.user,
            "db_name": self.schema,
            "connected_at": self.opened_at + self.brain.wall_offset,
            "state": "transaction" if idle and self.in_transaction() else NAMES[self.phase],
            "queries": self.queries,
            "blocked": self.blocked,
            "last_digest": self.last_digest,
            "tls": self.client_tls,
            "cert_subject": self.cert_subject,
        }

    def forget_scope(self) -> None:
        """Something that verdicts depend on has changed."""
        self.scope = None
        self.who = None

    def current_scope(self) -> Scope:
        """The scope of the next verdict: the access rule is looked up anew under each epoch."""
        scope = self.scope
        if scope is not None and scope.epoch == self.brain.epoch:
            return scope
        brain = self.brain
        if self.entry_epoch != brain.epoch:
            self.entry = brain.entry_for(self.user, self.client_ip)
            self.entry_epoch = brain.epoch
        door = transport(self.entry, self.client_tls, self.cert_subject)
        scope = brain.scope(self.ctx, self.schema, self.entry, self.attributes(), door)
        self.scope = scope
        self.who = None
        return scope

    def attributes(self) -> bool:
        """Whether COM_QUERY carries query attributes in this session."""
        return self.capabilities & 1 << 27 != 0

    def new_record(self, event: str, at: float) -> Record:
        """A record with the session's fields."""
        return Record(event, at, "", "", "", 0, self._as(self.schema))

    def _as(self, schema: str) -> Who:
        """The session's part of its records; most sessions have one from their first record to their last."""
        who = self.named
        if who is None or who.db_schema != schema or who.db_user != self.user:
            who = Who(self.session_id, self.user, self.client_ip, self.client_port, schema)
            self.named = who
        return who

    def who_now(self, scope: Scope) -> Who:
        """The session's part of records under `scope`, its present one."""
        who = self.who
        if who is None:
            who = self._as(scope.schema)
            self.who = who
        return who

    def judged_record(self, scope: Scope, judged: Judged, verdict: Verdict, now: float) -> Record:
        """A record of one command, with its statement's facts and its verdict."""
        why = judged.why_for(scope.version) if verdict is judged.verdict else why_of(verdict, scope.version)
        record = Record(_EVENTS[verdict.effect], now, "", "", "", 0, self.who_now(scope), judged.what, why)
        self.count(record, verdict)
        return record

    def put_verdict(self, record: Record, verdict: Verdict) -> None:
        """Write a verdict into a record, and count it."""
        record.why = why_of(verdict, record.policy_version)
        self.count(record, verdict)

    def count(self, record: Record, verdict: Verdict) -> None:
        """A record has this verdict: a block counts, and gets its event id."""
        if verdict.effect != ALLOW:
            record.event_id = self.brain.new_event_id()
            if verdict.effect == BLOCK:
                self.blocked += 1

    def begin_reply(self) -> None:
        """Where the short way left it to others to follow the reply: it is theirs now."""
        if self.quick:
            self.quick = False
            self.reply.begin(RESULT, 1)
            scope = self.scope
            if scope is not None and scope.watched:
                self.reply.watch(scope.cap, 0, scope.cap_enforced, scope.names_wanted)

    def refuse(self, record: Record, seq: int) -> None:
        """Answer a blocked command with an ERR of this sequence number, and finish its record."""
        self.answer(seq, ER_ACCESS_BLOCKED, "42000", blocked_message(record))
        record.error_code = ER_ACCESS_BLOCKED
        record.duration_us = 0
        self.fx.finish(record)

    def answer(self, seq: int, errno: int, sqlstate: str, message: str) -> None:
        """Send the client an ERR of our own."""
        self.fx.to_client.append(build.err(seq, errno, sqlstate, message))

    def end(self, reason: str, now: float) -> None:
        """Finish what is open, write the session's last record, and have both legs closed. Done once."""
        if self.phase == CLOSED:
            return
        self.begin_reply()
        fx = self.fx
        farewell = self._farewell()
        if farewell:
            fx.to_server.append(farewell)
        self.phase = CLOSED
        self.question = None
        doors = self.brain.doors
        if doors is not None:
            if self.place is not None:
                doors.left(self.place)
            if self.login is not None and self.login.place is not None:
                doors.left(self.login.place)
        fx.close = reason
        fx.pause_client = False
        record = self.record
        if record is not None:
            self.record = None
            record.reason = f"{record.reason}; {reason}" if record.reason else reason
            record.error_code = self.last_word
            self.finish(record, now)
        if self.logged_in:
            last = self.new_record("connection.close", now)
            last.why = self.brain.familiar.parting(reason)
            last.duration_us = int((now - self.opened_at) * 1_000_000)
            fx.finish(last)
        elif self.client_spoke and not self.told:
            self.denied(reason, now, None, self.last_word)

    def _farewell(self) -> bytes:
        """What brings a login that the server waits for to an end that it does not count as a fault of this host."""
        if self.greeting is None or self.logged_in:
            return b""
        login = self.login
        if self.phase in (LOGIN, UPGRADE) or (self.phase == ANSWER and login is not None and login.held):
            return FAREWELL
        if self.phase == WRAP and login is not None and self.server_reader is not None:
            # Inside TLS, once it is there: a handshake that breaks off would be counted. An empty answer follows, in
            # case that the server asks.
            seq = self.server_reader.seq
            return build.packet(seq, login.held) + build.packet(seq + 2, b"")
        if self.phase == ANSWER and self.server_reader is not None:
            return build.packet(self.server_reader.seq, b"")
        return b""

    def denied(self, reason: str, now: float, verdict: Verdict | None = None, error_code: int = 0) -> Record:
        """A connection.denied record: by a verdict, by the server (error_code), or because the login broke off."""
        self.told = True
        record = self.new_record("connection.denied", now)
        record.operation = "CONNECT"
        record.decision = "block"
        record.reason = reason
        record.error_code = error_code
        if self.brain.policy is not None:
            record.policy_version = self.brain.policy.version
        if self.login is not None:
            record.db_user = self.login.user
            record.db_schema = self.login.schema
        if verdict is not None:
            self.put_verdict(record, verdict)
        record.duration_us = int((now - self.opened_at) * 1_000_000)
        self.fx.finish(record)
        return record

    def finish(self, record: Record, now: float) -> None:
        """Complete the record of a command whose reply has ended, or never will."""
        reply = self.reply
        record.rows = reply.rows
        record.affected_rows = reply.affected_rows
        record.bytes = reply.size
        record.duration_us = int((now - record.at) * 1_000_000)
        if reply.error_code and not record.error_code:
            record.error_code = reply.error_code
        keep = self.brain.keep
        if keep is not None:
            keep(record)
        self.fx.finish(record)

    def next_seq(self) -> int:
        """The number that an ERR to the client must have now, or -1 where it cannot take one: a packet is half way,
        or nothing has been said yet."""
        if self.phase == READY or self.phase == CONTEXT:
            return 1
        if self.phase == REPLY:
            self.begin_reply()
            return self.reply.seq if self.reply.boundary() and not self.reply.swallow else -1
        if self.phase == ANALYSIS:
            return self.reply.seq
        if self.phase == AUTH or self.phase == WRAP:
            return self.reader.seq
        if self.phase == LOGIN or self.phase == ANSWER:
            return (self.reader.seq + 1) & 0xFF
        return 0 if self.phase == GREETING else -1


@final
class Login:
    """A login or a change of user that is under way: who, where to, and what the server answered so far.
    entry: its access rule as it was in `epoch`; key: what it is to be remembered by (gate.familiar), b"" = it is not."""

    def __init__(self, user: str, schema: str, at: float) -> None:
        self.user = user
        self.schema = schema
        self.at = at
        self.verdict = _OPEN
        self.who: Named | None = None
        self.key = b""
        self.entry: CompiledEntry | None = None
        self.epoch = 0
        self.plugin = ""
        self.full = False  # the plugin wants the password itself next
        self.secret = b""  # a password that waits for the server's key
        self.held = b""  # the HandshakeResponse (or COM_CHANGE_USER), until the server may have it
        self.rounds = 0
        self.change = False
        self.place: str | None = (
            None  # the user whose sessions a change of user counts among until it is done
        )


def blocked_message(record: Record) -> str:
    """What a client is told of a block (policy.md): the rule and the event, never the reason."""
    return f"dbgate: blocked by policy (rule: {record.rule}, event: {record.event_id})"
