"""What the brain remembers of analyses, wherever they were made."""

from __future__ import annotations

from dbgate.gate.brain import LONGEST_KEYED
from dbgate.sql.analyze import analyze
from dbgate.wire.build import query

from .play import Play


def test_analyses_are_remembered_up_to_a_length() -> None:
    play = Play().login()
    brain, scope = play.brain, play.gate.state.current_scope()
    for padding, kept in ((5_000, True), (brain.analyses.entry_limit, False)):
        text = b"SELECT id FROM users /*" + b"x" * padding + b"*/"
        assert brain.known_analysis(scope, text, False) is None
        analysis = analyze(text, scope.ctx, scope.schema)
        brain.keep_analysis(scope, text, False, analysis)
        assert (brain.known_analysis(scope, text, False) is analysis) is kept
        assert brain.known_analysis(scope, text, True) is None


def test_the_shape_of_a_very_long_chunk_is_not_made_on_the_way() -> None:
    play = Play().login()
    scope = play.gate.state.current_scope()
    for padding, known in ((100, True), (LONGEST_KEYED, False)):
        text = b"SELECT id FROM users WHERE id = 1 /*" + b"x" * padding + b"*/"
        play.brain.judge_text(scope, b"", text, False)
        assert (play.brain.recall(scope, query(text.replace(b"1", b"2"))) is not None) is known
