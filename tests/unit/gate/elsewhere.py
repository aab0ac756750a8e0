"""Who analyses long statements in the tests: the test itself, when it wants to."""

from __future__ import annotations

from dbgate.gate.question import Answer, Question
from dbgate.gate.session import Gate
from dbgate.sql.analyze import analyze
from dbgate.sql.lexer import lex
from dbgate.sql.mask import masked_literals

from .play import POLICY, Play, brain

PADDING = b"/*" + b" padding" * 600 + b"*/ "


def long(sql: bytes) -> bytes:
    """The same statement, too long to be analysed at once."""
    return sql + b" " + PADDING


def answer_to(question: Question, by_shape: bool = False) -> Answer:
    """What another process would say."""
    analysis = analyze(question.text, question.ctx, question.schema, question.prepared, question.memory)
    shown = masked_literals(question.text, lex(question.text, question.ctx)) if question.literals else ""
    return Answer(analysis, shown, by_shape)


class Elsewhere:
    """gate.question.Analyst: keeps the tickets."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def ask(self, session_id: str, ticket: int) -> None:
        self.asked.append((session_id, ticket))


class Handed(Play):
    """A session whose long statements are analysed when `analysed` is called."""

    def __init__(self, policy: str = POLICY) -> None:
        super().__init__(brain(policy))
        self.elsewhere = Elsewhere()
        self.brain.analyst = self.elsewhere

    def question(self) -> Question:
        """The one that waits."""
        question = waiting(self.gate, self.elsewhere)
        assert question is not None
        return question

    def analysed(self, answer: Answer | None = None, none: bool = False) -> Handed:
        """Gives it its answer; none: there is none."""
        question = self.question()
        given = None if none else answer or answer_to(question)
        self.now += 0.5
        self.take(self.gate.analysed(question.ticket, given, self.now))
        return self


def waiting(gate: Gate, elsewhere: Elsewhere) -> Question | None:
    """The question that a session waits with, if it does."""
    return gate.question(elsewhere.asked[-1][1]) if elsewhere.asked else None
