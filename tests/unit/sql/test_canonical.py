"""The text that block_patterns match, and which patterns may look at literals."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql.canonical import canonical, decoded, reads_literals
from dbgate.sql.lexer import lex
from dbgate.sql.statement import MARIADB, LexContext
from tests.rows import rows
from tests.unit.sql.lexed import CTX, lexed


@rows(
    ("text", "shown"),
    [
        ("  SELECT  a\n FROM\tt ; ", "SELECT a FROM t ;"),
        ("sleep /**/ (5)", "sleep (5)"),
        ("UNION/*x*/SELECT", "UNION SELECT"),
        ("UNION -- x\nSELECT", "UNION SELECT"),
        ("1/*!50001 UNION*//*!50001SELECT*/2 /*!99999 x */", "1 UNION SELECT 2"),
        ("a='it''s' AND b=\"x\"", "a='?' AND b=\"?\""),
        ("a=N'x' AND b=_utf8'x' AND c=x'41'", "a=N'?' AND b=_utf8'?' AND c=x'41'"),
        ("`sleep`(5) AND `a b`(1)", "sleep(5) AND `a b`(1)"),
        ("INSERT INTO `t`(a) VALUES (1)", "INSERT INTO `t`(a) VALUES (1)"),
        ("", ""),
    ],
)
def test_canonical(text: str, shown: str) -> None:
    assert canonical(lexed(text), False) == shown


def test_literals_stay_where_they_are_wanted() -> None:
    assert canonical(lexed("a  = 'x  y' -- z"), True) == "a = 'x  y'"
    assert canonical(lexed(b"a='\xff'"), True) == "a='\\xff'"
    assert canonical(lexed(b"a='\xff'", LexContext(MARIADB, 101106, "latin1")), True) == "a='ÿ'"


@rows(
    ("pattern", "text"),
    [
        (r"UNION\s+SELECT", "SELECT a FROM t union/**/select 1"),
        (r"'\s*OR\s+'.*'\s*=\s*'", "SELECT a FROM t WHERE b='' or 'x'='x'"),
        (r"SLEEP\s*\(", "SELECT `Sleep` # x\n(5)"),
        (r"BENCHMARK\s*\(", "SELECT /*!50000 benchmark*/(1,1)"),
    ],
)
def test_patterns_of_the_original_dbgate(pattern: str, text: str) -> None:
    assert re.search(pattern, canonical(lexed(text), False), re.IGNORECASE)
    assert not re.search(
        pattern, canonical(lexed(f'SELECT "{text.replace(chr(34), "")}" FROM t'), False), re.IGNORECASE
    )


@rows(
    ("pattern", "reads"),
    [
        (r"UNION\s+SELECT", False),
        (r"'\s*OR\s+'.*'\s*=\s*'", False),
        (r"SLEEP\s*\(", False),
        (r"DROP|TRUNCATE", False),
        (r"\bFROM\b.*mysql", False),
        (r"LIMIT\s+\d+", True),
        (r"'.*'.*'", True),
        (r"a,b", True),
        (r"(x)?y", True),
        (r"id=5", True),
        (r"[^a]x", True),
        (r"a-b", True),
        (r"ab{2}", True),
        (r".x", True),
    ],
)
def test_reads_literals(pattern: str, reads: bool) -> None:
    assert reads_literals(pattern) is reads


@given(st.binary(max_size=60))
def test_any_bytes(text: bytes) -> None:
    tokens = lex(text, CTX)
    shown = canonical(tokens, False)
    assert shown == shown.strip() or tokens.error
    canonical(tokens, True)


def test_a_long_text_is_decoded_quickly() -> None:
    assert decoded(b"\xff", "utf-8") == "\\xff"
    assert decoded(b"a" * 70_000 + b"\xff", "utf-8").endswith("a\ufffd")
