"""The short way of a command that was judged before: most of them, so it is as short as it can be made."""

from __future__ import annotations

from dbgate.gate.effects import TO_SERVER
from dbgate.gate.phase import REPLY
from dbgate.gate.prepared import Prepared
from dbgate.gate.state import State
from dbgate.policy.verdict import BLOCK
from dbgate.wire.constants import COM_QUERY, COM_STMT_EXECUTE, HEADER
from dbgate.wire.kinds import RESULT


def take(state: State, data: bytes, now: float) -> bool:
    """Where the chunk is one packet that was judged before in this very scope, byte for byte or but for its literals, or
    runs a statement again that was, and nothing but the hour and the rate is left to ask, does all that is to be done.
    False: nothing was done, it takes the long way.
    For phase READY; the record and its reply are those of the long way."""
    reader = state.reader
    scope = state.scope
    brain = state.brain
    if scope is None or scope.epoch != brain.epoch:
        return False
    if state.unfollowed or reader.buffered or reader.dropping:
        return False
    code = COM_QUERY
    number = -1
    again: Prepared | None = None
    judged = scope.view.exact.get(data)
    if judged is None:
        number = state.statements.plain_execute(data, reader.other_limit)
        if number < 0:
            judged = brain.recall(scope, data)
        else:
            again = state.statements.find(number)
            if again is None or again.epoch != scope.epoch or again.ctx_key != scope.ctx.key or again.lost:
                return False
            judged = again.judged
            code = COM_STMT_EXECUTE
    elif data[HEADER] != COM_QUERY:
        return False
    # What recalls a text is judged by what this session left on the server, which no cache knows.
    if judged is None or not judged.plain or judged.recalls or judged.effect == BLOCK:
        return False
    verdict = judged.verdict
    if not scope.simple:
        verdict = brain.admitted(scope, judged, state.user, state.client_ip, now, True)
    state.queries += 1
    state.active_at = now
    state.last_digest = judged.digest
    record = state.judged_record(scope, judged, verdict, now)
    if verdict.effect == BLOCK:
        state.refuse(record, 1)
        return True
    state.record = record
    state.judged = judged
    state.judged_epoch = scope.epoch
    state.command = code
    if again is not None:
        again.given = 0
        state.statement_id = number
    state.phase = REPLY
    state.reply.begin(RESULT, 1)
    if scope.watched:
        state.reply.watch(scope.cap, 0, scope.cap_enforced, scope.names_wanted)
    state.fx.relay = TO_SERVER
    return True
