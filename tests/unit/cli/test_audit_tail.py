from __future__ import annotations

import errno
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from dbgate.audit.record import Record
from dbgate.audit.redact import LineEncoder
from dbgate.cli import audit_tail
from tests.unit.cli.conftest import Run

LINES = LineEncoder("gw1", lambda n: bytes(n))


def line(number: int, event: str = "query", **values: Any) -> bytes:
    record = Record(event, 0.0, "s1", "app", "10.0.0.1", 4711)
    record.statement = f"SELECT {number}"
    record.duration_us = 1500
    record.decision = "allow"
    for name, value in values.items():
        setattr(record, name, value)
    return LINES.line(record, 1_700_000_000.0 + number)


def statements(text: str) -> list[str]:
    return [json.loads(each)["statement"] for each in text.splitlines()]


def test_the_newest_records(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_bytes(b"".join(line(n) for n in range(800)))
    result = run("audit", "tail", str(log), "-n", "5", "-o", "json")
    assert result.exit_code == 0
    assert statements(result.stdout) == [f"SELECT {n}" for n in range(795, 800)]
    assert statements(run("audit", "tail", str(log), "-n", "700", "-o", "json").stdout)[0] == "SELECT 100"
    assert len(run("audit", "tail", str(log), "-n", "9999", "-o", "json").stdout.splitlines()) == 800
    assert run("audit", "tail", str(log), "-n", "0").stdout == ""


def test_a_reader_that_has_seen_enough(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dbgate-cli audit tail | head -1`: that is no error of the log."""
    log = tmp_path / "audit.jsonl"
    log.write_bytes(line(1))

    def printer(output: str) -> audit_tail.Show:
        def show(line: bytes, record: dict[str, Any]) -> None:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        return show

    monkeypatch.setattr(audit_tail, "printer", printer)
    result = run("audit", "tail", str(log))
    assert (result.exit_code, result.stderr) == (1, "")


def test_for_people(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_bytes(
        line(1)
        + line(
            2,
            "query.blocked",
            rule="table-denied",
            rule_line=12,
            decision="block",
            statement="SELECT\n \x1b[2J?",
        )
        + line(3, "connection.close", statement="", reason="client left", duration_us=-1)
        + line(4, error_code=1146)
        + line(5, "policy.reload", db_user="", client_ip="", statement="", reason="asked for by root")
    )
    shown = run("audit", "tail", str(log)).stdout.splitlines()
    assert shown[0].startswith("2023-11-14 22:13:21.000 query")
    assert shown[0].endswith("SELECT 1 (1.5 ms, 0 rows)")
    assert "[table-denied line 12] SELECT \\x1b[2J?" in shown[1]
    assert shown[2].rstrip().endswith("client left")
    assert "SELECT 4 error 1146 (1.5 ms" in shown[3]
    assert "@" not in shown[4]


def test_filters(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_bytes(
        line(1)
        + line(2, "query.blocked", rule="shape")
        + line(3, "connection.open")
        + line(4, db_user="report")
        + b'{"torn": \n[1]\nnot json\n\n'
        + line(5)
    )
    monkeypatch.setenv("DBGATE_AUDIT_LOG", str(log))

    def found(*more: str) -> list[str]:
        return statements(run("audit", "tail", "-o", "json", *more).stdout)

    assert len(found()) == 5
    assert found("--event", "query") == ["SELECT 1", "SELECT 2", "SELECT 4", "SELECT 5"]
    assert found("--event", "query.blocked") == ["SELECT 2"]
    assert found("--event", "conn") == []
    assert found("--user", "report") == ["SELECT 4"]
    assert found("--rule", "shape") == ["SELECT 2"]
    assert found("--user", "app", "-n", "2") == ["SELECT 3", "SELECT 5"]


def test_a_log_that_is_not_there(run: Run) -> None:
    result = run("audit", "tail", "/nonexistent/audit.jsonl")
    assert result.exit_code == 2
    assert "DBGATE_AUDIT_LOG" in result.stderr


class Enough(Exception):
    pass


def test_follow_over_appends_rotation_and_truncation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_tail, "_POLL", 0.01)
    log = tmp_path / "audit.jsonl"
    log.write_bytes(line(0))
    seen: list[str] = []
    changed = threading.Condition()

    def show(raw: bytes, record: dict[str, Any]) -> None:
        with changed:
            seen.append(record["statement"])
            changed.notify_all()
        if record["statement"] == "SELECT 9":
            raise Enough

    def until(statement: str) -> None:
        with changed:
            assert changed.wait_for(lambda: statement in seen, 30), seen

    opened = open(log, "rb")  # noqa: SIM115  # closed in follow()
    opened.seek(0, 2)

    def follow() -> None:
        with opened, pytest.raises(Enough):
            audit_tail._follow(str(log), opened, lambda record: record["statement"] != "SELECT 2", show)

    thread = threading.Thread(target=follow)
    thread.start()
    with open(log, "ab") as writer:
        writer.write(line(1)[:50])
        writer.flush()
        time.sleep(0.05)
        writer.write(line(1)[50:] + line(2) + b"garbage\n" + line(3))
    until("SELECT 3")
    log.rename(tmp_path / "audit.jsonl.1")
    with open(tmp_path / "audit.jsonl.1", "ab") as writer:
        writer.write(line(4))
    time.sleep(0.05)
    log.write_bytes(line(5))
    until("SELECT 5")
    log.rename(tmp_path / "audit.jsonl.2")
    log.write_bytes(line(6) * 1 + line(7))
    until("SELECT 7")
    log.write_bytes(b"")
    time.sleep(0.1)
    with open(log, "ab") as writer:
        writer.write(line(9))
    thread.join(30)
    assert not thread.is_alive()
    assert seen == [f"SELECT {n}" for n in (1, 3, 4, 5, 6, 7, 9)]


def test_follow_is_ended_by_ctrl_c(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_bytes(line(1))

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(audit_tail.time, "sleep", interrupt)
    result = run("audit", "tail", str(log), "-f", "-o", "json")
    assert (result.exit_code, statements(result.stdout)) == (0, ["SELECT 1"])


def test_the_printers(capsys: pytest.CaptureFixture[str]) -> None:
    record = {"event": "query", "statement": "SELECT 1", "db_user": "a\x1b"}
    audit_tail.printer("json")(b"", record)
    assert json.loads(capsys.readouterr().out) == record
    audit_tail.printer("table")(b"", record)
    assert "a\\x1b@-" in capsys.readouterr().out
