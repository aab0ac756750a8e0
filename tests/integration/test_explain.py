"""What explains a verdict agrees with the data path: /v1/policy/explain, dbgate-cli and DBGATE EXPLAIN against what the same
statement comes to when it is sent through the gateway, on a real server, with a catalog."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection

from dbgate.control.client import ControlClient, Refused
from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB

POLICY = """
version: 1
global: {default_schema: shop}
access_control:
  - name: clerk
    user: clerk
    allowed_tables: [users, orders, v_users, v_secret, v_deep]
    allowed_operations: [SELECT, INSERT, UPDATE, DELETE, CALL]
    allowed_functions: [f_users, f_secret]
    admin_statements: [EXPLAIN, SESSIONS, STATS, RULES]
  - name: watched
    user: watched
    mode: monitor
    allowed_tables: [users]
    allowed_operations: [SELECT]
  - name: tls only
    user: secure
    require_tls: true
    allowed_tables: ["shop.*"]
    allowed_operations: [SELECT]
sql_rules:
  block_statements: [TRUNCATE, "DELETE FROM * WHERE 1=1"]
  block_patterns: ["INTO\\\\s+OUTFILE"]
  require_where: [UPDATE, DELETE]
"""

WORLD = (
    "CREATE DATABASE shop",
    "USE shop",
    "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(40))",
    "CREATE TABLE orders (id INT PRIMARY KEY, user_id INT)",
    "CREATE TABLE payroll (salary INT)",
    "CREATE VIEW v_users AS SELECT id, name FROM users",
    "CREATE VIEW v_secret AS SELECT salary FROM payroll",
    "CREATE VIEW v_deep AS SELECT * FROM v_secret",
    "CREATE FUNCTION f_users() RETURNS INT DETERMINISTIC READS SQL DATA RETURN (SELECT COUNT(*) FROM users)",
    "CREATE FUNCTION f_secret() RETURNS INT DETERMINISTIC READS SQL DATA RETURN (SELECT MAX(salary) FROM payroll)",
    "CREATE PROCEDURE p_secret() SELECT salary FROM payroll",
    "CREATE TRIGGER t_leak BEFORE UPDATE ON users FOR EACH ROW SET NEW.name = (SELECT MAX(salary) FROM payroll)",
)

STATEMENTS = (
    "SELECT id, name FROM users",
    "SELECT * FROM shop.users WHERE id = 1",
    "SELECT salary FROM payroll",
    "SELECT * FROM v_users",
    "SELECT * FROM v_secret",
    "SELECT * FROM v_deep",
    "SELECT f_users()",
    "SELECT f_secret()",
    "CALL p_secret()",
    "UPDATE users SET name = 'x' WHERE id = 1",
    "UPDATE orders SET user_id = 2",
    "UPDATE orders SET user_id = 2 WHERE id = 1",
    "DELETE FROM orders WHERE 1=1",
    "DELETE FROM orders",
    "TRUNCATE TABLE orders",
    "DROP TABLE orders",
    "SELECT * FROM users WHERE id = 1 OR 1=1",
    "SELECT * FROM users INTO OUTFILE '/tmp/x'",
    "SELECT id FROM users UNION SELECT salary FROM payroll",
    "SELECT id FROM users; SELECT salary FROM payroll",
    "/*!50000 SELECT salary FROM payroll */",
    "/*!999999 SELECT salary FROM payroll */ SELECT id FROM users",
    "/*M!100000 SELECT salary FROM payroll */",
    'SELECT "id" FROM "users"',
    'SELECT name FROM users WHERE name = "salary"',
    "SELECT 'a\\\\' OR name = ' FROM users WHERE id = 1",
    "SET NAMES utf8mb4",
    "SET NAMES gbk",
    "SET GLOBAL max_connections = 7",
    "SET sql_mode = 'ANSI_QUOTES'",
    "SHOW TABLES",
    "SHOW GRANTS",
    "SELECT * FROM information_schema.tables",
    "SELECT SLEEP(0)",
    "EXPLAIN SELECT salary FROM payroll",
    "PREPARE s FROM 'SELECT 1'",
    "EXECUTE IMMEDIATE CONCAT('SELECT ', '1')",
    "USE mysql",
    "BEGIN",
    "ROLLBACK",
    "SELECT FROM WHERE",
    "KILL 1",
    "SELECT 'ä' FROM users",
    "INSERT INTO orders VALUES (77, 1) ON DUPLICATE KEY UPDATE user_id = 1",
    "TABLE payroll",
    "",
    "-- nothing",
)


class World:
    """The server, and a gateway with its catalog."""

    def __init__(self, server: MariaDB, gateway: Gateway) -> None:
        self.server = server
        self.gateway = gateway
        self.sent = 0  # by fate()

    @property
    def client(self) -> ControlClient:
        return ControlClient(str(self.gateway.control), 20.0)

    def connect(self, user: str = "clerk", **more: Any) -> Connection[Any]:
        return self.gateway.connect(user=user, password="pw", database="shop", **more)

    def fate(self, connection: Connection[Any], sql: str) -> tuple[str, str, str]:
        """What the gateway did with a statement: decision, rule and reason of its record."""
        record = self.record(connection, sql)
        return record["decision"], record.get("rule", ""), record.get("reason", "")

    def record(self, connection: Connection[Any], sql: str) -> dict[str, Any]:
        """The record of a statement that is sent now."""
        session = self.id_of(connection)
        self.sent += 1
        marker = f"marker_{self.sent}"
        for text in (f"SELECT 1 AS {marker}", sql):
            try:
                with connection.cursor() as cursor:
                    cursor.execute(text)
                    while cursor.nextset():
                        pass
            except pymysql.Error:
                pass

        def behind_the_marker() -> dict[str, Any] | None:
            sent = self.commands(session)
            at = [n for n, one in enumerate(sent) if marker in one["statement"]]
            return sent[at[0] + 1] if at and len(sent) > at[0] + 1 else None

        found: dict[str, Any] = eventually(behind_the_marker)
        return found

    def commands(self, session: str) -> list[dict[str, Any]]:
        """The records of what a session has sent to its server."""
        records = self.gateway.records(session_id=session)
        sent = [record for record in records if record["event"].startswith("query")]
        return [record for record in sent if not record["operation"].startswith("DBGATE")]

    def id_of(self, connection: Connection[Any]) -> str:
        """The session's id, by its client port."""
        port = connection._sock.getsockname()[1]  # type: ignore[attr-defined]
        return str(self.gateway.wait_records(1, event="connection.open", client_port=port)[0]["session_id"])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with MariaDB() as server:
        root = pymysql.connect(
            host=server.host, port=server.port, user=server.user, password=server.password, autocommit=True
        )
        with root, root.cursor() as cursor:
            for sql in WORLD:
                cursor.execute(sql)
            for user in ("clerk", "watched", "secure"):
                cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY 'pw'")
                cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON shop.* TO {user}@'%'")
        with Gateway(server, POLICY, catalog_user=server.user, catalog_password=server.password) as gateway:
            yield World(server, gateway)


def explained(answer: Any) -> tuple[str, str, str]:
    return answer["decision"], answer["rule"], answer["reason"]


def in_band(connection: Connection[Any], sql: str) -> tuple[str, str, str]:
    with connection.cursor() as cursor:
        cursor.execute(f"DBGATE EXPLAIN {sql}")
        rows = cursor.fetchall()
    assert [row[1] for row in rows[:2]] == ["verdict", "statement"]
    return rows[0][2], rows[0][3], rows[0][5]


def test_each_explanation_is_what_the_gateway_does(world: World) -> None:
    client = world.client
    connection = world.connect()
    session = world.id_of(connection)
    differ: list[object] = []
    decisions: set[str] = set()
    for sql in STATEMENTS:
        by_session = explained(client.policy_explain({"sql": sql, "session_id": session}))
        alone = explained(client.policy_explain({"sql": sql, "user": "clerk", "schema": "shop"}))
        inside = in_band(connection, sql) if sql else by_session
        fate = world.fate(connection, sql)
        decisions.add(fate[0])
        if not by_session == alone == inside == fate:
            differ.append((sql, fate, by_session, alone, inside))
        if sql.startswith("SET sql_mode"):  # what follows is read as a new session reads it again
            assert world.fate(connection, "SET sql_mode = DEFAULT")[0] == "allow"
    connection.close()
    assert differ == []
    assert decisions == {"allow", "block"}


def test_a_record_is_explained_as_it_was_judged(world: World) -> None:
    """What the log does not keep is said in the notes; where nothing is said, the verdict is the same."""
    client = world.client
    explained_so = 0
    with world.connect() as connection:
        for sql in STATEMENTS:
            record = world.record(connection, sql)
            statement = record.get("statement", "")
            if sql.startswith("SET sql_mode"):
                world.fate(connection, "SET sql_mode = DEFAULT")
            if not statement:
                continue
            asked = {"sql": statement, "user": "clerk", "schema": record.get("db_schema", "")}
            if "?" in statement:
                asked.update(masked=True, detections=record.get("detections") or [])
            answer = client.policy_explain(asked)
            if answer["digest"] != record.get("digest") or answer["notes"]:
                continue
            explained_so += 1
            got = (answer["decision"], answer["rule"])
            assert got == (record["decision"], record.get("rule", "")), (sql, statement, answer["reason"])
    assert explained_so > len(STATEMENTS) // 2


def test_in_band_from_the_mariadb_client(world: World) -> None:
    client = shutil.which("mariadb") or shutil.which("mysql")
    if client is None:
        pytest.skip("there is no mariadb command line client")

    def ask(user: str, sql: str) -> subprocess.CompletedProcess[str]:
        gateway = world.gateway
        arguments = [client, "--no-defaults", "-h", gateway.host, "-P", str(gateway.port), "-u", user, "-ppw"]
        arguments += ["--batch", "shop", "-e", sql]
        return subprocess.run(arguments, capture_output=True, text=True, timeout=60)

    told = ask(
        "clerk",
        "DBGATE EXPLAIN SELECT * FROM v_secret; DBGATE SHOW SESSIONS; DBGATE SHOW STATS; SELECT 7 AS n",
    )
    assert told.returncode == 0, told.stderr
    for line in (
        "step\tname\toutcome",
        "verdict\tblock\ttable-denied",
        "session_id\tdb_user",
        "total_queries\t",
        "n\n7",
    ):
        assert line in told.stdout
    rules = ask("clerk", "DBGATE SHOW RULES").stdout.splitlines()
    assert rules[0].split("\t")[:4] == ["rule", "line", "what", "mode"]
    assert "access_control\t5\tclerk\tenforce" in "\n".join(rules)
    assert "rule: table-denied" in ask("clerk", "SELECT salary FROM payroll").stderr
    eventually(lambda: "\ntable-denied\t" in ask("clerk", "DBGATE SHOW RULES").stdout)
    for sql in ("DBGATE EXPLAIN SELECT 1", "DBGATE SHOW SESSIONS"):
        denied = ask("watched", sql)
        assert denied.returncode == 1
        assert "ERROR 1227 (42000)" in denied.stderr and "rule: operation-denied" in denied.stderr
    assert "ERROR 1064" in ask("clerk", "DBGATE SHOW PASSWORDS").stderr
    general = world.gateway.wait_records(operation="DBGATE SHOW SESSIONS", decision="allow")
    assert general[0]["rows"] >= 1 and general[0]["statement"] == "DBGATE SHOW SESSIONS"


def test_in_band_with_the_drivers_own_transaction(world: World) -> None:
    """A question in the middle of a transaction leaves it open, and the session goes on as it was."""
    with world.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO orders VALUES (4711, 1)")
        cursor.execute("DBGATE SHOW SESSIONS")
        names = [column[0] for column in cursor.description]
        mine = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        assert [one["db_user"] for one in mine if one["session_id"] == world.id_of(connection)] == ["clerk"]
        cursor.execute("DBGATE EXPLAIN DELETE FROM orders")
        assert cursor.fetchall()[0][3] == "require-where"
        connection.rollback()
        cursor.execute("SELECT COUNT(*) FROM orders WHERE id = 4711")
        assert cursor.fetchone() == (0,)


def test_the_session_that_is_named_is_the_one_that_would_send_it(world: World) -> None:
    client = world.client
    sql = 'SELECT "salary" FROM users WHERE name = "a" OR "a" = name'
    with world.connect() as connection:
        session = world.id_of(connection)
        before = client.policy_explain({"sql": sql, "session_id": session})
        world.fate(connection, "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'")
        after = client.policy_explain({"sql": sql, "session_id": session})
        assert (before["sent"]["sql_mode"], after["sent"]["sql_mode"]) == (
            "",
            "ANSI_QUOTES,NO_BACKSLASH_ESCAPES",
        )
        assert before["statements"][0]["needs"] == after["statements"][0]["needs"]
        assert before["digest"] != after["digest"]
        assert (after["sent"]["user"], after["sent"]["schema"], after["sent"]["tls"]) == (
            "clerk",
            "shop",
            False,
        )
        told = "\\' OR name = ' FROM payroll -- "
        for text in (f"SELECT '{told}", "SELECT 'a\\' FROM payroll -- '"):
            assert explained(client.policy_explain({"sql": text, "session_id": session})) == world.fate(
                connection, text
            )
    with pytest.raises(Refused, match="there is no session"):
        client.policy_explain({"sql": sql, "session_id": "nobody-1"})


def test_who_and_how_they_come(world: World) -> None:
    client = world.client
    with world.connect("watched") as connection:
        for sql in ("SELECT * FROM payroll", "SELECT id FROM users", "SELECT * FROM users WHERE 1=1 OR id=2"):
            asked = {"sql": sql, "user": "watched", "schema": "shop"}
            assert explained(client.policy_explain(asked)) == world.fate(connection, sql), sql
    secure = {"sql": "SELECT 1", "user": "secure", "schema": "shop"}
    assert client.policy_explain(secure)["decision"] == "allow"
    assert client.policy_explain({**secure, "tls": False})["rule"] == "tls-required"
    assert client.policy_explain({**secure, "user": "stranger"})["rule"] == "no-access-rule"
    assert client.policy_explain({**secure, "charset": "gbk"})["rule"] == "session-state"
    assert client.policy_explain({**secure, "sql_mode": "ORACLE"})["rule"] == "session-state"
    assert client.policy_explain({**secure, "sql_mode": "NO_SUCH_MODE"})["rule"] == "session-state"


def test_the_server_is_the_one_behind_the_gateway(world: World) -> None:
    world.connect().close()
    sent = world.client.policy_explain({"sql": "SELECT 1", "user": "clerk"})["sent"]
    assert sent["server"].startswith("mariadb 10.")
    assert sent["assumed"] == []


def test_before_the_first_login_the_greeting_tells(world: World) -> None:
    with Gateway(world.server, POLICY) as fresh:
        client = ControlClient(str(fresh.control), 20.0)
        sent = client.policy_explain({"sql": "SELECT id FROM users", "user": "clerk", "schema": "shop"})[
            "sent"
        ]
        assert sent["server"].startswith("mariadb 10.")
        assert sent["assumed"] == ["sql_mode", "fold_names"]


def test_the_command_line_asks_the_gateway(world: World) -> None:
    def cli(*more: str) -> tuple[int, Any]:
        command = [
            str(Path(sys.executable).parent / "dbgate-cli"),
            "policy",
            "explain",
            "--user",
            "clerk",
            *more,
        ]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DBGATE_")}
        command += ["--schema", "shop", "-o", "json", "--socket", str(world.gateway.control)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    code, answer = cli("SELECT * FROM v_deep")
    with world.connect() as connection:
        assert explained(answer) == world.fate(connection, "SELECT * FROM v_deep")
    assert (code, answer["decision"]) == (1, "block")
    assert answer["sent"]["server"].startswith("mariadb 10.")
    assert "view shop.v_secret" in " ".join(one["path"] for one in answer["behind"])
    assert cli("SELECT * FROM v_users")[0] == 0
