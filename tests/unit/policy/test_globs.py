"""Globs: the index says what the plain meaning of each glob says."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from dbgate.policy.globs import GlobIndex, glob_regex, is_glob
from tests.rows import rows


def test_what_is_a_glob() -> None:
    assert [is_glob(text) for text in ("a*", "a?", "abc", "a[b]")] == [True, True, False, False]


@rows(
    ("glob", "yes", "no"),
    [
        ("app_*", ["app_", "app_1"], ["app", "xapp_1"]),
        ("*_log", ["a_log", "_log"], ["a_logs", "log"]),
        ("a*c*e", ["ace", "abcde"], ["acd", "bace"]),
        ("*mid*", ["mid", "amidst"], ["md"]),
        ("t?", ["t1"], ["t", "t12"]),
        ("*", ["", "x"], []),
        ("?*z", ["az", "aaz"], ["z"]),
        ("a.b*$c", ["a.b$c", "a.bx$c"], ["aXb$c"]),
    ],
)
def test_one_glob(glob: str, yes: list[str], no: list[str]) -> None:
    index = GlobIndex([glob])
    assert [index.find(name) for name in yes] == [[0]] * len(yes)
    assert [index.find(name) for name in no] == [[]] * len(no)


names = st.text("ab_é", max_size=6)
globs = st.text("ab_*?é", max_size=6).filter(is_glob)


@settings(max_examples=max(10, settings.default.max_examples // 3))
@given(st.lists(globs, max_size=8), names)
def test_the_index_finds_exactly_the_globs_that_match(patterns: list[str], name: str) -> None:
    def matches(glob: str) -> bool:
        body = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in glob)
        return re.fullmatch(body, name) is not None

    assert sorted(GlobIndex(patterns).find(name)) == [n for n, glob in enumerate(patterns) if matches(glob)]


def test_a_glob_is_matched_whole() -> None:
    assert glob_regex("a*").search("ab")
    assert not glob_regex("a*").search("xab")
    assert glob_regex("a-b(c)*").search("a-b(c)d")
