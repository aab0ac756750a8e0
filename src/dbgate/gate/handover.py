"""Statements whose analysis may take long are analysed in another process, so that the other sessions need not wait.

The command stays in the reader, and the session in phase ANALYSIS, until the answer comes; then the command is taken
once more, and finds its analysis here. So policy, catalog, rate and time are those of that moment, and everything goes
on as if the gate had analysed it itself. Where no answer comes, the statement is blocked.
"""

from __future__ import annotations

from typing import Final

from dbgate.gate.brain import LONGEST_KEYED, Scope, refusal
from dbgate.gate.judged import Judged
from dbgate.gate.phase import ANALYSIS, READY
from dbgate.gate.question import Answer, Question
from dbgate.gate.state import State
from dbgate.sql.memory import Memory
from dbgate.sql.statement import Analysis
from dbgate.wire.kinds import RESULT

# Bytes of a text up to which it is analysed at once. Compiled, a text of 4 KiB takes 1 to 4 ms; to ask elsewhere 0.15 to 0.6.
LONG: Final = 4096
PATIENCE: Final = 60.0  # seconds that a statement waits for its analysis, and for those of others before it
PENDING: Final = "it was still being analysed"
FAILED: Final = "it could not be analysed"


def judge(state: State, scope: Scope, raw: bytes, text: bytes, prepared: bool, now: float) -> Judged | None:
    """As Brain.judge_text. None: the text is long and is being analysed, and the session waits."""
    brain = state.brain
    if len(text) <= LONG or brain.analyst is None:
        return brain.judge_text(scope, raw, text, prepared)
    question = state.question
    if question is not None and question.answered and question.text == text:
        if question.memory is not None:  # what it runs is known by now, and nothing else is asked
            return _given(state, scope, b"", question)
        if question.prepared == prepared and question.schema == scope.schema and _fits(scope, question):
            return _given(state, scope, raw, question)
    shape: bytes | None = None
    if len(text) <= LONGEST_KEYED:
        shape = brain.shape_of(scope, text, prepared)
        if shape is not None:
            judged = brain.find_shape(scope, raw, shape)
            if judged is not None:
                return judged
    analysis = brain.known_analysis(scope, text, prepared)
    if analysis is not None:
        return brain.judge_analysed(scope, raw, text, prepared, shape, analysis, "")
    if raw:
        brain.verdicts.exact_misses -= 1  # it is looked for once more
    _ask(state, scope, text, prepared, None, shape, now)
    return None


def recalled(state: State, scope: Scope, text: bytes, memory: Memory, now: float) -> Judged | None:
    """As Brain.judge_recalled. None: as in `judge`."""
    if len(text) <= LONG or state.brain.analyst is None:
        return state.brain.judge_recalled(scope, text, memory)
    question = state.question
    if question is not None and question.answered and question.memory is not None and question.text == text:
        return _given(state, scope, b"", question)
    _ask(state, scope, text, False, memory, None, now)
    return None


def failed(judged: Judged) -> bool:
    """Whether it stands for an analysis that never came."""
    return judged.verdict.rule == "internal-error" and judged.verdict.reason == FAILED


def take(state: State, answer: Answer | None) -> None:
    """The answer to the session's question; None = there will be none. The command is to be taken again now."""
    question = state.question
    if question is None:
        raise AssertionError("an answer that nobody asked for")
    question.answered = True
    if answer is not None:
        question.analysis = answer.analysis
        question.shown = answer.shown
        question.by_shape = answer.by_shape
    state.record = None
    state.move(READY)


def settle(state: State, at: float) -> None:
    """The command that waited was taken again: its record is of the second `at`, when it came."""
    if state.phase == ANALYSIS:  # there is another question
        return
    state.question = None
    record = state.record
    if record is not None:
        record.at = at
    for done in state.fx.records():
        if done.event.startswith("query"):
            done.at = at


def _fits(scope: Scope, question: Question) -> bool:
    """Whether the answer has what the policy of this moment wants of it."""
    policy = scope.policy
    if policy is None or question.analysis is None:
        return True
    if question.by_shape and (policy.reads_literals or policy.log_literals):
        return False
    return question.literals or not policy.log_literals


def _given(state: State, scope: Scope, raw: bytes, question: Question) -> Judged:
    """The verdict by the answer."""
    brain = state.brain
    analysis = question.analysis
    label = "PREPARE" if question.prepared else "QUERY"
    if analysis is None:
        return Judged(
            Analysis((), "", "", "", "", "", "", False), refusal("internal-error", FAILED), (), label
        )
    if question.memory is None and not question.by_shape:
        brain.keep_analysis(scope, question.text, question.prepared, analysis)
    return brain.judge_analysed(
        scope, raw, question.text, question.prepared, question.shape, analysis, question.shown
    )


def _ask(
    state: State,
    scope: Scope,
    text: bytes,
    prepared: bool,
    memory: Memory | None,
    shape: bytes | None,
    now: float,
) -> None:
    """Put the question. Should the session end before the answer, the record says so."""
    brain = state.brain
    analyst = brain.analyst
    if analyst is None:
        raise AssertionError("nobody to ask")
    before = state.question
    at = now if before is None else before.at
    policy = scope.policy
    literals = policy is not None and policy.log_literals
    shapes = memory is None and brain.shapes_count(scope)
    brain.tickets += 1
    ticket = brain.tickets
    state.question = Question(
        ticket, text, scope.ctx, scope.schema, prepared, memory, literals, shapes, shape, at
    )
    state.reply.begin(RESULT, state.reader.last_seq + 1)
    record = state.new_record("query", at)
    record.operation = "PREPARE" if prepared else "QUERY"
    record.decision = "block"
    record.reason = PENDING
    record.policy_version = scope.version
    state.record = record
    state.asked_at = now
    state.move(ANALYSIS)
    analyst.ask(state.session_id, ticket)
