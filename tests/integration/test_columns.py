"""Rights on some columns of a table: through a gateway with its catalog, on real servers, by real drivers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.connections import Connection
from pymysql.constants import CLIENT

from dbgate.control.client import ControlClient
from tests.integration.columns_world import (
    ATTACKS,
    BY_COLUMN,
    BY_TABLE,
    SECRET,
    STATEMENTS,
    WORLD,
    outcome,
)
from tests.servers.furnish import CATALOG_PASSWORD, CATALOG_USER, furnish
from tests.servers.gateway import Gateway
from tests.servers.mariadb import MariaDB
from tests.servers.mysql import MySQL


class World:
    """root: past the gateway."""

    def __init__(self, server: MariaDB | MySQL, gateway: Gateway, root: Connection[Any]) -> None:
        self.server = server
        self.gateway = gateway
        self.root = root

    def as_user(self, name: str = "clerk") -> Connection[Any]:
        flag = CLIENT.MULTI_STATEMENTS
        return self.gateway.connect(user=name, password="pw", database="shop", client_flag=flag)

    def direct(self, statement: str) -> Any:
        with self.root.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from dbgate.cli.main import main; main()", *arguments]
        environment = {**os.environ, "DBGATE_CONTROL_SOCKET": str(self.gateway.control)}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


@pytest.fixture(scope="module", params=[MariaDB, MySQL], ids=["mariadb", "mysql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The gateway begins with a policy that knows nothing of columns; a reload brings the first rights by columns."""
    with request.param() as server:
        root = furnish(server, WORLD, ("clerk", "maker"))
        try:
            with Gateway(
                server,
                BY_TABLE,
                catalog_user=CATALOG_USER,
                catalog_password=CATALOG_PASSWORD,
                catalog_refresh="1h",
                workers=2,
                upstream_tls_mode="require" if isinstance(server, MySQL) else "off",
            ) as gateway:
                made = World(server, gateway, root)
                with made.as_user() as connection:
                    assert outcome(connection, "SELECT ssn FROM orders")[1].count(SECRET) == 2
                    assert gateway.health("/health")[1]["catalog"]["tables"] == 0
                    gateway.policy.write_text(BY_COLUMN)
                    assert ControlClient(str(gateway.control), 30.0).reload()["changed"]
                    # open sessions are bound by it at once, and what it grants can be told at once
                    assert outcome(connection, "SELECT ssn FROM orders")[0] == "column-denied"
                    assert outcome(connection, "SELECT id FROM orders")[0] == ""
                    assert gateway.health("/health")[1]["catalog"]["tables"] == 8
                yield made
        finally:
            root.close()


def test_what_is_granted_passes_and_nothing_else_does(world: World) -> None:
    with world.as_user() as connection:
        found = [(sql, outcome(connection, sql)[0]) for sql, _ in STATEMENTS]
    assert found == list(STATEMENTS)


def test_no_way_leads_to_the_rest(world: World) -> None:
    """Each is blocked, or refused by the server in words that tell nothing; and nothing was written to be read later."""
    leaks = []
    with world.as_user() as connection:
        for sql in ATTACKS:
            rule, seen = outcome(connection, sql)
            if not rule or SECRET in seen or "780511" in seen:
                leaks.append((sql, rule, seen))
            _, kept = outcome(connection, "SELECT @x")
            if SECRET in kept:
                leaks.append((sql, rule, kept))
    assert leaks == []
    assert world.direct(f"SELECT * FROM shop.notes WHERE note = '{SECRET}' OR ssn = 'y'") == ()
    assert world.direct(f"SELECT * FROM shop.customers WHERE name = '{SECRET}'") == ()


def test_long_statements_which_another_process_analyses(world: World) -> None:
    numbers = ", ".join(str(number) for number in range(30_000))
    with world.as_user() as connection:
        for column, rule in (("id", ""), ("ssn", "column-denied"), ("o.*", "column-denied")):
            sql = f"SELECT {column} FROM orders o WHERE id IN ({numbers})"
            assert outcome(connection, sql)[0] == rule


def test_the_record_says_which_column_and_by_which_line(world: World) -> None:
    with world.as_user() as connection:
        for sql in ("SELECT id, ssn FROM orders WHERE id = 4711", "SELECT * FROM orders WHERE id = 4711"):
            assert outcome(connection, sql)[0] == "column-denied"
    one, all_of_them = (
        world.gateway.wait_records(
            event="query.blocked", statement=f"SELECT {what} FROM orders WHERE id = ?"
        )[0]
        for what in ("id, ssn", "*")
    )
    assert one["rule"] == all_of_them["rule"] == "column-denied"
    assert one["reason"] == "SELECT of shop.orders.ssn is not granted to entry 'clerk'"
    assert "all columns of shop.orders" in all_of_them["reason"]
    assert "customer_id, ssn" in all_of_them["reason"]
    line = BY_COLUMN.splitlines()[one["rule_line"] - 1]
    assert line.strip() in ("- name: clerk", "- tables: [orders]", "columns: [id, total]")


def test_each_explanation_is_what_the_gateway_does(world: World) -> None:
    client = ControlClient(str(world.gateway.control), 30.0)
    differ = []
    with world.as_user() as connection:
        for sql, rule in STATEMENTS:
            answer = client.policy_explain({"sql": sql, "user": "clerk", "schema": "shop"})
            with connection.cursor() as cursor:
                cursor.execute(f"DBGATE EXPLAIN {sql}")
                told = cursor.fetchall()[0]
            if (answer["rule"], answer["reason"]) != (told[3], told[5]) or answer["rule"] != rule:
                differ.append((sql, rule, answer["rule"], answer["reason"], told))
    assert differ == []


def test_the_command_line_says_the_same(world: World) -> None:
    question = ("policy", "explain", "--user", "clerk", "--schema", "shop", "-o", "json")
    asked = world.cli(*question, "SELECT ssn FROM orders")
    assert asked.returncode == 1, asked.stderr
    answer = json.loads(asked.stdout)
    assert (answer["rule"], answer["reason"]) == (
        "column-denied",
        "SELECT of shop.orders.ssn is not granted to entry 'clerk'",
    )
    # by a file, in its own process, with the running gateway's catalog
    by_file = (*question, "--file", str(world.gateway.policy))
    assert json.loads(world.cli(*by_file, "SELECT ssn FROM orders").stdout)["reason"] == answer["reason"]
    assert world.cli(*by_file, "SELECT id, total FROM orders").returncode == 0


def test_prepared_statements(world: World) -> None:
    """Judged before the server sees their PREPARE, and again where the table has changed meanwhile."""
    connector = pytest.importorskip("mysql.connector")
    connection = connector.connect(
        host=world.gateway.host,
        port=world.gateway.port,
        user="clerk",
        password="pw",
        database="shop",
        ssl_disabled=True,
        autocommit=True,
    )
    maker = world.as_user("maker")
    everything = "SELECT * FROM items WHERE item = ?"
    try:
        cursor = connection.cursor(prepared=True)
        cursor.execute("SELECT id, total FROM orders WHERE id = ?", (2,))
        assert cursor.fetchall() == [(2, 20)]
        cursor.execute("UPDATE orders SET total = ? WHERE id = ?", (20, 2))
        for statement in (
            "SELECT id, ssn FROM orders WHERE id = ?",
            "SELECT * FROM orders WHERE id = ?",
            "UPDATE orders SET ssn = 'x' WHERE id = ?",
        ):
            with pytest.raises(connector.Error, match="column-denied"):
                cursor.execute(statement, (2,))
        for change in ("DROP COLUMN price", "ADD COLUMN price INT"):
            assert outcome(maker, f"ALTER TABLE items {change}")[0] == ""
            assert outcome(maker, "SELECT 1 FROM items")[0] == ""  # is held until all workers know
            if change.startswith("DROP"):
                cursor.execute(everything, (1,))
                assert cursor.fetchall() == [(1, 1)]
        with pytest.raises(connector.Error, match="column-denied"):
            cursor.execute(everything, (1,))
        cursor.close()
    finally:
        maker.close()
        connection.close()


def test_a_column_more_is_one_that_is_not_granted(world: World) -> None:
    """From the next statement on, in all sessions of all workers."""
    maker = world.as_user("maker")
    clerks = [world.as_user() for _ in range(4)]
    everything = "SELECT * FROM v_totals, items AS i"
    try:
        assert outcome(maker, "ALTER TABLE items DROP COLUMN price")[0] == ""
        assert outcome(maker, "SELECT 1 FROM items")[0] == ""  # is held until all workers know
        assert {outcome(clerk, everything)[0] for clerk in clerks} == {""}
        assert outcome(maker, "ALTER TABLE items ADD COLUMN price INT")[0] == ""
        assert outcome(maker, "SELECT 1 FROM items")[0] == ""
        assert {outcome(clerk, everything)[0] for clerk in clerks} == {"column-denied"}
        assert {outcome(clerk, "SELECT item, order_id FROM items")[0] for clerk in clerks} == {""}
    finally:
        for connection in (maker, *clerks):
            connection.close()


def test_the_catalog_shows_them(world: World) -> None:
    found = ControlClient(str(world.gateway.control), 30.0).catalog()["catalog"]
    assert found is not None
    assert found["columns"]["shop"]["orders"] == ["id", "customer_id", "total", "ssn"]
    assert found["columns"]["shop"]["v_totals"] == ["id", "total"]
    assert set(found["columns"]) & {"mysql", "information_schema", "sys", "performance_schema"} == set()


def test_without_a_catalog_nothing_is_granted_by_columns(world: World) -> None:
    with Gateway(
        world.server, BY_COLUMN, upstream_tls_mode="require" if isinstance(world.server, MySQL) else "off"
    ) as gateway:
        with gateway.connect(user="clerk", password="pw", database="shop") as connection:
            assert outcome(connection, "SELECT id FROM orders")[0] == "column-denied"
            assert outcome(connection, "SELECT name FROM customers")[0] == ""
        record = gateway.wait_records(event="query.blocked")[0]
        assert record["rule"] == "column-denied"
        assert "by columns only" in record["reason"] and "catalog" in record["reason"]
        assert "no catalog_user is set" in gateway.log_text()


def test_with_the_last_right_by_columns_they_go(world: World) -> None:
    """The last test of this file: it changes the policy."""
    client = ControlClient(str(world.gateway.control), 30.0)
    world.gateway.policy.write_text(BY_TABLE)
    assert client.reload()["changed"]
    found = client.catalog()["catalog"]
    assert found is not None
    assert found["columns"] is None
    with world.as_user() as connection:
        assert outcome(connection, "SELECT ssn FROM orders")[1].count(SECRET) == 2
