"""The gateway from its start to its end: real processes, a real server, real clients."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pymysql
import pytest

from dbgate.control.client import ControlClient
from tests.servers.gateway import OPEN_POLICY, Gateway, eventually
from tests.servers.mariadb import MariaDB

READ_ONLY = """
version: 1
access_control:
  - name: reader
    user: app
    allowed_tables: ["test.*"]
    allowed_operations: [SELECT]
"""


def error(caught: pytest.ExceptionInfo[pymysql.err.Error]) -> tuple[int, str]:
    """Number and text of what a client was told."""
    number, text = caught.value.args[:2]
    return int(number), str(text)


def test_a_session_from_end_to_end(gateway: Gateway) -> None:
    assert f"dbgate listens on 127.0.0.1:{gateway.port}, server 127.0.0.1:" in gateway.banner
    assert "1 worker (" in gateway.banner
    with gateway.connect(database="test") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE life (id INT PRIMARY KEY, name VARCHAR(20))")
        cursor.execute("INSERT INTO life VALUES (1, 'one'), (2, 'two')")
        cursor.execute("SELECT name FROM life ORDER BY id")
        assert cursor.fetchall() == (("one",), ("two",))
        with pytest.raises(pymysql.err.Error) as caught:
            cursor.execute("TRUNCATE life")
        number, text = error(caught)
        assert number == 1227
        assert text.startswith("dbgate: blocked by policy (rule: blocked-operation, event: ")
        cursor.execute("SELECT COUNT(*) FROM life")  # the session goes on, and nothing was truncated
        assert cursor.fetchall() == ((2,),)
        cursor.execute("DROP TABLE life")
    (blocked,) = gateway.wait_records(event="query.blocked")
    assert blocked["event_id"] in text
    assert blocked["rule_line"] == 8
    assert len(gateway.wait_records(event="connection.open")) == 1
    assert len(gateway.wait_records(event="connection.close")) == 1
    assert {record["db_user"] for record in gateway.records()} == {"app"}


def test_drain_lets_a_transaction_end(mariadb: MariaDB) -> None:
    with Gateway(mariadb, drain_timeout="2m") as gateway:
        idle = gateway.connect()
        busy = gateway.connect(autocommit=False)
        with busy.cursor() as cursor:
            cursor.execute("BEGIN")
            gateway.signal(signal.SIGTERM)
            eventually(lambda: gateway.health()[0] == 503)
            assert gateway.health()[1]["reasons"] == ["draining"]
            # The page is the supervisor's; the worker hears of it a moment later.
            eventually(lambda: refusal(gateway) == (1053, "dbgate: the gateway is shutting down"))
            with pytest.raises(pymysql.err.Error) as caught:
                idle.ping(reconnect=False)
            assert error(caught)[0] in (1053, 2006, 2013)
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == ((1,),)
            busy.commit()
        assert gateway.wait() == 0
        assert not gateway.control.exists()
        opened, closed = (
            {record["session_id"] for record in gateway.records(event=event)}
            for event in ("connection.open", "connection.close")
        )
        assert opened == closed and len(opened) >= 2


def test_a_worker_without_sessions_refuses_while_another_drains(mariadb: MariaDB) -> None:
    with Gateway(mariadb, workers=2, drain_timeout="2m") as gateway:
        busy = gateway.connect(autocommit=False)
        with busy.cursor() as cursor:
            cursor.execute("BEGIN")
            gateway.signal(signal.SIGTERM)
            eventually(lambda: refusal(gateway) == (1053, "dbgate: the gateway is shutting down"))
            # The kernel spreads them over both workers, and the other has nothing to wait for but this session.
            assert {refusal(gateway) for _ in range(40)} == {(1053, "dbgate: the gateway is shutting down")}
            assert len(gateway.worker_pids()) == 2
            busy.commit()
        assert gateway.wait() == 0


def refusal(gateway: Gateway) -> tuple[int, str] | None:
    """What a client is told that wants to connect; None where it may."""
    try:
        gateway.connect().close()
    except pymysql.err.Error as error:
        number, text = error.args[:2]
        return int(number), str(text)
    return None


def test_drain_does_not_wait_for_ever(mariadb: MariaDB) -> None:
    with Gateway(mariadb, drain_timeout="200ms") as gateway:
        with gateway.connect(autocommit=False) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            gateway.signal(signal.SIGTERM)
            assert gateway.wait() == 0
            assert len(gateway.records(event="connection.close")) == 1


def test_a_second_signal_ends_at_once(mariadb: MariaDB) -> None:
    with Gateway(mariadb, drain_timeout="1h") as gateway:
        with gateway.connect(autocommit=False) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            gateway.signal(signal.SIGTERM)
            eventually(lambda: gateway.health()[0] == 503)
            gateway.signal(signal.SIGINT)
            assert gateway.wait() == 0


def on_each(gateway: Gateway) -> int:
    """How many workers have sessions."""
    sessions = ControlClient(str(gateway.control), 30.0).sessions()
    return len({session["session_id"].rpartition("-")[0] for session in sessions})


@pytest.mark.parametrize("workers", [1, 2])
def test_a_crashed_worker_is_started_again(mariadb: MariaDB, workers: int) -> None:
    with Gateway(mariadb, workers=workers) as gateway:
        pids = gateway.worker_pids()
        assert len(pids) == workers
        connections = [gateway.connect() for _ in range(8)]

        def everywhere() -> bool:
            connections.append(gateway.connect())
            return on_each(gateway) == workers

        eventually(everywhere)
        os.kill(pids[0], signal.SIGKILL)
        # Clients that come meanwhile wait in the queue of its socket, and are served by its successor.
        for _ in range(4):
            with gateway.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        alive = 0
        for connection in connections:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
                alive += 1
            except pymysql.err.Error:
                pass
        assert alive < len(connections)
        eventually(lambda: "ended with status -9; started again" in gateway.log_text())
        eventually(lambda: len(gateway.worker_pids()) == workers and pids[0] not in gateway.worker_pids())
        for connection in connections:
            if connection.open:
                connection.close()
        eventually(
            lambda: gateway.health("/health")[1]["sessions"] == 0
        )  # none is left over from the dead one
        assert gateway.health("/health")[1]["worker_restarts"] == 1
        eventually(lambda: gateway.health("/health")[1]["workers_ready"] == workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reload_binds_open_sessions(mariadb: MariaDB, workers: int) -> None:
    with Gateway(mariadb, workers=workers) as gateway:
        connections = [gateway.connect() for _ in range(6)]
        gateway.policy.write_text(READ_ONLY)
        gateway.signal(signal.SIGHUP)
        gateway.wait_records(event="policy.reload", decision="allow")
        for connection in connections:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                with pytest.raises(pymysql.err.Error, match="operation-denied"):
                    cursor.execute("CREATE TABLE test.never (id INT)")
        eventually(lambda: "is live (before: " in gateway.log_text())  # behind the record


def test_a_bad_policy_changes_nothing(mariadb: MariaDB) -> None:
    with Gateway(mariadb) as gateway:
        version = gateway.health("/health")[1]["policy_version"]
        with gateway.connect() as connection, connection.cursor() as cursor:
            for text in ("", "access_control: [", "version: 1\nunknown: 1\n"):
                gateway.policy.write_text(text)
                count = len(gateway.records(event="policy.reload"))
                gateway.signal(signal.SIGHUP)
                records = gateway.wait_records(count + 1, event="policy.reload", decision="block")
                assert f"{gateway.policy}:" in records[-1]["reason"]
                cursor.execute("SELECT 1")
        status, body = gateway.health("/health")
        assert status == 200
        assert body["policy_version"] == version


def test_without_a_policy_everything_is_refused(mariadb: MariaDB) -> None:
    with Gateway(mariadb, policy="nonsense: 1\n") as gateway:
        assert "NO POLICY" in gateway.banner
        assert gateway.health() == (503, {"status": "unavailable", "reasons": ["no policy"]})
        assert gateway.health("/healthz")[0] == 200
        with pytest.raises(pymysql.err.Error, match="no-policy"):
            gateway.connect()
        gateway.wait_records(event="connection.denied", rule="no-policy")
        gateway.policy.write_text(OPEN_POLICY)
        gateway.signal(signal.SIGHUP)
        eventually(lambda: gateway.health()[0] == 200)
        gateway.connect().close()


def test_the_control_api(mariadb: MariaDB) -> None:
    with Gateway(mariadb) as gateway:
        client = ControlClient(str(gateway.control), 30.0)
        with gateway.connect(database="test") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            (session,) = client.sessions()
            assert session["db_user"] == "app"
            assert session["db_name"] == "test"
            assert session["state"] == "idle"
            eventually(lambda: client.stats()["total_queries"] >= 1)
            assert client.stats()["active_sessions"] == 1
            assert client.reload()["changed"] is False
            gateway.policy.write_text(READ_ONLY)
            assert client.reload()["changed"] is True
            client.kill(session["session_id"])
            with pytest.raises(pymysql.err.Error):
                cursor.execute("SELECT 1")
        assert client.sessions() == []
        (record,) = gateway.wait_records(event="connection.close")
        assert "operator" in record["reason"]


def serve(*arguments: str) -> tuple[int, str]:
    """Status and standard error of a `dbgate serve` that is expected to end by itself."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DBGATE_")}
    done = subprocess.run(
        [sys.executable, "-m", "dbgate.workers.main", "serve", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr


def test_what_is_taken_is_said_at_the_start(gateway: Gateway) -> None:
    port = f"127.0.0.1:{gateway.port}"
    plain = ("--audit-log", "off", "--admin-listen", "off", "--policy", str(gateway.policy))
    status, text = serve("--listen", port, "--control-socket", "off", *plain)
    assert status == 2
    assert f"dbgate: listen: cannot listen on {port}: Address already in use" in text
    status, text = serve("--listen", "127.0.0.1:0", "--control-socket", str(gateway.control), *plain)
    assert status == 2
    assert f"control_socket: another gateway serves {gateway.control}" in text
    gateway.connect().close()


def test_without_uvloop_too(mariadb: MariaDB) -> None:
    with Gateway(mariadb, environment={"DBGATE_LOOP": "asyncio"}, workers=2) as gateway:
        with gateway.connect(database="test") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT REPEAT('x', 1000000) FROM seq_1_to_30")
            assert sum(len(row[0]) for row in cursor) == 30_000_000
            with pytest.raises(pymysql.err.Error, match="blocked-operation"):
                cursor.execute("TRUNCATE nothing")
            cursor.execute("SELECT 1")
        gateway.signal(signal.SIGTERM)
        assert gateway.wait() == 0
        assert len(gateway.records(event="query.blocked")) == 1


def test_a_worker_that_stands_still_holds_up_nobody_who_asks(mariadb: MariaDB) -> None:
    with Gateway(mariadb) as gateway:
        (pid,) = gateway.worker_pids()
        os.kill(pid, signal.SIGSTOP)
        try:
            assert ControlClient(str(gateway.control), 30.0).sessions() == []
        finally:
            os.kill(pid, signal.SIGCONT)
        gateway.connect().close()
