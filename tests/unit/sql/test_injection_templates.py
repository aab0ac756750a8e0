"""What templates make of the values that they are given."""

from __future__ import annotations

from dbgate.sql.injection_templates import asks_for_empty, no_filter, texts_differ
from tests.rows import rows
from tests.unit.sql.lexed import lexed


@rows(
    ("condition", "filtered"),
    [
        ("a = 'x' OR 'x' = 'all'", True),
        ("a = 'x' OR 'x' = ''", True),
        ("a LIKE '%x%' OR 'x' = ''", True),
        ("a LIKE CONCAT('%', 'x', '%') OR ('x' = '')", True),
        ("a = 5 OR 5 = 0", True),
        ("a = 5 OR 5 = -1", True),
        ("a = -1 OR -1 = 5", True),
        ("a IN ('x', 'y') OR 'all' IN ('x', 'y')", True),
        ("a IN (1, 2) OR -1 IN (1, 2)", True),
        ("a = NULL OR NULL IS NULL", True),
        ("a = 5 OR NULL IS NULL", False),
        ("a = 'x' OR 'y' = 'z'", False),
        ("a = 'x' OR 'x' = 'x'", False),
        ("a = 'x' OR 'x' = 'X '", False),
        ("a = 'x' OR 'x' = 'x\\0'", False),
        ("a = 'x' OR 'x' < 'y'", False),
        ("a = 1 OR 1 = '1'", False),
        ("a = 1 OR 1 = 01", False),
        ("a = 1 OR 1 = 1.0", False),
        ("a = 1 OR 1 = 0x1", False),
        ("a = 1 OR 1 = 2 - 1", False),
        ("a = 1 OR 1 = TRUE", False),
        ("a = 1 OR 1 = ANY (SELECT 1)", False),
        ("a = 1 OR 1 IN (2, 1)", False),
        ("a = 1 OR 1 IN (SELECT 1)", False),
        ("a = 1 OR 1 IN (2 3)", False),
        ("a = 1 OR 1 IN (2,)", False),
        ("a = 1 OR 1 = 2, 3", False),
        ("a = 1 OR 1 IN 2", False),
        ("a = 1 OR 1", False),
        ("a = 1 OR 1 = -", False),
        ("a = 1 OR 1 =", False),
    ],
)
def test_no_filter(condition: str, filtered: bool) -> None:
    tokens = lexed(condition)
    at = tokens.words.index("OR")
    assert no_filter(tokens, at + 1, len(tokens), 0, at) is filtered


def test_what_is_long_or_left_out_is_no_template() -> None:
    tokens = lexed("a IN (" + ", ".join("1" for _ in range(200)) + ") OR 5 = 0")
    assert not no_filter(tokens, len(tokens) - 3, len(tokens), 0, len(tokens) - 4)
    tokens = lexed("a = 'x' OR 'x' = ''")
    tokens.folded = True
    assert not no_filter(tokens, 4, 7, 0, 3)


@rows(
    ("one", "other", "differ"),
    [
        ("a", "b", True),
        ("a", "A", False),
        ("a", " a\t", False),
        ("", "\x01", False),
        ("e", "\u00e9", False),
        ("ss", "\u00df", False),
        ("\u00e9", "", True),
        ("", "\u200b", False),
        ("\uae40", "all", True),
        ("all", "\uff41ll", False),
        ("\uae40", "\ubc15", False),
    ],
)
def test_texts_differ_in_every_collation(one: str, other: str, differ: bool) -> None:
    assert texts_differ(one.encode(), other.encode()) is differ


@rows(
    ("text", "asks"),
    [
        ("'x' = '', NULL, 'x'", True),
        ("WHEN '' <> \"\" THEN 1", True),
        ("'x' IS NULL, 1, 2", True),
        ("NULL IS NOT NULL, 1, 2", True),
        ("'x' = 'y', 1, 2", False),
        ("1 = 1, 1, 2", False),
        ("'x' = 1, 1, 2", False),
        ("'x'", False),
    ],
)
def test_empty_inputs(text: str, asks: bool) -> None:
    assert asks_for_empty(lexed(text), 0) is asks
