"""The way back: the server's reply is walked and passed on; at its end the session's context and record follow."""

from __future__ import annotations

from typing import Final

from dbgate.errors import ProtocolError
from dbgate.gate import context
from dbgate.gate.judged import Judged
from dbgate.gate.phase import CONTEXT, INFILE, READY
from dbgate.gate.prepared import Prepared
from dbgate.gate.state import State, blocked_message
from dbgate.policy.verdict import BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.memory import Memory
from dbgate.wire.constants import (
    COM_CHANGE_USER,
    COM_CREATE_DB,
    COM_DROP_DB,
    COM_INIT_DB,
    COM_PING,
    COM_QUERY,
    COM_RESET_CONNECTION,
    COM_STMT_BULK_EXECUTE,
    COM_STMT_EXECUTE,
    COM_STMT_FETCH,
    COM_STMT_PREPARE,
    COM_STMT_RESET,
    ER_ACCESS_BLOCKED,
    ER_SERVER_SHUTDOWN,
    ER_UNKNOWN,
    ERR_HEADER,
    HEADER,
    SERVER_STATUS_DB_DROPPED,
)
from dbgate.wire.status import parse_err

# Commands whose success means that the statement has run.
_RUNS: Final = frozenset(
    (COM_QUERY, COM_STMT_EXECUTE, COM_STMT_BULK_EXECUTE, COM_INIT_DB, COM_CREATE_DB, COM_DROP_DB)
)
_QUIET: Final = frozenset((COM_PING, COM_STMT_RESET))  # they change nothing that dynamic SQL may use
# Bytes of the server's answer to the gate's own question; real ones are below 2 KiB
MAX_ANSWER: Final = 65_536
_REREADS: Final = frozenset((COM_RESET_CONNECTION, COM_DROP_DB, COM_CHANGE_USER))


def server_bytes(state: State, data: bytes, now: float) -> None:
    """A chunk of the reply to the client's command."""
    reply = state.reply
    out = state.fx.to_client
    pos = reply.feed(data, 0, out)
    if reply.cut and not reply.swallow:
        _cut(state)
        pos = reply.feed(data, pos, out)
    if reply.done:
        ended(state, now)
        if pos < len(data):
            goodbye(state, data[pos:], now)
    elif reply.infile:
        if pos < len(data):
            raise ProtocolError("the server spoke before its turn")
        state.infile_seq = reply.seq
        state.move(INFILE)
    elif reply.swallowed > state.brain.limits.drain:
        state.end("more rows than max_result_rows, and too many to wait for the rest", now)


def _cut(state: State) -> None:
    """The row cap is reached: an ERR in place of the next row, and nothing more of this reply."""
    reply = state.reply
    record = state.record
    scope = state.scope
    if record is None:
        raise ProtocolError("rows without a statement")
    entry = state.entry
    line = entry.row_cap_line if entry is not None else 0
    state.put_verdict(
        record, Verdict(BLOCK, "max-result-rows", line, f"more than {reply.cap} rows", "enforce")
    )
    record.event = "query.blocked"
    record.truncated = True
    record.error_code = ER_ACCESS_BLOCKED
    if scope is not None:
        record.policy_version = scope.version
    state.answer(reply.seq, ER_ACCESS_BLOCKED, "42000", blocked_message(record))
    reply.swallow = True


def ended(state: State, now: float) -> None:
    """The reply is complete."""
    reply = state.reply
    if reply.error_code == 0:
        state.status = reply.status
    reread = False
    changed = 0
    judged = state.judged
    if state.memory is not None or (judged is not None and judged.remembers):
        _remember(state, judged)
    if (reply.special and not reply.head) or judged is None or not judged.plain or state.command != COM_QUERY:
        reread = follow(state)
        if judged is not None and judged.defines and state.command in _RUNS:
            changed = state.brain.changed()  # also where it failed: a part of it may be done
    record = state.record
    if record is not None:
        state.record = None
        if reply.over and not reply.cut and record.decision == "allow":
            entry = state.entry
            line = entry.row_cap_line if entry is not None else 0
            state.put_verdict(
                record,
                Verdict(WOULD_BLOCK, "max-result-rows", line, f"more than {reply.cap} rows", "monitor"),
            )
            record.event = "query.would_block"
        if reply.names or reply.head:
            meant = state.brain.sensitive
            found = meant.within(reply.head) if reply.head else meant.among(reply.names)
            if found:
                record.sensitive = tuple(sorted({*record.sensitive, *found}))
        state.finish(record, now)
    state.judged = None
    state.active_at = now
    if changed:
        state.move(CONTEXT)
        state.settling = changed
        state.reread = reread
        state.asked_at = now
        return
    if reread:
        state.move(CONTEXT)
        context.ask(state, now)
        return
    state.move(READY)
    if state.draining:
        drain(state, now)


def settle(state: State, now: float) -> None:
    """The catalog has been read again since this session changed something, or that took too long: go on."""
    state.settling = 0
    if state.reread:
        state.reread = False
        context.ask(state, now)
        return
    state.active_at = now
    state.move(READY)
    if state.draining:
        drain(state, now)


def follow(state: State) -> bool:
    """Bring the session's state up to what the server has now done. True: it must be asked."""
    reply = state.reply
    judged = state.judged
    command = state.command
    failed = reply.error_code != 0
    reread = (
        reply.moved or (command in _REREADS and not failed) or state.status & SERVER_STATUS_DB_DROPPED != 0
    )
    if command == COM_STMT_PREPARE:
        _prepared(state, failed)
    elif command in (COM_STMT_EXECUTE, COM_STMT_FETCH):
        statement = state.statements.find(state.statement_id)
        if statement is not None:
            statement.given += reply.rows
            if not reply.names and not reply.head and statement.columns:
                reply.names = list(statement.columns)
    elif command == COM_STMT_RESET:
        statement = state.statements.find(state.statement_id)
        if statement is not None and not failed:
            statement.lost = False
            statement.given = 0
    elif command == COM_RESET_CONNECTION and not failed:
        state.statements.clear()
    if reply.schema is not None:
        reread = not context.enter(state, reply.schema) or reread
    if judged is None or judged.plain or command not in _RUNS:
        return reread
    if judged.new_schema is not None and not failed and reply.schema is None:
        context.enter(state, judged.new_schema.encode())
    if judged.new_charset and not failed:
        context.speak(state, judged.new_charset)
    # A statement that failed may have done a part of its work: which, only the server knows.
    return reread or judged.rereads or (failed and judged.multi)


def _remember(state: State, judged: Judged | None) -> None:
    """Note what the command has left on the server for dynamic SQL, and forget what it may have changed."""
    if judged is not None and state.command in _RUNS:
        memory = Memory() if state.memory is None else state.memory
        memory.follow(judged.analysis.statements, state.ctx.key, state.reply.error_code != 0)
        state.memory = None if memory.empty() else memory
    elif state.command not in _QUIET:
        state.memory = None


def _prepared(state: State, failed: bool) -> None:
    reply = state.reply
    judged = state.judged
    if failed or judged is None:
        state.statements.last = -1
        return
    columns = tuple(reply.names)
    reply.names = []
    statement = Prepared(
        judged.analysis, judged, state.judged_epoch, columns, state.prepare, state.ctx.key, state.schema
    )
    state.statements.add(reply.statement_id, statement)
    state.prepare = b""


def own_reply(state: State, data: bytes, now: float) -> None:
    """A chunk of the reply to the gate's own question: read, never passed on."""
    reply = state.reply
    if state.settling or state.waiting:
        goodbye(state, data, now)
        return
    whole = b"" if state.heard else data
    state.heard = True
    if whole and context.recall(state, data):
        if state.draining:
            drain(state, now)
        return
    pos = reply.feed(data, 0, [])
    if reply.size > MAX_ANSWER:
        raise ProtocolError("an answer to the gate's question of too many bytes")
    if not reply.done:
        return
    if not context.learn(state, whole if pos == len(data) else b""):
        state.answer(1, ER_UNKNOWN, "08S01", "dbgate: the session's state cannot be read from the server")
        state.end("the session's state cannot be read from the server", now)
        return
    if pos < len(data):
        goodbye(state, data[pos:], now)
    elif state.draining:
        drain(state, now)


def goodbye(state: State, data: bytes, now: float) -> None:
    """What a server says unasked: one ERR, before it hangs up (time-out, shutdown, KILL). Everything else is rogue."""
    if len(data) > HEADER + 3 and data[HEADER] == ERR_HEADER:
        length = data[0] | data[1] << 8 | data[2] << 16
        if len(data) == HEADER + length:
            error = parse_err(data, HEADER, len(data))
            state.fx.to_client.append(data)
            state.end(f"the server ended the session with error {error.errno}", now)
            return
    raise ProtocolError("the server sent bytes that no command asked for")


def drain(state: State, now: float) -> None:
    """The gateway is ending: so does this session, once it is idle and no transaction is open."""
    state.draining = True
    if state.phase == READY and not state.in_transaction() and not state.reader.buffered:
        state.answer(1, ER_SERVER_SHUTDOWN, "08S01", "dbgate: the gateway is shutting down")
        state.end("draining", now)
