"""The detectors alone on recorded attacks and honest statements (found by DBGATE_CORPUS).

At least 99.9 % of the attacks that are valid where they are injected are hit, at most 0.2 % of the honest statements of
ORMs, clients and sysbench. The server's own test suite is rough: its hits are bounded, so that a change that makes a
detector broad is seen.
"""

from __future__ import annotations

from dbgate.sql.injection import detect
from dbgate.sql.lexer import lex
from dbgate.sql.statement import MARIADB, LexContext
from tests.corpus.rows import Row, rows


def stopped(row: Row) -> bool:
    """Whether a detector fires in one of the row's statements. What does not lex is not a detector's hit."""
    mode = str(row.get("sql_mode") or "").split(",")
    ctx = LexContext(
        MARIADB,
        101106,
        str(row.get("charset") or "utf8mb4"),
        ansi_quotes="ANSI_QUOTES" in mode,
        no_backslash_escapes="NO_BACKSLASH_ESCAPES" in mode,
        pipes_as_concat="PIPES_AS_CONCAT" in mode,
    )
    tokens = lex(str(row["sql"]).encode("utf-8", "surrogateescape"), ctx)
    if tokens.error:
        return False
    first = 0
    for i in range(len(tokens) + 1):
        if i == len(tokens) or tokens.words[i] == ";":
            if detect(tokens, first, i, ctx):
                return True
            first = i + 1
    return False


def test_attacks_are_hit() -> None:
    attacks = [row for row in rows("sqlmap") if row["ok_on_mariadb"]]
    missed = [row["sql"] for row in attacks if not stopped(row)]
    assert len(attacks) > 500
    assert len(missed) <= len(attacks) // 1000, missed


def test_honest_statements_pass() -> None:
    honest = rows("orm") + rows("clients")
    hit = [row["sql"] for row in honest if stopped(row)]
    assert len(honest) > 1000
    assert len(hit) * 500 <= len(honest), hit


def test_the_servers_own_tests_pass_as_far_as_they_are_honest() -> None:
    executed = [row for row in rows("mariadb") if row["executed"]]
    hit = [row["sql"] for row in executed if stopped(row)]
    assert len(executed) > 5000
    assert len(hit) * 400 <= len(executed), hit
