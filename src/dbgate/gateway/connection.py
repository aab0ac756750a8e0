"""One client session: two sockets and a gate between them. Applies the gate's effects and never looks at MySQL."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import Final, cast, final

from dbgate.gate.effects import SECURE_CLIENT, TO_CLIENT, TO_SERVER, Effects
from dbgate.gate.limits import LOOK
from dbgate.gate.session import Gate
from dbgate.gateway import upstream
from dbgate.gateway.hub import Hub
from dbgate.gateway.legs import LARGE, Legs
from dbgate.gateway.tls import make_leg

LOG: Final = logging.getLogger("dbgate.gateway")

LINGER: Final = 2.0  # seconds for the client to hang up after the last word
KEEP_ALIVE_AFTER: Final = 30.0  # seconds of life after which the kernel looks after the server's leg too
FLUSH: Final = 30.0  # seconds for a peer to take bytes that were still on their way then

NO_SERVER: Final = "bytes for a server that is not connected"
UNREACHABLE: Final = "dbgate: the database server cannot be reached"


@final
class Session(Legs):
    """A client's connection, from accept until both sockets are closed. It is the protocol of the client's leg
    (asyncio.Protocol by shape: a compiled class has no interpreted base)."""

    # fmt: off
    __slots__ = (
        "bucket", "connecting", "gate", "hub", "id", "ip", "kept_alive", "port", "seated", "since", "started",
    )
    # fmt: on

    gate: Gate

    def __init__(
        self, hub: Hub, loop: asyncio.AbstractEventLoop, ip: str = "", port: int = 0, since: float = 0.0
    ) -> None:
        """ip, port: of the client, "" = the socket's peer is the client; since: when it came, 0 = just now."""
        super().__init__(loop)
        self.hub = hub
        self.ip = ip
        self.port = port
        self.since = since
        self.id = ""
        self.bucket = 0
        self.connecting: asyncio.Task[None] | None = None
        self.started = 0.0
        self.seated = False
        self.kept_alive = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes a seat and reaches for the server, or refuses the client."""
        client = cast(asyncio.Transport, transport)
        hub = self.hub
        now = monotonic()
        peer = client.get_extra_info("peername")
        if not peer:  # it hung up between accept and here
            self.ended_at = now
            client.abort()
            return
        client.set_write_buffer_limits(high=0)
        self.client = client
        self.started = now
        self.id = hub.new_id()
        if not self.ip:
            self.ip = str(peer[0]).partition("%")[0]
            self.port = int(peer[1])
        self.gate = hub.new_gate(self.id, self.ip, self.port, self.since or now)
        hub.sessions[self.id] = self
        hub.counters.opened()
        hub.timers.watch(self, now + LOOK)
        if (no := hub.take(self.ip, now)) is not None:
            self.apply(self.gate.refuse(*no))
        else:
            self.seated = True
            leg = cast(asyncio.Protocol, ServerLeg(self))
            self.connecting = self.loop.create_task(
                upstream.connect(self.loop, hub.upstream, leg, self.connected)
            )

    def connected(self, why: str) -> None:
        """The attempt to reach the server is over; why: "" where the leg is there, else the reason for the log."""
        self.connecting = None
        if why:
            self._unreachable(why)

    def _unreachable(self, why: str) -> None:
        if self.ended_at == 0.0:
            self.hub.server_failed(monotonic(), why)
            self.apply(self.gate.refuse(1105, "08S01", UNREACHABLE))

    def data_received(self, data: bytes) -> None:
        """From the client. One that talks on after the end is read, so that it gets our last word."""
        if self.ended_at == 0.0:
            try:
                self._heard(self.gate.client_bytes(data, monotonic()), data)
            except Exception:
                self._defect()
        if len(data) >= LARGE:
            self.let_others(self.client)

    def server_bytes(self, data: bytes) -> None:
        """From the server."""
        if self.ended_at == 0.0:
            try:
                self._heard(self.gate.server_bytes(data, monotonic()), data)
            except Exception:
                self._defect()
            if len(data) >= LARGE:
                self.let_others(self.server)

    def _heard(self, effects: Effects, data: bytes) -> None:
        """Does what the gate makes of a chunk."""
        if effects.relay:
            self._relay(effects.relay, data)
        if effects.only:
            if effects.record is not None:
                self.hub.finish(effects.record)
        else:
            self.apply(effects)

    def _relay(self, leg: int, data: bytes) -> None:
        """Passes a chunk on as it came. A leg that is gone is told of by its connection_lost."""
        peer = self.server if leg == TO_SERVER else self.client
        if peer is not None:
            peer.write(data)
        elif leg == TO_SERVER:
            raise RuntimeError(NO_SERVER)

    def apply(self, effects: Effects) -> None:
        """Does what one batch asks for, in the order of its fields, but for `relay`."""
        out = effects.to_server
        if out:
            server = self.server
            if server is None:
                # The gate says nothing before the server's greeting, and ends when the server is gone: a defect. One
                # that was just reset takes no bytes, and its connection_lost comes.
                raise RuntimeError(NO_SERVER)
            if len(out) == 1:
                server.write(out[0])
            else:
                server.writelines(out)
        out = effects.to_client
        client = self.client
        if out and client is not None:
            if len(out) == 1:
                client.write(out[0])
            else:
                client.writelines(out)
        for record in effects.records():
            self.hub.finish(record)
        if effects.close:
            self._end(spoke=bool(out) or effects.relay == TO_CLIENT)
        elif effects.secure:
            self._secure(effects.secure, effects.early)
        elif effects.pause_client != self.gate_paused:
            self.gate_wants(effects.pause_client)

    def _secure(self, leg: int, early: bytes) -> None:
        """Puts TLS between a leg's socket and its protocol."""
        ours = leg == SECURE_CLIENT
        below = self.client if ours else self.server
        if below is None or below.is_closing():
            return  # its connection_lost comes
        above = cast(asyncio.Protocol, self if ours else ServerLeg(self))
        tls = make_leg(self.hub.contexts, leg, below, above, self.secured)
        if ours:
            self.client = tls
        else:
            self.server = tls
        tls.start(early if ours else b"")

    def secured(self, leg: int, why: str, subject: str) -> None:
        """A handshake is over; see tls.TlsLeg."""
        if self.ended_at == 0.0:
            gate = self.gate
            now = monotonic()
            try:
                if why:
                    self.apply(gate.not_secured(why, now))
                elif leg == SECURE_CLIENT:
                    self.apply(gate.client_secured(subject, now))
                else:
                    self.apply(gate.server_secured(now))
            except Exception:
                self._defect()

    def eof_received(self) -> None:
        """The client hung up, or closed its half, and expects no reply. The transport closes itself after this."""
        self._last("client_closed")

    def connection_lost(self, exc: Exception | None) -> None:
        """The client's socket is closed."""
        self.client = None
        self._last("client_closed")
        self._gone()

    def server_lost(self) -> None:
        """The server's socket is closed."""
        self.server = None
        self._last("server_closed")
        self._gone()

    def kill(self) -> None:
        """Ends the session at once, on an operator's word."""
        self._last("kill")

    def drain(self) -> None:
        """Tells the gate that the gateway wants to end. It closes now or at its next good moment."""
        if self.ended_at == 0.0:
            try:
                self.apply(self.gate.drain(monotonic()))
            except Exception:
                self._defect()

    def check(self, now: float) -> float:
        """Time-outs; gives the time of the next look (timers.Watched)."""
        after = LOOK
        if self.ended_at == 0.0:
            if self.server is None:
                if now - self.started >= self.hub.connect_timeout:
                    self._unreachable("timed out")
            else:
                try:
                    self.apply(self.gate.expired(now))
                except Exception:
                    self._defect()
                stall = self.stall
                if stall is None:
                    after = self.gate.rest(now)
                elif self.client is not None:
                    lasts = stall.lasts(self.client.get_write_buffer_size(), now)
                    if 0.0 < self.hub.stall_timeout <= lasts:  # the server keeps the rest for it
                        self._last("stalled")
                        upstream.let_go(self.client)
                        self._abort()
                if not self.kept_alive and now - self.started >= KEEP_ALIVE_AFTER:
                    self.kept_alive = True
                    upstream.keep_alive(self.server)
        elif now - self.ended_at >= (FLUSH if upstream.unsent(self.client, self.server) else LINGER):
            self._abort()
        return now + after if self.client is not None or self.server is not None else 0.0

    def _last(self, event: str) -> None:
        """Tells the gate of an event after which the session is over whatever the gate says."""
        if self.ended_at != 0.0:
            return
        gate = self.gate
        try:
            now = monotonic()
            if event == "client_closed":
                self.apply(gate.client_closed(now))
            elif event == "server_closed":
                self.apply(gate.server_closed(now))
            else:
                self.apply(gate.stalled(now) if event == "stalled" else gate.kill(now))
        except Exception:
            self._defect()
        self._end(spoke=False)

    def _end(self, spoke: bool) -> None:
        """Closes both legs once what was written is flushed. After a last word the client's leg is only half
        closed: closing it with unread bytes would reset the connection, and the word could be lost."""
        if self.ended_at != 0.0:
            return
        self.ended_at = monotonic()
        hub = self.hub
        hub.sessions.pop(self.id, None)
        hub.ending.add(self)
        hub.counters.closed()
        if self.seated:
            self.seated = False
            hub.leave(self.ip)
        if self.server is not None:
            self.server.close()
        elif self.connecting is not None:
            # Not once the leg is there: uvloop would drop its socket and never say connection_lost.
            self.connecting.cancel()
            self.connecting = None
        client = self.client
        if client is None or client.is_closing():
            return
        if not spoke:
            client.close()
            return
        client.write_eof()
        hub.timers.watch(self, self.ended_at + LINGER)
        if self.read_paused:
            self.read_paused = False
            client.resume_reading()

    def _gone(self) -> None:
        if self.client is None and self.server is None:
            self.hub.ending.discard(self)
            self.hub.timers.forget(self)

    def _abort(self) -> None:
        """Drops both sockets as they are."""
        self._end(spoke=False)
        for leg in (self.client, self.server):
            if leg is not None:
                leg.abort()

    def _defect(self) -> None:
        """The gate raised, which it must not: this session ends, nothing more passes, the others go on."""
        LOG.exception("session %s: internal error, the session ends", self.id)
        if self.ended_at == 0.0:
            try:
                for record in self.gate.kill(monotonic()).records():
                    self.hub.finish(record)
            except Exception:
                LOG.exception("session %s: its records could not be finished", self.id)
        self._abort()


@final
class ServerLeg:
    """The protocol of a session's connection to the server."""

    __slots__ = ("session",)

    def __init__(self, session: Session) -> None:
        self.session = session

    def data_received(self, data: bytes) -> None:
        self.session.server_bytes(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        server = cast(asyncio.Transport, transport)
        session = self.session
        if session.ended_at != 0.0:
            server.abort()
            return
        server.set_write_buffer_limits(high=0)
        upstream.keep_little(server)
        session.server = server
        session.hub.seats.reached(monotonic())

    def pause_writing(self) -> None:
        self.session.server_full(True)

    def resume_writing(self) -> None:
        self.session.server_full(False)

    def eof_received(self) -> None:
        self.session._last("server_closed")

    def connection_lost(self, exc: Exception | None) -> None:
        self.session.server_lost()
