"""With a catalog, views, routines and triggers are judged by what is behind them: through a gateway, on real servers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.integration.catalog_world import POLICY, World, connected, make, verdict
from tests.servers.furnish import CATALOG_PASSWORD, CATALOG_USER
from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB
from tests.servers.mysql import MySQL


@pytest.fixture(scope="module", params=[MariaDB, MySQL], ids=["mariadb", "mysql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with request.param() as server:
        root = make(server)
        try:
            with Gateway(
                server,
                POLICY,
                environment={"DBGATE_CATALOG_PASSWORD": CATALOG_PASSWORD},
                catalog_user=CATALOG_USER,
                catalog_refresh="1h",
                workers=2,
                upstream_tls_mode="require" if isinstance(server, MySQL) else "off",
            ) as gateway:
                yield World(server, gateway, root)
        finally:
            root.close()


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("SELECT * FROM v_users", ""),
        ("SELECT * FROM v_secret", "table-denied"),
        ("SELECT * FROM v_on_view", "table-denied"),
        ("SELECT * FROM users WHERE id IN (SELECT salary FROM v_on_view)", "table-denied"),
        ("SELECT f_users()", ""),
        ("SELECT f_secret()", "table-denied"),
        ("SET @x = f_secret()", "table-denied"),
        ("SELECT f_quotes()", "table-denied"),
        ("SELECT * FROM v_function", "table-denied"),
        ("SELECT f_unknown()", "function-denied"),
        ("CALL p_unknown()", "procedure"),
        ("CALL p_order(77)", ""),
        ("CALL p_secret()", "table-denied"),
        ("CALL p_wraps()", "table-denied"),
        ("CALL p_dynamic('SELECT salary FROM payroll')", "dynamic-sql"),
        ("CALL p_constant()", ""),
        ("CALL p_constant_secret()", "table-denied"),
        ("CALL p_round(0)", ""),
        ("CALL p_black()", "procedure"),
        ("CALL p_to_black()", "procedure"),
        ("CALL p_quotes()", "table-denied"),
        ("UPDATE users SET name = 'x' WHERE id = 1", "table-denied"),
        ("UPDATE v_users SET name = 'x' WHERE id = 1", "table-denied"),
        ("DELETE FROM users WHERE id = 12345", ""),
        ("DELETE FROM v_secret WHERE salary = 1", "operation-denied"),
        ("INSERT INTO v_orders VALUES (78, 1)", ""),
        ("SELECT @@version_comment", ""),
        ("SHOW VARIABLES LIKE 'sql_mode'", ""),
    ],
)
def test_what_is_behind_a_name_is_judged(world: World, statement: str, rule: str) -> None:
    connection = world.as_user("clerk")
    try:
        found = verdict(connection, statement)
    finally:
        connection.close()
    if rule == "operation-denied":
        assert found in ("operation-denied", "table-denied")
    else:
        assert found == rule


def test_a_trigger_writes_elsewhere_and_the_log_names_the_way(world: World) -> None:
    before = world.count("audit")
    connection = world.as_user("clerk")
    try:
        assert verdict(connection, "INSERT INTO orders VALUES (500, 1)") == ""
        assert world.count("audit") == before + 1
        assert verdict(connection, "UPDATE users SET name = 'y'") == "table-denied"
    finally:
        connection.close()
    record = world.gateway.wait_records(event="query.blocked", operation="UPDATE", db_user="clerk")[-1]
    assert "shop.payroll" in record["reason"]
    assert "trigger shop.t_leak (definer " in record["reason"]


def test_a_stored_function_that_stands_in_for_a_built_in(world: World) -> None:
    name = "md5" if isinstance(world.server, MySQL) else "point"
    with world.root.cursor() as cursor:
        cursor.execute(f"SELECT {name}(1)")
        assert cursor.fetchone() == (4711,)  # what an attacker is after
    connection = world.as_user("clerk")
    try:
        assert verdict(connection, f"SELECT {name}(1)") == "table-denied"
        assert verdict(connection, "SELECT upper('x')") == ""
    finally:
        connection.close()


def test_prepared_statements_know_it_too(world: World) -> None:
    """By the text protocol's twin of a driver: PREPARE is judged before the server sees it."""
    connector = pytest.importorskip("mysql.connector")
    arguments = {"host": world.gateway.host, "port": world.gateway.port, "user": "clerk", "password": "pw"}
    connection = connector.connect(**arguments, database="shop", ssl_disabled=True)
    try:
        cursor = connection.cursor(prepared=True)
        cursor.execute("SELECT name FROM v_users WHERE id = ?", (1,))
        assert len(cursor.fetchall()) == 1
        with pytest.raises(connector.Error, match="table-denied"):
            cursor.execute("SELECT salary FROM v_secret WHERE salary > ?", (1,))
        cursor.close()
    finally:
        connection.close()


def test_a_view_that_is_altered_through_the_gateway_is_judged_at_once(world: World) -> None:
    """By what it reads now, in this session and, once that goes on, in all others, on every worker."""
    maker = world.as_user("maker")
    clerks = [world.as_user("clerk") for _ in range(6)]
    try:
        for _ in range(3):
            assert verdict(maker, "ALTER VIEW v_change AS SELECT salary AS name FROM payroll") == ""
            assert verdict(maker, "SELECT * FROM v_change") == ""
            assert {verdict(clerk, "SELECT * FROM v_change") for clerk in clerks} == {"table-denied"}
            assert verdict(maker, "CREATE OR REPLACE VIEW v_change AS SELECT name FROM users") == ""
            assert verdict(maker, "SELECT 1 FROM v_change") == ""
            assert {verdict(clerk, "SELECT * FROM v_change") for clerk in clerks} == {""}
        assert (
            verdict(maker, "CREATE TRIGGER t_late BEFORE INSERT ON late FOR EACH ROW SET @x = f_secret()")
            == ""
        )
        assert verdict(maker, "SELECT 1 FROM late") == ""
        assert {verdict(clerk, "INSERT INTO late VALUES (1)") for clerk in clerks} == {"table-denied"}
        assert verdict(maker, "DROP TRIGGER t_late") == ""
        assert verdict(maker, "SELECT 1 FROM late") == ""
        assert verdict(clerks[0], "INSERT INTO late VALUES (1)") == ""
    finally:
        for connection in (maker, *clerks):
            connection.close()


def test_who_redefines_a_view_needs_what_its_body_reads(world: World) -> None:
    connection = world.as_user("clerk")
    try:
        assert verdict(connection, "ALTER VIEW v_users AS SELECT salary FROM payroll") == "operation-denied"
    finally:
        connection.close()


def test_a_session_that_leaves_while_it_waits(world: World) -> None:
    for _ in range(3):
        connection = world.as_user("maker")
        connection._execute_command(3, "CREATE OR REPLACE VIEW v_change AS SELECT name FROM users")  # type: ignore[attr-defined]
        connection._force_close()  # type: ignore[attr-defined]
    connection = world.as_user("clerk")
    try:
        assert verdict(connection, "SELECT * FROM v_change") == ""
    finally:
        connection.close()


def test_health_tells_how_old_it_is(world: World) -> None:
    status, body = world.gateway.health("/health")
    assert status == 200
    catalog = body["catalog"]
    assert catalog["objects"] >= 20
    assert catalog["age_s"] >= 0
    assert catalog["problem"] == ""


def test_a_period_fires_the_triggers_of_insert_too(world: World) -> None:
    """UPDATE … FOR PORTION OF puts in what is left over."""
    if isinstance(world.server, MySQL):
        pytest.skip("MySQL has no application-time periods")
    maker = world.as_user("maker")
    clerk = world.as_user("clerk")
    try:
        for statement in (
            "DROP TABLE late",
            "CREATE TABLE late (id INT, s DATE, e DATE, PERIOD FOR p(s, e))",
            "INSERT INTO late VALUES (1, '2020-01-01', '2020-12-31')",
            "CREATE TRIGGER t_period AFTER INSERT ON late FOR EACH ROW SET @leak = (SELECT MAX(salary) FROM payroll)",
        ):
            assert verdict(maker, statement) == ""
        assert verdict(maker, "SELECT 1") == ""
        portion = "UPDATE late FOR PORTION OF p FROM '2020-03-01' TO '2020-04-01' SET id = 2"
        assert verdict(clerk, portion) == "table-denied"
        assert verdict(clerk, "SELECT id FROM late") == ""
        assert verdict(maker, "DROP TABLE late") == ""
        assert verdict(maker, "CREATE TABLE late (id INT PRIMARY KEY)") == ""
    finally:
        maker.close()
        clerk.close()


def test_a_server_that_compares_names_without_case() -> None:
    with MariaDB("--lower-case-table-names=1") as server:
        root = make(server)
        with Gateway(server, POLICY, catalog_user=CATALOG_USER, catalog_password=CATALOG_PASSWORD) as gateway:
            connection = World(server, gateway, root).as_user("clerk")
            assert verdict(connection, "SELECT * FROM V_Users") == ""
            assert verdict(connection, "SELECT * FROM SHOP.V_On_View") == "table-denied"
            assert verdict(connection, "UPDATE Users SET name = 'x'") == "table-denied"
            assert verdict(connection, "CALL Shop.P_Order(900)") == ""
            connection.close()
        root.close()


def test_changes_past_the_gateway_are_seen_in_time_and_a_server_that_is_gone_keeps_the_last() -> None:
    with MariaDB() as server:
        root = make(server)
        with Gateway(
            server, POLICY, catalog_user=CATALOG_USER, catalog_password=CATALOG_PASSWORD, catalog_refresh="1s"
        ) as gateway:
            world = World(server, gateway, root)
            connection = world.as_user("clerk")
            assert verdict(connection, "SELECT * FROM v_users") == ""
            world.direct("ALTER VIEW v_users AS SELECT salary AS id, salary AS name FROM payroll")
            eventually(lambda: verdict(connection, "SELECT * FROM v_users") == "table-denied")
            connection.close()
            root.close()
            server.kill()
            eventually(lambda: gateway.health("/health")[1]["catalog"]["problem"])
            assert gateway.health("/health")[1]["catalog"]["objects"] >= 20
            server.start()
            connection = eventually(lambda: connected(world))
            # the last good one was kept, and the new one says the same
            assert verdict(connection, "SELECT * FROM v_users") == "table-denied"
            eventually(lambda: gateway.health("/health")[1]["catalog"]["problem"] == "")
            assert verdict(connection, "SELECT * FROM v_users") == "table-denied"
            assert verdict(connection, "SELECT * FROM v_orders") == ""
            connection.close()


def test_an_account_that_does_not_see_everything_is_no_catalog() -> None:
    """Nothing that names a table passes, and balancers send nobody, until the account is put right."""
    with MariaDB() as server:
        root = make(server)
        with Gateway(
            server, POLICY, catalog_user="blind", catalog_password="pw", catalog_refresh="1s"
        ) as gateway:
            world = World(server, gateway, root)
            status, body = gateway.health("/readyz")
            assert status == 503
            assert any("no catalog" in reason and "SHOW VIEW" in reason for reason in body["reasons"])
            connection = world.as_user("clerk")
            assert verdict(connection, "SELECT * FROM users") == "table-denied"
            assert verdict(connection, "CALL p_note('x')") == "table-denied"
            assert verdict(connection, "SELECT @@version_comment") == ""
            world.direct("GRANT SELECT, SHOW VIEW, TRIGGER ON *.* TO blind@'%'")
            eventually(lambda: verdict(connection, "SELECT * FROM users") == "")
            assert verdict(connection, "SELECT * FROM v_secret") == "table-denied"
            assert gateway.health("/readyz")[0] == 200
            connection.close()
        root.close()


def test_without_a_catalog_the_name_alone_is_judged() -> None:
    with MariaDB() as server:
        root = make(server)
        with Gateway(server, POLICY) as gateway:
            connection = World(server, gateway, root).as_user("clerk")
            assert verdict(connection, "SELECT * FROM v_on_view") == ""
            assert verdict(connection, "CALL p_secret()") == ""
            assert verdict(connection, "SELECT f_secret()") == ""
            assert verdict(connection, "SELECT f_quotes()") == "function-denied"
            connection.close()
        root.close()


def test_explain_shows_what_is_behind_a_name(world: World) -> None:
    gateway = world.gateway
    command = [sys.executable, "-c", "from dbgate.cli.main import main; main()", "policy", "explain"]
    command += [
        "--socket",
        str(gateway.control),
        "--user",
        "clerk",
        "--schema",
        "shop",
        "-f",
        str(gateway.policy),
        "-o",
        "json",
    ]
    done = subprocess.run([*command, "SELECT * FROM v_on_view"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert found["rule"] == "table-denied"
    assert "behind view shop.v_on_view" in found["reason"]
    assert [one["path"].rpartition(" > ")[2].partition(" (")[0] for one in found["behind"]] == [
        "view shop.v_on_view",
        "view shop.v_secret",
    ]
    assert found["behind"][1]["needs"][0]["table"] == "payroll"
    done = subprocess.run(
        [*command, "--socket", str(gateway.folder / "nobody"), "SELECT * FROM v_on_view"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["catalog"].startswith("not known: no gateway listens")
