from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from dbgate.cli import policy_backtest
from dbgate.policy.backtest import Tally
from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator
from tests.unit.policy.test_rejudge import APP, record


def line(sql: str, decision: str = "allow", rule: str = "", **changes: object) -> str:
    seen = record(sql)
    return json.dumps(
        {
            "time": "2026-01-31T12:00:00.000000Z",
            "event": "query" if decision == "allow" else "query.blocked",
            "db_user": seen.user,
            "client_ip": seen.client_ip,
            "db_schema": seen.schema,
            "statement": seen.statement,
            "digest": seen.digest,
            "operations": seen.operations,
            "tables": seen.tables,
            "detections": seen.detections,
            "decision": decision,
            "rule": rule,
            "from_a_later_version": {"x": 1},
            **changes,
        }
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "p.yaml").write_text(APP)
    (tmp_path / "audit.jsonl").write_text(
        "\n".join(
            [
                line("SELECT * FROM users WHERE id = 5"),
                line("SELECT * FROM secret"),
                line("SELECT * FROM secret"),
                line("SELECT * FROM orders", "block", "table-denied"),
                line("SELECT * FROM users", "block", "rate-limit", time="yesterday"),
                line("SELECT 1", event="connection.open"),
                line("DBGATE EXPLAIN SELECT * FROM secret", operation="DBGATE EXPLAIN", digest=""),
                '{"event": "query", "tables": 5}',
                "no json",
                "",
            ]
        )
    )
    return tmp_path


def test_what_would_change(run: Run, files: Path) -> None:
    result = run("policy", "backtest", "p.yaml", "--traffic", "audit.jsonl")
    assert result.exit_code == 1
    shown = result.stdout
    assert "5 statements under p.yaml, compared with what was decided:" in shown
    for number, name in ((1, "unchanged"), (2, "newly blocked"), (1, "newly allowed"), (1, "undecided")):
        assert f"{number:>14}  {name}\n" in shown
    assert "lines that are no audit records" in shown
    assert "NEWLY BLOCKED" in shown
    assert "table-denied" in shown
    assert "never guessed" in shown
    answer = json.loads(run("policy", "backtest", "p.yaml", "--traffic", "audit.jsonl", "-o", "json").stdout)
    assert (answer["statements"], answer["same"], answer["undecided"]) == (5, 1, 1)
    assert (answer["newly_blocked"], answer["newly_allowed"], answer["skipped_lines"]) == (2, 1, 2)
    first = answer["changes"][0]
    assert (first["what"], first["count"], first["rule"]) == ("newly_blocked", 2, "table-denied")
    few = run("policy", "backtest", "p.yaml", "--traffic", "audit.jsonl", "-n", "1", "-o", "json").stdout
    assert json.loads(few)["more_changes"] == 1


def test_what_was_refused_for_a_view_is_not_newly_allowed(run: Run, files: Path) -> None:
    reason = "SELECT on shop.secret is not granted; behind view shop.users (definer root@localhost)"
    (files / "v.jsonl").write_text(line("SELECT * FROM users", "block", "table-denied", reason=reason))
    answer = json.loads(run("policy", "backtest", "p.yaml", "--traffic", "v.jsonl", "-o", "json").stdout)
    assert (answer["newly_allowed"], answer["undecided"]) == (0, 1)


@pytest.mark.parametrize(
    ("log", "options", "code"),
    [
        (line("SELECT * FROM users"), (), 0),
        (line("SELECT * FROM secret"), (), 1),
        (line("SELECT * FROM secret"), ("--fail-on", "allowed"), 0),
        (line("SELECT * FROM secret"), ("--fail-on", "blocked"), 1),
        (line("SELECT * FROM secret"), ("--fail-on", "never"), 0),
        (line("SELECT * FROM users", "block", "table-denied"), (), 1),
        (line("SELECT * FROM users", "block", "table-denied"), ("--fail-on", "blocked"), 0),
        (line("SELECT * FROM users", "block", "rate-limit"), (), 0),
        (line("SELECT * FROM users", "block", "rate-limit"), ("--strict",), 1),
        ("", (), 1),
    ],
)
def test_exit_status(run: Run, files: Path, log: str, options: tuple[str, ...], code: int) -> None:
    (files / "log").write_text(log + "\n")
    assert run("policy", "backtest", "p.yaml", "--traffic", "log", *options).exit_code == code


def test_wrong_files(run: Run, files: Path) -> None:
    assert run("policy", "backtest", "p.yaml", "--traffic", "nowhere").exit_code == 2
    assert run("policy", "backtest", "nowhere.yaml", "--traffic", "audit.jsonl").exit_code == 2
    (files / "bad.yaml").write_text("nonsense: 1\n")
    assert run("policy", "backtest", "bad.yaml", "--traffic", "audit.jsonl").exit_code == 1
    assert run("policy", "backtest", "7", "--traffic", "audit.jsonl").exit_code == 3  # no gateway to ask


def test_a_version_of_the_gateway_and_the_default_log(
    run: Run, gateway: FakeOperator, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.texts[2] = APP
    monkeypatch.setenv("DBGATE_AUDIT_LOG", "audit.jsonl")
    (files / "audit.jsonl.1").write_text(line("SELECT * FROM users") + "\n")
    assert "6 statements under version 2" in run("policy", "backtest", "2").stdout


def test_the_decisions_of_two_policies(run: Run, files: Path) -> None:
    (files / "wide.yaml").write_text(APP.replace("shop.orders]", "shop.orders, shop.secret]"))
    result = run("policy", "diff", "wide.yaml", "p.yaml", "--traffic", "audit.jsonl")
    assert result.exit_code == 1
    assert "under p.yaml, compared with wide.yaml" in result.stdout
    assert f"{2:>14}  newly blocked\n" in result.stdout
    same = run("policy", "diff", "p.yaml", "p.yaml", "--traffic", "audit.jsonl", "-o", "json")
    assert (same.exit_code, json.loads(same.stdout)["newly_blocked"]) == (0, 0)


def test_progress_on_a_terminal_only(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with policy_backtest.progress(10) as told:
        assert told is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with policy_backtest.progress(10) as told:
        assert told is not None
        told(10)
    with policy_backtest.progress(0) as told:
        assert told is None


def test_what_says_no() -> None:
    tally = Tally(records=1)
    assert not policy_backtest.says_no(tally, "any", True)
    tally.changed["newly_monitored"] = 1
    assert not policy_backtest.says_no(tally, "any", True)
    tally.unknown["why"] = 1
    assert policy_backtest.says_no(tally, "never", True)
    assert policy_backtest.says_no(Tally(), "never", False)
