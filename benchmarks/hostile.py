"""Clients that mean harm, all at once and all from one address: what `./run soak` holds an honest client's p99 against.

Slowloris in the login, half-open connections, a flood of connections, commands that stop in the middle, replies that
nobody takes, packets of 60 MB. Each begins again when it was turned away, until the time is up.

`python -m benchmarks.hostile PORT SECONDS`; prints what became of them, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
import struct
import sys
from collections import Counter
from collections.abc import AsyncIterator

import pymysql
import pymysql.connections
import pymysql.cursors

FROM = "127.0.0.66"
SLOW_LOGINS = 100  # a byte a second
HALF_OPEN = 100  # connect, and never say a word
FLOOD = 50  # connections a second that leave at once, half of them by a reset
STOPPED = 10  # logged in, and half a command sent
NEVER_READING = 10  # … and ask for a reply that they do not take
SPREAD = 4.0  # seconds in which they all begin
HUGE = 2  # send packets of 60 MB, as fast as they are taken

LONG = b"\x03SELECT a.c FROM sbtest.sbtest1 a, sbtest.sbtest1 b"


class Hostile:
    """port: of the gateway; seconds: for which it goes on."""

    def __init__(self, port: int, seconds: float) -> None:
        self.port = port
        self.until = 0.0
        self.seconds = seconds
        self.seen: Counter[str] = Counter()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self.until = loop.time() + self.seconds
        kinds = (
            [self.slow_login] * SLOW_LOGINS
            + [self.half_open] * HALF_OPEN
            + [self.stopped] * STOPPED
            + [self.never_reading] * NEVER_READING
            + [self.huge] * HUGE
            + [self.flood]
        )
        tasks = [loop.create_task(self.again(kind)) for kind in kinds]
        await asyncio.gather(*tasks)

    async def again(self, kind: object) -> None:
        """One kind, over and over, however it ends. They do not begin in step: that would be one wave every few seconds
        and nothing between."""
        assert callable(kind)
        await asyncio.sleep(random.uniform(0.0, SPREAD))
        while self.left() > 0:
            self.seen[f"{kind.__name__}: begun"] += 1
            try:
                async with asyncio.timeout(max(0.01, self.left())):
                    await kind()
            except TimeoutError:
                return
            except (OSError, asyncio.IncompleteReadError, pymysql.Error) as error:
                number = error.args[0] if error.args else ""
                self.seen[f"{kind.__name__}: {type(error).__name__} {number}"] += 1
            await asyncio.sleep(random.uniform(0.25, 0.75))

    def left(self) -> float:
        return self.until - asyncio.get_running_loop().time()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(FROM, 0))

    @contextlib.asynccontextmanager
    async def login(self) -> AsyncIterator[socket.socket]:
        """A session of a real account: its socket, closed at the end."""

        def made() -> pymysql.connections.Connection[pymysql.cursors.Cursor]:
            return pymysql.connect(
                host="127.0.0.1",
                port=self.port,
                user="app",
                password="app_pw",
                bind_address=FROM,
                ssl_disabled=True,
                connect_timeout=10,
            )

        connection = await asyncio.to_thread(made)
        sock: socket.socket = connection._sock  # type: ignore[attr-defined]
        sock.setblocking(False)
        try:
            yield sock
        finally:
            connection._force_close()  # type: ignore[attr-defined]  # close() would say good-bye first

    async def slow_login(self) -> None:
        reader, writer = await self.connect()
        with contextlib.closing(writer):
            await reader.readexactly(await greeting(reader))
            for byte in b"\xb0\x00\x00\x01" + b"\x00" * 200:
                writer.write(bytes((byte,)))
                try:
                    await asyncio.wait_for(reader.read(4096), 1)
                except TimeoutError:
                    continue
                raise ConnectionError("turned away")

    async def half_open(self) -> None:
        reader, writer = await self.connect()
        with contextlib.closing(writer):
            while await reader.read(4096):
                pass

    async def flood(self) -> None:
        number = 0
        while True:
            number += 1
            _, writer = await self.connect()
            if number % 2:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            self.seen["flood: connections"] += 1
            await asyncio.sleep(1 / FLOOD)

    async def stopped(self) -> None:
        loop = asyncio.get_running_loop()
        async with self.login() as sock:
            await loop.sock_sendall(sock, b"\x00\x10\x00\x00\x03SELECT 1")
            while await loop.sock_recv(sock, 4096):
                pass

    async def never_reading(self) -> None:
        loop = asyncio.get_running_loop()
        async with self.login() as sock:
            await loop.sock_sendall(sock, len(LONG).to_bytes(3, "little") + b"\0" + LONG)
            while True:
                await asyncio.sleep(1)
                if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    raise ConnectionError("reset")

    async def huge(self) -> None:
        loop = asyncio.get_running_loop()
        part = b"x" * 65_536
        async with self.login() as sock:
            for number in range(4):
                head = b"\xff\xff\xff" + bytes((number,)) + (b"\x03" if not number else b"x")
                await loop.sock_sendall(sock, head)
                for _ in range(255):
                    await loop.sock_sendall(sock, part)
                    await asyncio.sleep(0.01)
                await loop.sock_sendall(sock, b"x" * (0xFFFFFF - 1 - 255 * 65_536))
            await loop.sock_recv(sock, 4096)


async def greeting(reader: asyncio.StreamReader) -> int:
    """How long the greeting is whose header is read here."""
    return int.from_bytes((await reader.readexactly(4))[:3], "little")


def main() -> None:
    os.nice(10)  # they have machines of their own: what they cost themselves must not be measured
    hostile = Hostile(int(sys.argv[1]), float(sys.argv[2]))
    asyncio.run(hostile.run())
    print(json.dumps(hostile.seen, sort_keys=True))


if __name__ == "__main__":
    main()
