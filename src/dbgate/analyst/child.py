"""One life of the process that analyses (analyst.process), as the worker sees it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

MOST: Final = 256 << 20  # bytes; a longer answer is garbage
_BUFFER: Final = 1 << 20  # bytes of an answer that are read at once
_FAREWELL: Final = 2.0  # seconds in which it ends by itself


def command() -> tuple[str, ...]:
    """What starts it, but for the descriptor. The interpreter's own options (-X dev, -W error) hold for it too."""
    options = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return (sys.executable, *options, "-m", "dbgate.analyst.process")


class Child:
    """A running process; made by `start`. Ask it one question at a time."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, arguments: Sequence[str]) -> Child:
        """OSError where it cannot be started."""
        ours, theirs = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=_BUFFER)
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def gone(self) -> bool:
        """It has ended while nobody asked."""
        return self._reader.at_eof() or self._process.returncode is not None

    async def ask(self, head: bytes, text: bytes) -> bytes:
        """Its answer to one question; OSError or EOFError where it is gone, ValueError where it talks nonsense."""
        lengths = len(head).to_bytes(4, "little") + len(text).to_bytes(4, "little")
        self._writer.writelines([lengths + head, text])
        await self._writer.drain()
        size = int.from_bytes(await self._reader.readexactly(4), "little")
        if size > MOST:
            raise ValueError(f"an answer of {size} bytes")
        return await self._reader.readexactly(size)

    async def end(self, at_once: bool) -> None:
        """Lets it go; at_once: it is not waited for, but killed."""
        if at_once:
            # One that reads no more would never take what is still on its way, and close() waits for that.
            self._writer.transport.abort()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        try:
            if not at_once:
                async with asyncio.timeout(_FAREWELL):
                    await self._process.wait()
        except TimeoutError:
            pass
        finally:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()
