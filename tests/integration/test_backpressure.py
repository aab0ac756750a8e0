"""A slow reader costs the gateway no memory: neither a client that does not take its rows, nor a server that stands."""

from __future__ import annotations

import threading
import time

import pymysql.cursors
import pytest

from tests.servers.gateway import Gateway, resident_kib
from tests.servers.mariadb import MariaDB

ROWS = 200
ROW_BYTES = 1_000_000
BIG = f"SELECT REPEAT('x', {ROW_BYTES}) FROM seq_1_to_{ROWS}"
MOST_GROWTH_KIB = 16 << 10


def test_a_client_that_does_not_take_its_rows(gateway: Gateway) -> None:
    with gateway.connect(database="test", cursorclass=pymysql.cursors.SSCursor) as connection:
        (worker,) = gateway.worker_pids()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchall()
            before = resident_kib(worker)
            cursor.execute(BIG)
            time.sleep(0.5)
            most = resident_kib(worker)
            rows = 0
            while row := cursor.fetchone():
                assert len(row[0]) == ROW_BYTES
                rows += 1
                if rows % 20 == 0:
                    most = max(most, resident_kib(worker))
            assert rows == ROWS
            assert most - before < MOST_GROWTH_KIB
    record = gateway.wait_records(event="query", rows=ROWS)[-1]
    assert record["bytes"] > ROWS * ROW_BYTES


@pytest.mark.parametrize("where", ["mid-result", "mid-result, server frozen"])
def test_others_go_on_meanwhile(where: str) -> None:
    """One session's slow client does not hold up another session."""
    with MariaDB() as server, Gateway(server) as gateway:
        with gateway.connect(cursorclass=pymysql.cursors.SSCursor, database="test") as slow:
            cursor = slow.cursor()
            cursor.execute(BIG)
            with gateway.connect() as quick, quick.cursor() as other:
                for _ in range(50):
                    other.execute("SELECT 1")
                    assert other.fetchall() == ((1,),)
            if where != "mid-result":
                server.freeze()
                thread = threading.Timer(0.3, server.thaw)
                thread.start()
                thread.join()
            assert sum(1 for _ in cursor) == ROWS
            cursor.close()


def test_a_server_that_does_not_take_its_commands() -> None:
    with MariaDB() as server, Gateway(server, max_statement="64MiB") as gateway:
        with gateway.connect() as connection:
            (worker,) = gateway.worker_pids()
            server.sql("CREATE TABLE test.sink (t LONGTEXT) ENGINE=Aria")
            text = b"INSERT INTO test.sink VALUES ('" + b"y" * (8 << 20) + b"')"
            with connection.cursor() as cursor:
                cursor.execute(text)
                before = resident_kib(worker)
                server.freeze()
                threading.Timer(0.5, server.thaw).start()
                for _ in range(5):
                    assert cursor.execute(text) == 1
            assert resident_kib(worker) - before < 5 * MOST_GROWTH_KIB
