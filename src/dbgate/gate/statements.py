"""Commands on prepared statements. A statement is judged at PREPARE, before the server sees it, and again, from the
stored analysis, at each EXECUTE and FETCH under the policy of that moment. An id that is unknown never passes."""

from __future__ import annotations

from typing import Final

from dbgate.gate import crossing, handover
from dbgate.gate.brain import Scope, refusal
from dbgate.gate.judged import Judged
from dbgate.gate.prepared import Prepared
from dbgate.gate.state import State
from dbgate.wire import command as wire
from dbgate.wire.constants import (
    COM_STMT_BULK_EXECUTE,
    COM_STMT_CLOSE,
    COM_STMT_EXECUTE,
    COM_STMT_FETCH,
    COM_STMT_PREPARE,
    COM_STMT_RESET,
    COM_STMT_SEND_LONG_DATA,
    ER_TOO_MANY_STATEMENTS,
    HEADER,
    MARIADB_STMT_BULK_OPERATIONS,
    MAX_PAYLOAD,
)
from dbgate.wire.kinds import PREPARE, RESULT, ROWS, SIMPLE

CODES: Final = frozenset(
    (
        COM_STMT_PREPARE,
        COM_STMT_EXECUTE,
        COM_STMT_BULK_EXECUTE,
        COM_STMT_SEND_LONG_DATA,
        COM_STMT_CLOSE,
        COM_STMT_RESET,
        COM_STMT_FETCH,
    )
)
_HEAD: Final = 16  # bytes of a payload that hold a command, its statement id and flags


def take(state: State, code: int, now: float) -> None:
    """One of CODES is in the reader."""
    if code == COM_STMT_PREPARE:
        _prepare(state, now)
        return
    head = state.reader.raw[HEADER : HEADER + min(_HEAD, state.reader.size)]
    statement_id = state.statements.resolve(wire.statement_id(head), state.mariadb)
    statement = state.statements.find(statement_id)
    if code == COM_STMT_CLOSE:
        if statement is not None:
            state.statements.close(statement_id)
            state.fx.to_server.append(state.reader.raw)
        return
    if code == COM_STMT_SEND_LONG_DATA:
        if statement is not None and not statement.lost:
            state.fx.to_server.append(state.reader.raw)
        return
    name = wire.name(code)
    if code == COM_STMT_BULK_EXECUTE and not state.capabilities & MARIADB_STMT_BULK_OPERATIONS:
        crossing.refuse(state, refusal("protocol-command", f"{name} was not agreed on"), name, now)
    elif statement is None:
        reason = f"{name} of a statement that was never prepared in this session"
        crossing.refuse(state, refusal("protocol-command", reason), name, now)
    elif code == COM_STMT_RESET:
        _reset(state, statement_id, now)
    elif statement.lost:
        reason = "a value of this statement was over the limit and did not reach the server"
        crossing.refuse(state, refusal("statement-size", reason), name, now)
    elif code == COM_STMT_FETCH:
        _fetch(state, statement_id, statement, now)
    else:
        _execute(state, statement_id, statement, code, head, now)


def lose(state: State, head: bytes) -> None:
    """A COM_STMT_SEND_LONG_DATA was over the limit and has been dropped; it gets no answer, so its statement must not
    run without it until it is reset. head: the payload's first bytes."""
    statement_id = state.statements.resolve(wire.statement_id(head), state.mariadb)
    statement = state.statements.find(statement_id)
    if statement is not None:
        statement.lost = True


def _prepare(state: State, now: float) -> None:
    reader = state.reader
    scope = state.current_scope()
    if len(state.statements.by_id) >= state.brain.limits.prepared:
        state.statements.last = -1
        _too_many(state, scope, now)
        return
    whole = reader.size < MAX_PAYLOAD
    judged: Judged | None = scope.view.find_exact(reader.raw) if whole else None
    if judged is None:
        raw = reader.raw if whole else b""
        judged = handover.judge(state, scope, raw, reader.payload()[1:], True, now)
        if judged is None:
            return
    if crossing.run(state, scope, judged, COM_STMT_PREPARE, PREPARE, now):
        state.prepare = reader.raw if whole else b""
    else:
        state.statements.last = -1


def _too_many(state: State, scope: Scope, now: float) -> None:
    most = state.brain.limits.prepared
    record = state.new_record("query", now)
    record.operation = wire.name(COM_STMT_PREPARE)
    record.policy_version = scope.version
    record.decision = "block"
    record.reason = f"more than {most} prepared statements in this session"
    record.error_code = ER_TOO_MANY_STATEMENTS
    record.duration_us = 0
    state.queries += 1
    state.fx.finish(record)
    message = f"dbgate: more than {most} prepared statements in this session; close some"
    state.answer(state.reader.last_seq + 1, ER_TOO_MANY_STATEMENTS, "42000", message)


def _present(state: State, scope: Scope, statement: Prepared, name: str, now: float) -> Judged | None:
    """The statement's verdict under the present policy, and under the present lexer's context where it is another.
    None: its text is being analysed for that, and the session waits."""
    brain = state.brain
    if statement.epoch != brain.epoch:
        statement.judged = brain.judge(scope, statement.analysis, name)
        statement.epoch = brain.epoch
    if statement.ctx_key == scope.ctx.key:
        return statement.judged
    wanted = f"{brain.epoch} {scope.ctx.key}"
    if statement.again_for != wanted:
        again = _again(state, scope, statement, name, now)
        if again is None or again.verdict.rule == "internal-error":  # it may go better the next time
            return again
        statement.again = again
        statement.again_for = wanted
    return statement.again


def _again(state: State, scope: Scope, statement: Prepared, name: str, now: float) -> Judged | None:
    """The worse of the verdicts on the text as it was prepared and as the server would prepare it now. None: as above."""
    if not statement.raw:
        reason = "SQL mode or character set changed since a PREPARE too long to be kept"
        return Judged(statement.analysis, refusal("session-state", reason), statement.judged.sensitive, name)
    there = state.brain.scope(scope.ctx, statement.schema, scope.entry, state.attributes())
    judged = handover.judge(state, there, b"", statement.raw[HEADER + 1 :], True, now)
    if judged is None:
        return None
    return judged if judged.effect > statement.judged.effect else statement.judged


def _execute(
    state: State, statement_id: int, statement: Prepared, code: int, head: bytes, now: float
) -> None:
    scope = state.current_scope()
    judged = _present(state, scope, statement, wire.name(code), now)
    if judged is None:
        return
    state.statement_id = statement_id
    if crossing.run(state, scope, judged, code, RESULT, now):
        statement.given = 0
        if code == COM_STMT_EXECUTE and wire.wants_cursor(head):
            text = crossing.file_text(state, judged, code)
            state.reply.expect(crossing.may_ask_for_file(state, judged), True, False, text)


def _fetch(state: State, statement_id: int, statement: Prepared, now: float) -> None:
    """Rows of a cursor: they add up from its EXECUTE, and the policy of this moment counts."""
    scope = state.current_scope()
    judged = _present(state, scope, statement, wire.name(COM_STMT_FETCH), now)
    if judged is None:
        return
    state.statement_id = statement_id
    if crossing.run(state, scope, judged, COM_STMT_FETCH, ROWS, now, False) and scope.watched:
        state.reply.watch(scope.cap, statement.given, scope.cap_enforced, False)


def _reset(state: State, statement_id: int, now: float) -> None:
    """COM_STMT_RESET closes a cursor and forgets long data: a session statement."""
    scope = state.current_scope()
    name = wire.name(COM_STMT_RESET)
    judged = state.brain.judge_command(scope, "session", "stmt_reset", name)
    state.statement_id = statement_id
    crossing.run(state, scope, judged, COM_STMT_RESET, SIMPLE, now, False, False)
