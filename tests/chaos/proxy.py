"""A TCP proxy that goes wrong on demand: cut, reset, late, with stalls as of lost packets, or a black hole."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable

from tests.servers.ports import free_port

STALLS = (0.2, 0.9)  # seconds: what TCP needs to send a lost packet again
SHARE = 0.03  # of the chunks meet one


class Proxy:
    """Listens on 127.0.0.1:port, in front of 127.0.0.1:target. Its own thread and loop; the calls are for another."""

    host = "127.0.0.1"

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = free_port()
        self._delay = 0.0
        self._lossy = False
        self._closed = False
        self._open = threading.Event()
        self._pass = asyncio.Event()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)
        self._end = asyncio.Event()
        self._chance = random.Random(7)

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._open.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end.set)
        self._thread.join(10)

    # --- faults ---

    def cut(self) -> None:
        """Everything is closed, and who connects is hung up on."""
        self._closed = True
        self._do(self._hang_up)

    def reset(self) -> None:
        """Everything that is open is reset, once."""
        self._do(self._reset)

    def delay(self, seconds: float) -> None:
        """Each chunk comes so much later, either way."""
        self._delay = seconds

    def lose(self) -> None:
        """Now and then a chunk comes late, as when a packet was lost and sent again."""
        self._lossy = True

    def swallow(self) -> None:
        """Nothing passes, and nobody is told."""
        self._do(self._pass.clear)

    def mend(self) -> None:
        """All is well again; what a black hole held comes now."""
        self._closed = self._lossy = False
        self._delay = 0.0
        self._do(self._pass.set)

    # --- inside ---

    def _do(self, work: Callable[[], object]) -> None:
        done = threading.Event()

        def run() -> None:
            work()
            done.set()

        with contextlib.suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(run)
            done.wait(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._pass.set()
        server = await asyncio.start_server(self._client, self.host, self.port)
        self._open.set()
        await self._end.wait()
        server.close()
        self._pass.set()
        self._hang_up()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hang_up(self) -> None:
        for pair in list(self._pairs):
            for writer in pair:
                writer.transport.abort()

    def _reset(self) -> None:
        for pair in list(self._pairs):
            for writer in pair:
                sock = writer.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._closed:
                return
            there, back = await asyncio.open_connection(self.host, self.target)
        except OSError:
            return
        else:
            pair = (writer, back)
            self._pairs.add(pair)
            try:
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
            except (OSError, asyncio.CancelledError):
                pass  # cancelled: the proxy ends
            finally:
                self._pairs.discard(pair)
                back.transport.abort()
        finally:
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if self._delay:
                await asyncio.sleep(self._delay)
            if self._lossy and self._chance.random() < SHARE:
                await asyncio.sleep(self._chance.uniform(*STALLS))
            await self._pass.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionError("the end of one direction is the end of both")
