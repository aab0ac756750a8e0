"""Frames between the supervisor and a worker: four bytes of length, then one message as MessagePack."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final, Generic, TypeVar

import msgspec

MOST: Final = 256 << 20  # a list of 100,000 sessions is some 30 MB; a length beyond this is garbage

In = TypeVar("In")


class Link(Generic[In]):
    """One end. `kind` is the union of the messages that come in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: object) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder: msgspec.msgpack.Decoder[In] = msgspec.msgpack.Decoder(kind)
        self._encoder = msgspec.msgpack.Encoder()

    def send(self, message: msgspec.Struct) -> None:
        """Queues one message; nothing is raised when the other end is gone (receive() tells)."""
        body = self._encoder.encode(message)
        if not self._writer.is_closing():
            self._writer.write(len(body).to_bytes(4, "little") + body)

    async def receive(self) -> In | None:
        """The next message, or None when the other end is gone."""
        try:
            size = int.from_bytes(await self._reader.readexactly(4), "little")
            if size > MOST:
                return None
            return self._decoder.decode(await self._reader.readexactly(size))
        except (asyncio.IncompleteReadError, OSError):
            return None

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
