from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from dbgate.cli.top_view import SORTS, Screen, newest_blocks
from dbgate.control.client import ControlClient, ControlError
from tests.unit.control.fake import FakeOperator, session


@pytest.fixture
def screen(gateway: FakeOperator, tmp_path: Path) -> Screen:
    gateway.open = [
        session(1, db_user="app", queries=5, blocked=0, state="idle", connected_at="2026-01-31T09:00:02Z"),
        session(2, db_user="report", queries=9, blocked=3, state="busy", connected_at="2026-01-31T09:00:01Z"),
        session(3, db_user="app2", queries=1, blocked=7, state="busy", connected_at="?", last_digest=""),
    ]
    log = tmp_path / "audit.jsonl"
    log.write_text(
        "".join(
            json.dumps(
                {
                    "time": f"2026-01-31T09:00:0{n}.0Z",
                    "db_user": "evil\x1b",
                    "decision": "block" if n % 2 else "allow",
                    "rule": "injection",
                    "statement": f"SELECT {n}",
                    "digest": "ab" * 16,
                    "duration_us": 1000,
                }
            )
            + "\n"
            for n in range(8)
        )
    )
    made = Screen(ControlClient(str(tmp_path / "dbgate.sock")), "", str(log))
    made.look()
    return made


def text(screen: Screen, height: int = 40) -> str:
    console = Console(file=StringIO(), width=120, height=height, highlight=False)
    console.print(screen.render(height))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def users(screen: Screen) -> list[str]:
    return [info["db_user"] for info in screen.sessions()]


def test_what_is_shown(screen: Screen) -> None:
    shown = text(screen)
    assert "queries 0" in shown or "queries" in shown
    assert "sessions 1" in shown
    assert "Newest blocks" in shown
    assert "Hottest statements" in shown and "abababababab" in shown and "8.0 ms" in shown
    assert [line.split()[-1] for line in shown.splitlines() if "injection" in line] == ["7", "5", "3", "1"]
    assert "evil\\x1b" in shown
    for info in screen.sessions():
        assert info["session_id"] in shown


def test_sorting(screen: Screen) -> None:
    orders = []
    for _ in SORTS:
        orders.append(users(screen))
        assert f"sorted by {SORTS[len(orders) - 1]}" in text(screen)
        assert screen.key(b"s")
    assert orders == [
        ["report", "app", "app2"],
        ["app2", "report", "app"],
        ["app", "app2", "report"],
        ["report", "app2", "app"],
        ["report", "app", "app2"],
    ]
    assert users(screen) == orders[0]


def test_filter(screen: Screen) -> None:
    for key in (b"/", b"r", b"e", b"x", b"\x7f", b"p"):
        assert screen.key(key)
    assert "user: rep_" in text(screen)
    assert len(users(screen)) == 3
    screen.key(b"\r")
    assert users(screen) == ["report"]
    assert "(user rep)" in text(screen)
    screen.key(b"/")
    screen.key(b"q")
    screen.key(b"\x1b")  # given up: the filter stays
    assert users(screen) == ["report"]
    screen.key(b"/")
    screen.key(b"\n")
    assert len(users(screen)) == 3


def test_kill_asks_first(screen: Screen, gateway: FakeOperator) -> None:
    screen.key(b"x")  # nothing is chosen
    assert "end session" not in text(screen)
    screen.key(b"j")
    screen.key(b"\x1b[B")
    screen.key(b"j")
    screen.key(b"j")
    screen.key(b"k")
    assert "> 01J-1" in " ".join(text(screen).split())
    screen.key(b"x")
    assert "end session 01J-1? y / n" in text(screen)
    screen.key(b"n")
    assert gateway.acts == []
    screen.key(b"x")
    screen.key(b"y")
    assert [act[:2] for act in gateway.acts] == [("kill", "01J-1")]
    assert "session 01J-1 is ended" in text(screen)
    assert screen.stale
    screen.key(b"x")
    screen.key(b"y")
    assert "there is no session" in text(screen)
    screen.look()
    assert not screen.stale
    assert len(users(screen)) == 2


def test_the_end_and_a_new_look(screen: Screen) -> None:
    assert not screen.key(b"q")
    assert not screen.key(b"\x03")
    assert screen.key(b"z")
    assert screen.key(b"r")
    assert screen.stale


def test_old_numbers_are_called_old(screen: Screen, gateway: FakeOperator, tmp_path: Path) -> None:
    gateway.fault = RuntimeError()
    screen.look()
    shown = text(screen)
    assert "OLD NUMBERS: the gateway failed to answer" in shown
    assert "report" in shown
    gateway.fault = None
    screen.look()
    assert "OLD NUMBERS" not in text(screen)
    with pytest.raises(ControlError):
        Screen(ControlClient("/nonexistent"), "", None).look()


def test_a_small_terminal_and_nobody(screen: Screen, gateway: FakeOperator) -> None:
    gateway.open = [session(n, queries=100 - n) for n in range(50)]
    screen.look()
    assert len(text(screen, 24).splitlines()) <= 24
    for _ in range(50):
        screen.key(b"j")
    assert "> 01J-49" in " ".join(text(screen, 24).split())
    gateway.open = []
    screen.look()
    screen.key(b"j")
    assert "SESSION" in text(screen)


def test_a_log_that_cannot_be_read() -> None:
    assert newest_blocks("/nonexistent") == []
