"""A statement whose analysis takes long, on its way to another process: what is asked, and what came back."""

from __future__ import annotations

from typing import Protocol, final

from dbgate.sql.memory import Memory
from dbgate.sql.statement import Analysis, LexContext


class Analyst(Protocol):
    """Who has statements analysed elsewhere. The shell has it (analyst.desk)."""

    def ask(self, session_id: str, ticket: int) -> None:
        """The session waits for an analysis. It fetches the question by `Gate.question` when its turn comes, and gives
        the answer by `Gate.analysed`, never within this call."""


@final
class Question:
    """One analysis that a session waits for. Nothing of the context changes meanwhile: the session's next command waits.

    ticket: its number, unlike any other of this worker; memory: as sql.analyze.analyze takes it, None = without;
    literals: the policy wants the text for the log with its literals (`shown` then has it, without secrets); shapes:
    an analysis of another text of the same fast_digest will do; shape: the verdict's key, None = it has none;
    at: monotonic second at which the command came.
    answered: the answer is here; analysis: None = there is none, the statement is blocked.
    """

    def __init__(
        self,
        ticket: int,
        text: bytes,
        ctx: LexContext,
        schema: str,
        prepared: bool,
        memory: Memory | None,
        literals: bool,
        shapes: bool,
        shape: bytes | None,
        at: float,
    ) -> None:
        self.ticket = ticket
        self.text = text
        self.ctx = ctx
        self.schema = schema
        self.prepared = prepared
        self.memory = memory
        self.literals = literals
        self.shapes = shapes
        self.shape = shape
        self.at = at
        self.answered = False
        self.analysis: Analysis | None = None
        self.shown = ""
        self.by_shape = False


@final
class Answer:
    """An analysis as it was made elsewhere. shown: the text for the log, where Question.literals asked for it; by_shape: it
    was made of another text of the same fast_digest, so that its canonical_literals are that one's."""

    def __init__(self, analysis: Analysis, shown: str = "", by_shape: bool = False) -> None:
        self.analysis = analysis
        self.shown = shown
        self.by_shape = by_shape
