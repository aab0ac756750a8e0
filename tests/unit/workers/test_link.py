"""Frames between supervisor and worker: whole messages, in order, and an end that is noticed."""

from __future__ import annotations

import asyncio
import socket

from dbgate.config.settings import load
from dbgate.workers.link import Link
from dbgate.workers.messages import Kill, Killed, Reopen, Start, ToSupervisor, ToWorker
from tests.shell.gateway.shell import run


async def pair() -> tuple[Link[ToWorker], Link[ToSupervisor], asyncio.StreamWriter]:
    """The worker's end, the supervisor's end, and what is under the latter."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=theirs)
    worker: Link[ToWorker] = Link(reader, writer, ToWorker)
    reader, writer = await asyncio.open_connection(sock=ours)
    return worker, Link(reader, writer, ToSupervisor), writer


def test_messages_arrive_whole_and_in_order() -> None:
    async def main() -> None:
        worker, supervisor, _ = await pair()
        settings = load({"listen": "[::1]:0", "admin_listen": "off"}, {})
        start = Start(1, 2, "gw", settings, b"plan" * 10_000, 3)
        supervisor.send(start)
        supervisor.send(Kill(7, "s-1"))
        supervisor.send(Reopen())
        assert await worker.receive() == start
        assert await worker.receive() == Kill(7, "s-1")
        assert await worker.receive() == Reopen()
        worker.send(Killed(7, True))
        assert await supervisor.receive() == Killed(7, True)
        await supervisor.close()
        assert await worker.receive() is None
        worker.send(Killed(8, True))  # nobody is there: no error
        await worker.close()
        worker.send(Killed(9, True))

    run(main())


def test_half_a_message_is_an_end() -> None:
    async def main() -> None:
        worker, supervisor, raw = await pair()
        raw.write(b"\x10\0\0\0half")
        await supervisor.close()
        assert await worker.receive() is None
        await worker.close()

    run(main())


def test_an_absurd_length_is_an_end() -> None:
    async def main() -> None:
        worker, supervisor, raw = await pair()
        raw.write(b"\xff\xff\xff\xff")
        assert await worker.receive() is None
        await worker.close()
        await supervisor.close()

    run(main())
