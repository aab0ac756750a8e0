"""Lists of sessions: in parts from each worker, from all workers, and once for all who look."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, cast

from dbgate.workers.crew import LIST_BURST, Crew
from dbgate.workers.messages import ListSessions, Sessions, ToWorker
from dbgate.workers.process import WorkerGone, WorkerProcess
from dbgate.workers.wiring import LISTED, Wiring
from tests.shell.gateway.shell import run


def wiring(count: int) -> Any:
    sessions = {
        f"s{n}": SimpleNamespace(gate=SimpleNamespace(describe=lambda n=n: {"session_id": f"s{n}"}))
        for n in range(count)
    }
    return SimpleNamespace(hub=SimpleNamespace(sessions=sessions))


def listed(count: int) -> list[Sessions]:
    sent: list[Sessions] = []
    for _ in Wiring.list_sessions(wiring(count), 7, sent.append):
        pass
    return sent


def test_a_worker_lists_in_parts() -> None:
    assert listed(0) == [Sessions(7, [])]
    assert [(len(one.sessions), one.more) for one in listed(LISTED)] == [(LISTED, False)]
    parts = listed(2 * LISTED + 1)
    assert [(len(one.sessions), one.more) for one in parts] == [(LISTED, True), (LISTED, True), (1, False)]
    assert [one["session_id"] for part in parts for one in part.sessions] == [
        f"s{n}" for n in range(2 * LISTED + 1)
    ]


def test_what_ends_meanwhile_is_left_out() -> None:
    some = wiring(40)
    sent: list[Sessions] = []
    steps = Wiring.list_sessions(some, 1, sent.append)
    next(steps)
    del some.hub.sessions["s39"]
    for _ in steps:
        pass
    assert len(sent[0].sessions) == 39


class Link:
    """The worker's end: it answers in parts, in its own time."""

    def __init__(self, process: WorkerProcess) -> None:
        self.process = process
        self.asked = 0

    def send(self, message: ToWorker) -> None:
        assert isinstance(message, ListSessions)
        self.asked += 1
        loop = asyncio.get_running_loop()
        number = message.number
        for answer in (
            Sessions(number, [{"session_id": "a"}], more=True),
            Sessions(number + 1000, [{"session_id": "nobody asked"}]),
            Sessions(number, [{"session_id": "b"}]),
        ):
            loop.call_soon(self.process._take, answer)


def test_the_supervisor_waits_for_the_last_part() -> None:
    async def main() -> None:
        with socket.socket() as sock:
            process = WorkerProcess(0, sock, (), cast(Any, None), lambda row: None)
            process.ready.set()
            link = Link(process)
            process._link = cast(Any, link)
            assert await process.sessions() == [{"session_id": "a"}, {"session_id": "b"}]
            assert process._lists == {}

    run(main())


class Worker:
    row = 0

    def __init__(self, *sessions: str) -> None:
        self.list = [{"session_id": name} for name in sessions]
        self.gone = False
        self.asked = 0

    def sessions(self) -> Coroutine[Any, Any, list[dict[str, Any]]]:
        async def answer() -> list[dict[str, Any]]:
            self.asked += 1
            await asyncio.sleep(0)
            if self.gone:
                raise WorkerGone("worker 0 ended")
            return self.list

        return answer()


def test_all_workers_once_for_all_who_look() -> None:
    async def main() -> None:
        first, second = Worker("a"), Worker("b", "c")
        crew = Crew(cast(Any, [first, second]))
        for _ in range(LIST_BURST - 1):
            assert [one["session_id"] for one in await crew.sessions()] == ["a", "b", "c"]
        second.gone = True
        lists = await asyncio.gather(*(crew.sessions() for _ in range(100)))
        assert all(len(one) == 1 for one in lists)
        assert first.asked == LIST_BURST

    run(main())
