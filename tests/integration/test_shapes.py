"""Learned shapes through a real gateway: learning, `policy learn`, detect, enforce."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from tests.integration.test_cli_gateway import cli
from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB

POLICY = """\
access_control:
  - name: app
    user: app
    allowed_tables: ["*"]
    allowed_operations: ["*"]
sql_rules:
  shapes: {mode: learning, file: shapes.yaml}
  injection: {mode: monitor}
"""


@pytest.fixture
def learning(mariadb: MariaDB) -> Iterator[Gateway]:
    with Gateway(mariadb, POLICY) as gateway:
        yield gateway


def switch(gateway: Gateway, mode: str) -> None:
    """Another mode of the shapes, by SIGHUP."""
    text = gateway.policy.read_text()
    gateway.policy.write_text(
        text.replace("mode: learning", f"mode: {mode}").replace("mode: detect", f"mode: {mode}")
    )
    reload(gateway)


def reload(gateway: Gateway) -> None:
    done = len(gateway.records(event="policy.reload"))
    gateway.signal(signal.SIGHUP)
    eventually(lambda: len(gateway.records(event="policy.reload")) > done)


def refused(cursor: Any, sql: str) -> str:
    with pytest.raises(pymysql.MySQLError) as caught:
        cursor.execute(sql)
    assert caught.value.args[0] == 1227
    return str(caught.value.args[1])


def test_from_learning_to_enforcing(learning: Gateway) -> None:
    gateway = learning
    shapes = gateway.folder / "shapes.yaml"
    with gateway.connect(database="test") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS shapes (id INT, name VARCHAR(20))")
        cursor.execute("DELETE FROM shapes WHERE id > 0")
        cursor.execute("INSERT INTO shapes VALUES (1, 'one')")
        cursor.execute("SELECT name FROM shapes WHERE id IN (1, 2)")
        assert cursor.execute("SELECT name FROM shapes WHERE id = 0 OR 1=1") == 1  # only monitored
        gateway.wait_records(event="query.would_block", rule="injection")

        learned = cli(gateway, "policy", "learn", str(gateway.audit), "--output", str(shapes))
        assert learned.returncode == 0, learned.stderr
        assert b"[tautology] SELECT name FROM shapes WHERE id = ? OR ?=?" in learned.stderr
        text = shapes.read_text()
        assert '- statement: "SELECT name FROM shapes WHERE id IN (?, ?)"' in text
        assert "tables: [test.shapes]" in text
        assert "columns: [id, name]" in text

        switch(gateway, "detect")
        cursor.execute("SELECT id FROM shapes")
        (record,) = gateway.wait_records(event="query.would_block", rule="shape")
        assert (record["decision"], record["rule_line"], record["mode"]) == ("would_block", 7, "monitor")

        switch(gateway, "enforce")
        cursor.execute("INSERT INTO shapes VALUES (2, 'two'), (3, NULL), (-4, 'four')")
        assert cursor.execute("SELECT name FROM shapes WHERE id IN (1, 2, 3)") == 3
        assert cursor.execute("SELECT name FROM shapes WHERE id IN (%s)", [2]) == 1
        connection.ping()
        cursor.execute("SET NAMES utf8mb4")
        connection.select_db("test")
        assert "(rule: shape, event:" in refused(cursor, "SELECT id FROM shapes")
        assert "(rule: shape, event:" in refused(cursor, "SELECT name FROM shapes WHERE id IN (1) OR 1=1")
        found = gateway.wait_records(2, event="query.blocked", rule="shape")
        assert "the injection detector tautology hits it" in found[-1]["reason"]
        explained = cli(
            gateway, "policy", "explain", "--user", "app", "--schema", "test", "SELECT id FROM shapes"
        )
        assert explained.returncode == 1
        assert b"BLOCKED by rule shape" in explained.stdout
        assert b"injection, shapes, block_patterns" in explained.stdout

        # What was recorded in detect mode can be learned, too; both files are read again.
        assert cli(gateway, "policy", "learn", str(gateway.audit), "-o", str(shapes)).returncode == 0
        before = gateway.records(event="query.blocked")[-1]["policy_version"]
        reload(gateway)
        assert cursor.execute("SELECT id FROM shapes") == 4
        eventually(lambda: gateway.records(event="query")[-1]["policy_version"] != before)

        # A file that is bad, or gone, changes nothing.
        shapes.write_text("users: 7\n")
        gateway.signal(signal.SIGHUP)
        eventually(lambda: f"{shapes}:1:8: users: expected a mapping" in gateway.log_text())
        assert cursor.execute("SELECT id FROM shapes") == 4
        refused(cursor, "SELECT id, name FROM shapes")


def test_a_new_worker_has_the_shapes(learning: Gateway) -> None:
    (learning.folder / "shapes.yaml").write_text("users: {}\n")
    switch(learning, "enforce")
    (worker,) = learning.worker_pids()
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: learning.worker_pids() not in ([], [worker]) and learning.health()[0] == 200)
    with learning.connect() as connection, connection.cursor() as cursor:
        assert "(rule: shape, event:" in refused(cursor, "SELECT 1 FROM test.shapes")
