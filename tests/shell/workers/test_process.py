"""A worker process that is asked to end while it is being made."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest

from dbgate.config.settings import load
from dbgate.workers.messages import Start
from dbgate.workers.process import WorkerProcess

# Ends when the supervisor does, or when it has a second message, which is not one that it could wait for.
TWO_MESSAGES = """
import socket, sys
link = socket.socket(fileno=int(sys.argv[1])).makefile("rb")
for _ in range(2):
    size = link.read(4)
    if not size: break
    link.read(int.from_bytes(size, "little"))
"""


@pytest.mark.parametrize("end", [lambda worker: worker.drain(1.0), WorkerProcess.stop], ids=["drain", "stop"])
def test_asked_to_end_while_it_is_being_made(
    monkeypatch: pytest.MonkeyPatch, end: Callable[[WorkerProcess], None]
) -> None:
    make = asyncio.create_subprocess_exec
    ended: list[int] = []

    async def slowly(program: str, *arguments: str, **options: Any) -> asyncio.subprocess.Process:
        end(worker)
        link = options["pass_fds"][0]
        return await make(sys.executable, "-c", TWO_MESSAGES, str(link), **options)

    def first_word(row: int) -> Start:
        return Start(row, 1, "gw1", load({}, {}), b"", 0)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", slowly)

    async def main() -> None:
        async with asyncio.timeout(60):
            await worker.live()

    with socket.socket() as sock:
        worker = WorkerProcess(0, sock, (), first_word, ended.append)
        asyncio.run(main())
    assert ended == [0]
