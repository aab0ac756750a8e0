"""What the answer to a kill says, by what came of it. Real servers: tests/integration/test_kill.py."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dbgate.gateway.catalog_source import GONE, KILLED, CatalogError, ServerThread
from dbgate.workers import ending as module
from dbgate.workers.ending import Ending
from dbgate.workers.messages import Killed
from tests.rows import rows

THREAD = Killed(1, True, 77, "app", 43_210)


def end(
    monkeypatch: pytest.MonkeyPatch, killed: Killed | None, outcome: str | Exception, configured: bool = True
) -> tuple[Any, list[ServerThread]]:
    """The answer, and what was asked of the server."""
    asked: list[ServerThread] = []
    answered = threading.Event()

    def end_thread(source: object, thread: ServerThread, seconds: float) -> str:
        asked.append(thread)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome == "late":
            answered.wait(30)
        return outcome

    async def kill(session_id: str) -> Killed | None:
        return killed

    monkeypatch.setattr(module, "end_thread", end_thread)
    crew = SimpleNamespace(kill=kill)
    catalogs = SimpleNamespace(configured=configured, source=lambda: None)

    async def main() -> Any:
        try:
            return await Ending(cast(Any, crew), cast(Any, catalogs)).end("a-1")
        finally:
            answered.set()

    return asyncio.run(main()), asked


@rows(
    ("outcome", "on_server", "said"),
    [
        (KILLED, "killed", "and its statement was ended on the server"),
        (GONE, "gone", "and nothing of it runs on the server any more"),
        (
            CatalogError("GRANT this"),
            "closed",
            "stops a statement that was running when it notices: GRANT this",
        ),
        ("late", "closed", "when it notices: it did not answer in time"),
    ],
)
def test_what_became_of_the_statement(
    monkeypatch: pytest.MonkeyPatch, outcome: str | Exception, on_server: str, said: str
) -> None:
    monkeypatch.setattr(module, "SERVER_SECONDS", 0.05 if outcome == "late" else 5.0)
    answer, asked = end(monkeypatch, THREAD, outcome)
    assert answer == {
        "session_id": "a-1",
        "killed": True,
        "on_server": on_server,
        "detail": answer["detail"],
    }
    assert answer["detail"].startswith("both connections are closed")
    assert answer["detail"].endswith(said)
    assert asked == [ServerThread(77, "app", 43_210)]


def test_where_there_is_nothing_to_end_the_server_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert end(monkeypatch, None, KILLED) == (None, [])
    answer, asked = end(monkeypatch, Killed(1, True), KILLED)
    assert (answer["on_server"], asked) == ("gone", [])
    answer, asked = end(monkeypatch, THREAD, KILLED, configured=False)
    assert (answer["on_server"], asked) == ("closed", [])
    assert "catalog_user" in answer["detail"]
