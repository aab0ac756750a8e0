from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run


def line(number: int, **changes: object) -> str:
    return json.dumps(
        {
            "time": f"2026-01-31T09:00:{number:02d}.000000Z",
            "event": "query",
            "event_id": f"01J{number}",
            "session_id": "s1",
            "db_user": "app",
            "client_ip": "10.0.0.1",
            "tables": ["shop.users"],
            "statement": f"SELECT {number}",
            "digest": "abc" + "0" * 29,
            "decision": "allow",
            "rule": "",
            **changes,
        },
        separators=(",", ":"),
    )


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "audit.jsonl"
    (tmp_path / "audit.jsonl.2.gz").write_bytes(gzip.compress((line(1, db_user="old") + "\n").encode()))
    (tmp_path / "audit.jsonl.1").write_text(
        "\n".join([line(2), line(3, tables=["other.users"], digest="d" * 32), "cut by a cra"])
    )
    path.write_text(
        "\n".join(
            [
                line(4, event="query.blocked", decision="block", rule="table-denied", client_ip="10.0.0.9"),
                line(5, event="query.would_block", decision="would_block", rule="injection", session_id="s2"),
                line(6, event="connection.open", tables=None, db_user="数"),
                line(7, time="some day"),
            ]
        )
        + "\n"
    )
    monkeypatch.setenv("DBGATE_AUDIT_LOG", str(path))
    return path


def ids(run: Run, *arguments: str, code: int = 0) -> list[int]:
    result = run("audit", "query", "-o", "json", *arguments)
    assert result.exit_code == code, result.stderr
    return [int(json.loads(found)["event_id"][3:]) for found in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), [1, 2, 3, 4, 5, 6, 7]),
        (("--user", "old"), [1]),
        (("--user", "数"), [6]),
        (("--rule", "table-denied"), [4]),
        (("--table", "shop.users"), [1, 2, 4, 5, 7]),
        (("--table", "users"), [1, 2, 3, 4, 5, 7]),
        (("--digest", "DDD"), [3]),
        (("--event-id", "01J5"), [5]),
        (("--session", "s2"), [5]),
        (("--source", "10.0.0.9"), [4]),
        (("--decision", "would_block"), [5]),
        (("--event", "query"), [1, 2, 3, 4, 5, 7]),
        (("--event", "query.blocked"), [4]),
        (("--since", "2026-01-31T09:00:05"), [5, 6]),
        (("--until", "2026-01-31T09:00:02Z"), [1]),
        (("--since", "2026-01-31T09:00:02", "--until", "2026-01-31T18:00:04+09:00"), [2, 3]),
        (("-n", "2"), [6, 7]),
        (("-n", "0"), [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_what_is_found(run: Run, arguments: tuple[str, ...], expected: list[int]) -> None:
    assert ids(run, *arguments) == expected


def test_nothing_is_1(run: Run) -> None:
    assert ids(run, "--user", "nobody", code=1) == []
    assert ids(run, "--since", "1h", code=1) == []


def test_times_ago(run: Run, log: Path) -> None:
    ago = datetime.now(UTC) - timedelta(minutes=90)
    log.write_text(line(8, time=ago.isoformat().replace("+00:00", "Z")) + "\n")
    assert ids(run, "--since", "2h") == [8]
    assert ids(run, "--since", "2h", "--until", "60m") == [8]
    assert ids(run, "--since", "3600s", "--until", "1d", code=1) == []
    assert ids(run, "--since", "999999d", str(log)) == [8]
    wrong = run("audit", "query", "--since", "yesterday")
    assert wrong.exit_code == 2
    assert "15m, 2h, 7d (ago)" in " ".join(wrong.stderr.split())


def test_table(run: Run) -> None:
    result = run("audit", "query", "-n", "1", "--user", "app")
    assert "SELECT 7" in result.stdout
    assert "the newest 1 are shown" in result.stderr
    assert "[table-denied]" in run("audit", "query", "--decision", "block").stdout


def test_files(run: Run, log: Path) -> None:
    assert ids(run, str(log)) == [4, 5, 6, 7]
    assert run("audit", "query", "nowhere").exit_code == 2
    piped = run("audit", "query", "-", "-o", "json", stdin=(line(9) + "\n").encode())
    assert json.loads(piped.stdout)["event_id"] == "01J9"
