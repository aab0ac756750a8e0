"""Functions whose errors show what they were given."""

from __future__ import annotations

from dbgate.sql.injection_errors import asks_server, called_name, computes, reads_secret, shows_error
from tests.rows import rows
from tests.unit.sql.lexed import lexed


@rows(
    ("call", "shown"),
    [
        ("EXTRACTVALUE(1, '/a')", True),
        ("EXTRACTVALUE(doc, '/a/b')", False),
        ("EXTRACTVALUE(doc, name)", False),
        ("EXTRACTVALUE(doc, CONCAT('/list/item[', n, ']'))", False),
        ("EXTRACTVALUE(doc, CONCAT('~', n))", True),
        ("EXTRACTVALUE('x', CONCAT('/a', n))", True),
        ("EXTRACTVALUE(doc, CONCAT('/a', VERSION()))", True),
        ("EXTRACTVALUE(doc, CONCAT('/a', (SELECT n FROM t)))", True),
        ("EXTRACTVALUE(doc, CONCAT(n, '/a'))", True),
        ("EXTRACTVALUE(doc, @@version)", True),
        ("EXTRACTVALUE(doc, CURRENT_USER)", True),
        ("EXTRACTVALUE(doc, CASE WHEN a THEN b END)", True),
        ("UPDATEXML(doc, '/a/b', CONCAT('<b>', n, '</b>'))", False),
        ("UPDATEXML(doc, '/a/b', VERSION())", False),
        ("UPDATEXML(doc, @@version, 'x')", True),
        ("UPDATEXML(f(a, b), CONCAT('~', n), 'x')", True),
        ("EXP(~(SELECT 1))", True),
        ("EXP(~0)", True),
        ("EXP(SUM(LN(x)))", False),
        ("NAME_CONST('a', 1)", False),
        ("NAME_CONST(VERSION(), 1)", True),
        ("NAME_CONST('a', (SELECT 1))", True),
        ("UUID_TO_BIN(UUID())", False),
        ("UUID_TO_BIN((SELECT u FROM t WHERE id = 1))", False),
        ("UUID_TO_BIN(VERSION())", True),
        ("BIN_TO_UUID(CONCAT(a, (SELECT 1)))", True),
        ("POINT(1, 2)", False),
        ("POINT((SELECT 1), 2)", True),
        ("JSON_KEYS(doc, '$.a')", False),
        ("JSON_KEYS((SELECT 1))", True),
        ("POLYGON((SELECT * FROM t))", True),
        ("LINESTRING(a, b)", False),
        ("JSON_ARRAY_APPEND(doc, '$.tags', (SELECT n FROM t))", False),
        ("JSON_ARRAY_APPEND(doc, (SELECT n FROM t), 1)", True),
        ("GTID_SUBSET('a', @@gtid_executed)", False),
        ("GTID_SUBSET(VERSION(), 1)", True),
        ("GTID_SUBTRACT((SELECT n FROM t), 1)", True),
        ("ST_LATFROMGEOHASH(hash)", False),
        ("ST_LATFROMGEOHASH(CONCAT('~', n))", True),
        ("STRING_TO_VECTOR('[1, 2]')", False),
        ("STRING_TO_VECTOR(USER())", True),
    ],
)
def test_what_an_error_would_show(call: str, shown: bool) -> None:
    tokens = lexed(call)
    assert shows_error(tokens, tokens.words[0], 1, len(tokens) - 1) is shown


def test_what_is_called_and_what_it_tells() -> None:
    tokens = lexed("(`sleep`(USER()))")
    assert [called_name(tokens, i) for i in (0, 2, 4)] == ["", "SLEEP", "USER"]
    assert called_name(lexed("= ("), 1) == ""
    assert asks_server(tokens, 0, len(tokens))
    assert asks_server(lexed("CURRENT_USER"), 0, 1)
    assert not asks_server(lexed("user = 1"), 0, 3)
    assert reads_secret(lexed("a = @@version"), 0, 3)
    assert not reads_secret(lexed("a = 'b'"), 0, 3)
    assert computes(lexed("f(1)"), 0, 4)
    assert not computes(lexed("(1)"), 0, 3)
