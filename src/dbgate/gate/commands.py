"""A client's commands: each is judged before the server sees it, then sent as it came, or answered with an ERR.

Default deny: a command that is not named here never passes, whatever the policy says (rule protocol-command).
"""

from __future__ import annotations

from typing import Final

from dbgate.errors import ProtocolError
from dbgate.gate import context, crossing, handover, inband, login, statements
from dbgate.gate.brain import Scope, refusal
from dbgate.gate.judged import Judged
from dbgate.gate.phase import READY
from dbgate.gate.state import State
from dbgate.wire import command as wire
from dbgate.wire.constants import (
    COM_CHANGE_USER,
    COM_CREATE_DB,
    COM_DEBUG,
    COM_DROP_DB,
    COM_FIELD_LIST,
    COM_INIT_DB,
    COM_PING,
    COM_PROCESS_INFO,
    COM_PROCESS_KILL,
    COM_QUERY,
    COM_QUIT,
    COM_REFRESH,
    COM_RESET_CONNECTION,
    COM_SET_OPTION,
    COM_SHUTDOWN,
    COM_STATISTICS,
    COM_STMT_CLOSE,
    COM_STMT_PREPARE,
    COM_STMT_SEND_LONG_DATA,
    HEADER,
    MAX_PAYLOAD,
)
from dbgate.wire.kinds import RESULT, ROWS, SIMPLE, TEXT

# Commands put in words by sql.analyze.command: its kind, and the kind of their reply.
_ADMIN: Final[dict[int, int]] = {
    COM_REFRESH: SIMPLE,
    COM_SHUTDOWN: SIMPLE,
    COM_PROCESS_INFO: RESULT,
    COM_PROCESS_KILL: SIMPLE,
    COM_DEBUG: SIMPLE,
}
_SESSION: Final[dict[int, int]] = {
    COM_STATISTICS: TEXT,
    COM_PING: SIMPLE,
    COM_SET_OPTION: SIMPLE,
    COM_RESET_CONNECTION: SIMPLE,
}
_SCHEMA: Final[dict[int, str]] = {COM_INIT_DB: "init_db", COM_CREATE_DB: "create_db", COM_DROP_DB: "drop_db"}
_UNANSWERED: Final = frozenset((COM_STMT_CLOSE, COM_STMT_SEND_LONG_DATA))
# What may pass while the server's session state is one that the lexer does not follow.
_MENDING: Final = frozenset((COM_PING, COM_RESET_CONNECTION))


def take(state: State, now: float) -> None:
    """One whole command is in the reader: judge it, and send it on or answer it. One that cannot be read is blocked as
    any other; of those that have no answer it ends the session."""
    reader = state.reader
    try:
        if reader.size == 0:
            raise ProtocolError("command without bytes")
        _take(state, reader.raw[HEADER], now)
    except ProtocolError as error:
        code = reader.raw[HEADER] if reader.size else -1
        if state.phase != READY or code in _UNANSWERED:
            raise
        name = wire.name(code) if reader.size else "COMMAND"
        state.active_at = now
        crossing.refuse(state, refusal("protocol-command", f"it cannot be read: {error}"), name, now)


def _take(state: State, code: int, now: float) -> None:
    reader = state.reader
    state.active_at = now
    if code == COM_QUERY:
        query(state, now)
    elif code in statements.CODES:
        statements.take(state, code, now)
    elif code in _SCHEMA:
        _schema(state, code, now)
    elif code == COM_FIELD_LIST:
        _field_list(state, now)
    elif code in _SESSION:
        _session(state, code, now)
    elif code in _ADMIN:
        scope = state.current_scope()
        name = wire.name(code)
        crossing.run(
            state,
            scope,
            state.brain.judge_command(scope, "admin", name.lower(), name),
            code,
            _ADMIN[code],
            now,
        )
    elif code == COM_CHANGE_USER:
        login.change_user(state, now)
    elif code == COM_QUIT:
        state.fx.to_server.append(reader.raw)
        state.end("the client quit", now)
    else:
        crossing.refuse(
            state, refusal("protocol-command", f"{wire.name(code)} never passes"), wire.name(code), now
        )


def oversize(state: State, now: float) -> None:
    """A command was longer than its limit; it was dropped as it came."""
    head = state.reader.raw
    code = head[0]
    state.active_at = now
    if code == COM_STMT_SEND_LONG_DATA:
        statements.lose(state, head)
    elif code != COM_STMT_CLOSE:
        if code == COM_STMT_PREPARE:
            state.statements.last = -1
        reason = f"{state.reader.size} bytes are over the limit"
        crossing.refuse(state, refusal("statement-size", reason), wire.name(code), now)


def query(state: State, now: float) -> None:
    """COM_QUERY."""
    reader = state.reader
    scope = state.current_scope()
    judged: Judged | None = None
    whole = reader.size < MAX_PAYLOAD
    if whole:
        judged = scope.view.find_exact(reader.raw)
    if judged is None:
        text = _text(state)
        # A long text for the gateway is not analysed as a whole: it is no SQL, only what it explains may be.
        if len(text) > handover.LONG and _for_us(state, scope, text):
            inband.take(state, scope, text, now)
            return
        judged = handover.judge(state, scope, reader.raw if whole else b"", text, False, now)
        if judged is None:
            return
    if judged.recalls and state.memory is not None:
        judged = handover.recalled(state, scope, _text(state), state.memory, now)
        if judged is None:
            return
    if judged.analysis.error:
        text = _text(state)
        if _for_us(state, scope, text):
            inband.take(state, scope, text, now)
            return
    crossing.run(state, scope, judged, COM_QUERY, RESULT, now)


def _text(state: State) -> bytes:
    """The SQL of the COM_QUERY in the reader, without its query attributes."""
    payload = state.reader.payload()
    return payload[wire.skip_attributes(payload) if state.attributes() else 1 :]


def _for_us(state: State, scope: Scope, text: bytes) -> bool:
    """Whether the gateway itself is asked, by a user whom an access rule matches."""
    return scope.entry is not None and not state.unfollowed and inband.begins(text)


def _schema(state: State, code: int, now: float) -> None:
    """COM_INIT_DB, COM_CREATE_DB, COM_DROP_DB: the rest of the payload is a schema's name."""
    name = context.decode(state.reader.payload()[1:], state.ctx.charset)
    if name is None or "\0" in name:
        reason = "the schema's name cannot be read in the session's character set"
        crossing.refuse(state, refusal("parse-error", reason), wire.name(code), now)
        return
    scope = state.current_scope()
    crossing.run(
        state,
        scope,
        state.brain.judge_command(scope, _SCHEMA[code], name, wire.name(code)),
        code,
        SIMPLE,
        now,
    )


def _field_list(state: State, now: float) -> None:
    """COM_FIELD_LIST: the columns of one table, as DESCRIBE gives them."""
    name = context.decode(wire.parse_field_list(state.reader.payload()), state.ctx.charset)
    if name is None:
        reason = "the table's name cannot be read in the session's character set"
        crossing.refuse(state, refusal("parse-error", reason), wire.name(COM_FIELD_LIST), now)
        return
    scope = state.current_scope()
    judged = state.brain.judge_command(scope, "field_list", name, wire.name(COM_FIELD_LIST))
    crossing.run(state, scope, judged, COM_FIELD_LIST, ROWS, now, True, False)


def _session(state: State, code: int, now: float) -> None:
    """Commands that any user whom an access rule matches may send. A PING leaves a record only where it is blocked."""
    scope = state.current_scope()
    name = wire.name(code)
    judged = state.brain.judge_command(scope, "session", name.lower(), name)
    mending = code in _MENDING and state.unfollowed
    unfollowed = state.unfollowed
    if mending:
        state.unfollowed = ""
    sent = crossing.run(state, scope, judged, code, _SESSION[code], now, False, False)
    state.unfollowed = unfollowed
    if sent and code == COM_PING:
        state.record = None
