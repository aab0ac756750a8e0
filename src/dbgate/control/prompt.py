"""uvicorn's HTTP protocol for those whom nobody knows yet: who does not ask in time loses its place."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class PromptProtocol(H11Protocol):
    """A request must be there whole within the keep-alive time, counted from the connection's beginning or from the answer
    before; and where all places (limit_concurrency) are taken, who has owed one for longest makes room. uvicorn's own
    clock starts after an answer only, and stops with the first byte of the next request: so a peer without any right
    could hold a place for ever, and a few of them all."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._due is not None:
            self._due.cancel()

    def _watch(self) -> None:
        """The clock runs while the peer owes a request, or a part of one."""
        owes = self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        if owes and self._due is None:
            self._due = self.loop.call_later(self.timeout_keep_alive, self._too_slow)
        elif not owes and self._due is not None:
            self._due.cancel()
            self._due = None

    def _make_room(self) -> None:
        waiting = {
            one._due.when(): one
            for one in self.connections
            if isinstance(one, PromptProtocol) and one is not self and one._due is not None
        }
        if waiting:
            waiting[min(waiting)]._too_slow()

    def _too_slow(self) -> None:
        self.connections.discard(self)  # not only when its socket is closed
        self.transport.abort()
