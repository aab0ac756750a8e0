"""Words that name no column, and strings that are reckoned with."""

from __future__ import annotations

import pytest

from dbgate.sql.fold import TOP, Level
from dbgate.sql.injection_words import (
    begins_with_one,
    between_strings,
    empty_not_in,
    ends_interval,
    joins_strings,
    names_nothing,
    null_test,
    strings_reckoned,
)
from tests.rows import rows
from tests.unit.sql.lexed import lexed


@pytest.mark.parametrize(
    ("text", "word", "call"),
    [
        ("f(1)", "F", ""),
        ("_utf8'a'", "_UTF8", ""),
        ("DATE '2024-01-01'", "DATE", ""),
        ("'a' SOUNDS LIKE 'a'", "SOUNDS", ""),
        ("1 MEMBER OF ('[1]')", "MEMBER", ""),
        ("1 MEMBER OF ('[1]')", "OF", ""),
        ("{d '2024-01-01'}", "D", ""),
        ("{x 1}", "X", ""),
        ("1 COLLATE utf8mb4_bin", "UTF8MB4_BIN", ""),
        ("CHAR(49 USING utf8mb4)", "UTF8MB4", "CHAR"),
        ("EXTRACT(YEAR FROM 'x')", "YEAR", "EXTRACT"),
        ("TRIM(BOTH ' ' FROM '1')", "BOTH", "TRIM"),
        ("INTERVAL 1 DAY", "INTERVAL", ""),
        ("INTERVAL 1 DAY", "DAY", ""),
        ("INTERVAL -1 DAY", "DAY", ""),
        ("INTERVAL (1 + 1) DAY", "DAY", ""),
    ],
)
def test_no_column(text: str, word: str, call: str) -> None:
    tokens = lexed(text)
    assert names_nothing(tokens, tokens.words.index(word), call)


@pytest.mark.parametrize(
    ("text", "word", "call"),
    [
        ("date = 1", "DATE", ""),
        ("sounds = 1", "SOUNDS", ""),
        ("member", "MEMBER", ""),
        ("year > 1", "YEAR", ""),
        ("x (1) DAY", "DAY", ""),
        (") DAY", "DAY", ""),
        ("f(year)", "YEAR", "F"),
        ("EXTRACT(YEAR FROM created)", "CREATED", "EXTRACT"),
        ("INTERVAL created DAY", "CREATED", ""),
        ("_a = 'x'", "_A", ""),
    ],
)
def test_columns(text: str, word: str, call: str) -> None:
    tokens = lexed(text)
    assert not names_nothing(tokens, tokens.words.index(word), call)


def test_a_long_way_back_to_an_interval_is_not_looked_for() -> None:
    tokens = lexed("INTERVAL (" + "1+" * 30 + "1) DAY")
    assert not ends_interval(tokens, len(tokens) - 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a' - 'b'", True),
        ("'a' - 0 - 'b'", True),
        ("'a' - 0 = 'b'", False),
        ("a - 'b'", False),
        ("'a' - 0", False),
    ],
)
def test_between_strings(text: str, expected: bool) -> None:
    tokens = lexed(text)
    assert between_strings(tokens, 1, 0, len(tokens)) is expected


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("x = '' & 1 & ''", 3, 1),
        ("x = '' & 1 & ''", 5, 1),
        ("x = '' & '' & 1", 3, 2),
        ("x - '' & 1", 3, 0),
        ("x = '2024-01-01' + INTERVAL 1 DAY", 3, 0),
        ("x - 1", 1, 0),
        ("x = 'json(' + LOWER(name) + ')'", 8, 0),
        ("x = 'json(' + LOWER(CONCAT(name, 'a')) + ')'", 13, 0),
        ("x = '' + LOWER(name) + ')'", 8, 1),
        ("x = 'json(' + LOWER(name) + ''", 8, 1),
        ("x = 'json(' - LOWER(name) + ')'", 8, 1),
        ("x = 'json(' + (name) + ')'", 7, 1),
        ("x = 'json(' + LOWER((SELECT 1)) + ')'", 11, 1),
        ("x = y + LOWER(name) + ')'", 8, 1),
        ("LOWER(name) + ')'", 4, 1),
        ("x = 'json(' + LOWER(" + "a, " * 20 + "a) + ')'", 48, 1),
    ],
)
def test_strings_reckoned(text: str, at: int, expected: int) -> None:
    tokens = lexed(text)
    assert strings_reckoned(tokens, at, 0, len(tokens)) == expected


def test_an_operator_at_the_end() -> None:
    tokens = lexed("x -")
    assert strings_reckoned(tokens, 1, 0, 2) == 0
    assert not between_strings(tokens, 1, 0, 2)


def behind(text: str) -> Level:
    level = Level(TOP, "", 0, "WHERE")
    level.before_start = 0
    level.before_end = len(lexed(text))
    return level


def test_what_builders_write() -> None:
    for text in ("a NOT IN (NULL)", "(a, b) NOT IN ((NULL, NULL))"):
        assert empty_not_in(lexed(text), behind(text))
    for text in ("a NOT IN (1)", "a IN (NULL)", "(NULL)", "a NOT IN ("):
        assert not empty_not_in(lexed(text), behind(text))
    assert begins_with_one(lexed("1=1"), behind("1=1"))
    assert not begins_with_one(lexed("'a'='a'"), behind("'a'='a'"))
    assert not begins_with_one(lexed("a = 1"), behind("a = 1"))


@rows(
    ("text", "passes"),
    [
        ("'10' - '-5.5'", True),
        ("'10' - 'x'", False),
        ("'10' - '1e3'", False),
        ("'10' - ''", False),
        ("'10' | '5'", False),
        ("'10' - '" + "5" * 100 + "'", False),
    ],
)
def test_numbers_that_were_sent_in_quotes(text: str, passes: bool) -> None:
    tokens = lexed(text)
    assert between_strings(tokens, 1, 0, len(tokens)) is True
    assert between_strings(tokens, 1, 0, len(tokens), True) is not passes


@rows(
    ("text", "holds"),
    [
        ("'a' IS NULL", "FALSE"),
        ("(('a' IS NOT NULL))", "TRUE"),
        ("NULL IS NULL", "TRUE"),
        ("NULL IS NOT NULL", "FALSE"),
        ("5 IS UNKNOWN", ""),
        ("5 IS BINARY NULL", ""),
        ("a IS NULL", ""),
    ],
)
def test_literals_tested_for_null(text: str, holds: str) -> None:
    tokens = lexed(text)
    assert null_test(tokens, 0, len(tokens)) == holds


def test_what_a_sum_in_parentheses_is_compared_with_tells_whether_texts_were_meant() -> None:
    for text, passes in (("x > ('1' * '2')", True), ("x = ('1' * '2')", False)):
        tokens = lexed(text)
        assert between_strings(tokens, 4, 0, len(tokens), True) is not passes


def test_the_first_word_of_a_trim_may_be_a_column() -> None:
    for text, nothing in (
        ("TRIM(BOTH 'x' FROM a)", True),
        ("TRIM(note)", False),
        ("TRIM(LEADING FROM a)", True),
    ):
        assert names_nothing(lexed(text), 2, "TRIM") is nothing
    assert names_nothing(lexed("EXTRACT(YEAR FROM a)"), 2, "EXTRACT")


def test_texts_around_a_double_pipe() -> None:
    for text, at, concat, count in (
        ("x = 'a' || b || ''", 3, False, 1),
        ("x = 'a' || b || ''", 5, False, 1),
        ("x = 'a' || b || ''", 3, True, 0),
        ("x = 'a' || b || ''", 5, True, 1),
        ("x = 'a' || 'b' || c", 3, False, 2),
        ("x = 'a' || 'b' || c", 5, False, 0),
        ("x = b ||", 3, False, 0),
    ):
        assert joins_strings(lexed(text), at, concat) == count, (text, at)
