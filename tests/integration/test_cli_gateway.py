"""dbgate-cli against a running gateway in front of a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pymysql
import pytest

from dbgate.control.client import ControlClient
from dbgate.control.messages import HealthInfo, PolicyInfo, SessionList
from dbgate.stats.snapshot import Stats
from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB

CLI = Path(sys.executable).parent / "dbgate-cli"
POLICY = """\
version: 1
global:
  default_schema: test
access_control:
  - name: app
    user: app
    allowed_tables: [cli_orders, "cli_report_*"]
    allowed_operations: [SELECT, INSERT, UPDATE]
    blocked_operations: [DROP]
sql_rules:
  require_where: [UPDATE]
"""


def cli(gateway: Gateway, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DBGATE_", "COLUMNS"))
    }
    return subprocess.run(
        [CLI, *arguments],
        input=stdin,
        capture_output=True,
        timeout=60,
        env={**environment, "DBGATE_CONTROL_SOCKET": str(gateway.control)},
        cwd="/",
    )


def ask(gateway: Gateway, *arguments: str, code: int = 0) -> Any:
    got = cli(gateway, *arguments, "-o", "json")
    assert got.returncode == code, got.stderr.decode()
    return json.loads(got.stdout)


@pytest.fixture(scope="module")
def running(mariadb: MariaDB) -> Iterator[Gateway]:
    with (
        pymysql.connect(
            host=mariadb.host,
            port=mariadb.port,
            user=mariadb.user,
            password=mariadb.password,
            autocommit=True,
        ) as direct,
        direct.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE IF NOT EXISTS test.cli_orders (id INT PRIMARY KEY, total INT)")
        cursor.execute("REPLACE INTO test.cli_orders VALUES (1, 10), (2, 20), (3, 30)")
        cursor.execute("CREATE TABLE IF NOT EXISTS test.cli_secret (id INT)")
    with Gateway(mariadb, POLICY, workers=2) as gateway:
        yield gateway


def test_answers_are_what_the_document_promises(running: Gateway) -> None:
    client = ControlClient(str(running.control))
    with running.connect(database="test"):
        msgspec.convert(client.stats(), Stats, strict=True)
        sessions = client.sessions()
        msgspec.convert({"sessions": sessions}, SessionList, strict=True)
        assert sessions
    msgspec.convert(client.policy(), PolicyInfo, strict=True)
    msgspec.convert(client.health(), HealthInfo, strict=True)
    assert client.policy()["file"] == str(running.policy)
    assert client.health()["status"] == "ok"


def test_sessions_are_listed_with_what_they_did_and_killed(running: Gateway) -> None:
    with running.connect(database="test") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cli_orders")
        with pytest.raises(pymysql.MySQLError):
            cursor.execute("SELECT * FROM cli_secret")
        port = connection._sock.getsockname()[1]
        mine = [s for s in ask(running, "sessions")["sessions"] if s["client_port"] == port]
        assert len(mine) == 1
        session = mine[0]
        assert (session["db_user"], session["db_name"], session["client_ip"]) == ("app", "test", "127.0.0.1")
        assert session["blocked"] == 1
        assert session["queries"] >= 2
        assert len(session["last_digest"]) == 32
        table = cli(running, "sessions").stdout.decode()
        assert session["session_id"] in table
        assert ask(running, "sessions", "kill", session["session_id"])["killed"] is True
        with pytest.raises(pymysql.MySQLError):
            cursor.execute("SELECT 1")
        killed = running.wait_records(event="session.kill", session_id=session["session_id"])
        assert f"(uid {os.getuid()})" in killed[0]["reason"]
        left = ask(running, "sessions")["sessions"]
        assert session["session_id"] not in [s["session_id"] for s in left]
        again = cli(running, "sessions", "kill", session["session_id"])
        assert again.returncode == 1
        assert b"there is no session" in again.stderr


def counted(gateway: Gateway) -> Any:
    """The statistics, once no session is open and every statement in the log is counted; None before."""
    queries = [record for record in gateway.records() if record["event"].startswith("query")]
    stats = ask(gateway, "stats")
    return stats if stats["active_sessions"] == 0 and stats["total_queries"] == len(queries) else None


def test_stats_count_what_happened(running: Gateway) -> None:
    before = eventually(lambda: counted(running))
    with running.connect(database="test") as connection, connection.cursor() as cursor:
        for n in range(20):
            cursor.execute("SELECT * FROM cli_orders WHERE id = %s", (n,))
        for sql in ("DROP TABLE cli_orders", "SELECT * FROM cli_secret", "UPDATE cli_orders SET total = 0"):
            with pytest.raises(pymysql.MySQLError):
                cursor.execute(sql)
        assert ask(running, "stats")["active_sessions"] == 1
    after = eventually(lambda: counted(running))
    assert after["total_connections"] == before["total_connections"] + 1
    assert after["blocked_queries"] == before["blocked_queries"] + 3
    assert after["operations"]["SELECT"] >= before["operations"].get("SELECT", 0) + 21
    assert after["qps"] > 0
    assert 0 < after["latency_us"]["p50"] <= after["latency_us"]["p99"]
    for rule in ("blocked-operation", "table-denied", "require-where"):
        had = before["rules"].get(rule, {"blocked": 0})["blocked"]
        assert after["rules"][rule]["blocked"] == had + 1, rule
        assert any(line["rule"] == rule and line["line"] for line in after["rule_lines"])
    table = cli(running, "stats").stdout.decode()
    assert "blocked-operation" in table


def test_every_statement_is_in_the_log_and_in_the_statistics(running: Gateway) -> None:
    with running.connect(database="test") as connection, connection.cursor() as cursor:
        for n in range(50):
            cursor.execute(f"SELECT {n} FROM cli_orders")
    running.wait_records(50, event="query", statement="SELECT ? FROM cli_orders")
    assert eventually(lambda: counted(running))


def test_watch(running: Gateway) -> None:
    got = cli(running, "stats", "--watch", "--interval", "0.2", "--count", "3", "-o", "json")
    looks = [json.loads(line) for line in got.stdout.splitlines()]
    assert len(looks) == 3
    assert looks[0]["captured_at_ms"] < looks[1]["captured_at_ms"] < looks[2]["captured_at_ms"]


STATEMENTS = (
    "SELECT id FROM cli_orders",
    "SELECT id FROM test.cli_secret",
    "INSERT INTO cli_orders VALUES (9, 9)",
    "DELETE FROM cli_orders WHERE id = 9",
    "UPDATE cli_orders SET total = 1",
    "UPDATE cli_orders SET total = 1 WHERE id = 1",
    "DROP TABLE cli_orders",
    "SELECT 1 FROM cli_orders WHERE id = 1 OR 1=1 -- '",
    "SELECT * FROM cli_report_none",
    "SELECT * FROM information_schema.tables",
    "SET NAMES utf8mb4",
    "SET GLOBAL max_connections = 5",
    "SELECT SLEEP(0) FROM cli_orders; DROP TABLE cli_orders",
    "FLUSH TABLES",
    "EXECUTE IMMEDIATE 'DROP TABLE cli_orders'",
    "SELECT 'unterminated",
    "CALL sp_none()",
)


def send(gateway: Gateway, sql: str) -> str:
    """ "" or the error that the client gets."""
    flags = pymysql.constants.CLIENT.MULTI_STATEMENTS
    with gateway.connect(database="test", client_flag=flags) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(sql)
        except pymysql.MySQLError as error:
            return str(error.args[1])
        return ""


def event_of(said: str) -> str:
    return said.split("event: ")[1].rstrip(")")


def test_explain_says_what_the_gateway_does(running: Gateway) -> None:
    """And it finds the policy by asking the gateway."""
    for sql in STATEMENTS:
        said = send(running, sql)
        got = cli(running, "policy", "explain", "--user", "app", "--schema", "test", "-o", "json", sql)
        explained = json.loads(got.stdout)
        if said.startswith("dbgate: blocked by policy"):
            assert f"(rule: {explained['rule']}," in said, sql
            assert got.returncode == 1
            record = running.wait_records(event_id=event_of(said))[0]
            assert record["reason"] == explained["reason"]
            assert record["rule_line"] == explained["rule_line"]
            assert record["digest"] == explained["digest"]
        else:
            assert explained["decision"] == "allow", (sql, said)
            assert got.returncode == 0
    with running.connect(database="test") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM cli_orders")  # it is still there


def test_reload_a_good_and_a_bad_file(
    mariadb: MariaDB, running: Gateway
) -> None:  # which has made the tables
    with Gateway(mariadb, POLICY, workers=2) as gateway, gateway.connect(database="test") as connection:
        with connection.cursor() as cursor:
            first = ask(gateway, "policy", "show")["version"]
            assert ask(gateway, "policy", "reload") == {"version": first, "previous": first, "changed": False}
            with pytest.raises(pymysql.MySQLError):
                cursor.execute("SELECT * FROM cli_secret")
            gateway.policy.write_text(POLICY.replace("[cli_orders,", "[cli_orders, cli_secret,"))
            got = ask(gateway, "policy", "reload")
            assert got["changed"]
            assert got["previous"] == first
            cursor.execute("SELECT * FROM cli_secret")  # binds open sessions
            gateway.policy.write_text("version: 1\naccess_contrl: []\n")
            bad = cli(gateway, "policy", "reload")
            assert bad.returncode == 1
            assert bad.stdout == b""
            assert b"policy.yaml:2:1: access_contrl" in bad.stderr
            assert f"policy {got['version']} stays".encode() in bad.stderr
            cursor.execute("SELECT * FROM cli_secret")
            shown = ask(gateway, "policy", "show")
            assert shown["version"] == got["version"]
            assert "access_contrl" in shown["problems"][0]
        reloads = gateway.wait_records(3, event="policy.reload")
        assert [record["error_code"] != 0 or record["decision"] for record in reloads]


def test_audit_tail_follows_the_gateway(running: Gateway) -> None:
    event = event_of(send(running, "DROP TABLE cli_orders /* tail me */"))
    record = running.wait_records(event_id=event)[0]
    got = cli(
        running, "audit", "tail", str(running.audit), "--event", "query.blocked", "-n", "1", "-o", "json"
    )
    assert json.loads(got.stdout)["event_id"] == record["event_id"]
    shown = cli(
        running, "audit", "tail", str(running.audit), "--rule", "blocked-operation", "-n", "1"
    ).stdout.decode()
    assert "[blocked-operation line" in shown
    assert "DROP TABLE cli_orders" in shown


def test_a_gateway_that_stopped(mariadb: MariaDB) -> None:
    with Gateway(mariadb) as gateway:
        assert cli(gateway, "stats").returncode == 0
        gateway.stop()
        gone = cli(gateway, "stats")
        assert gone.returncode == 3
        assert str(gateway.control).encode() in gone.stderr
