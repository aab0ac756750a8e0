"""The health pages, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from dbgate.config.parse import Address
from dbgate.gateway.health import Health, HealthServer
from dbgate.gateway.listener import bind, bound_address
from tests.rows import rows
from tests.shell.gateway.shell import run

READY = Health(alive=True, details={"sessions": 3})


async def ask(address: Address, request: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(request)
    answer = await reader.read(-1)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Connection: close" in head
    return int(head.split()[1]), body


def serve(state: Health, request: bytes) -> tuple[int, Any]:
    async def look() -> Health:
        return state

    async def main() -> tuple[int, Any]:
        (sock,) = bind(Address("127.0.0.1", 0), 1)
        server = HealthServer(sock, look)
        await server.start()
        try:
            status, body = await ask(bound_address(sock), request)
        finally:
            await server.stop()
        return status, json.loads(body) if body else None

    return run(main())


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


@rows("path", ["/healthz", "/readyz", "/health", "/readyz?verbose"])
def test_ready(path: str) -> None:
    status, body = serve(READY, get(path))
    assert status == 200
    assert body["status"] == "ok"
    assert body["reasons"] == []
    assert ("sessions" in body) == (path == "/health")


def test_not_ready_says_why() -> None:
    state = Health(alive=True, reasons=("no policy", "draining"))
    for path in ("/readyz", "/health"):
        status, body = serve(state, get(path))
        assert status == 503
        assert body == {"status": "unavailable", "reasons": ["no policy", "draining"]}
    assert serve(state, get("/healthz"))[0] == 200


def test_dead() -> None:
    status, body = serve(Health(alive=False, reasons=("no worker is running",)), get("/healthz"))
    assert status == 503
    assert body["reasons"] == ["no worker is running"]


def test_head() -> None:
    assert serve(READY, b"HEAD /readyz HTTP/1.1\r\n\r\n") == (200, None)


@rows(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"POST /readyz HTTP/1.1\r\n\r\n", 405),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /readyz SPDY/1\r\n\r\n", 400),
    ],
)
def test_other_requests(request_bytes: bytes, status: int) -> None:
    assert serve(READY, request_bytes)[0] == status


def test_a_head_without_end_is_hung_up_on() -> None:
    async def main() -> None:
        async def look() -> Health:
            return READY

        (sock,) = bind(Address("127.0.0.1", 0), 1)
        server = HealthServer(sock, look)
        await server.start()
        address = bound_address(sock)
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(b"x" * 100_000)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read(-1) == b""
        writer.close()
        assert (await ask(address, get("/readyz")))[0] == 200
        await server.stop()
        await server.stop()

    run(main())


def test_metrics() -> None:
    async def text() -> bytes:
        return b"up 1\n"

    async def look() -> Health:
        return READY

    async def main() -> tuple[tuple[int, bytes], tuple[int, bytes], tuple[int, bytes]]:
        (sock,) = bind(Address("127.0.0.1", 0), 1)
        server = HealthServer(sock, look, text)
        await server.start()
        try:
            address = bound_address(sock)
            return (
                await ask(address, get("/metrics")),
                await ask(address, b"HEAD /metrics HTTP/1.1\r\n\r\n"),
                await ask(address, get("/metric")),
            )
        finally:
            await server.stop()

    scraped, head, wrong = run(main())
    assert scraped == (200, b"up 1\n") and head == (200, b"")
    assert wrong[0] == 404 and b"/metrics" in wrong[1]
    assert serve(READY, get("/metrics"))[0] == 404  # where nobody gives any
