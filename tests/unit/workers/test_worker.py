"""A worker's ear for its supervisor."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Generator
from typing import Any, cast

import pytest

from dbgate.workers.messages import Kill as KillMessage
from dbgate.workers.messages import Killed, ListSessions, Renew, Sessions, ToWorker
from dbgate.workers.worker import Worker


class Supervisor:
    """Says these messages one after the other, then is gone; keeps the answers."""

    def __init__(self, *messages: ToWorker) -> None:
        self.messages = list(messages)
        self.answers: list[object] = []

    async def receive(self) -> ToWorker | None:
        return self.messages.pop(0) if self.messages else None

    def send(self, message: object) -> None:
        self.answers.append(message)


class Wiring:
    """Fails where certificates are taken, and where sessions are listed."""

    def kill(self, number: int, session_id: str) -> Killed:
        return Killed(number, session_id == "a-1")

    def renew(self, certificates: dict[str, bytes]) -> None:
        raise OSError(5, "input/output error")

    def list_sessions(self, number: int, send: Callable[[Sessions], None]) -> Generator[None, None, None]:
        yield
        raise RuntimeError("a session that cannot be described")


def test_a_message_that_fails_is_not_the_last_one_heard(caplog: pytest.LogCaptureFixture) -> None:
    supervisor = Supervisor(Renew({}), ListSessions(1), KillMessage(2, "a-1"))

    async def listen() -> bool:
        with socket.socket() as sock:
            worker = Worker(cast(Any, supervisor), sock, cast(Any, Wiring()), cast(Any, None))
            await worker._listen()
            await asyncio.gather(*worker.tasks)
            return worker.ended.is_set()

    assert asyncio.run(listen())
    assert supervisor.answers == [Killed(2, True)]
    assert not any(isinstance(answer, Sessions) for answer in supervisor.answers)
    assert "the supervisor's Renew could not be done" in caplog.text
    assert "the sessions could not be listed" in caplog.text
