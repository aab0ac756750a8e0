"""uvicorn's HTTP protocol for those whom nobody knows yet: who does not ask in time loses its place."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class PromptProtocol(H11Protocol):
    """A request must be there whole within the keep-alive time, counted from the connection's beginning or from the answer
    before. uvicorn's own clock starts after an answer only, and stops with the first byte of the next request: so a
    peer without any right could hold a place for ever, and limit_concurrency of them all."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

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

    def _too_slow(self) -> None:
        self.transport.abort()
