"""Words for messages."""

from __future__ import annotations

from dbgate.policy.wording import describe, nearest, shown
from tests.rows import rows


def test_the_nearest_word_is_named_whatever_its_case() -> None:
    assert nearest("alowed_tables", ["user", "allowed_tables"]) == "; did you mean 'allowed_tables'?"
    assert nearest("Mode", ["mode"]) == "; did you mean 'mode'?"
    assert nearest("zzz", ["mode"]) == ""


def test_long_values_are_shortened() -> None:
    assert shown("a'b") == '"a\'b"'
    assert shown("x" * 100) == f"'{'x' * 60}'…"


@rows(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        (7, "the number 7"),
        (1.5, "the number 1.5"),
        ("x", "'x'"),
        ([1], "a list"),
        ({"a": 1}, "a mapping"),
    ],
)
def test_what_was_found_is_described(value: object, words: str) -> None:
    assert describe(value) == words
