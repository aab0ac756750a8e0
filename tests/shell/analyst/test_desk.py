"""A worker's desk with the real process, with processes that misbehave, and with none at all."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

import pytest

from dbgate.analyst.desk import Desk
from dbgate.gate.question import Answer, Question
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, LexContext
from tests.shell.gateway.shell import LOOPS, eventually, run

CTX = LexContext(MARIADB, 101106)
TEXTS = [
    b"SELECT a FROM t",
    b"INSERT INTO t VALUES (1, 'a')" + b", (2, 'b')" * 90_000,
    b"SELECT '",
    b"DROP TABLE t",
]
MUTE = "import time; time.sleep(60)"
GARBLED = "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.recv(9); s.sendall(b'\\x03\\0\\0\\0abc' * 9); s.recv(1)"
HUGE = "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.recv(9); s.sendall(b'\\xff' * 9); s.recv(1)"
EMPTY = (
    "import socket, sys; s = socket.socket(fileno=int(sys.argv[1]))\n"
    "while s.recv(99): s.sendall(b'\\0\\0\\0\\0')"
)


class Asking:
    """A desk and who asks it. `said` has the answers, in the order in which they came, by ticket."""

    def __init__(self, script: str = "", arguments: tuple[str, ...] = (), **limits: float) -> None:
        if script:
            arguments = (sys.executable, "-c", script)
        self.desk = Desk(self._question, self._answer, arguments, **limits)
        self.questions: dict[int, Question] = {}
        self.said: dict[int, Answer | None] = {}

    async def __aenter__(self) -> Asking:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.desk.close()

    def ask(self, text: bytes) -> int:
        ticket = len(self.questions) + 1
        self.questions[ticket] = Question(ticket, text, CTX, "shop", False, None, False, True, None, 0.0)
        self.desk.ask("s-1", ticket)
        return ticket

    async def answer(self, ticket: int) -> Answer | None:
        await eventually(lambda: ticket in self.said)
        return self.said[ticket]

    def _question(self, session_id: str, ticket: int) -> Question | None:
        assert session_id == "s-1"
        return self.questions.get(ticket)

    def _answer(self, session_id: str, ticket: int, answer: Answer | None) -> None:
        assert session_id == "s-1"
        self.said[ticket] = answer


@pytest.fixture(params=list(LOOPS))
def loop_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_process_answers_in_order(loop_kind: str) -> None:
    async def main() -> None:
        async with Asking() as asking:
            tickets = [asking.ask(text) for text in TEXTS]
            assert asking.desk.waiting == len(TEXTS) + 1  # the task has not begun
            for ticket, text in zip(tickets, TEXTS, strict=True):
                answer = await asking.answer(ticket)
                assert answer is not None
                here = analyze(text, CTX, "shop")
                assert (answer.analysis.digest, answer.analysis.masked, answer.analysis.error) == (
                    here.digest,
                    here.masked,
                    here.error,
                )
                assert answer.analysis.canonical_literals == here.canonical_literals
            assert list(asking.said) == tickets
            assert (asking.desk.analysed, asking.desk.failed) == (len(TEXTS), 0)

    run(main(), loop_kind)


def test_it_dies_in_the_middle_and_another_one_goes_on(loop_kind: str) -> None:
    async def main() -> None:
        async with Asking() as asking:
            assert await asking.answer(asking.ask(b"SELECT 1")) is not None
            first = asking.desk.pid
            os.kill(first, signal.SIGSTOP)  # so that it is surely in the middle
            lost = asking.ask(b"SELECT 2")
            next_one = asking.ask(b"SELECT 3")
            await eventually(lambda: asking.desk.handed == 2)
            os.kill(first, signal.SIGKILL)
            assert await asking.answer(lost) is None
            assert await asking.answer(next_one) is not None
            assert asking.desk.pid not in (0, first)
            assert asking.desk.failed == 1

    run(main(), loop_kind)


def test_one_that_died_while_nobody_asked_costs_nothing(loop_kind: str) -> None:
    async def main() -> None:
        async with Asking() as asking:
            assert await asking.answer(asking.ask(b"SELECT 1")) is not None
            first = asking.desk.pid
            os.kill(first, signal.SIGKILL)
            await eventually(lambda: asking.desk._child is not None and asking.desk._child.gone)
            assert await asking.answer(asking.ask(b"SELECT 2")) is not None
            assert asking.desk.pid not in (0, first)

    run(main(), loop_kind)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (MUTE, "TimeoutError"),
        (GARBLED, "Error"),
        (HUGE, "ValueError"),
        ("", "FileNotFoundError"),
        ("exit(1)", "Error"),
    ],
    ids=["mute", "garbled", "huge", "missing", "dead"],
)
def test_one_that_misbehaves_costs_its_statement(
    script: str, kind: str, loop_kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        arguments = () if script else ("/nowhere/at/all",)
        async with Asking(script, arguments, limit=0.2) as asking:
            for text in (b"SELECT 'hidden'", b"SELECT 2"):
                assert await asking.answer(asking.ask(text)) is None
                assert asking.desk.pid == 0
            assert asking.desk.failed == 2

    with caplog.at_level(logging.ERROR, "dbgate.analyst"):
        run(main(), loop_kind)
    assert len(caplog.messages) == 2
    assert "started again in 0.1 s" in caplog.messages[0] and "started again in 0.2 s" in caplog.messages[1]
    assert script == MUTE or kind in caplog.messages[0] or "started" in caplog.messages[0]
    assert "hidden" not in caplog.text


def test_a_statement_that_it_cannot_analyse_is_not_its_end() -> None:
    async def main() -> None:
        async with Asking(EMPTY) as asking:
            assert await asking.answer(asking.ask(b"SELECT 1")) is None
            pid = asking.desk.pid
            assert await asking.answer(asking.ask(b"SELECT 2")) is None
            assert asking.desk.pid == pid != 0

    run(main())


def test_it_ends_when_nobody_asks_and_comes_back(loop_kind: str) -> None:
    async def main() -> None:
        async with Asking(idle=0.01) as asking:
            for text in (b"SELECT 1", b"SELECT 2"):
                assert await asking.answer(asking.ask(text)) is not None
                await eventually(lambda: asking.desk.pid == 0)

    run(main(), loop_kind)


def test_who_asks_again_before_it_ends_keeps_it() -> None:
    async def main() -> None:
        async with Asking() as asking:
            assert await asking.answer(asking.ask(b"SELECT 1")) is not None
            await eventually(lambda: not asking.desk.waiting)
            pid = asking.desk.pid
            assert await asking.answer(asking.ask(b"SELECT 2")) is not None
            assert asking.desk.pid == pid

    run(main())


def test_what_nobody_waits_for_is_not_asked() -> None:
    async def main() -> None:
        async with Asking() as asking:
            asking.desk.ask("s-1", 99)
            assert await asking.answer(asking.ask(b"SELECT 1")) is not None
            assert asking.desk.handed == 1

    run(main())


@pytest.mark.parametrize("stopped", [True, False])
def test_the_end_of_the_worker(stopped: bool, loop_kind: str) -> None:
    async def main() -> int:
        asking = Asking()
        assert await asking.answer(asking.ask(b"SELECT 1")) is not None
        pid = asking.desk.pid
        if stopped:
            os.kill(pid, signal.SIGSTOP)
            asking.ask(b"SELECT 2" * (1 << 20))  # of which most is still on its way
            await eventually(lambda: asking.desk.handed == 2)
        await asking.desk.close()
        asking.desk.ask("s-1", 1)
        await asyncio.sleep(0)
        assert len(asking.said) == 1
        return pid

    pid = run(main(), loop_kind)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
