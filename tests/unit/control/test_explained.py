from __future__ import annotations

from dbgate.control.explained import as_json, mode_words, server_words, time_words
from dbgate.policy.compile import compile_policy
from dbgate.policy.explain import explain
from dbgate.policy.load import parse_policy
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, MYSQL, LexContext

POLICY = compile_policy(
    parse_policy("access_control: [{user: app, allowed_operations: [SELECT], allowed_tables: [a.b]}]")
)
CONTEXT = LexContext(MARIADB, 101106)


def test_words() -> None:
    assert server_words(CONTEXT) == "mariadb 10.11.6"
    assert server_words(LexContext(MYSQL, 90704)) == "mysql 9.7.4"
    assert mode_words(CONTEXT) == ""
    every = LexContext(MARIADB, 101106, "utf8mb4", True, True, True, True, True)
    assert (
        mode_words(every)
        == "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,IGNORE_SPACE,PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE"
    )
    assert time_words(1_769_774_400.7) == "2026-01-30T12:00:00Z"


def test_dynamic_sql_in_dynamic_sql_however_deep() -> None:
    sql = "SELECT 1 FROM a.b"
    for _ in range(5):
        sql = "EXECUTE IMMEDIATE '" + sql.replace("'", "''") + "'"
    analysis = analyze(sql.encode(), CONTEXT, "")
    found = explain(POLICY, "app", "10.0.0.1", analysis, 0.0)
    answer = as_json(
        found,
        analysis,
        {
            "user": "app",
            "source": "10.0.0.1",
            "schema": "",
            "at": "",
            "server": "",
            "charset": "",
            "sql_mode": "",
            "prepared": False,
        },
        {"file": "p.yaml", "version": "abc", "catalog": "none"},
        notes=("a note",),
    )
    assert (answer["catalog"], answer["notes"]) == ("none", ["a note"])
    statement = answer["statements"][0]
    depth = 0
    while statement["folded"] is not None:
        statement = statement["folded"]  # type: ignore[assignment]
        depth += 1
    assert depth >= 1
