from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator, session


def test_table(run: Run, gateway: FakeOperator) -> None:
    result = run("sessions")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == [
        "SESSION",
        "USER",
        "FROM",
        "TLS",
        "SCHEMA",
        "STATE",
        "AGE",
        "QUERIES",
        "BLOCKED",
        "LAST",
        "DIGEST",
    ]
    assert lines[1].split()[:5] == ["01J-1", "app", "10.0.0.1:40001", "?", "shop"]
    assert lines[2].split()[:2] == ["01J-2", "report"]
    assert len(lines) == 3


def test_json_is_the_answer_as_it_is(run: Run, gateway: FakeOperator) -> None:
    assert json.loads(run("sessions", "-o", "json").stdout) == {"sessions": gateway.open}


def test_only_one_user(run: Run, gateway: FakeOperator) -> None:
    found = json.loads(run("sessions", "--user", "report", "-o", "json").stdout)["sessions"]
    assert [info["session_id"] for info in found] == ["01J-2"]
    assert run("sessions", "--user", "no\x1bbody").stdout == "No open session of no\\x1bbody.\n"
    gateway.open = []
    assert run("sessions").stdout == "No open session.\n"
    assert json.loads(run("sessions", "-o", "json").stdout) == {"sessions": []}


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("connected", ["b", "c", "a"]),
        ("user", ["c", "a", "b"]),
        ("queries", ["a", "b", "c"]),
        ("blocked", ["b", "a", "c"]),
        ("state", ["b", "c", "a"]),
    ],
)
def test_sort(run: Run, gateway: FakeOperator, key: str, order: list[str]) -> None:
    gateway.open = [
        session(
            1,
            session_id="a",
            db_user="m",
            queries=9,
            blocked=1,
            state="idle",
            connected_at="2026-01-03T00:00:00Z",
        ),
        session(
            1,
            session_id="b",
            db_user="z",
            queries=5,
            blocked=7,
            state="a",
            connected_at="2026-01-01T00:00:00Z",
        ),
        session(
            1,
            session_id="c",
            db_user="a",
            queries=1,
            blocked=0,
            state="busy",
            connected_at="2026-01-02T00:00:00Z",
        ),
    ]
    found = json.loads(run("sessions", "--sort", key, "-o", "json").stdout)["sessions"]
    assert [info["session_id"] for info in found] == order


@pytest.mark.parametrize("width", [200, 104, 89, 74, 60])
def test_narrow_terminals_lose_columns_but_never_the_id(
    run: Run, gateway: FakeOperator, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    gateway.open = [session(n, session_id=f"0-1f3a-{n:06d}") for n in range(3)]
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run("sessions").stdout.splitlines()
    assert max(len(line) for line in lines) <= width
    assert [line.split()[0] for line in lines[1:]] == [f"0-1f3a-{n:06d}" for n in range(3)]


def test_odd_answers_do_not_break_the_table(run: Run, gateway: FakeOperator) -> None:
    gateway.open = [session(1, db_user="\x1b]0;pwned\x07", connected_at="yesterday", db_name="")]
    result = run("sessions")
    assert "\x1b" not in result.stdout
    assert "\\x1b]0;pwned\\x07" in result.stdout
    gateway.open = [session(1, connected_at="0001-01-01T00:00:00")]
    assert "01J-1" in run("sessions").stdout


def test_a_gateway_that_does_not_say_all_is_of_another_version(run: Run, gateway: FakeOperator) -> None:
    gateway.open = [{"session_id": "old"}]  # type: ignore[typeddict-item]
    result = run("sessions")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "is another version of dbgate than this" in result.stderr
    assert "upgrade the older one" in result.stderr


def test_how_the_client_came(run: Run, gateway: FakeOperator) -> None:
    gateway.open = [
        session(1, tls=True, cert_subject="CN=app"),
        session(2, tls=True, cert_subject=""),
        session(3, tls=False, cert_subject=""),
    ]
    assert [line.split()[3] for line in run("sessions").stdout.splitlines()[1:]] == ["crt", "yes", "no"]


def test_kill(run: Run, gateway: FakeOperator) -> None:
    result = run("sessions", "kill", "01J-1")
    assert result.exit_code == 0
    assert result.stdout == "Session 01J-1 is ended: the server connection was closed.\n"
    assert json.loads(run("sessions", "kill", "01J-2", "-o", "json").stdout)["killed"] is True
    assert [act[1] for act in gateway.acts] == ["01J-1", "01J-2"]


def test_kill_of_nobody_is_1(run: Run, gateway: FakeOperator) -> None:
    for output in ("table", "json"):
        result = run("sessions", "kill", "nope", "-o", output)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert "there is no session 'nope'" in result.stderr
        assert "dbgate-cli sessions" in result.stderr


def test_no_gateway_is_3(run: Run) -> None:
    for arguments in (("sessions",), ("sessions", "kill", "x")):
        result = run(*arguments, "--socket", "/nonexistent/x.sock")
        assert result.exit_code == 3
        assert result.stdout == ""
        assert "/nonexistent/x.sock" in result.stderr
        assert "dbgate serve" in result.stderr
