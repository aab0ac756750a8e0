"""A shell without MySQL: a scripted gate, a real server on loopback, real sockets. For tests of the gateway's floor."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

import uvloop

from dbgate.audit.record import Record
from dbgate.config.parse import Address
from dbgate.gate import limits
from dbgate.gate.effects import Effects
from dbgate.gateway.board import Board, Seats
from dbgate.gateway.certificates import Contexts
from dbgate.gateway.connection import Session
from dbgate.gateway.hub import Hub
from dbgate.gateway.proxy_protocol import ProxyFront, Trusted
from dbgate.gateway.timers import Timers
from dbgate.stats.counters import Counters
from dbgate.stats.layout import PAGE_BYTES

T = TypeVar("T")

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def run(main: Coroutine[Any, Any, T], loop: str = "asyncio") -> T:
    """Runs `main` on that kind of loop, in debug mode, for at most two minutes."""

    async def bounded() -> T:
        async with asyncio.timeout(120):
            found = await main
        for _ in range(5):  # transports that were just closed let go of their sockets
            await asyncio.sleep(0)
        return found

    with asyncio.Runner(debug=True, loop_factory=LOOPS[loop]) as runner:
        return runner.run(bounded())


class ScriptedGate:
    """Relays everything, and notes what it is told. `on_client`, `on_server` change what it answers to bytes."""

    def __init__(self) -> None:
        self.fx = Effects()
        self.calls: list[str] = []
        self.on_client: Callable[[Effects, bytes], None] = lambda fx, data: fx.to_server.append(data)
        self.on_server: Callable[[Effects, bytes], None] = lambda fx, data: fx.to_client.append(data)
        self.last_word = b""
        self.why = ""  # not_secured
        self.address = ("", 0)

    def _note(self, call: str) -> Effects:
        self.fx.clear()
        self.calls.append(call)
        return self.fx

    def _over(self, call: str) -> Effects:
        fx = self._note(call)
        fx.close = call
        if self.last_word:
            fx.to_client.append(self.last_word)
        return fx

    def client_bytes(self, data: bytes, now: float) -> Effects:
        fx = self._note("client_bytes")
        self.on_client(fx, data)
        return fx

    def server_bytes(self, data: bytes, now: float) -> Effects:
        fx = self._note("server_bytes")
        self.on_server(fx, data)
        return fx

    def client_closed(self, now: float) -> Effects:
        return self._over("client_closed")

    def server_closed(self, now: float) -> Effects:
        return self._over("server_closed")

    def kill(self, now: float) -> Effects:
        fx = self._over("kill")
        fx.finished.append(Record("connection.close", now, "", "", "", 0))
        return fx

    def drain(self, now: float) -> Effects:
        return self._note("drain")

    def expired(self, now: float) -> Effects:
        return self._note("expired")

    def rest(self, now: float) -> float:
        return limits.LOOK

    def stalled(self, now: float) -> Effects:
        return self._over("stalled")

    def refuse(self, errno: int, sqlstate: str, message: str) -> Effects:
        fx = self._over("refuse")
        fx.to_client.append(f"{errno} {sqlstate} {message}".encode())
        return fx

    def client_secured(self, subject: str, now: float) -> Effects:
        fx = self._note(f"client_secured {subject}".strip())
        fx.to_client.append(b"welcome")
        return fx

    def server_secured(self, now: float) -> Effects:
        fx = self._note("server_secured")
        fx.to_server.append(b"held")
        return fx

    def not_secured(self, why: str, now: float) -> Effects:
        fx = self._over("not_secured")
        self.why = why
        return fx

    def describe(self) -> dict[str, object]:
        return {"calls": len(self.calls)}

    def ends(self) -> list[str]:
        return [call for call in self.calls if call not in ("client_bytes", "server_bytes", "expired")]


class Shell:
    """A hub with its listener, and a server of the test's own behind it. server(reader, writer) is what the server
    does with each connection. Use it with `async with`."""

    def __init__(
        self,
        server: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
        | None = None,
        limit: int = 10,
        upstream: Address | None = None,
        contexts: Contexts | None = None,
        trusted: tuple[str, ...] = (),
        timeout: float = 5.0,
    ) -> None:
        self.serve = server or echo
        self.gates: list[ScriptedGate] = []
        self.kept: list[Record] = []
        self.board = Board(Board.create())
        self.limit = limit
        self.upstream = upstream
        self.contexts = contexts
        self.trusted = Trusted(trusted) if trusted else None
        self.timeout = timeout
        self.make_gate: Callable[[], ScriptedGate] = ScriptedGate
        self.port = 0
        self.page = memoryview(bytearray(PAGE_BYTES)).cast("Q")
        self.server_side: list[asyncio.StreamWriter] = []
        self.client_side: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Shell:
        loop = asyncio.get_running_loop()
        self._behind = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        behind = Address("127.0.0.1", self._behind.sockets[0].getsockname()[1])
        self.hub = Hub(
            loop=loop,
            upstream=self.upstream or behind,
            connect_timeout=5.0,
            seats=Seats(self.board, 0, self.limit),
            timers=Timers(loop.time()),
            new_gate=self._gate,
            keep=lambda records, _: self.kept.extend(records),
            counters=Counters(self.page),
            session_prefix="s",
            contexts=self.contexts,
        )
        self._front = await loop.create_server(self._protocol, "127.0.0.1", 0)
        self.port = self._front.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._front.close()
        self.hub.kill_all()
        self._behind.close()
        for writer in (*self.server_side, *self.client_side):
            writer.close()
        await eventually(lambda: not self.hub.sessions)
        for session in list(self.hub.ending):
            session._abort()  # type: ignore[attr-defined]
        await eventually(lambda: not self.hub.ending)
        self.hub.flush()
        await self._behind.wait_closed()
        self.board.close()

    def _protocol(self) -> asyncio.Protocol:
        loop = asyncio.get_running_loop()
        if self.trusted is None:
            return cast(asyncio.Protocol, Session(self.hub, loop))
        return ProxyFront(
            self.hub,
            self.trusted,
            self.timeout,
            lambda ip, port, since: cast(asyncio.Protocol, Session(self.hub, loop, ip, port, since)),
        )

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server_side.append(writer)
        try:
            await self.serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _gate(self, session_id: str, client_ip: str, client_port: int, now: float) -> ScriptedGate:
        gate = self.make_gate()
        gate.address = (client_ip, client_port)
        self.gates.append(gate)
        return gate

    async def client(self, limit: int = 1 << 16) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        made = await asyncio.open_connection("127.0.0.1", self.port, limit=limit)
        self.client_side.append(made[1])
        return made

    async def raw_client(self) -> socket.socket:
        """A non-blocking socket that reads nothing by itself."""
        sock = socket.socket()
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        return sock

    def events(self) -> list[str]:
        """Of the records kept so far."""
        self.hub.flush()
        return [record.event for record in self.kept]

    def session(self) -> Session:
        """The only session there is."""
        (found,) = self.hub.sessions.values()
        assert isinstance(found, Session)
        return found

    async def connected(self) -> Session:
        """The only session, once its server leg is there."""
        await eventually(lambda: len(self.hub.sessions) == 1 and self.session().server is not None)
        return self.session()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Gives back what it gets."""
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


async def closed(reader: asyncio.StreamReader) -> bytes:
    """What still comes, up to the end of the connection."""
    return await reader.read(-1)


async def eventually(look: Callable[[], object]) -> None:
    """Waits until look() gives something true."""
    until = time.monotonic() + 60
    while not look():
        if time.monotonic() > until:
            raise AssertionError("it did not come to that")
        await asyncio.sleep(0.002)
