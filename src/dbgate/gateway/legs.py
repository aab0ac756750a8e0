"""The two sockets of a session, and which of them is read when.

Back-pressure is exact. Both write buffers have a high-water mark of 0, so `pause_writing` means "the kernel took not
all of it" and `resume_writing` means "all is gone". While the client does not take its replies, the server is not
read; while a leg cannot be written, the client is not read. So a session holds at most about one socket read a leg.

A leg that gave as much as one read takes waits for the loop's next turn: uvloop would read 32 times on end, 8 MB of one
session's reply, while all others wait.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Final

from dbgate.gateway.stall import Stall

CLIENT: Final = 1  # legs, as bits of Legs.stuck
SERVER: Final = 2

# Bytes: a read that was full (uvloop: 256,000, asyncio: 262,144), less what TLS adds to records of a hundred bytes.
LARGE: Final = 200_000


class Legs:
    """client, server: None before they are there and after they are gone; ended_at: monotonic second at which the
    session was over for the gate, 0 = it is open; gate_paused: the gate wants no more commands now; stuck: legs whose
    kernel buffer is full; stall: while the client does not take its reply; read_paused: the client is not being read,
    for either reason."""

    __slots__ = ("client", "ended_at", "gate_paused", "loop", "read_paused", "server", "stall", "stuck")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.client: asyncio.Transport | None = None
        self.server: asyncio.Transport | None = None
        self.ended_at = 0.0
        self.gate_paused = False
        self.stuck = 0
        self.stall: Stall | None = None
        self.read_paused = False

    def pause_writing(self) -> None:
        """The kernel's buffer towards the client is full."""
        self.stuck |= CLIENT
        self.stall = Stall(0 if self.client is None else self.client.get_write_buffer_size(), monotonic())
        if self.server is not None and not self.server.is_closing():
            self.server.pause_reading()
        self._steer()

    def resume_writing(self) -> None:
        """All bytes for the client are with the kernel."""
        self.stuck &= ~CLIENT
        self.stall = None
        if self.server is not None and not self.server.is_closing():
            self.server.resume_reading()
        self._steer()

    def server_full(self, full: bool) -> None:
        """The kernel's buffer towards the server is full, or empty again."""
        self.stuck = self.stuck | SERVER if full else self.stuck & ~SERVER
        self._steer()

    def gate_wants(self, pause: bool) -> None:
        """The gate wants no more commands, or wants them again."""
        self.gate_paused = pause
        self._steer()

    def _steer(self) -> None:
        pause = self.gate_paused or self.stuck != 0
        client = self.client
        if pause == self.read_paused or self.ended_at != 0.0 or client is None or client.is_closing():
            return
        self.read_paused = pause
        if pause:
            client.pause_reading()
        else:
            client.resume_reading()

    def let_others(self, leg: asyncio.Transport | None) -> None:
        """Reads no more from a leg before the others had their turn."""
        if leg is not None and not leg.is_closing():
            leg.pause_reading()
            self.loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        """Reads from both legs, as far as nothing else holds them back."""
        server = self.server
        if self.stuck & CLIENT == 0 and server is not None and not server.is_closing():
            server.resume_reading()
        client = self.client
        if not self.read_paused and client is not None and not client.is_closing():
            client.resume_reading()
