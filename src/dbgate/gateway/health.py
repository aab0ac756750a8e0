"""/healthz, /readyz and /health over HTTP/1.1: 200 or 503, and a JSON object that says why; /metrics for Prometheus.

Runs in the supervisor, so it answers also when every worker is busy or gone. /healthz: the gateway's processes run.
/readyz and /health: it can do its work, so a balancer may send clients.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

_REQUEST_SECONDS: Final = 5.0
_HEAD_BYTES: Final = 8192
_CLIENTS: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """alive: the processes run; reasons: why no client should be sent here, empty = ready; details: for people."""

    alive: bool
    reasons: tuple[str, ...] = ()
    details: dict[str, object] = field(default_factory=dict)


class HealthServer:
    """Serves on a listening socket. look() gives the state at each request, metrics() the text of /metrics."""

    def __init__(
        self,
        sock: socket.socket,
        look: Callable[[], Awaitable[Health]],
        metrics: Callable[[], Awaitable[bytes]] | None = None,
    ) -> None:
        self._sock = sock
        self._look = look
        self._metrics = metrics
        self._server: asyncio.Server | None = None
        self._busy = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._sock, limit=_HEAD_BYTES)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._busy += 1
        try:
            if self._busy <= _CLIENTS:
                async with asyncio.timeout(_REQUEST_SECONDS):
                    writer.write(await self._answer(reader))
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asks badly, or hangs up, needs no answer
        finally:
            self._busy -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        parts = head.split(b"\r\n", 1)[0].split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return _response(400, {"status": "error", "reason": "not an HTTP/1.1 request"})
        if parts[0] not in (b"GET", b"HEAD"):
            return _response(405, {"status": "error", "reason": "use GET"})
        path = parts[1].split(b"?", 1)[0]
        if path == b"/metrics" and self._metrics is not None:
            return _text(await self._metrics(), head_only=parts[0] == b"HEAD")
        if path not in (b"/healthz", b"/readyz", b"/health"):
            return _response(404, {"status": "error", "reason": "try /healthz, /readyz, /health or /metrics"})
        state = await self._look()
        reasons = list(state.reasons)
        good = state.alive if path == b"/healthz" else state.alive and not reasons
        if path == b"/healthz":
            reasons = [] if state.alive else ["no worker is running"]
        body: dict[str, object] = {"status": "ok" if good else "unavailable", "reasons": reasons}
        if path == b"/health":
            body.update(state.details)
        return _response(200 if good else 503, body, head_only=parts[0] == b"HEAD")


_WORDS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}


def _response(status: int, body: dict[str, object], head_only: bool = False) -> bytes:
    return _message(status, "application/json", json.dumps(body).encode() + b"\n", head_only)


def _text(text: bytes, head_only: bool) -> bytes:
    return _message(200, "text/plain; version=0.0.4; charset=utf-8", text, head_only)


def _message(status: int, kind: str, text: bytes, head_only: bool) -> bytes:
    head = (
        f"HTTP/1.1 {status} {_WORDS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(text)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    ).encode()
    return head if head_only else head + text
