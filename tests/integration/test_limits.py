"""Every limit, reached by a real client."""

from __future__ import annotations

import socket
import time
from typing import Any

import pymysql
import pytest

from tests.servers.gateway import OPEN_POLICY, Gateway, eventually
from tests.servers.mariadb import MariaDB


@pytest.mark.parametrize("workers", [1, 2])
def test_connections(mariadb: MariaDB, workers: int) -> None:
    with Gateway(mariadb, max_connections=3, workers=workers) as gateway:
        held = [gateway.connect() for _ in range(3)]
        for _ in range(4):
            with pytest.raises(pymysql.err.OperationalError) as caught:
                gateway.connect()
            assert caught.value.args == (1040, "dbgate: too many connections")
        held.pop().close()
        eventually(lambda: gateway.health()[0] == 200)
        held.append(gateway.connect())
        for connection in held:
            connection.close()


def test_the_policy_s_limit_of_connections_counts_too(mariadb: MariaDB) -> None:
    policy = OPEN_POLICY + "global: {max_connections: 1}\n"
    with Gateway(mariadb, policy=policy, max_connections=3) as gateway, gateway.connect():
        with pytest.raises(pymysql.err.OperationalError, match="too many connections"):
            gateway.connect()


def test_handshake_time(mariadb: MariaDB) -> None:
    with Gateway(mariadb, handshake_timeout="1s") as gateway:
        with socket.create_connection((gateway.host, gateway.port), 30) as silent:
            got = b""
            while piece := silent.recv(4096):
                got += piece
        assert b"dbgate: the login took too long" in got
        eventually(lambda: _connected(gateway)).close()  # unless it took too long itself


def test_a_server_that_never_greets(mariadb: MariaDB) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(5)

        class Mute:
            host, user, password = "127.0.0.1", "app", "app_pw"
            port = mute.getsockname()[1]

        with Gateway(Mute(), handshake_timeout="300ms") as gateway:
            with pytest.raises(pymysql.err.OperationalError) as caught:
                gateway.connect()
            assert "dbgate: the login took too long" in str(caught.value)


def test_idle_time(mariadb: MariaDB) -> None:
    policy = OPEN_POLICY + "global: {connection_timeout: 1s}\n"
    with Gateway(mariadb, policy=policy) as gateway:

        def outlasts() -> bool:
            """A long reply is no idleness. False where this client was idle too long before it asked."""
            try:
                with gateway.connect() as connection, connection.cursor() as cursor:
                    return bool(cursor.execute("SELECT SLEEP(2.5)"))
            except pymysql.err.Error:
                return False

        eventually(outlasts)
        with gateway.connect() as connection, connection.cursor() as cursor:
            port = connection._sock.getsockname()[1]  # type: ignore[attr-defined]
            (record,) = gateway.wait_records(event="connection.close", client_port=port)
            assert record["reason"] == "idle for too long"
            with pytest.raises(pymysql.err.Error):
                cursor.execute("SELECT 1")


def test_statement_size(mariadb: MariaDB) -> None:
    with Gateway(mariadb, max_statement="64KiB") as gateway:
        with gateway.connect() as connection, connection.cursor() as cursor:
            with pytest.raises(pymysql.err.Error, match=r"blocked by policy \(rule: statement-size"):
                cursor.execute(f"SELECT '{'x' * 100_000}'")
            cursor.execute(f"SELECT LENGTH('{'x' * 60_000}')")
            assert cursor.fetchall() == ((60_000,),)
        (record,) = gateway.wait_records(event="query.blocked")
        assert record["rule"] == "statement-size"


@pytest.mark.parametrize("workers", [1, 2])
def test_rate(mariadb: MariaDB, workers: int) -> None:
    """The limit is the instance's: spread over two workers it is neither halved nor doubled."""
    policy = OPEN_POLICY.replace("user: app\n", "user: app\n    rate_limit: 20/s\n")
    with Gateway(mariadb, policy=policy, workers=workers) as gateway:
        held = [gateway.connect(autocommit=None) for _ in range(6)]
        time.sleep(1.1)  # what the logins took is there again
        passed = 0
        began = time.monotonic()
        for turn in range(120):
            try:
                with held[turn % 6].cursor() as cursor:
                    cursor.execute("SELECT 1")
                passed += 1
            except pymysql.err.Error as error:
                assert "rule: rate-limit" in str(error)
        refilled = (time.monotonic() - began) * 20
        assert 20 <= passed <= 20 + refilled + 4
        for connection in held:
            connection.close()


def test_server_unreachable(mariadb: MariaDB) -> None:
    class Nobody:
        host, user, password = "127.0.0.1", "app", "app_pw"
        port = 1

    with Gateway(Nobody()) as gateway:
        with pytest.raises(pymysql.err.OperationalError) as caught:
            gateway.connect()
        assert caught.value.args == (1105, "dbgate: the database server cannot be reached")
        status, body = gateway.health()
        assert status == 503
        assert body["reasons"] == ["server unreachable: Connection refused"]


def test_connections_of_one_address(mariadb: MariaDB) -> None:
    with Gateway(mariadb, max_connections_per_source=2, workers=2) as gateway:
        held = [gateway.connect() for _ in range(2)]
        with pytest.raises(pymysql.err.OperationalError) as caught:
            gateway.connect()
        assert caught.value.args == (1040, "dbgate: too many connections from this address")
        other = gateway.connect(bind_address="127.0.0.2")
        (record,) = gateway.wait_records(event="connection.denied")
        assert (record["error_code"], record["client_ip"]) == (1040, "127.0.0.1")
        held.pop().close()
        held.append(eventually(lambda: _connected(gateway)))
        for connection in (*held, other):
            connection.close()


def test_an_ipv6_client_is_counted_by_its_64(mariadb: MariaDB) -> None:
    with Gateway(mariadb, max_connections_per_source=2, trusted_proxies="127.0.0.1") as gateway:
        held = [_from(gateway, f"2001:db8::{number}") for number in (1, 2)]
        assert [greeting[4:5] for _, greeting in held] == [b"\x0a", b"\x0a"]
        sock, refusal = _from(gateway, "2001:db8::ffff:3")
        assert b"dbgate: too many connections from this address" in refusal
        other, greeting = _from(gateway, "2001:db8:0:1::1")
        assert greeting[4:5] == b"\x0a"
        (record,) = gateway.wait_records(event="connection.denied", error_code=1040)
        assert record["client_ip"] == "2001:db8::ffff:3"  # the address itself
        for one in (sock, other, *(peer for peer, _ in held)):
            one.close()


def _from(gateway: Gateway, ip: str) -> tuple[socket.socket, bytes]:
    """A connection of whom a trusted proxy says that it comes from there, and what it hears first."""
    peer = socket.create_connection((gateway.host, gateway.port), 10)
    peer.sendall(f"PROXY TCP6 {ip} ::1 4000 3306\r\n".encode())
    return peer, peer.recv(4096)


def _connected(gateway: Gateway) -> Any:
    try:
        return gateway.connect()
    except pymysql.err.OperationalError:
        return None


@pytest.mark.parametrize("workers", [1, 2])
def test_sessions_of_one_user(mariadb: MariaDB, workers: int) -> None:
    with Gateway(mariadb, max_connections_per_user=2, workers=workers) as gateway:
        held = [gateway.connect() for _ in range(2)]
        for _ in range(2):
            with pytest.raises(pymysql.err.OperationalError) as caught:
                gateway.connect()
            assert caught.value.args == (1203, "dbgate: this user has too many connections")
        gateway.wait_records(event="connection.denied", error_code=1203)
        held.pop().close()
        held.append(eventually(lambda: _connected(gateway)))
        for connection in held:
            connection.close()


def test_passwords_that_are_wrong_too_often(mariadb: MariaDB) -> None:
    with Gateway(mariadb, login_failures=3, login_failure_pause="1h", workers=2) as gateway:
        open_before = gateway.connect()
        for _ in range(3):
            with pytest.raises(pymysql.err.OperationalError) as caught:
                gateway.connect(password="wrong")
            assert caught.value.args[0] == 1045
        for password in ("wrong", mariadb.password):
            with pytest.raises(pymysql.err.OperationalError) as caught:
                gateway.connect(password=password)
            message = "dbgate: too many failed logins from this address; try again later"
            assert caught.value.args == (1129, message)
        gateway.wait_records(2, event="connection.denied", error_code=1129)
        with open_before.cursor() as cursor:
            cursor.execute("SELECT 1")  # who is in stays in
        gateway.connect(bind_address="127.0.0.2").close()
        open_before.close()
    with Gateway(mariadb, login_failures=1, login_failure_pause="1s") as gateway:
        with pytest.raises(pymysql.err.OperationalError):
            gateway.connect(password="wrong")
        eventually(lambda: _connected(gateway)).close()


def test_a_client_that_stops_in_the_middle_of_a_command(mariadb: MariaDB) -> None:
    with Gateway(mariadb, stall_timeout="1s") as gateway:
        with gateway.connect() as connection:
            connection._sock.sendall(b"\x20\x00\x00\x00\x03SELECT")  # type: ignore[attr-defined]
            (record,) = gateway.wait_records(event="connection.close")
            assert record["reason"] == "the client stopped in the middle of a command"


def test_a_client_that_never_takes_its_reply(mariadb: MariaDB) -> None:
    with Gateway(mariadb, stall_timeout="1s") as gateway:
        with gateway.connect() as connection:
            text = b"\x03SELECT REPEAT('x', 1000000) FROM test.seq_1_to_100000"
            packet = len(text).to_bytes(3, "little") + b"\0" + text
            connection._sock.sendall(packet)  # type: ignore[attr-defined]
            (record,) = gateway.wait_records(event="connection.close")
            assert record["reason"] == "the client did not take its reply"
            (record,) = gateway.records(event="query", operation="SELECT")
            assert record["bytes"] > 0 and record["reason"].endswith("; the client did not take its reply")

            def let_go() -> bool:
                return "REPEAT" not in mariadb.sql("SHOW FULL PROCESSLIST")

            eventually(let_go)  # the server does not keep the result for nobody
