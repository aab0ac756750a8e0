"""Statements that take long to analyse, on a real server: the other sessions of the worker do not wait for them."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pymysql
import pytest

from dbgate.control.client import ControlClient
from tests.servers.gateway import OPEN_POLICY, Gateway, children, eventually
from tests.servers.mariadb import MariaDB

BULK = "INSERT INTO test.bulk VALUES " + ", ".join(
    f"({n}, 'some text that is stored')" for n in range(25_000)
)


def states(gateway: Gateway) -> list[str]:
    """Of all sessions."""
    return [each["state"] for each in ControlClient(str(gateway.control), 30.0).sessions()]


def test_a_bulk_insert_arrives_whole_and_leaves_its_record(mariadb: MariaDB) -> None:
    with Gateway(mariadb) as gateway, gateway.connect() as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE test.bulk (id INT, name VARCHAR(40))")
            try:
                assert len(BULK) > 900_000
                assert cursor.execute(BULK) == 25_000
                cursor.execute("SELECT COUNT(*), MIN(name) FROM test.bulk")
                assert cursor.fetchall() == ((25_000, "some text that is stored"),)
                with pytest.raises(pymysql.err.Error, match="rule: blocked-operation"):
                    cursor.execute("TRUNCATE test.bulk /*" + "x" * 5_000 + "*/")
            finally:
                cursor.execute("DROP TABLE test.bulk")
        (record,) = gateway.wait_records(operation="INSERT")
        assert (record["decision"], record["affected_rows"], record["tables"]) == (
            "allow",
            25_000,
            ["test.bulk"],
        )
        (record,) = gateway.wait_records(operation="TRUNCATE")
        assert record["decision"] == "block"


def test_others_are_answered_while_one_is_analysed(mariadb: MariaDB) -> None:
    """The process stands still in the middle of a statement of 900 KB, until another session has had its answers."""
    with Gateway(mariadb) as gateway, gateway.connect() as busy, gateway.connect() as other:
        (worker,) = gateway.worker_pids()
        assert children(worker) == []  # nobody has needed it yet
        with busy.cursor() as cursor:
            cursor.execute("CREATE TABLE test.bulk (id INT, name VARCHAR(40)) /*" + "x" * 5_000 + "*/")
        (analyst,) = children(worker)
        os.kill(analyst, signal.SIGSTOP)
        answered: list[object] = []

        def long() -> None:
            with busy.cursor() as cursor:
                answered.append(cursor.execute(BULK))

        sender = threading.Thread(target=long)
        sender.start()
        try:
            eventually(lambda: "query" in states(gateway))
            with other.cursor() as cursor:
                for n in range(20):
                    cursor.execute(f"SELECT {n}")
                    assert cursor.fetchall() == ((n,),)
            answered.append("short")
        finally:
            os.kill(analyst, signal.SIGCONT)
            sender.join(60)
        with busy.cursor() as cursor:
            cursor.execute("DROP TABLE test.bulk")
        assert answered == ["short", 25_000]


def test_the_process_dies_in_the_middle(mariadb: MariaDB) -> None:
    with Gateway(mariadb) as gateway, gateway.connect() as connection, connection.cursor() as cursor:
        (worker,) = gateway.worker_pids()
        cursor.execute("SELECT 1 /*" + "x" * 5_000 + "*/")
        (analyst,) = children(worker)
        os.kill(analyst, signal.SIGSTOP)
        killer = threading.Thread(
            target=lambda: eventually(lambda: "query" in states(gateway)) and os.kill(analyst, signal.SIGKILL)
        )
        killer.start()
        with pytest.raises(pymysql.err.Error, match="internal-error"):
            cursor.execute("SELECT 2 /*" + "x" * 6_000 + "*/")
        killer.join(60)
        cursor.execute("SELECT 3 /*" + "x" * 7_000 + "*/")
        assert cursor.fetchall() == ((3,),)
        assert children(worker) not in ([], [analyst])
        (record,) = gateway.wait_records(event="query.blocked")
        assert (record["rule"], record["operation"]) == ("internal-error", "QUERY")
        (left,) = eventually(lambda: found if len(found := children(worker)) == 1 else [])
    eventually(lambda: not Path(f"/proc/{left}").exists())  # it hears of the end by its socket


def test_explaining_one_holds_up_nobody_either(mariadb: MariaDB) -> None:
    """DBGATE EXPLAIN of a long text comes back through the same process."""
    asking = OPEN_POLICY.replace(
        "allowed_operations:", "admin_statements: [EXPLAIN]\n    allowed_operations:", 1
    )
    assert asking != OPEN_POLICY
    with Gateway(mariadb, asking) as gateway, gateway.connect() as connection:
        (worker,) = gateway.worker_pids()
        with connection.cursor() as cursor:
            for statement, verdict in (
                (BULK, "allow"),
                ("TRUNCATE test.bulk /*" + "x" * 5_000 + "*/", "block"),
            ):
                cursor.execute("DBGATE EXPLAIN " + statement)
                assert cursor.fetchall()[0][2] == verdict
        assert len(children(worker)) == 1
        records = gateway.wait_records(2, operation="DBGATE EXPLAIN")
        assert [record["decision"] for record in records] == ["allow", "allow"]
