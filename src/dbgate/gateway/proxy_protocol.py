"""Who is behind a proxy: reads the PROXY header in front of a client's connection, then lets the session begin.

Only used where `trusted_proxies` names someone. From the networks that it names every connection must begin with a
header; from elsewhere none may, and such a connection goes to its session at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Final, cast, final

from dbgate.errors import ProtocolError
from dbgate.gateway.hub import Hub
from dbgate.policy.source import NO_RULE, SourceIndex, parse_address, parse_network
from dbgate.wire.proxy import parse_proxy_header

LOG: Final = logging.getLogger("dbgate.gateway")

ER_HANDSHAKE_ERROR: Final = 1043
LINGER: Final = 2.0  # seconds that a peer which was refused has to hang up

# Makes a session for the client at this address, whose connection came at that monotonic second.
MakeSession = Callable[[str, int, float], asyncio.Protocol]


class Trusted:
    """The networks whose connections begin with a header."""

    def __init__(self, networks: tuple[str, ...]) -> None:
        self._index = SourceIndex()
        self._index.add([parse_network(text) for text in networks], 0)
        if not networks:
            raise ValueError("no network is trusted")

    def has(self, ip: str) -> bool:
        """Whether the address is in one of them; ::ffff:a.b.c.d is a.b.c.d."""
        return self._index.find(parse_address(ip)) != NO_RULE


@final
class ProxyFront(asyncio.Protocol):
    """The protocol of a connection until it is known whose it is."""

    def __init__(self, hub: Hub, trusted: Trusted, timeout: float, make_session: MakeSession) -> None:
        self._hub = hub
        self._trusted = trusted
        self._timeout = timeout
        self._make_session = make_session
        self._transport: asyncio.Transport | None = None
        self._ip = ""
        self._port = 0
        self._started = 0.0
        self._refused_at = 0.0
        self._head = b""
        self.bucket = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast(asyncio.Transport, transport)
        peer = made.get_extra_info("peername")
        if not peer:
            made.abort()
            return
        self._transport = made
        self._started = monotonic()
        self._ip = str(peer[0]).partition("%")[0]
        self._port = int(peer[1])
        if not self._trusted.has(self._ip):
            self._begin(self._ip, self._port, b"")
            return
        self._hub.waiting.add(self)
        self._hub.timers.watch(self, self._started + self._timeout)

    def data_received(self, data: bytes) -> None:
        if self._refused_at:
            return
        self._head += data
        try:
            header = parse_proxy_header(self._head)
        except ProtocolError as error:
            self._refuse(str(error))
            return
        if header is not None:
            rest = self._head[header.size :]
            self._head = b""
            if header.ip:
                self._begin(header.ip, header.port, rest)
            else:
                self._begin(self._ip, self._port, rest)

    def _begin(self, ip: str, port: int, rest: bytes) -> None:
        transport = self._transport
        if transport is None:
            return
        self._transport = None
        self._leave()
        session = self._make_session(ip, port, self._started)
        transport.set_protocol(session)
        session.connection_made(transport)
        if rest:
            session.data_received(rest)

    def _refuse(self, why: str) -> None:
        """Tell the peer and the log; the connection is closed once the peer has hung up, or soon."""
        transport = self._transport
        if transport is None:
            return
        self._refused_at = monotonic()
        hub = self._hub
        gate = hub.new_gate(hub.new_id(), self._ip, self._port, self._started)
        effects = gate.refuse(ER_HANDSHAKE_ERROR, "08S01", f"dbgate: {why}")
        hub.counters.opened()
        transport.writelines(effects.to_client)
        for record in effects.records():
            hub.finish(record)
        hub.counters.closed()
        transport.write_eof()
        hub.timers.watch(self, self._refused_at + LINGER)

    def check(self, now: float) -> float:
        """timers.Watched: the header has not come in time, or the last word is said."""
        if self._transport is None:
            return 0.0
        if self._refused_at:
            self._transport.abort()
            return 0.0
        self._refuse("no PROXY header came")
        return 0.0

    def drop(self) -> None:
        """The gateway ends."""
        if self._transport is not None:
            self._transport.abort()

    def eof_received(self) -> None:
        """A peer that hangs up without a header: a plain health check. The transport closes itself after this."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._leave()

    def _leave(self) -> None:
        """Nobody need know of it any more: the timers would keep it until its time is over."""
        self._hub.waiting.discard(self)
        self._hub.timers.forget(self)
