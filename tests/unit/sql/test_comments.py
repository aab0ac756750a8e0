from __future__ import annotations

import re

from dbgate.sql.comments import DOUBT, RUN, SKIP, head_verdict, skipped_end, split_versioned
from dbgate.sql.lexer import lex
from dbgate.sql.statement import MARIADB, MYSQL, LexContext
from tests.rows import rows
from tests.unit.sql.contexts import MA, MY


@rows(
    ("digits", "maria", "after", "flavour", "version", "verdict"),
    [
        (b"", False, b" ", MARIADB, 101106, (RUN, 0)),
        (b"4010", False, b" ", MARIADB, 101106, (RUN, 0)),
        (b"40101", False, b" ", MARIADB, 101106, (RUN, 5)),
        (b"50699", False, b" ", MARIADB, 101106, (RUN, 5)),
        (b"50700", False, b" ", MARIADB, 101106, (SKIP, 5)),
        (b"99999", False, b" ", MARIADB, 101106, (SKIP, 5)),
        (b"50700", True, b" ", MARIADB, 101106, (RUN, 5)),
        (b"100000", False, b"x", MARIADB, 101106, (RUN, 6)),
        (b"101107", False, b" ", MARIADB, 101106, (SKIP, 6)),
        (b"101107", True, b" ", MARIADB, 101106, (SKIP, 6)),
        (b"50700", False, b" ", MYSQL, 90700, (RUN, 5)),
        (b"90701", False, b" ", MYSQL, 90700, (SKIP, 5)),
        (b"100000", False, b" ", MYSQL, 90700, (SKIP, 6)),
        (b"090700", False, b"\t", MYSQL, 90700, (RUN, 6)),
        (b"800001", False, b",", MYSQL, 90700, (RUN, 5)),
        (b"800001", False, b"", MYSQL, 90700, (RUN, 5)),
        (b"100000", False, b" ", MYSQL, 80025, (DOUBT, 0)),
        (b"50000", False, b" ", MYSQL, 0, (DOUBT, 0)),
        (b"50000", False, b" ", MARIADB, 0, (DOUBT, 0)),
    ],
)
def test_heads(
    digits: bytes, maria: bool, after: bytes, flavour: int, version: int, verdict: tuple[int, int]
) -> None:
    assert head_verdict(digits, maria, after, flavour, version) == verdict


@rows(
    ("text", "end"),
    [
        (b" x */ y", 5), (b"/* */ */ y", 8), (b"/* */ /* */ */", 14), (b"/*/ */*/", 8), (b" x ", -1), (b"/* */", -1),
        (b"*/*", 2), (b"/**/*/", 6),
    ],
)  # fmt: skip
def test_skipped(text: bytes, end: int) -> None:
    assert skipped_end(text, 0) == end


def words(sql: str, ctx: LexContext) -> list[str]:
    tokens = lex(sql.encode(), ctx)
    assert tokens.error == "", tokens.error
    return [raw.decode() for raw in tokens.raws]


@rows(
    ("sql", "ctx", "kept"),
    [
        ("/*!SELECT*/ 1", MA, ["SELECT", "1"]),
        ("/*!50001 SELECT*/ 1", MA, ["SELECT", "1"]),
        ("/*M! SELECT*/ 1", MA, ["SELECT", "1"]),
        ("1 /*M! SELECT*/", MY, ["1"]),
        ("1 /*!99999 x /* y */ z */ 2", MA, ["1", "2"]),
        ("1 /*!99999 x */ 2", MY, ["1", "2"]),
        ("1 /*! + '*/' */", MA, ["1", "+", "'*/'"]),
        ("1 /*! + /* c */ 2 */", MA, ["1", "+", "2"]),
        ("/*! 2*/*3", MA, ["2", "*", "3"]),
        ("'/*!' /*! 2 */", MA, ["'/*!'", "2"]),
        ("/*!500001*/", MY, ["1"]),
    ],
)
def test_what_runs(sql: str, ctx: LexContext, kept: list[str]) -> None:
    assert words(sql, ctx) == kept


@rows(
    "sql",
    [
        "/*! SELECT 1",
        "/*!99999 x",
        "/*! a /*! b */ */",
        "/*!99999 /* x */",
        "1 /*!50001",
        "1 */",
        "/*!1*//*!",
    ],
)
def test_what_is_refused(sql: str) -> None:
    tokens = lex(sql.encode(), MA)
    assert tokens.error or tokens.words[-2:] == ["*", "/"]


def test_unknown_version() -> None:
    assert "version" in lex(b"/*!50001 SELECT */", LexContext(MARIADB, 0)).error


def test_semicolon_inside() -> None:
    assert lex(b"/*! SELECT 1; */", MA).inside
    assert not lex(b"/*! SELECT 1 */;", MA).inside


def test_a_pattern_that_splits_nothing() -> None:
    assert split_versioned(b"x", re.compile(b"y"), MARIADB, 1).error == "unsplit text"


def test_no_more_pieces_are_made_than_can_be_used() -> None:
    assert len(split_versioned(b"/*! 1 */" * 50, re.compile(b"."), MARIADB, 101106, 10).raws) == 11
    assert (
        lex(b"/*!40000 1 */" * 40_000, MA).error == lex(b"1 " * 40_000, MA).error == "more than 60000 words"
    )
