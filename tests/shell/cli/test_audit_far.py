"""`dbgate-cli audit query --socket`: a gateway's own search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dbgate.cli.audit_far import asked_for, show_newest
from dbgate.cli.main import main
from tests.shell.cli.strange import Stranger, http, listening
from tests.shell.dashboard.pages import line, write_log
from tests.unit.control.fake import FakeOperator, serving


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[FakeOperator]:
    made = FakeOperator()
    made.audit_log = str(tmp_path / "audit.jsonl")
    write_log(
        tmp_path / "audit.jsonl",
        [
            line(
                time=f"2026-11-23T03:{n // 60:02d}:{n % 60:02d}.000000Z",
                event_id=f"e{n}",
                db_user="rare" if n < 3 else "app",
                tables=["shop.Users" if n == 1 else "shop.users"],
                statement=f"SELECT {n} \x1b[31m é",
            )
            for n in range(1200)
        ],
    )
    with serving(made, tmp_path / "a.sock"):
        yield made


def query(tmp_path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", "query", "--socket", str(tmp_path / "a.sock"), *arguments])


def test_the_newest_so_many_the_oldest_first(operator: FakeOperator, tmp_path: Path) -> None:
    result = query(tmp_path, "-o", "json", "--lines", "1100")
    assert result.exit_code == 0, result.output
    assert [json.loads(text)["event_id"] for text in result.stdout.splitlines()] == [
        f"e{n}" for n in range(100, 1200)
    ]
    assert len(operator.asked) == 3 and operator.asked[2][1] == 100


def test_as_a_table_nothing_that_a_terminal_obeys(operator: FakeOperator, tmp_path: Path) -> None:
    result = query(tmp_path, "--user", "rare", "--since", "2026-11-23T00:00:00Z")
    assert result.exit_code == 0 and "SELECT 2" in result.stdout and "\x1b" not in result.stdout
    assert operator.asked[0][0].user == "rare" and operator.asked[0][0].since == "2026-11-23T00:00:00.000000Z"


def test_the_tail_of_a_gateways_log(operator: FakeOperator, tmp_path: Path) -> None:
    def tail(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["audit", "tail", "--socket", str(tmp_path / "a.sock"), *arguments])

    newest = [json.loads(text)["event_id"] for text in tail("-o", "json", "-n", "3").stdout.splitlines()]
    assert newest == ["e1197", "e1198", "e1199"]
    rare = tail("--user", "rare")
    assert rare.exit_code == 0 and len(rare.stdout.splitlines()) == 3 and "\x1b" not in rare.stdout
    assert tail("--user", "nobody").exit_code == 0
    assert tail("--follow").exit_code == 2
    assert tail(str(tmp_path / "audit.jsonl")).exit_code == 2
    gone = CliRunner().invoke(main, ["audit", "tail", "--socket", str(tmp_path / "none.sock")])
    assert (gone.exit_code, gone.stdout) == (3, "")


def test_it_is_filtered_as_files_are(operator: FakeOperator, tmp_path: Path) -> None:
    result = query(tmp_path, "--user", "rare", "--table", "shop.users", "-o", "json")  # case counts here
    assert [json.loads(text)["event_id"] for text in result.stdout.splitlines()] == ["e0", "e2"]


def test_what_does_not_work(operator: FakeOperator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert query(tmp_path, "--user", "nobody").exit_code == 1
    assert query(tmp_path, "--lines", "0").exit_code == 2
    assert query(tmp_path, "some.jsonl").exit_code == 2
    operator.audit_log = ""
    result = query(tmp_path)
    assert result.exit_code == 1 and "keeps no audit log" in result.stderr
    operator.audit_log = str(tmp_path / "gone.jsonl")
    result = query(tmp_path)
    assert result.exit_code == 1 and "no such file" in result.stderr
    monkeypatch.setenv("DBGATE_CONTROL_SOCKET", "https://localhost:1")
    monkeypatch.delenv("DBGATE_CONTROL_TOKEN_FILE", raising=False)
    result = CliRunner().invoke(main, ["audit", "query"])
    assert result.exit_code == 3 and "asks for a token" in result.stderr


def test_a_hostile_gateway(tmp_path: Path) -> None:
    nasty = "\x1b]0;pwned\x07\x9b31m\u202e\r\n" + "x" * 300
    record = {
        "time": nasty,
        "event": nasty,
        "db_user": {"a": [1]},
        "statement": nasty,
        "tables": 7,
        "rule_line": [nasty],
    }
    page = {
        "records": [record],
        "cursors": ["1-1"],
        "start": "",
        "older": nasty,
        "reached": "",
        "trouble": [nasty],
    }
    said = [json.dumps(page).encode()]
    with listening(tmp_path / "a.sock", Stranger(lambda path: http(said[0]))):
        for output in ("table", "json"):
            result = query(tmp_path, "-o", output, "--table", "x", "--lines", "3")
            assert result.exit_code == 1
            result = query(tmp_path, "-o", output)
            assert result.exit_code == 0 and "pwned" in result.stdout
            for text in (result.stdout, result.stderr):
                assert all(character == "\n" or character.isprintable() for character in text)
        for wrong in (
            {**page, "cursors": []},
            {**page, "records": [{"event": "query"}]},
            {**page, "older": 7},
        ):
            said[0] = json.dumps(wrong).encode()
            result = query(tmp_path)
            assert result.exit_code == 3 and result.stdout == ""
            assert "is not dbgate's control API" in result.stderr


def test_who_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBGATE_CONTROL_SOCKET", raising=False)
    assert asked_for(None, ()) == "" and asked_for("/a.sock", ()) == "/a.sock"
    monkeypatch.setenv("DBGATE_CONTROL_SOCKET", "/run/dbgate/dbgate.sock")
    assert asked_for(None, ()) == ""  # its log is here, as ever
    monkeypatch.setenv("DBGATE_CONTROL_SOCKET", "https://gw1:8443")
    assert asked_for(None, ()) == "https://gw1:8443" and asked_for(None, ("audit.jsonl",)) == ""


def test_it_goes_on_until_there_are_enough(operator: FakeOperator, tmp_path: Path) -> None:
    shown: list[str] = []
    count = show_newest(
        str(tmp_path / "a.sock"),
        20.0,
        {"user": "app"},
        lambda record: str(record["event_id"]).endswith("7"),
        60,
        lambda text, record: shown.append(str(record["event_id"])),
    )
    assert count == 60 and shown[-1] == "e1197" and shown == sorted(shown, key=lambda one: int(one[1:]))
