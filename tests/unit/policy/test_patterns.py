"""RE2 expressions of operators."""

from __future__ import annotations

import pytest

from dbgate.policy.patterns import Regex, RegexList
from tests.rows import rows


@rows(
    ("pattern", "message"),
    [
        ("a(?!b)", "perl operator"),
        (r"(a)\1", "escape"),
        ("(", "missing )"),
        ("x**", "repetition"),
        ("[z-a]", "range"),
    ],
)
def test_what_re2_cannot_run_is_refused_in_its_words(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(")", r"\)")):
        Regex(pattern, True)


def test_case_counts_only_where_it_is_asked_to() -> None:
    assert Regex("union", True).search("SELECT 1 UNION SELECT 2")
    assert not Regex("union", False).search("SELECT 1 UNION SELECT 2")


def test_bytes_that_are_no_text_and_line_breaks_do_not_hide_anything() -> None:
    assert Regex("UNION.*SELECT", True).search("UNION \udcff\n SELECT")
    assert Regex("^é+$", True).search("éé")


def test_a_list_names_the_first_that_matches() -> None:
    patterns = RegexList(["union", "sleep", "s"])
    assert patterns.first("SLEEP(1)") == 1
    assert patterns.first("a union of s") == 0
    assert patterns.first("x") == -1


@rows("patterns", [[], ["a"], ["a", "b"], [r"\Qa", "b"], ["(?i)a", "b|c"]])
def test_any_number_of_patterns_and_open_quotes_work(patterns: list[str]) -> None:
    found = RegexList(patterns)
    assert found.first("xyz") == -1
    assert [found.first(text) for text in ("a", "b")] == [
        0 if patterns else -1,
        1 if len(patterns) > 1 else -1,
    ]


def test_patterns_too_big_to_be_joined_are_tried_one_by_one() -> None:
    big = [f"{letter}" + "[^xé]{1000}" * 8 for letter in "abcdefgh"]
    patterns = RegexList([*big, "needle"])
    assert patterns.first("a needle") == len(big)
    assert patterns.first("hay") == -1


def test_many_patterns_are_joined_in_groups_and_found_in_order() -> None:
    patterns = RegexList([f"x{n}y" for n in range(100)] + ["x5y"])
    assert [patterns.first(f"x{n}y") for n in (0, 5, 31, 32, 63, 64, 99)] == [0, 5, 31, 32, 63, 64, 99]
    assert patterns.first("x70y x40y") == 40
    assert patterns.first("xy") == -1
