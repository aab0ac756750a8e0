"""Sessions over real sockets, with a scripted gate: relaying, back-pressure, and every way to end."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from typing import Any

import pytest

from dbgate.config.parse import Address
from dbgate.gate import limits
from dbgate.gate.effects import TO_CLIENT, TO_SERVER, Effects
from dbgate.gateway import connection, legs, upstream
from dbgate.gateway.board import SESSIONS
from dbgate.stats import layout
from tests.shell.gateway.shell import Shell, closed, eventually, run


def test_bytes_pass_both_ways(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell() as shell:
            reader, writer = await shell.client()
            await shell.connected()
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            assert shell.board.total(SESSIONS) == 1
            writer.close()
            await eventually(lambda: not shell.hub.sessions and not shell.hub.ending)
            assert shell.board.total(SESSIONS) == 0
            assert shell.gates[0].ends() == ["client_closed"]

    run(main(), loop_kind)


def test_both_legs_send_at_once(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell() as shell:
            _, writer = await shell.client()
            session = await shell.connected()
            for leg in (session.client, session.server):
                assert leg is not None
                sock = leg.get_extra_info("socket")
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            writer.close()

    run(main(), loop_kind)


def test_a_session_that_lives_long_is_looked_after_by_the_kernel(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell() as shell:
            _, writer = await shell.client()
            session = await shell.connected()
            assert session.server is not None
            sock = session.server.get_extra_info("socket")
            session.check(time.monotonic())
            assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            session.check(time.monotonic() + connection.KEEP_ALIVE_AFTER)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            writer.close()

    run(main(), loop_kind)


def test_several_pieces_keep_their_order(loop_kind: str) -> None:
    def twice(fx: Effects, data: bytes) -> None:
        fx.to_server.extend([data, b"-", data])
        fx.to_client.extend([b"<", b">"])

    async def main() -> None:
        async with Shell() as shell:
            reader, writer = await shell.client()
            await shell.connected()
            shell.gates[0].on_client = twice
            writer.write(b"ab")
            assert await reader.readexactly(7) == b"<>ab-ab"
            writer.close()

    run(main(), loop_kind)


def test_what_is_relayed_is_the_chunk_itself_and_goes_first(loop_kind: str) -> None:
    def to_server(fx: Effects, data: bytes) -> None:
        fx.relay = TO_SERVER
        fx.to_server.append(b"+")

    def to_client(fx: Effects, data: bytes) -> None:
        fx.relay = TO_CLIENT
        fx.to_client.append(b".")

    async def main() -> None:
        async with Shell() as shell:
            reader, writer = await shell.client()
            session = await shell.connected()
            gate = shell.gates[0]
            gate.on_client, gate.on_server = to_server, to_client
            writer.write(b"ab")
            assert (await reader.readexactly(4)).startswith(b"ab")
            session.server = None  # a gate that relays to a server that is not there is a defect
            writer.write(b"c")
            await closed(reader)
            assert shell.gates[0].ends() == ["kill"]
            writer.close()

    run(main(), loop_kind)


def test_over_the_limit(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(limit=1) as shell:
            _, first = await shell.client()
            await shell.connected()
            reader, second = await shell.client()
            assert await closed(reader) == b"1040 08004 dbgate: too many connections"
            second.close()
            first.close()
            await eventually(lambda: shell.board.total(SESSIONS) == 0)
            assert shell.page[layout.CONNECTIONS] == 2  # the refused one was a connection too
            assert shell.page[layout.SESSIONS] == 0
            assert shell.page[layout.DENIED] == 0  # that is counted from its record, which a real gate writes
            _, third = await shell.client()
            await shell.connected()
            third.close()

    run(main(), loop_kind)


def test_server_unreachable(loop_kind: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound but not listening: refused

        async def main() -> None:
            async with Shell(upstream=Address("127.0.0.1", nobody.getsockname()[1])) as shell:
                reader, writer = await shell.client()
                assert await closed(reader) == b"1105 08S01 dbgate: the database server cannot be reached"
                writer.close()

        run(main(), loop_kind)


def test_connecting_takes_too_long(loop_kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(upstream, "connect", never)

    async def main() -> None:
        async with Shell() as shell:
            reader, writer = await shell.client()
            await eventually(lambda: shell.hub.sessions)
            session = shell.session()
            now = session.started
            assert session.check(now + 4.0) == now + 4.0 + limits.LOOK
            assert shell.hub.sessions
            session.check(now + 6.0)
            assert (await closed(reader)).startswith(b"1105 ")
            writer.close()

    run(main(), loop_kind)


def test_a_defect_while_connecting(loop_kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*arguments: Any) -> None:
        arguments[-1]("internal error")

    monkeypatch.setattr(upstream, "connect", broken)

    async def main() -> None:
        async with Shell() as shell:
            reader, writer = await shell.client()
            assert (await closed(reader)).startswith(b"1105 ")
            writer.close()

    run(main(), loop_kind)


def test_client_gone_while_connecting(loop_kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = upstream.connect

    async def late(*arguments: object) -> None:
        await asyncio.sleep(0.05)
        await real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(upstream, "connect", late)

    async def main() -> None:
        async with Shell() as shell:
            _, writer = await shell.client()
            await eventually(lambda: shell.hub.sessions)
            writer.transport.abort()
            await eventually(lambda: not shell.hub.sessions)
            await asyncio.sleep(0.1)
            assert shell.gates[0].ends() == ["client_closed"]
            assert not shell.hub.ending

    run(main(), loop_kind)


def test_draining(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell() as shell:
            _, writer = await shell.client()
            await shell.connected()
            shell.hub.drain()
            assert shell.gates[0].calls == ["drain"]
            reader, late = await shell.client()
            assert await closed(reader) == b"1053 08S01 dbgate: the gateway is shutting down"
            late.close()
            writer.close()

    run(main(), loop_kind)


TOTAL = 12 << 20


async def _flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)
    block = b"x" * (1 << 16)
    for _ in range(TOTAL // len(block)):
        writer.write(block)
        await writer.drain()
    await reader.read(1)


async def at_rest(shell: Shell) -> None:
    """Waits until the gate is told nothing more."""
    passed = -1
    for _ in range(100):
        if passed == len(shell.gates[0].calls):
            return
        passed = len(shell.gates[0].calls)
        await asyncio.sleep(0.1)
    raise AssertionError("it goes on and on")


def test_a_client_that_does_not_read_stops_the_server(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(_flood) as shell:
            sock = await shell.raw_client()
            loop = asyncio.get_running_loop()
            session = await shell.connected()
            await loop.sock_sendall(sock, b"!")
            await eventually(lambda: session.stuck == legs.CLIENT)
            await at_rest(shell)  # the server is not read any more
            assert session.client is not None
            assert 0 < session.client.get_write_buffer_size() <= 1 << 19
            assert session.read_paused  # and neither are further commands of this client
            got = 0
            while got < TOTAL:
                got += len(await loop.sock_recv(sock, 1 << 20))
            assert session.stuck == 0
            assert not session.read_paused
            sock.close()

    run(main(), loop_kind)


def test_a_long_reply_lets_others_have_their_turn(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(_flood) as shell:
            sock = await shell.raw_client()
            loop = asyncio.get_running_loop()
            await shell.connected()
            turn = 0
            full: Counter[int] = Counter()

            def count(fx: Effects, data: bytes) -> None:
                fx.relay = TO_CLIENT
                if len(data) >= legs.LARGE:
                    full[turn] += 1

            shell.gates[0].on_server = count
            await loop.sock_sendall(sock, b"!")
            reading = loop.create_task(_all_of(sock))
            while not reading.done():
                await asyncio.sleep(0)
                turn += 1
            assert full, "no read was full: nothing was tried"
            assert max(full.values()) <= 2  # a turn of the loop may be none of this task's
            sock.close()

    run(main(), loop_kind)


async def _all_of(sock: socket.socket) -> None:
    got = 0
    while got < TOTAL:
        got += len(await asyncio.get_running_loop().sock_recv(sock, 1 << 20))


def test_a_server_that_does_not_read_stops_the_client(loop_kind: str) -> None:
    async def main() -> None:
        listens = asyncio.Event()

        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await listens.wait()
            got = 0
            while got < TOTAL:
                got += len(await reader.read(1 << 20))
            writer.write(b"done")
            await reader.read(1)

        async with Shell(deaf) as shell:
            sock = await shell.raw_client()
            loop = asyncio.get_running_loop()
            session = await shell.connected()
            sending = loop.create_task(loop.sock_sendall(sock, b"y" * TOTAL))
            await eventually(lambda: session.stuck == legs.SERVER)
            assert session.read_paused
            assert session.server is not None
            assert session.server.get_write_buffer_size() <= 1 << 19
            listens.set()
            await sending
            assert await loop.sock_recv(sock, 4) == b"done"
            assert not session.read_paused
            sock.close()

    run(main(), loop_kind)


def test_the_gate_can_pause_the_client(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell() as shell:
            _, writer = await shell.client()
            session = await shell.connected()
            gate = shell.gates[0]

            def pause(fx: Effects, data: bytes) -> None:
                fx.pause_client = True

            gate.on_client = pause
            writer.write(b"a")
            await eventually(lambda: session.read_paused)
            writer.write(b"b")
            await asyncio.sleep(0.05)
            assert gate.calls.count("client_bytes") == 1

            def go_on(fx: Effects, data: bytes) -> None:
                fx.pause_client = False

            gate.on_server = go_on
            shell.server_side[0].write(b"reply")
            await eventually(lambda: gate.calls.count("client_bytes") == 2)
            writer.close()

    run(main(), loop_kind)


def test_a_command_that_comes_when_the_server_has_just_reset(
    loop_kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with Shell() as shell:
            _, writer = await shell.client()
            session = await shell.connected()
            assert session.server is not None
            session.server.abort()  # its connection_lost is on its way
            session.data_received(b"one more")
            await eventually(lambda: shell.gates[0].ends() == ["server_closed"])
            writer.close()

    run(main(), loop_kind)
    assert "internal error" not in caplog.text
