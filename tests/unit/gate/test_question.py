from __future__ import annotations

from dbgate.gate.question import Answer, Question
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MYSQL, LexContext


def test_a_question_has_no_answer_at_first() -> None:
    ctx = LexContext(MYSQL, 90700)
    question = Question(7, b"SELECT 1", ctx, "shop", False, None, True, False, b"Qkey", 2.5)
    assert (question.ticket, question.text, question.ctx, question.schema) == (7, b"SELECT 1", ctx, "shop")
    assert (question.prepared, question.memory, question.literals, question.shapes) == (
        False,
        None,
        True,
        False,
    )
    assert (question.shape, question.at, question.answered, question.analysis) == (b"Qkey", 2.5, False, None)


def test_an_answer() -> None:
    analysis = analyze(b"SELECT 1", LexContext(MYSQL, 90700), "")
    answer = Answer(analysis)
    assert (answer.analysis, answer.shown, answer.by_shape) == (analysis, "", False)
    assert Answer(analysis, "SELECT 1", True).by_shape
