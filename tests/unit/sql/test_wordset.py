from __future__ import annotations

from dbgate.sql.wordset import word_set


def test_words() -> None:
    assert word_set("A B\n  <=> ") == {"A", "B", "<=>"}
