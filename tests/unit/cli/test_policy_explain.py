from __future__ import annotations

import json
from pathlib import Path

import pytest

from dbgate.cli.policy_explain import Moment, Source, Version
from tests.rows import rows
from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator

POLICY = """\
version: 1
access_control:
  - name: app
    user: app
    source_ip: 10.0.0.0/8
    allowed_tables: [shop.orders, shop.Items]
    allowed_operations: [SELECT, INSERT]
    time_restriction: {allow: ["09:00-18:00"]}
  - name: watched
    user: watched
    mode: monitor
    allowed_tables: [shop.orders]
    allowed_operations: [SELECT]
"""


@rows(
    ("text", "number"),
    [("10.11.6-MariaDB-log", 101106), ("8.4", 80400), ("9.7.0", 90700), ("11.4.2", 110402)],
)
def test_versions_are_as_in_version_comments(text: str, number: int) -> None:
    assert Version().convert(text, None, None) == number


def test_a_time_without_a_zone_is_utc() -> None:
    assert Moment().convert("1970-01-01T01:00", None, None) == 3600.0
    assert Moment().convert("1970-01-01T01:00+01:00", None, None) == 0.0


def test_addresses_are_as_the_gateway_writes_them() -> None:
    assert Source().convert("::ffff:10.0.0.1", None, None) == "10.0.0.1"
    assert Source().convert("FD00::0:7", None, None) == "fd00::7"


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return str(path)


NOON = ("--at", "2026-01-30T12:00", "--source", "10.1.2.3", "--schema", "shop")


def test_allowed(run: Run, policy: str) -> None:
    result = run("policy", "explain", "-f", policy, "--user", "app", *NOON, "SELECT id FROM orders")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"ALLOWED by access rule app ({policy}:3)")
    assert "shop.orders" in result.stdout


def test_blocked_is_1_and_names_rule_and_line(run: Run, policy: str) -> None:
    arguments = ("policy", "explain", "-f", policy, "--user", "app", *NOON)
    result = run(*arguments, "SELECT id FROM orders JOIN secret")
    assert result.exit_code == 1
    assert "BLOCKED by rule table-denied" in result.stdout
    assert "shop.secret" in result.stdout
    got = json.loads(run(*arguments, "DELETE FROM orders", "-o", "json").stdout)
    assert (got["decision"], got["rule"], got["access_rule"]) == ("block", "operation-denied", "app")
    assert got["sent"]["at"] == "2026-01-30T12:00:00Z"
    assert got["statements"][0]["operations"] == ["DELETE"]


def test_monitor_is_0(run: Run, policy: str) -> None:
    result = run("policy", "explain", "-f", policy, "--user", "watched", "SELECT * FROM hr.pay")
    assert result.exit_code == 0
    assert result.stdout.startswith("WOULD BE BLOCKED (monitor)")


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        (("--source", "192.168.0.1", "--at", "2026-01-30T12:00"), "no-access-rule"),
        (("--source", "::ffff:10.0.0.1", "--at", "2026-01-30T12:00"), ""),
        (("--source", "10.0.0.1", "--at", "2026-01-30T18:00"), "time-restriction"),
        (("--source", "10.0.0.1", "--at", "2026-01-30T23:00:00+09:00"), ""),
        (("--source", "10.0.0.1", "--at", "2026-01-30T12:00:00+09:00"), "time-restriction"),
    ],
)
def test_who_where_and_when(run: Run, policy: str, more: tuple[str, ...], rule: str) -> None:
    arguments = ("policy", "explain", "-f", policy, "--user", "app", "--schema", "shop", "-o", "json")
    assert json.loads(run(*arguments, *more, "SELECT 1 FROM orders").stdout)["rule"] == rule


def test_now_is_the_default_and_users_are_unknown_by_default(run: Run, policy: str) -> None:
    result = run("policy", "explain", "-f", policy, "--user", "nobody", "SELECT 1", "-o", "json")
    assert json.loads(result.stdout)["rule"] == "no-access-rule"
    assert run("policy", "explain", "-f", policy, "SELECT 1").exit_code == 2


def test_standard_input_in_any_bytes(run: Run, policy: str) -> None:
    arguments = ("policy", "explain", "-f", policy, "--user", "app", *NOON, "-o", "json")
    for more in ((), ("-",)):
        got = json.loads(run(*arguments, *more, stdin=b"SELECT 'caf\xe9'\nFROM orders\n").stdout)
        assert got["decision"] == "allow"
    got = json.loads(run(*arguments, stdin=b"SELECT \x00 FROM orders").stdout)
    assert (got["decision"], got["rule"]) == ("block", "parse-error")
    assert json.loads(run(*arguments, stdin=b"").stdout)["decision"] in ("allow", "block")


def test_the_lexers_context_counts(run: Run, policy: str) -> None:
    arguments = ("policy", "explain", "-f", policy, "--user", "app", *NOON, "-o", "json")

    def tables(sql: str, *more: str) -> set[str]:
        got = json.loads(run(*arguments, *more, sql).stdout)
        return {
            need["table"] for statement in got["statements"] for need in statement["needs"] if need["table"]
        }

    quoted = 'SELECT * FROM "orders"'
    assert tables(quoted) == set()
    assert tables(quoted, "--sql-mode", "ANSI_QUOTES") == {"orders"}
    comment = "SELECT 1 FROM orders /*!80400 , secret */"
    assert tables(comment, "--flavour", "mysql", "--server-version", "8.4.0") == {"orders", "secret"}
    assert tables(comment, "--flavour", "mysql", "--server-version", "8.0") == {"orders"}
    assert tables("SELECT 1 FROM ITEMS", "--fold-names") == {"items"}


@pytest.mark.parametrize(
    "more",
    [
        ("--charset", "gbk"),
        ("--charset", "klingon"),
        ("--sql-mode", "ORACLE"),
        ("--source", "localhost"),
        ("--at", "noon"),
        ("--server-version", "ten"),
        ("--flavour", "oracle"),
    ],
)
def test_what_no_session_could_be_is_2(run: Run, policy: str, more: tuple[str, str]) -> None:
    result = run("policy", "explain", "-f", policy, "--user", "app", *more, "SELECT 1")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


def test_a_bad_policy_is_1(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\naccess_contrl: []\n")
    result = run("policy", "explain", "-f", str(bad), "--user", "app", "SELECT 1")
    assert result.exit_code == 1
    assert f"{bad}:2:1: access_contrl" in result.stderr
    assert run("policy", "explain", "-f", "/nonexistent", "--user", "app", "SELECT 1").exit_code == 2


def test_without_a_file_the_running_gateway_explains(run: Run, gateway: FakeOperator) -> None:
    result = run("policy", "explain", "--user", "app", *NOON, "SELECT salary FROM payroll", "-o", "json")
    assert (result.exit_code, result.stderr) == (1, "")
    got = json.loads(result.stdout)
    assert (got["rule"], got["policy"]["file"]) == ("table-denied", "/etc/dbgate/policy.yaml")
    asked = gateway.explained[0]
    assert (asked.sql, asked.user, asked.source, asked.schema) == (
        "SELECT salary FROM payroll",
        "app",
        "10.1.2.3",
        "shop",
    )
    assert (asked.at, asked.charset, asked.sql_mode, asked.tls) == (1769774400.0, None, None, None)
    gateway.explanation = {
        "decision": "allow",
        "rule": "",
        "notes": ["its rate_limit is not asked"],
        "behind": [
            {"path": "view shop.v", "needs": [], "functions": [], "calls": [], "problem": "cannot be read"}
        ],
    }
    result = run("policy", "explain", "--user", "app", "--clear", "--prepared", "SELECT 1")
    assert result.exit_code == 0
    assert "ALLOWED by access rule app (/etc/dbgate/policy.yaml:3)" in result.stdout
    for words in (
        "note: its rate_limit is not asked",
        "catalog: 3 objects",
        "cannot be followed: cannot be read",
    ):
        assert words in result.stdout
    assert (gateway.explained[1].tls, gateway.explained[1].prepared, gateway.explained[1].at) == (
        False,
        True,
        None,
    )


def test_bytes_that_are_no_text_travel_as_they_are(run: Run, gateway: FakeOperator) -> None:
    assert run("policy", "explain", "--user", "app", stdin=b"SELECT 'caf\xe9'").exit_code == 1
    assert "sql and sql_base64" in run("policy", "explain", "--user", "app", stdin=b"\xff").stderr
    assert run("policy", "explain", "--user", "app", "--charset", "latin1", "SELECT 'ä'").exit_code == 1
    assert gateway.explained == []  # the fake one takes text only


def test_the_file_judges_where_it_is_named_or_another_server_is_meant(
    run: Run, gateway: FakeOperator, policy: str
) -> None:
    gateway.file = policy
    sql = "SELECT 1 FROM orders"
    got = json.loads(
        run("policy", "explain", "--file", policy, "--user", "app", *NOON, sql, "-o", "json").stdout
    )
    assert (got["decision"], got["policy"]["file"]) == ("allow", policy)
    result = run("policy", "explain", "--flavour", "mysql", "--user", "app", *NOON, sql, "-o", "json")
    assert json.loads(result.stdout)["sent"]["server"] == "mysql 8.4.0"
    assert "abcdef123456" in result.stderr  # the gateway runs another version than the file now has
    gateway.file = "/in/a/container.yaml"
    result = run("policy", "explain", "--flavour", "mysql", "--user", "app", "SELECT 1")
    assert result.exit_code == 2
    assert "--file" in result.stderr
    assert gateway.explained == []


def test_a_gateway_that_is_too_old_to_explain(run: Run, tmp_path: Path) -> None:
    from tests.shell.control.test_client import failure, hostile

    old = failure(
        b"404 Not Found", b'{"error": {"code": "no-such-path", "message": "there is no such path"}}'
    )
    with hostile(tmp_path / "old.sock", old):
        result = run("policy", "explain", "--user", "app", "--socket", str(tmp_path / "old.sock"), "SELECT 1")
    assert "too old to explain" in result.stderr


def test_without_a_file_and_without_a_gateway_is_3(run: Run) -> None:
    result = run("policy", "explain", "--user", "app", "--socket", "/nonexistent.sock", "SELECT 1")
    assert result.exit_code == 3
    assert "/nonexistent.sock" in result.stderr
    assert "--file" in result.stderr


def test_the_environment_names_the_policy(run: Run, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBGATE_POLICY", policy)
    result = run("policy", "explain", "--user", "app", *NOON, "SELECT 1 FROM orders")
    assert result.exit_code == 0
    assert f"judged here by {policy}" in result.stderr


def test_a_gateway_that_answers_goes_before_the_environments_file(
    run: Run, gateway: FakeOperator, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBGATE_POLICY", policy)
    result = run("policy", "explain", "--user", "app", *NOON, "SELECT 1 FROM orders")
    assert (result.exit_code, len(gateway.explained)) == (1, 1)


def test_no_sql_at_a_terminal_is_2(run: Run, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from dbgate.cli import policy_explain

    class Terminal:
        @staticmethod
        def isatty() -> bool:
            return True

    monkeypatch.setattr(policy_explain.sys, "stdin", Terminal())
    with pytest.raises(SystemExit) as caught:
        policy_explain._sql(None)
    assert caught.value.code == 2


def test_too_much_sql_is_2(run: Run, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from dbgate.cli import policy_explain

    monkeypatch.setattr(policy_explain, "MOST_SQL", 10)
    result = run("policy", "explain", "-f", policy, "--user", "app", stdin=b"SELECT 1234567")
    assert result.exit_code == 2
    assert "larger" in result.stderr


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ((), ""),
        (("--clear",), "tls-required"),
        (("--cert-subject", "CN=app,O=Shop"), ""),
        (("--cert-subject", "CN=other"), "tls-required"),
        (("--cert-subject", ""), "tls-required"),
        (("--clear", "--cert-subject", "CN=app,O=Shop"), "tls-required"),
    ],
)
def test_what_the_connection_is(run: Run, tmp_path: Path, more: tuple[str, ...], rule: str) -> None:
    path = tmp_path / "tls.yaml"
    path.write_text(
        POLICY.replace("user: watched\n    mode: monitor", 'user: watched\n    cert_subject: "CN=app,*"')
    )
    arguments = ("policy", "explain", "-f", str(path), "--user", "watched", "-o", "json", *more)
    assert json.loads(run(*arguments, "SELECT 1 FROM shop.orders").stdout)["rule"] == rule
