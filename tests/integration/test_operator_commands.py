"""Each command that operators live in, against a running gateway: tables, JSON, exit codes, and a gateway that is down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from tests.integration.test_cli_gateway import ask, cli
from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB

POLICY = """\
global: {default_schema: test}
access_control:
  - name: app
    user: app
    allowed_tables: [op_orders]
    allowed_operations: [SELECT]
    blocked_operations: [DROP]
sql_rules:
  require_where: [DELETE]
  block_statements: [TRUNCATE]
"""
DOWN = ("--socket", "/nonexistent/dbgate.sock")


@pytest.fixture(scope="module")
def running(mariadb: MariaDB) -> Iterator[Gateway]:
    with pymysql.connect(
        host=mariadb.host, port=mariadb.port, user=mariadb.user, password=mariadb.password, autocommit=True
    ) as direct:
        direct.cursor().execute("CREATE TABLE IF NOT EXISTS test.op_orders (id INT PRIMARY KEY, name TEXT)")
        direct.cursor().execute("CREATE TABLE IF NOT EXISTS test.op_secret (id INT)")
    with Gateway(mariadb, POLICY) as gateway:
        with gateway.connect(database="test") as connection, connection.cursor() as cursor:
            for number in range(3):
                cursor.execute("SELECT * FROM op_orders WHERE id = %s", (number,))
            for sql in ("SELECT * FROM op_secret", "DROP TABLE op_orders"):
                with pytest.raises(pymysql.MySQLError):
                    cursor.execute(sql)
        gateway.wait_records(event="connection.close")
        eventually(lambda: ask(gateway, "stats")["rules"].get("blocked-operation"))
        yield gateway


def test_who_can(running: Gateway) -> None:
    answer = ask(running, "policy", "who-can", "SELECT", "test.op_orders")
    assert [(who["user"], who["line"], who["may"]) for who in answer["who"]] == [("app", 3, True)]
    assert b"yes" in cli(running, "policy", "who-can", "SELECT", "op_orders").stdout
    nobody = cli(running, "policy", "who-can", "DELETE", "op_orders")
    assert (nobody.returncode, nobody.stdout) == (
        1,
        b"Nobody may DELETE on test.op_orders under version 1.\n",
    )
    assert cli(running, "policy", "who-can", "SELECT", "a.b", *DOWN).returncode == 3


def test_validate_with_statistics(running: Gateway) -> None:
    shown = cli(running, "policy", "validate", str(running.policy), "--stats").stdout.decode()
    assert "blocked_operations" not in shown  # it has hit
    assert "sql_rules.require_where[0]: never hit so far" in shown
    assert "sql_rules.block_statements[0]: never hit so far" in shown
    answer = ask(running, "policy", "validate", str(running.policy), "--stats", "--strict", code=1)
    assert len(answer["warnings"]) == 2
    assert cli(running, "policy", "validate", str(running.policy), "--stats", *DOWN).returncode == 3


def test_backtest_of_what_really_ran(running: Gateway) -> None:
    log = str(running.audit)
    same = ask(running, "policy", "backtest", "1", "--traffic", log)
    assert (same["newly_blocked"], same["newly_allowed"], same["undecided"]) == (0, 0, 0)
    assert same["statements"] == same["same"] >= 5
    wider = running.folder / "wider.yaml"
    wider.write_text(POLICY.replace("[op_orders]", "[op_secret]"))
    answer = ask(running, "policy", "backtest", str(wider), "--traffic", log, code=1)
    changes = {(one["what"], one["rule"]): one["count"] for one in answer["changes"]}
    assert changes == {("newly_blocked", "table-denied"): 3, ("newly_allowed", "table-denied"): 1}
    table = cli(running, "policy", "backtest", str(wider), "--traffic", log)
    assert table.returncode == 1
    assert b"NEWLY BLOCKED" in table.stdout
    differing = cli(running, "policy", "diff", "1", str(wider), "--traffic", log)
    assert differing.returncode == 1
    assert b"compared with version 1" in differing.stdout
    assert cli(running, "policy", "backtest", "1", "--traffic", log, *DOWN).returncode == 3


def query(gateway: Gateway, *arguments: str) -> list[dict[str, Any]]:
    got = cli(gateway, "audit", "query", str(gateway.audit), "-o", "json", *arguments)
    return [json.loads(line) for line in got.stdout.splitlines()]


def test_audit_query(running: Gateway) -> None:
    blocked = query(running, "--decision", "block", "--table", "test.op_secret")
    assert [record["rule"] for record in blocked] == ["table-denied"]
    record = blocked[0]
    assert query(running, "--event-id", record["event_id"]) == [record]
    assert query(running, "--digest", record["digest"][:10], "--user", "app", "--since", "1h") == [record]
    assert len(query(running, "--table", "op_orders", "--decision", "allow")) == 3
    assert cli(running, "audit", "query", str(running.audit), "--user", "nobody").returncode == 1
    table = cli(running, "audit", "query", str(running.audit), "--rule", "table-denied").stdout.decode()
    assert "SELECT * FROM op_secret" in table


def test_top_needs_a_terminal(running: Gateway) -> None:
    got = cli(running, "top")
    assert got.returncode == 2
    assert b"stats --watch" in got.stderr


def test_sessions_that_top_shows(running: Gateway) -> None:
    from dbgate.cli.top_view import Screen
    from dbgate.control.client import ControlClient

    with running.connect(database="test"):
        screen = Screen(ControlClient(str(running.control)), "app", str(running.audit))

        def seen() -> bool:
            screen.look()
            return bool(screen.sessions())

        eventually(seen, what="the session")
        screen.key(b"j")
        screen.key(b"x")
        screen.key(b"y")
        assert running.wait_records(event="session.kill")


def test_promote_when_the_record_is_clean(mariadb: MariaDB) -> None:
    text = POLICY.replace("    blocked_operations: [DROP]\n", "    mode: monitor   # for now\n")
    with Gateway(mariadb, text) as gateway:

        def select(table: str) -> None:
            with gateway.connect(database="test") as connection, connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {table}")

        select("op_orders")
        young = cli(gateway, "policy", "promote", "app")
        assert young.returncode == 1
        assert b"says little" in young.stderr
        listed = ask(gateway, "policy", "promote")["monitored"]
        assert [(one["rule"], one["would_block"], one["clean"]) for one in listed] == [("app", 0, True)]
        select("op_secret")  # monitored: it passes
        eventually(lambda: ask(gateway, "stats")["rules"].get("table-denied"))
        dirty = cli(gateway, "policy", "promote", "app", "--min-age", "0s")
        assert dirty.returncode == 1
        assert b"1 \xc3\x97 table-denied (line 3)" in dirty.stderr
        assert "not clean" in cli(gateway, "policy", "promote").stdout.decode()
        assert gateway.policy.read_text() == text
        done = ask(gateway, "policy", "promote", "app", "--force")
        assert (done["rule"], done["mode"]) == ("app", "enforce")
        assert gateway.policy.read_text() == text.replace("mode: monitor   # for", "mode: enforce   # for")
        with pytest.raises(pymysql.MySQLError, match="table-denied"):
            select("op_secret")
        assert (
            cli(gateway, "policy", "promote").stdout == b"Nothing is in monitor mode by a mode of its own.\n"
        )
        assert cli(gateway, "policy", "promote", *DOWN).returncode == 3
