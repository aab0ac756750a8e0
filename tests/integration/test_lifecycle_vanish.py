"""Clients that vanish and servers that die, at every moment: everything else goes on, and each command has its record."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection

from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB

LONG = "SELECT REPEAT('x', 1000000) FROM seq_1_to_100"


def vanish(connection: Connection[Any]) -> None:
    """Hangs up without COM_QUIT, with a reset."""
    sock: socket.socket = connection._sock  # type: ignore[attr-defined]
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    connection._force_close()  # type: ignore[attr-defined]


def raw(connection: Connection[Any]) -> socket.socket:
    return connection._sock  # type: ignore[attr-defined,no-any-return]


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[MariaDB, Gateway]]:
    with MariaDB() as server, Gateway(server) as gateway:
        server.sql("CREATE TABLE test.t (id INT PRIMARY KEY) ENGINE=InnoDB")
        yield server, gateway


@pytest.fixture
def fresh(world: tuple[MariaDB, Gateway]) -> Iterator[Gateway]:
    """The gateway with an empty audit log, and afterwards the proof that it works and holds no session."""
    server, gateway = world
    gateway.audit.write_text("")
    yield gateway
    eventually(lambda: gateway.health("/health")[1]["sessions"] == 0)
    eventually(lambda: _threads(server) == 0)
    with gateway.connect() as connection:
        connection.ping(reconnect=False)
        port = raw(connection).getsockname()[1]
    gateway.wait_records(event="connection.close", client_port=port)  # the last one: the log is at rest
    assert "internal error" not in gateway.log_text()


def _threads(server: MariaDB) -> int:
    text = server.sql("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'")
    return int(text)


def _unread(gateway: Gateway, port: int) -> int:
    """The bytes from this client's port that the gateway's kernel has, and the gateway has not."""
    ends = f":{gateway.port:04X}", f":{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        if (local[-5:], remote[-5:]) == ends:
            return int(queues.partition(":")[2], 16)
    raise AssertionError("there is no such connection")


def closed(gateway: Gateway, count: int = 1) -> None:
    gateway.wait_records(count, event="connection.close")


def test_before_the_login(fresh: Gateway) -> None:
    with socket.create_connection((fresh.host, fresh.port), 30) as client:
        assert client.recv(4096)[4] == 10


def test_in_the_middle_of_the_login(fresh: Gateway) -> None:
    with socket.create_connection((fresh.host, fresh.port), 30) as client:
        client.recv(4096)
        client.sendall(b"\x50\0\0\x01" + bytes(20))
    fresh.wait_records(event="connection.denied")


def test_idle(fresh: Gateway) -> None:
    vanish(fresh.connect())
    closed(fresh)


def test_in_the_middle_of_a_packet(fresh: Gateway) -> None:
    connection = fresh.connect()
    raw(connection).sendall(b"\x64\0\0\0\x03SELECT")
    eventually(lambda: _unread(fresh, raw(connection).getsockname()[1]) == 0)
    vanish(connection)
    closed(fresh)
    assert not fresh.records(event="query", operation="SELECT")  # no whole command was ever there


def test_while_a_statement_runs(world: tuple[MariaDB, Gateway], fresh: Gateway) -> None:
    server, _ = world
    connection = fresh.connect()
    with pymysql.connect(
        host=server.host, port=server.port, user=server.user, password=server.password
    ) as holder:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLES test.t WRITE")  # it runs until this session ends
        body = b"\x03SELECT COUNT(*) AS held FROM test.t"
        raw(connection).sendall(struct.pack("<I", len(body)) + body)
        eventually(lambda: "AS held" in server.sql("SHOW PROCESSLIST"))
        vanish(connection)
        (record,) = fresh.wait_records(event="query", operation="SELECT")
        assert "closed" in record["reason"]
        closed(fresh)


def test_in_the_middle_of_a_result(fresh: Gateway) -> None:
    connection = fresh.connect(database="test")
    body = b"\x03" + LONG.encode()
    raw(connection).sendall(struct.pack("<I", len(body)) + body)
    raw(connection).recv(4096)
    vanish(connection)
    (record,) = fresh.wait_records(event="query", operation="SELECT")
    assert 0 < record["bytes"] < 100_000_000
    closed(fresh)


def test_in_the_middle_of_a_transaction(world: tuple[MariaDB, Gateway], fresh: Gateway) -> None:
    connection = fresh.connect(autocommit=False, database="test")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (1)")
    vanish(connection)
    closed(fresh)
    server, _ = world
    eventually(lambda: server.sql("SELECT COUNT(*) FROM test.t") == "0\n")


def test_half_closed_after_a_command(fresh: Gateway) -> None:
    connection = fresh.connect()
    body = b"\x03SELECT SLEEP(0.2)"
    raw(connection).sendall(struct.pack("<I", len(body)) + body)
    raw(connection).shutdown(socket.SHUT_WR)
    closed(fresh)
    connection._force_close()  # type: ignore[attr-defined]


def test_many_at_once(fresh: Gateway) -> None:
    for _ in range(30):
        with contextlib.closing(socket.create_connection((fresh.host, fresh.port), 30)):
            pass
    held = [fresh.connect() for _ in range(20)]
    for connection in held:
        vanish(connection)
    closed(fresh, 20)


# --- the server dies ---


@pytest.mark.parametrize("moment", ["idle", "running", "mid-result", "transaction"])
def test_the_server_dies(moment: str) -> None:
    with MariaDB() as server, Gateway(server) as gateway:
        with contextlib.closing(
            gateway.connect(database="test", autocommit=moment != "transaction")
        ) as connection:
            cursor: Any = connection.cursor(pymysql.cursors.SSCursor)
            if moment == "transaction":
                cursor.execute("BEGIN")
            elif moment == "mid-result":
                cursor.execute(LONG)
                cursor.fetchone()
            killer = threading.Thread(
                target=_kill_when, args=(server, "SLEEP" if moment == "running" else "")
            )
            killer.start()
            if moment != "running":
                killer.join()
            with pytest.raises(pymysql.err.Error) as caught:
                if moment == "mid-result":
                    cursor.fetchall()
                else:
                    cursor.execute("SELECT SLEEP(250)")
            killer.join()
            assert caught.value.args[0] in (1105, 2006, 2013)
            if cursor._result is not None:  # or the driver would read the rest of it when it is collected
                cursor._result.unbuffered_active = False
            connection._force_close()  # type: ignore[attr-defined]
        (record,) = gateway.wait_records(event="connection.close")
        assert "server" in record["reason"]
        if moment in ("running", "mid-result"):
            (query,) = gateway.wait_records(event="query", operation="SELECT")
            assert query["reason"]
        with pytest.raises(pymysql.err.OperationalError, match="cannot be reached"):
            gateway.connect()
        server.start()
        with gateway.connect() as connection, connection.cursor() as again:
            again.execute("SELECT 1")
        assert "internal error" not in gateway.log_text()


def _kill_when(server: MariaDB, runs: str) -> None:
    """Once a statement runs that has this in its text; "" = at once."""
    try:
        eventually(lambda: runs in server.sql("SHOW PROCESSLIST"))
    finally:
        server.kill()


def test_clients_that_never_log_in_do_not_get_the_gateway_locked_out() -> None:
    """A server blocks a host after max_connect_errors connections that ended before a login."""
    with MariaDB("--max-connect-errors=5") as server, Gateway(server) as gateway:
        for _ in range(12):
            with socket.create_connection((gateway.host, gateway.port), 30) as client:
                assert client.recv(4096)[4] == 10
            with pytest.raises(pymysql.err.Error, match="no-access-rule"):
                gateway.connect(user="stranger")
        eventually(lambda: _connects(server, "Aborted_connects") >= 24)
        assert _connects(server, "Aborted_connects_preauth") <= server.looks  # none but the test's own
        gateway.connect().close()


def _connects(server: MariaDB, name: str) -> int:
    return int(server.sql(f"SHOW GLOBAL STATUS LIKE '{name}'").split()[1])
