"""Every command of dbgate-cli with a running gateway in front of a real server: for people, for programs,
and its exit status, where the answer is yes and where it is no. The table is held to the parser."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pymysql
import pytest

from dbgate.cli.main import main
from dbgate.control.client import ControlClient
from tests.servers.gateway import Gateway
from tests.servers.mariadb import MariaDB
from tests.unit.cli.conftest import Run, plain_surroundings, run
from tests.unit.cli.test_main import commands

__all__ = ["plain_surroundings", "run"]

POLICY = """\
global: {default_schema: test}
access_control:
  - name: app
    user: app
    allowed_tables: [every_orders]
    allowed_operations: [SELECT]
  - name: trial
    user: trial
    allowed_tables: [every_orders]
    allowed_operations: [SELECT]
    mode: monitor
sql_rules: {block_statements: [DROP]}
"""
WIDER = POLICY.replace("[SELECT]", "[SELECT, DELETE]", 1)


@dataclass(frozen=True, slots=True)
class Try:
    """A command line; names in braces are the world's. shown: stands in what is for people; keys: of the JSON document, or of
    the first line's where there are many; empty = it has none; once: it has, or is tried with, this output only."""

    line: str
    shown: str
    keys: str
    code: int = 0
    once: str = ""


TRIES = (
    Try("sessions", "{session}", "sessions"),
    Try("sessions --user nobody", "No open session of nobody.", "sessions"),
    Try("sessions kill nobody", "", "", 1),
    Try("sessions kill {victim}", "Session {victim} is ended: both connections are closed", "", once="table"),
    Try("sessions kill {other}", "", "session_id killed detail on_server", once="json"),
    Try("stats", "Statements by operation", "total_queries qps rule_lines policy"),
    Try("stats --watch --count 1", "Queries", "total_queries captured_at_ms"),
    Try("top", "", "", 2, once="table"),
    Try("policy validate {policy}", "valid: policy", "valid version warnings"),
    Try("policy validate {policy} --stats --strict", "never hit so far", "valid warnings", 1),
    Try("policy validate {broken}", "NOT valid", "valid errors", 1),
    Try("policy explain --user app --schema test {allowed}", "ALLOWED", "decision steps statements behind"),
    Try("policy explain --user app --schema test {blocked}", "table-denied", "decision rule rule_line", 1),
    Try("policy explain --user app --file {policy} {blocked}", "table-denied", "decision rule rule_line", 1),
    Try("policy who-can SELECT test.every_orders", "anywhere", "who anybody"),
    Try("policy who-can DROP test.every_orders", "Nobody may DROP on test.every_orders", "anybody", 1),
    Try("policy backtest 1 --traffic {log}", "unchanged", "same newly_blocked changes"),
    Try("policy backtest {wider} --traffic {log}", "newly allowed", "newly_allowed changes", 1),
    Try("policy learn {log}", "every_orders", "", once="table"),
    Try("policy reload", "the file has not changed", "version previous changed"),
    Try("policy show", "{policy}", "file version loaded_at problems"),
    Try("policy show 1", "default_schema: test", "number text author"),
    Try("policy show 99", "", "", 1),
    Try("policy versions", "VERSION", "versions live kept folder"),
    Try("policy diff 1 {wider}", "allowed_operations: + DELETE", "changes text"),
    Try("policy diff 1", "say the same", "changes text"),
    Try("policy diff 1 {wider} --traffic {log}", "compared with version 1", "newly_allowed", 1),
    Try("policy diff 1 99", "", "", 1),
    Try("policy rollback 1", "Version 1 is live again", "number of version previous changed"),
    Try("policy rollback 99", "", "", 1),
    Try("policy promote", "trial", "monitored age_s"),
    Try("policy promote nobody", "", "", 1),
    Try("policy promote trial --min-age 7d", "", "", 1),
    Try("audit tail {log} -n 99", f"(uid {os.getuid()})", "time event event_id"),
    Try("audit query {log} --rule table-denied", "every_secret", "time event rule"),
    Try("audit query {log} --user nobody", "", "", 1),
    Try(
        "token t-{n} --tokens {folder}/tokens-{n} --out {folder}/token-{n}",
        "The token of t-",
        "name role file",
    ),
    Try("token t --tokens {broken} --out {folder}/no", "", "", 1),
    Try("completion bash", "complete", "", once="table"),
)


class World:
    """A gateway after some traffic; names: what stands for the names in braces."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        folder = gateway.folder
        (folder / "wider.yaml").write_text(WIDER)
        (folder / "broken.yaml").write_text("no such key: 1\n")
        self.kept = [gateway.connect(database="test") for _ in range(3)]
        with self.kept[0].cursor() as cursor:
            for _ in range(3):
                cursor.execute("SELECT * FROM every_orders")
            for sql in ("SELECT * FROM every_secret", "DELETE FROM every_orders WHERE id = 1"):
                with pytest.raises(pymysql.MySQLError):
                    cursor.execute(sql)
        gateway.wait_records(2, event="query.blocked")
        ControlClient(str(gateway.control)).reload()
        gateway.wait_records(1, event="policy.reload")
        found = ControlClient(str(gateway.control)).sessions()
        ids = {one["client_port"]: one["session_id"] for one in found}
        sessions = [ids[connection._sock.getsockname()[1]] for connection in self.kept]
        self.names = dict(zip(("session", "victim", "other"), sessions, strict=True))
        self.names |= {"policy": str(gateway.policy), "log": str(gateway.audit), "folder": str(folder)}
        self.names |= {"wider": f"{folder}/wider.yaml", "broken": f"{folder}/broken.yaml"}

    def close(self) -> None:
        for connection in self.kept:
            connection.close()

    def words(self, line: str, number: int) -> list[str]:
        sql = {"allowed": "SELECT id FROM every_orders", "blocked": "SELECT * FROM test.every_secret"}
        return [word.format(**self.names, **sql, n=number) for word in line.split()]


@pytest.fixture(scope="module")
def world(mariadb: MariaDB) -> Iterator[World]:
    mariadb.sql(
        "CREATE TABLE IF NOT EXISTS every_orders (id INT PRIMARY KEY);"
        " CREATE TABLE IF NOT EXISTS every_secret (id INT)",
        "test",
    )
    with Gateway(mariadb, POLICY) as gateway:
        made = World(gateway)
        try:
            yield made
        finally:
            made.close()


def test_the_table_has_every_command() -> None:
    leaves = {
        " ".join(path)
        for path, command in commands(main)
        if not isinstance(command, click.Group) or path == ("sessions",)
    }
    tried = {leaf for leaf in leaves for one in TRIES if f"{one.line} ".startswith(f"{leaf} ")}
    assert tried == leaves
    both = {leaf for leaf in leaves for one in TRIES if f"{one.line} ".startswith(f"{leaf} ") and one.code}
    never_no = {
        "sessions",
        "stats",
        "policy reload",
        "policy versions",
        "policy learn",
        "audit tail",
        "completion",
    }
    assert leaves - both <= never_no


@pytest.mark.parametrize("one", TRIES, ids=[one.line for one in TRIES])
def test_for_people_and_for_programs(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch, one: Try
) -> None:
    monkeypatch.setenv("DBGATE_CONTROL_SOCKET", str(world.gateway.control))
    number = TRIES.index(one)
    for output in ("table", "json"):
        if one.once not in ("", output):
            continue
        words = world.words(one.line, number if output == "table" else 1000 + number)
        got = run(*words, *(["-o", "json"] if output == "json" else []))
        assert got.exit_code == one.code, got.stderr
        assert "\x1b" not in got.stdout + got.stderr
        if output == "table":
            assert one.shown.format(**world.names) in got.stdout
        elif one.keys:
            assert set(one.keys.split()) <= document(got.stdout).keys()
        if not one.keys and one.code:  # what goes wrong is told with what to do next
            assert got.stdout == ""
            assert got.stderr.startswith("dbgate-cli: ")
            assert "  → " in got.stderr


def document(printed: str) -> dict[str, Any]:
    """The JSON document, or the first of one a line."""
    try:
        found = json.loads(printed)
    except ValueError:
        found = json.loads(printed.splitlines()[0])
    assert isinstance(found, dict)
    return found


def test_what_was_learned_is_in_a_file(world: World, run: Run, tmp_path: Path) -> None:
    shapes = tmp_path / "shapes.yaml"
    assert run("policy", "learn", str(world.gateway.audit), "-o", str(shapes)).exit_code == 0
    assert "every_orders" in shapes.read_text()
