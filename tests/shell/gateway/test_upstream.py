"""Connecting to the server, and what is said where that fails."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path
from typing import cast

import pytest

from dbgate.config.parse import Address
from dbgate.gateway import upstream
from tests.shell.gateway.shell import echo, run


def test_a_vanished_peer_will_be_noticed() -> None:
    async def main() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        made: list[asyncio.BaseTransport] = []

        class Leg(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                made.append(transport)

        address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
        told: list[str] = []
        await upstream.connect(asyncio.get_running_loop(), address, Leg(), told.append)
        assert told == [""]
        upstream.keep_alive(made[0])
        sock = made[0].get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 120
        made[0].close()
        server.close()
        await server.wait_closed()

    run(main())


def test_a_name_that_is_none() -> None:
    async def main() -> None:
        told: list[str] = []
        nowhere = Address("no.such.host.invalid", 1)
        await upstream.connect(asyncio.get_running_loop(), nowhere, asyncio.Protocol(), told.append)
        assert "cannot be resolved" in told[0]

    run(main())


def test_a_defect_while_connecting(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        async def create_connection(self, *_: object) -> None:
            raise KeyError("defect")

    told: list[str] = []
    loop = cast(asyncio.AbstractEventLoop, Broken())
    run(upstream.connect(loop, Address("127.0.0.1", 1), asyncio.Protocol(), told.append))
    assert told == ["internal error"]
    assert "connecting to 127.0.0.1:1 failed" in caplog.text


def test_reasons() -> None:
    assert upstream.reason(ConnectionRefusedError(errno.ECONNREFUSED, "x")) == "Connection refused"
    assert upstream.reason(OSError("Multiple exceptions: a, b")) == "Multiple exceptions: a, b"
    assert upstream.reason(OSError()) == "OSError"


class _Pretender(asyncio.BaseTransport):
    """A transport over a socket that is there, or is not."""

    def __init__(self, sock: socket.socket | None) -> None:
        self._sock = sock

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._sock


def test_what_a_peer_does_not_take_is_forgotten() -> None:
    with socket.socket() as listening, socket.socket() as client:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        client.connect(listening.getsockname())
        server, _ = listening.accept()
        upstream.let_go(_Pretender(server))
        server.sendall(b"not taken")
        server.close()
        with pytest.raises(ConnectionResetError):
            while client.recv(1):
                pass
    upstream.let_go(None)
    upstream.let_go(_Pretender(None))


def test_a_socket_that_is_closed_already(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as sock:
        gone = _Pretender(sock)
    upstream.keep_alive(gone)
    upstream.let_go(gone)
    upstream.keep_little(gone)
    assert "keep-alive cannot be set: " in caplog.text


def test_what_the_kernel_keeps_of_a_reply_is_bounded() -> None:
    with socket.socket() as sock:
        upstream.keep_little(_Pretender(sock))
        assert sock.fileno() >= 0  # it is the transport's still
        most = int(Path("/proc/sys/net/core/rmem_max").read_text())
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 2 * min(upstream.UNTAKEN, most)


class _Leg(asyncio.Transport):
    def __init__(self, waiting: int) -> None:
        self._waiting = waiting

    def get_write_buffer_size(self) -> int:
        return self._waiting


def test_bytes_that_wait_in_a_leg() -> None:
    assert not upstream.unsent(None, _Leg(0))
    assert upstream.unsent(_Leg(0), _Leg(7))
