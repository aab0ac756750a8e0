"""Hostile texts: what is nested or repeated must not be read again and again.

20 kB each, where quadratic work shows as seconds; what is linear takes some hundredths of one.
"""

from __future__ import annotations

import time

from dbgate.sql.analyze import analyze
from dbgate.sql.mask import masked_literals
from tests.rows import rows
from tests.unit.sql.lexed import CTX, lexed

SIZE = 20_000
LIMIT = 1.5  # seconds of CPU, with tracing and a busy machine in mind


def repeat(head: str, unit: str, tail: str = "") -> str:
    return head + unit * ((SIZE - len(head)) // len(unit)) + tail


def nest(head: str, left: str, middle: str, right: str) -> str:
    depth = SIZE // (len(left) + len(right))
    return head + left * depth + middle + right * depth


TEXTS = {
    "or": repeat("SELECT a FROM t WHERE 0", " OR 0"),
    "zeros": nest("SELECT a FROM t WHERE ", "(0 OR ", "0", ")"),
    "parentheses": nest("SELECT a FROM t WHERE ", "(", "a=1", ")"),
    "comparisons": nest("DELETE FROM t WHERE ", "(", "a", ")=1"),
    "calls": nest("SELECT ", "ASCII(", "a", ")"),
    "unions": repeat("SELECT a FROM t WHERE b=1", " UNION SELECT a FROM t WHERE b=1"),
    "nested unions": nest("SELECT ", "(SELECT ", "1", " UNION SELECT 1)"),
    "except": repeat("SELECT a FROM t WHERE b=1", " EXCEPT SELECT a FROM t WHERE b=1"),
    "case": nest("SELECT a FROM t WHERE ", "CASE WHEN ", "17=17", " THEN 1 END"),
    "in": nest("SELECT a FROM t WHERE ", "b IN (", "1", ")"),
    "comments": repeat("SELECT a", "/**/b,"),
    "lines": repeat("SELECT a", "-- '\n"),
    "values": repeat("INSERT INTO t VALUES (1,'a',NOW())", ",(1,'a',NOW())"),
    "assignments": repeat("UPDATE t SET a=1", ",a=1", " WHERE 1=1"),
    "statements": repeat("SELECT 1", ";SELECT 1"),
    "facts": repeat("SELECT a FROM t WHERE b=1", " AND VERSION()"),
    "dashes": repeat("SELECT a", "-"),
}


@rows("name", TEXTS)
def test_time_is_bounded(name: str) -> None:
    text = TEXTS[name].encode()
    start = time.process_time()
    analyze(text, CTX, "shop")
    assert time.process_time() - start < LIMIT


def test_masking_is_bounded() -> None:
    tokens = lexed(TEXTS["values"])
    start = time.process_time()
    masked_literals(tokens.text, tokens)
    assert time.process_time() - start < LIMIT
