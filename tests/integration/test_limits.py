"""Every limit, reached by a real client."""

from __future__ import annotations

import socket
import time

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
    with Gateway(mariadb, handshake_timeout="300ms") as gateway:
        began = time.monotonic()
        with socket.create_connection((gateway.host, gateway.port), 5) as silent:
            got = b""
            while piece := silent.recv(4096):
                got += piece
        assert b"dbgate: the login took too long" in got
        assert 0.3 <= time.monotonic() - began < 3
        gateway.connect().close()


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
    policy = OPEN_POLICY + "global: {connection_timeout: 500ms}\n"
    with Gateway(mariadb, policy=policy) as gateway:
        with gateway.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT SLEEP(0.8)")  # a long reply is no idleness
            cursor.execute("SELECT 1")
            gateway.wait_records(event="connection.close")
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
