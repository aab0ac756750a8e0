"""The short way of a command that was judged before, and of its reply: most of them, so it is as short as it can be made.

Between two commands of a session the database and the client have had the processor, and the caches forget: what
counts is how many objects are touched, and how few are made. A command that is `quick` leaves a record and goes on; its
reply, where it is a whole and ordinary one, completes the record. The reply's follower (wire.response) is not even told
of it, unless it is needed: State.begin_reply.
"""

from __future__ import annotations

from typing import Final

from dbgate.audit.record import Record
from dbgate.gate.effects import TO_CLIENT, TO_SERVER
from dbgate.gate.phase import READY, REPLY
from dbgate.gate.prepared import Prepared
from dbgate.gate.state import State
from dbgate.policy.verdict import BLOCK
from dbgate.wire.build import packet
from dbgate.wire.constants import COM_QUERY, COM_QUIT, COM_STMT_EXECUTE, HEADER, OK_HEADER
from dbgate.wire.kinds import RESULT
from dbgate.wire.whole import Seen, whole_again, whole_reply

# Compiled, a walk over a reply is quicker than a comparison with another one, which is further away.
WALKS: Final = not __file__.endswith(".py")
QUIT: Final = packet(0, bytes((COM_QUIT,)))


def take(state: State, data: bytes, now: float) -> bool:
    """Where the chunk is one packet that was judged before in this very scope, byte for byte or but for its literals, or
    runs a statement again that was, and nothing but the hour and the rate is left to ask, does all that is to be done.
    False: nothing was done, it takes the long way.
    For phase READY; the record and its reply are those of the long way. Where the state is `quick` then, the chunk goes on
    to the server and the session's effects were not touched; else they tell what is to be done."""
    if state.unfollowed:
        return False
    reader = state.reader
    if reader.buffered or reader.dropping:
        return False
    brain = state.brain
    scope = state.scope
    if scope is None or scope.epoch != brain.epoch:
        scope = state.current_scope()
    code = COM_QUERY
    number = -1
    again: Prepared | None = None
    judged = scope.view.exact.get(data)
    if judged is None:
        if data == QUIT:
            state.fx.clear()
            state.active_at = now
            state.fx.relay = TO_SERVER
            state.end("the client quit", now)
            return True
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
    if (
        judged.quick
        and scope.simple
        and not scope.names_wanted
        and state.memory is None
        and not state.draining
    ):
        who = state.who
        if who is None:
            who = state.who_now(scope)
        why = judged.why
        if why is None or why.policy_version is not scope.version:
            why = judged.why_for(scope.version)
        state.record = Record("query", now, "", "", "", 0, who, judged.what, why)
        state.quick = True
    else:
        state.fx.clear()
        if not scope.simple:
            verdict = brain.admitted(scope, judged, state.user, state.client_ip, now, True)
        record = state.judged_record(scope, judged, verdict, now)
        if verdict.effect == BLOCK:
            state.queries += 1
            state.active_at = now
            state.last_digest = judged.digest
            state.refuse(record, 1)
            return True
        state.record = record
        state.reply.begin(RESULT, 1)
        if scope.watched:
            state.reply.watch(scope.cap, 0, scope.cap_enforced, scope.names_wanted)
        state.fx.relay = TO_SERVER
    if again is not None:
        again.given = 0
        state.statement_id = number
    state.queries += 1
    state.last_digest = judged.what.digest
    state.judged = judged
    state.command = code
    state.phase = REPLY
    return True


def replied(state: State, data: bytes, now: float) -> bool:
    """For a state that is `quick`: where the chunk is all of an ordinary reply, completes the command, and the effects
    are that the chunk goes on, and the record. False: nothing was done; the reply is begun, and takes the long way."""
    reply = state.reply
    judged = state.judged
    record = state.record
    if record is None or judged is None:
        raise AssertionError("no command is under way")
    seen = judged.seen
    if seen is None and not WALKS:
        seen = judged.seen = Seen()
    cached = reply.cached
    old_eof = reply.old_eof
    found = whole_reply(data, old_eof, cached) if seen is None else whole_again(seen, data, old_eof, cached)
    if found < 0:
        state.begin_reply()
        return False
    count = found >> 32
    if data[HEADER] == OK_HEADER:
        record.affected_rows = count
    else:
        scope = state.scope
        if scope is None or 0 <= scope.cap < count:
            state.begin_reply()
            return False
        record.rows = count
        if state.command == COM_STMT_EXECUTE:
            again = state.statements.find(state.statement_id)
            if again is not None:
                again.given += count
    record.bytes = len(data)
    record.duration_us = int((now - record.at) * 1_000_000)
    state.record = None
    state.judged = None
    keep = state.brain.keep
    if keep is not None:
        keep(record)
    state.quick = False
    state.status = found >> 16 & 0xFFFF
    state.active_at = now
    state.phase = READY
    fx = state.fx
    if not fx.only:
        fx.clear()
        fx.only = True
    fx.relay = TO_CLIENT
    fx.record = record
    return True
