"""`sessions kill` ends the statement on the server, too: on real servers, by accounts that may and that may not."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection

from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB
from tests.servers.mysql import MySQL

CLI = Path(sys.executable).parent / "dbgate-cli"
LONG = "SELECT SLEEP(300)"


class World:
    """A server whose accounts `ends` (may end others' statements), `sees` (sees them only) and `reads` (neither) may all be the
    catalog's. root: past the gateway."""

    def __init__(self, server: MariaDB | MySQL) -> None:
        self.server = server
        self.root: Connection[Any] = pymysql.connect(
            host=server.host, port=server.port, user=server.user, password=server.password, autocommit=True
        )
        mysql = isinstance(server, MySQL)
        see = ", SHOW_ROUTINE" if mysql else ""
        end = (
            "CONNECTION_ADMIN, SYSTEM_USER" if mysql else "CONNECTION ADMIN"
        )  # `app` has SYSTEM_USER, as one of all rights
        for name, more in (("ends", f", PROCESS, {end}"), ("sees", ", PROCESS"), ("reads", "")):
            self.ask(f"CREATE USER kill_{name}@'%' IDENTIFIED BY 'pw'")
            self.ask(f"GRANT SELECT, SHOW VIEW, TRIGGER{see}{more} ON *.* TO kill_{name}@'%'")

    def ask(self, statement: str) -> Any:
        with self.root.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def running(self) -> list[int]:
        found = self.ask(f"SELECT id FROM information_schema.processlist WHERE info = '{LONG}'")
        return [int(row[0]) for row in found]

    def gateway(self, account: str) -> Gateway:
        return Gateway(
            self.server,
            environment={"DBGATE_CATALOG_PASSWORD": "pw"} if account else {},
            catalog_user=f"kill_{account}" if account else "",
            workers=2,
            upstream_tls_mode="require" if isinstance(self.server, MySQL) else "off",
        )


@pytest.fixture(scope="module", params=[MariaDB, MySQL], ids=["mariadb", "mysql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with request.param() as server:
        made = World(server)
        try:
            yield made
        finally:
            made.root.close()


@contextmanager
def sleeping(world: World, gateway: Gateway) -> Iterator[str]:
    """A session whose statement runs; gives its id."""
    connection = gateway.connect()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(LONG)
        except pymysql.MySQLError as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        eventually(world.running, what="the statement")
        found = cli(gateway, "sessions")["sessions"]
        (session,) = [one["session_id"] for one in found if one["state"] not in ("idle", "ready")]
        yield session
        thread.join(30)
        assert failed, "the client was not told"
    finally:
        for number in world.running():
            with suppress(pymysql.MySQLError):  # it has ended meanwhile
                world.ask(f"KILL {number}")
        thread.join(30)
        connection.close()
        eventually(lambda: not world.running())


def cli(gateway: Gateway, *arguments: str) -> Any:
    got = subprocess.run(
        [CLI, *arguments, "-o", "json", "--socket", str(gateway.control)], capture_output=True, timeout=60
    )
    assert got.returncode == 0, got.stderr
    return json.loads(got.stdout)


def test_the_statement_is_gone_from_the_server(world: World) -> None:
    with world.gateway("ends") as gateway:
        with sleeping(world, gateway) as session:
            answer = cli(gateway, "sessions", "kill", session)
            assert (answer["on_server"], answer["killed"]) == ("killed", True)
            assert (
                answer["detail"] == "both connections are closed, and its statement was ended on the server"
            )
            assert eventually(lambda: not world.running())
        # one that runs nothing has no statement to end, and only its own connection goes
        with gateway.connect() as idle, gateway.connect() as other:
            port = idle._sock.getsockname()[1]
            (mine,) = [one for one in cli(gateway, "sessions")["sessions"] if one["client_port"] == port]
            assert cli(gateway, "sessions", "kill", mine["session_id"])["on_server"] in ("gone", "killed")
            with other.cursor() as cursor:
                cursor.execute("SELECT 1")
            with pytest.raises(pymysql.MySQLError), idle.cursor() as cursor:
                cursor.execute("SELECT 1")
        assert len(gateway.wait_records(2, event="session.kill")) == 2


@pytest.mark.parametrize(
    ("account", "why"),
    [
        ("sees", "may not end it there: GRANT CONNECTION ADMIN"),
        ("reads", "does not see it there: GRANT PROCESS"),
        ("", "no account is set"),
    ],
)
def test_without_the_right_the_connection_is_closed_and_the_answer_says_so(
    world: World, account: str, why: str
) -> None:
    with world.gateway(account) as gateway, sleeping(world, gateway) as session:
        answer = cli(gateway, "sessions", "kill", session)
        assert (answer["on_server"], answer["killed"]) == ("closed", True)
        assert answer["detail"].startswith("both connections are closed; the server stops a statement")
        assert why in answer["detail"]
        if isinstance(world.server, MariaDB):  # MySQL looks after a SLEEP's client by itself
            assert world.running()
