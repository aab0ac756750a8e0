"""The demo's parts, without servers: its sample tables, its words, its way to say that something is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from mysql_mimic.auth import NativePasswordAuthPlugin
from mysql_mimic.errors import MysqlError
from sqlglot import parse_one

from dbgate.policy.load import parse_policy
from dbgate.workers import demo, demo_database
from dbgate.workers.demo_database import DemoError, sample_text, statements
from dbgate.workers.demo_sample import SampleSession, SampleUsers, open_sample, to_sqlite
from dbgate.workers.demo_scenario import PASSED, STEPS, Outcome, Scenario, Step


def test_the_sample_policy_is_good_and_knows_the_rules_of_the_story() -> None:
    assert parse_policy(sample_text("policy.yaml"))
    assert len({step.expected for step in STEPS}) >= 10


def test_statements_are_split_at_their_ends() -> None:
    assert statements("shop.sql")[0].startswith("CREATE DATABASE shop")
    assert all(not text.endswith(";;") for text in statements("mariadb.sql"))


def test_the_in_process_sample_has_the_same_tables() -> None:
    database = open_sample()
    try:
        count = database.execute("SELECT COUNT(*) FROM products").fetchone()
        assert count == (5,)
        database.execute(
            to_sqlite(
                parse_one(
                    "INSERT INTO shop.orders (user_id, product_id, amount) VALUES (1, 2, 3)", read="mysql"
                )
            )
        )
        assert database.execute("SELECT MAX(id) FROM orders").fetchone() == (5,)
    finally:
        database.close()


async def answers_and_refuses() -> None:
    SampleSession.database_of_all = open_sample()
    try:
        session = SampleSession()
        rows, names = await session.query(
            parse_one("SELECT name FROM shop.products WHERE id = 1", read="mysql"), "SELECT 1", {}
        )
        assert (rows, names) == ([("tea",)], ["name"])
        rows, _ = await session.query(None, "CALL sp_get_user_info(2);", {})
        assert rows == [(2, "Boris")]
        with pytest.raises(MysqlError, match="no such table"):
            await session.query(parse_one("SELECT 1 FROM nowhere"), "SELECT 1 FROM nowhere", {})
        with pytest.raises(MysqlError):
            await session.handle_query("SELECT ((", {})
    finally:
        SampleSession.database_of_all.close()


def test_the_in_process_sample_answers_and_refuses() -> None:
    asyncio.run(answers_and_refuses())


async def knows_the_demos_users() -> None:
    users = SampleUsers()
    known = await users.get_user("analyst")
    assert known is not None and known.auth_plugin == NativePasswordAuthPlugin.name
    assert await users.get_user("nobody") is None
    assert [plugin.name for plugin in users.get_plugins()] == ["mysql_native_password"]


def test_the_in_process_sample_knows_the_demos_users() -> None:
    asyncio.run(knows_the_demos_users())


def outcome(seen: str, record: dict[str, object], step: Step, good: bool) -> Outcome:
    return Outcome(step, seen, "what the client saw", record, good)


def test_an_outcome_says_why_and_where() -> None:
    step = Step("app", "DROP TABLE t", "block-statement")
    record: dict[str, object] = {"rule": "block-statement", "rule_line": 31, "reason": "DROP is on the list"}
    shown = demo.describe(outcome("block-statement", record, step, True))
    assert (
        "BLOCKED  app" in shown
        and "why: block-statement: DROP is on the list, line 31 of policy.yaml" in shown
    )
    monitored = demo.describe(outcome(PASSED, record, Step("new", "SELECT 1", PASSED, "table-denied"), True))
    assert "passed   new" in monitored and "only monitored" in monitored
    wrong = demo.describe(outcome(PASSED, {}, step, False))
    assert "NOT AS EXPECTED: wanted a block by block-statement" in wrong


def test_the_story_reads_the_audit_log(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_text('{"event_id": "A", "n": 1}\n{"event_id": "B", "n": 2}\n')
    scenario = Scenario(1, "x", log)
    assert scenario.line("B") == '{"event_id": "B", "n": 2}'
    assert scenario.line("C") == ""
    scenario.close()


def test_the_way_on_names_what_can_be_tried(capsys: pytest.CaptureFixture[str]) -> None:
    text = demo.how_to_go_on(Path("/tmp/x"), 13306, 13307)
    assert "mariadb -h 127.0.0.1 -P 13306" in text and "tail -f /tmp/x/audit.jsonl" in text
    demo.say("one line")
    assert capsys.readouterr().out == "one line\n"


def test_no_mariadb_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_database, "SERVER_PATH", str(tmp_path))
    assert demo_database.find_mariadb() is None
    with pytest.raises(DemoError, match="apt-get install"):
        demo_database.start_mariadb(tmp_path, 1)


def test_sigterm_is_an_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        demo.interrupted(15, None)


def test_the_demo_ends_with_2_where_it_cannot_be_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(sample: bool) -> object:
        raise DemoError("no free port")

    monkeypatch.setattr(demo, "stage", refuse)
    monkeypatch.setattr(demo.signal, "signal", lambda number, handler: None)
    assert demo.main(["--once"]) == 2
    assert capsys.readouterr().err == "dbgate demo: no free port\n"
