"""The protocol of a session's connection to the server."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, cast, final

from dbgate.gateway import upstream

if TYPE_CHECKING:
    from dbgate.gateway.connection import Session


@final
class ServerLeg:
    """asyncio.Protocol by shape: a compiled class has no interpreted base."""

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
        self.session.server_ended()

    def connection_lost(self, exc: Exception | None) -> None:
        self.session.server_lost()
