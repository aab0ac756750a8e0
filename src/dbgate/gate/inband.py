"""Statements for the gateway itself, from any client: DBGATE EXPLAIN <sql>, DBGATE SHOW SESSIONS | STATS | RULES.

They never reach the server. They are looked for only in texts that cannot be parsed, so that no other statement pays for
them. EXPLAIN is answered by what the session's own statements are judged by, at once or, where the text is long, when
it was analysed (gate.handover). What SHOW tells the supervisor knows: the session waits for it in phase CONTEXT, as for
a catalog.
"""

from __future__ import annotations

from typing import Final

from dbgate.gate import handover, replies
from dbgate.gate.brain import Scope
from dbgate.gate.judged import Judged
from dbgate.gate.phase import CONTEXT, READY
from dbgate.gate.state import State
from dbgate.policy.compiled import CompiledEntry
from dbgate.policy.evaluate import combine
from dbgate.policy.explain import Explanation, explain
from dbgate.policy.verdict import ALLOW, BLOCK, EFFECT_NAMES, Verdict
from dbgate.sql.catalog import known_columns, reached
from dbgate.sql.statement import Analysis
from dbgate.wire.constants import ER_PARSE, ER_UNKNOWN
from dbgate.wire.kinds import RESULT
from dbgate.wire.table import table

_WORD: Final = b"DBGATE"
_SPACE: Final = b" \t\n\v\f\r"
_AFTER: Final = (b" ", b"\t", b"\n", b"\v", b"\f", b"\r", b";")
_SHOWN: Final = ("SESSIONS", "STATS", "RULES")
USAGE: Final = "dbgate: expected DBGATE EXPLAIN <sql>, or DBGATE SHOW SESSIONS | STATS | RULES"
LATE: Final = "the gateway did not answer in time"
EXPLAINED: Final = ("step", "name", "outcome", "rule", "line", "reason")


def begins(text: bytes) -> bool:
    """Whether a text is meant for the gateway: its first word is DBGATE, in any case."""
    head = text.lstrip(_SPACE)[: len(_WORD) + 1]
    return head[: len(_WORD)].upper() == _WORD and (len(head) == len(_WORD) or head[-1:] in _AFTER)


def take(state: State, scope: Scope, text: bytes, now: float) -> None:
    """Answer a text that `begins` so, or wait until what it explains was analysed. The session has an access rule."""
    entry = scope.entry
    if entry is None:
        raise AssertionError("without an access rule nothing is answered")
    rest = text.lstrip(_SPACE)[len(_WORD) :].lstrip(_SPACE)
    verb = rest.split(None, 1)[0].upper() if rest else b""
    body = rest[len(verb) :].strip(_SPACE)
    what = ""
    if verb == b"EXPLAIN" and body:
        what = "EXPLAIN"
    elif verb == b"SHOW":
        named = body.rstrip(_SPACE + b";").upper().decode("ascii", "replace")
        what = named if named in _SHOWN else ""
    inner: Judged | None = None
    if what == "EXPLAIN":
        inner = _judged(state, scope, body, now)
        if inner is None:
            return
    seq = state.reader.last_seq + 1
    state.queries += 1
    state.last_digest = ""
    masked = "" if inner is None else inner.masked
    label = "" if not what else "DBGATE EXPLAIN" if inner is not None else f"DBGATE SHOW {what}"
    analysis = Analysis((), "", "", f"{label} {masked}".strip(), "", "", "", False)
    right = _right(entry, what, label)
    if inner is not None and handover.failed(inner):
        right = inner.verdict
    judged = Judged(analysis, combine(scope.door, right), (), label or "DBGATE")
    verdict = judged.verdict
    if not scope.simple:
        verdict = state.brain.admitted(scope, judged, state.user, state.client_ip, now, True)
    record = state.judged_record(scope, judged, verdict, now)
    if verdict.effect == BLOCK:
        state.refuse(record, seq)
    elif not what:
        record.error_code = ER_PARSE
        record.duration_us = 0
        state.fx.finish(record)
        state.answer(seq, ER_PARSE, "42000", USAGE)
    elif inner is not None:
        state.reply.begin(RESULT, seq)
        state.record = record
        _send(state, EXPLAINED, _explained(state, scope, inner, now), now)
    else:
        state.reply.begin(RESULT, seq)
        state.record = record
        state.wanted += 1
        state.waiting = True
        state.asked_at = now
        state.move(CONTEXT)
        ask = state.brain.on_want
        if ask is None:
            told(state, state.wanted, (), [], "nobody here can tell", now)
        else:
            ask(state.session_id, state.wanted, what)


def told(
    state: State,
    number: int,
    columns: tuple[str, ...],
    rows: list[tuple[str, ...]],
    problem: str,
    now: float,
) -> None:
    """The answer that the session waits for, under the number that it asked with; another one is late, and dropped.
    problem: "" or why there is none."""
    if not state.waiting or number != state.wanted:
        return
    state.waiting = False
    state.move(READY)
    if problem:
        record = state.record
        state.answer(state.reply.seq, ER_UNKNOWN, "HY000", f"dbgate: {problem}")
        if record is not None:
            state.record = None
            record.error_code = ER_UNKNOWN
            record.reason = problem
            state.finish(record, now)
        state.active_at = now
    else:
        _send(state, columns, rows, now)
    if state.draining:
        replies.drain(state, now)


def _send(state: State, columns: tuple[str, ...], rows: list[tuple[str, ...]], now: float) -> None:
    """The table for the client, and the end of the record."""
    reply = table(state.reply.seq, columns, rows, state.capabilities, state.status)
    state.fx.to_client.append(reply)
    record = state.record
    if record is not None:
        state.record = None
        state.finish(record, now)
        record.rows = len(rows)
        record.bytes = len(reply)
    state.active_at = now


def _right(entry: CompiledEntry, what: str, label: str) -> Verdict:
    """Whether the access rule lets its users ask. Never monitored: a would-be answer is an answer."""
    if what in entry.admin or (not what and entry.admin):
        return Verdict(ALLOW, "", entry.line, f"granted by entry '{entry.name}'", "", entry.name, 12)
    reason = f"{label or 'DBGATE'} is not among the admin_statements of entry '{entry.name}'"
    return Verdict(BLOCK, "operation-denied", entry.line, reason, "enforce", entry.name, 10)


def _judged(state: State, scope: Scope, sql: bytes, now: float) -> Judged | None:
    """What would be judged if the client sent `sql` now. None: it is being analysed, and the session waits."""
    judged = handover.judge(state, scope, b"", sql, False, now)
    if judged is not None and judged.recalls and state.memory is not None:
        return handover.recalled(state, scope, sql, state.memory, now)
    return judged


def _explained(state: State, scope: Scope, judged: Judged, now: float) -> list[tuple[str, ...]]:
    """The verdict, what it rests on, and the steps."""
    found: Explanation = explain(
        scope.policy,
        state.user,
        state.client_ip,
        judged.analysis,
        now + state.brain.wall_offset,
        True,
        reached(state.brain.catalog, judged.analysis),
        state.client_tls,
        state.cert_subject,
        None,
        known_columns(state.brain.catalog, judged.analysis),
    )
    verdict = found.verdict
    rows: list[tuple[str, ...]] = [
        (
            "",
            "verdict",
            EFFECT_NAMES[verdict.effect],
            verdict.rule,
            _line(verdict.line),
            verdict.reason,
        ),
        ("", "statement", ", ".join(judged.operations), "", "", ", ".join(judged.tables)),
    ]
    for step in found.steps:
        rows.append((str(step.number), step.name, step.outcome, step.rule, _line(step.line), step.reason))
    return rows


def _line(line: int) -> str:
    return str(line) if line else ""
