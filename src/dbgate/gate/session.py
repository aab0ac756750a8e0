"""One connection's brain: bytes of either peer in, effects out. It never raises, and does no I/O.

The shell calls one method per event and applies the effects that it returns before it calls the next; `now` is
monotonic seconds. A peer's violation of the protocol ends this session with a record, and nothing else.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.errors import ProtocolError
from dbgate.gate import commands, handover, inband, login, replies, secure, shortcut
from dbgate.gate.brain import Brain
from dbgate.gate.effects import ONWARD, TO_CLIENT, Effects
from dbgate.gate.phase import (
    ANALYSIS,
    CLIENT,
    CLOSED,
    DROP,
    GOODBYE,
    GREET,
    GREETING,
    IGNORE,
    INFILE,
    LOGIN,
    OWN_REPLY,
    READY,
    RELAY_LOGIN,
    RELAY_REPLY,
    REPLY,
    SERVER,
    TAKE_ANSWER,
    TAKE_COMMAND,
    TAKE_LOGIN,
)
from dbgate.gate.question import Answer, Question
from dbgate.gate.state import State
from dbgate.wire import build
from dbgate.wire.constants import (
    ER_CONNECTION_KILLED,
    ER_MALFORMED_PACKET,
    ER_NET_READ_INTERRUPTED,
    ER_SERVER_SHUTDOWN,
    ER_UNKNOWN,
)
from dbgate.wire.packet import NEED_MORE, OVERSIZE, PacketStream
from dbgate.wire.proxy import begins_header
from dbgate.wire.whole import take_whole

NO_HEADER: Final = "a PROXY header from an address that may send none, or a second one (trusted_proxies)"


@final
class Gate:
    """One client connection and its one server connection. Made when the client was accepted; see the module."""

    def __init__(self, brain: Brain, session_id: str, client_ip: str, client_port: int, now: float) -> None:
        self.brain = brain
        self.state = State(brain, session_id, client_ip, client_port, now)
        self.file: PacketStream | None = None

    # --- bytes ---

    def client_bytes(self, data: bytes, now: float) -> Effects:
        """A chunk from the client."""
        state = self.state
        try:
            if state.phase == READY and shortcut.take(state, data, now):
                return ONWARD if state.quick else state.fx
        except Exception as defect:
            return self._broken(defect, now)
        state.fx.clear()
        state.begin_reply()
        try:
            if state.phase == INFILE:
                data = self._file(data)
            elif CLIENT[state.phase] == DROP:
                return state.fx
            state.client_spoke = True
            state.reader.feed(data)
            self._work(now)
        except ProtocolError as error:
            self._client_fault(str(error), now)
        except Exception as defect:
            self._defect(defect, now)
        return self._steered()

    def server_bytes(self, data: bytes, now: float) -> Effects:
        """A chunk from the server."""
        state = self.state
        fx = state.fx
        if state.quick:
            try:
                if shortcut.replied(state, data, now):
                    return fx
            except Exception as defect:
                return self._broken(defect, now)
        fx.clear()
        try:
            what = SERVER[state.phase]
            if what == RELAY_REPLY:
                if take_whole(state.reply, data):
                    replies.ended(state, now)
                    fx.relay = TO_CLIENT
                else:
                    replies.server_bytes(state, data, now)
            elif what == OWN_REPLY:
                replies.own_reply(state, data, now)
            elif what == RELAY_LOGIN:
                login.server_bytes(state, data, now)
            elif what == GREET:
                login.greet(state, data, now)
            elif what == GOODBYE:
                replies.goodbye(state, data, now)
            elif what == IGNORE:
                return fx
            else:
                raise ProtocolError("the server spoke before its turn")
        except ProtocolError as error:
            self._server_fault(str(error), now)
        except Exception as defect:
            self._defect(defect, now)
        if state.reader.buffered and state.phase != CLOSED:
            try:
                self._work(now)
            except ProtocolError as error:
                self._client_fault(str(error), now)
            except Exception as defect:
                self._defect(defect, now)
        return self._steered()

    # --- TLS, as the shell made it (Effects.secure) ---

    def client_secured(self, subject: str, now: float) -> Effects:
        """The client's leg is TLS. subject: of its certificate, in the words of RFC 4514; "" = it has shown none."""
        self.state.fx.clear()
        try:
            secure.client_secured(self.state, subject)
        except ProtocolError as error:
            self._client_fault(str(error), now)
        return self._steered()

    def server_secured(self, now: float) -> Effects:
        """The server's leg is TLS."""
        self.state.fx.clear()
        try:
            secure.server_secured(self.state)
        except ProtocolError as error:
            self._server_fault(str(error), now)
        return self._steered()

    def not_secured(self, why: str, now: float) -> Effects:
        """The handshake that was asked for failed; why: one line for the log."""
        self.state.fx.clear()
        secure.not_secured(self.state, why, now)
        return self.state.fx

    # --- other events ---

    def client_closed(self, now: float) -> Effects:
        """The client is gone."""
        self.state.fx.clear()
        self.state.end("the client closed the connection", now)
        return self.state.fx

    def server_closed(self, now: float) -> Effects:
        """The server is gone."""
        self.state.fx.clear()
        self._last_word(ER_UNKNOWN, "08S01", "dbgate: the server closed the connection")
        self.state.greeting = None  # nobody is there to be told farewell
        self.state.end("the server closed the connection", now)
        return self.state.fx

    def refuse(self, errno: int, sqlstate: str, message: str) -> Effects:
        """Turn the client away before the greeting; `message` begins with "dbgate: "."""
        state = self.state
        fx = state.fx
        fx.clear()
        if state.phase == GREETING:
            fx.to_client.append(build.err(0, errno, sqlstate, message))
            state.denied(message, state.active_at, None, errno)
            state.end(message, state.active_at)
        return fx

    def drain(self, now: float) -> Effects:
        """The gateway is shutting down: end now, or when the transaction that is open has ended."""
        self.state.fx.clear()
        self.state.begin_reply()
        replies.drain(self.state, now)
        return self._steered()

    def kill(self, now: float) -> Effects:
        """End at once, on an operator's word, or because the gateway ends (drain)."""
        self.state.fx.clear()
        if self.state.draining:
            self._last_word(ER_SERVER_SHUTDOWN, "08S01", "dbgate: the gateway is shutting down")
            self.state.end("the gateway ended", now)
            return self.state.fx
        self._last_word(ER_CONNECTION_KILLED, "70100", "dbgate: the session was killed by an operator")
        self.state.end("killed by an operator", now)
        return self.state.fx

    def expired(self, now: float) -> Effects:
        """Called when rest() has gone by: end the session where a time limit has passed."""
        state = self.state
        state.fx.clear()
        limits = self.brain.limits
        if state.settling and state.phase != CLOSED:
            if now - state.asked_at > limits.settle_timeout:
                return self.settled(state.settling, now)
        elif state.waiting and state.phase != CLOSED:
            if now - state.asked_at > limits.settle_timeout:
                return self.told(state.wanted, (), [], inband.LATE, now)
        elif state.phase < READY:
            if now - state.asked_at > limits.handshake_timeout:
                self._last_word(ER_NET_READ_INTERRUPTED, "08S01", "dbgate: the login took too long")
                state.end("the login took too long", now)
        elif state.phase == READY:
            if state.stalls(now, limits.stall_timeout):
                self._last_word(ER_NET_READ_INTERRUPTED, "08S01", "dbgate: a command took too long to come")
                state.end("the client stopped in the middle of a command", now)
                return self._steered()
            idle = self.brain.idle_timeout()
            if idle > 0.0 and now - state.active_at > idle:
                self._last_word(ER_NET_READ_INTERRUPTED, "08S01", "dbgate: the session was idle for too long")
                state.end("idle for too long", now)
        elif state.phase == ANALYSIS:
            question = state.question
            if question is not None and now - state.asked_at > handover.PATIENCE:
                return self.analysed(question.ticket, None, now)
        return self._steered()

    def rest(self, now: float) -> float:
        """Seconds until somebody should call expired() again, after it was called."""
        return self.state.rest(now)

    def stalled(self, now: float) -> Effects:
        """The client has not taken its reply for too long."""
        self.state.fx.clear()
        self.state.end("the client did not take its reply", now)
        return self.state.fx

    def keep_up(self) -> None:
        """The policy was replaced: an idle session looks up its access rule now, so that the old one is let go."""
        if self.state.phase == READY:
            self.state.current_scope()

    def settled(self, number: int, now: float) -> Effects:
        """The catalog that is in force now holds what the worker's first `number` changes have done (Brain.changed)."""
        state = self.state
        state.fx.clear()
        if 0 < state.settling <= number and state.phase != CLOSED:
            try:
                replies.settle(state, now)
                self._work(now)
            except ProtocolError as error:
                self._client_fault(str(error), now)
            except Exception as defect:
                self._defect(defect, now)
        return self._steered()

    def told(
        self, number: int, columns: tuple[str, ...], rows: list[tuple[str, ...]], problem: str, now: float
    ) -> Effects:
        """The supervisor's answer to a DBGATE SHOW: see inband.told."""
        state = self.state
        state.fx.clear()
        if state.phase != CLOSED:
            try:
                inband.told(state, number, columns, rows, problem, now)
                self._work(now)
            except ProtocolError as error:
                self._client_fault(str(error), now)
            except Exception as defect:
                self._defect(defect, now)
        return self._steered()

    def question(self, ticket: int) -> Question | None:
        """What a ticket asks (gate.question.Analyst); None = nobody waits for its answer any more."""
        question = self.state.question
        waits = question is not None and question.ticket == ticket and self.state.phase == ANALYSIS
        return question if waits else None

    def analysed(self, ticket: int, answer: Answer | None, now: float) -> Effects:
        """The answer to a question; None = there will be none, the statement is blocked. Late ones are dropped."""
        state = self.state
        state.fx.clear()
        question = self.question(ticket)
        if question is not None:
            try:
                handover.take(state, answer)
                commands.take(state, now)
                handover.settle(state, question.at)
                self._work(now)
                if state.draining:
                    replies.drain(state, now)
            except ProtocolError as error:
                self._client_fault(str(error), now)
            except Exception as defect:
                self._defect(defect, now)
        return self._steered()

    def describe(self) -> dict[str, object]:
        """The session for the list of sessions; connected_at is wall clock seconds."""
        return self.state.describe()

    # --- inside ---

    def _work(self, now: float) -> None:
        """Take what the client has sent, as far as the phase allows."""
        state = self.state
        reader = state.reader
        while True:
            if state.phase == INFILE:
                rest = self._file(reader.take_all())
                if not rest:
                    return
                reader.feed(rest)
            what = CLIENT[state.phase]
            if what < TAKE_LOGIN or what > TAKE_COMMAND:
                return
            got = reader.next()
            if got == NEED_MORE:
                return
            if what == TAKE_COMMAND:
                if got == OVERSIZE:
                    commands.oversize(state, now)
                else:
                    commands.take(state, now)
            elif got == OVERSIZE:
                raise ProtocolError("packet too long for a login")
            elif what == TAKE_LOGIN:
                login.client_login(state, now)
            elif what == TAKE_ANSWER:
                login.answer(state)

    def _file(self, data: bytes) -> bytes:
        """Pass the client's file on; what is behind its end is given back."""
        state = self.state
        stream = self.file
        if stream is None:
            stream = PacketStream(state.infile_seq)
            self.file = stream
        stop = stream.feed(data)
        if stop:
            state.fx.to_server.append(data if stop == len(data) else data[:stop])
        if not stream.done:
            return b""
        self.file = None
        state.reply.resume(stream.last_seq + 1)
        state.move(REPLY)
        return data[stop:]

    def _steered(self) -> Effects:
        """The effects, with the word on whether the client may go on sending."""
        state = self.state
        state.fx.pause_client = (
            state.phase != READY and state.phase != CLOSED and state.reader.buffered > self.brain.limits.queue
        )
        return state.fx

    def _last_word(self, errno: int, sqlstate: str, message: str) -> None:
        """Tell the client why, where the protocol lets it hear."""
        state = self.state
        seq = state.next_seq()
        if seq >= 0:
            state.answer(seq, errno, sqlstate, message)
            state.last_word = errno

    def _client_fault(self, what: str, now: float) -> None:
        """The client broke the protocol: nothing more of it reaches the server."""
        if self.state.phase == LOGIN and begins_header(self.state.reader.take_all()):
            what = NO_HEADER
        self._last_word(ER_MALFORMED_PACKET, "HY000", f"dbgate: {what}")
        self.state.end(f"protocol error of the client: {what}", now)

    def _server_fault(self, what: str, now: float) -> None:
        """The server broke the protocol, or the gate lost track of it: the client hears no more of it."""
        self._last_word(ER_UNKNOWN, "08S01", "dbgate: the server's reply cannot be followed")
        state = self.state
        state.greeting = None
        why = f"protocol error of the server: {what}"
        if not state.logged_in and not state.told:
            state.denied(why, now, None, ER_UNKNOWN)
        state.end(why, now)

    def _broken(self, error: Exception, now: float) -> Effects:
        """A defect on the short way, which leaves the effects of the call before as they were."""
        self.state.fx.clear()
        self._defect(error, now)
        return self._steered()

    def _defect(self, error: Exception, now: float) -> None:
        """A defect of ours. Fail closed: what was about to be sent to the server is not."""
        self.state.fx.to_server.clear()
        self._last_word(ER_UNKNOWN, "08S01", "dbgate: internal error")
        # The kind of error and nothing else: its words may carry a piece of the statement.
        self.state.end(f"internal error: {type(error).__name__}", now)
