"""A judged command crosses to the server as it came, or is answered with an ERR; either way it gets its record."""

from __future__ import annotations

from dbgate.gate.brain import Scope, refusal
from dbgate.gate.judged import Judged
from dbgate.gate.phase import REPLY
from dbgate.gate.state import State
from dbgate.policy.verdict import BLOCK, Verdict
from dbgate.sql.statement import Analysis
from dbgate.wire.constants import CLIENT_LOCAL_FILES, COM_PING, COM_QUERY


def run(
    state: State,
    scope: Scope,
    judged: Judged,
    code: int,
    kind: int,
    now: float,
    counts: bool = True,
    rows: bool = True,
) -> bool:
    """Send a judged command on, or refuse it; True: it was sent. counts: a rate limit counts it; rows: its reply may
    have rows of a statement, which are capped and whose columns are watched."""
    state.queries += 1
    state.last_digest = judged.digest
    verdict = judged.verdict
    if state.unfollowed:
        verdict = refusal("session-state", state.unfollowed)
    elif not scope.simple:
        owes = code != COM_PING
        verdict = state.brain.admitted(scope, judged, state.user, state.client_ip, now, counts, owes)
    record = state.judged_record(scope, judged, verdict, now)
    if verdict.effect == BLOCK:
        state.refuse(record, state.reader.last_seq + 1)
        return False
    state.record = record
    send(state, judged, code, kind)
    state.judged_epoch = scope.epoch
    if rows and scope.watched:
        state.reply.watch(scope.cap, 0, scope.cap_enforced, scope.names_wanted)
    if judged.local_infile:
        state.reply.expect(may_ask_for_file(state, judged), False, False, file_text(state, judged, code))
    return True


def file_text(state: State, judged: Judged, code: int) -> bytes:
    """The text that names the file which the server may ask for: that of the command in the reader, or of the statement
    that it runs; b"" where it was not kept, or names it elsewhere (dynamic SQL)."""
    for statement in judged.analysis.statements:
        if statement.dynamic:
            return b""
    if code == COM_QUERY:
        return state.reader.raw
    prepared = state.statements.find(state.statement_id)
    return b"" if prepared is None else prepared.raw


def may_ask_for_file(state: State, judged: Judged) -> bool:
    """Whether the server may answer with a request for a local file."""
    return judged.local_infile and state.capabilities & CLIENT_LOCAL_FILES != 0


def send(state: State, judged: Judged | None, code: int, kind: int) -> None:
    """Pass the command in the reader on as it came, and await its reply."""
    reader = state.reader
    state.fx.to_server.append(reader.raw)
    state.reply.begin(kind, reader.last_seq + 1)
    state.judged = judged
    state.command = code
    state.phase = REPLY


def refuse(state: State, verdict: Verdict, name: str, now: float) -> None:
    """Answer a command that no analysis describes with a block."""
    scope = state.current_scope()
    judged = Judged(Analysis((), "", "", "", "", "", "", False), verdict, (), name)
    state.queries += 1
    record = state.judged_record(scope, judged, verdict, now)
    state.refuse(record, state.reader.last_seq + 1)
