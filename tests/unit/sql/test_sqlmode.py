from __future__ import annotations

from dbgate.sql.sqlmode import names_refused_mode, parse_sql_mode
from tests.rows import rows


@rows(
    ("text", "flags"),
    [
        ("", ""),
        ("STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION", ""),
        ("ansi_quotes", "a"),
        ("NO_BACKSLASH_ESCAPES, IGNORE_SPACE", "ni"),
        ("PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE,,", "ph"),
        ("ANSI", "aip"),
        ("REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,ANSI", "aip"),
        ("POSTGRESQL", "aip"),
    ],
)
def test_followed(text: str, flags: str) -> None:
    modes = parse_sql_mode(text)
    found = "".join(
        letter
        for letter, on in (
            ("a", modes.ansi_quotes),
            ("n", modes.no_backslash_escapes),
            ("i", modes.ignore_space),
            ("p", modes.pipes_as_concat),
            ("h", modes.high_not_precedence),
        )
        if on
    )
    assert (found, modes.refused) == (flags, "")


@rows("text", ["ORACLE", "STRICT_ALL_TABLES,mssql", "NO_SUCH_MODE", "1"])
def test_refused(text: str) -> None:
    assert parse_sql_mode(text).refused != ""


def test_pieces_of_text() -> None:
    assert names_refused_mode(",oracle") and not names_refused_mode("ANSI")
