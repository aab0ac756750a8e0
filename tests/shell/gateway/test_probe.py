"""The health probe against scripted servers; tests/integration has it against real ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from dbgate.config.parse import Address
from dbgate.gateway.probe import USER, probe
from tests.shell.gateway.shell import run

GREETING = b"\x0a5.5.5-10.11.6-MariaDB\0" + bytes(60)


def packet(sequence: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


async def read_packet(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(4)
    return await reader.readexactly(int.from_bytes(header[:3], "little"))


def ask(
    server: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]],
    seconds: float = 60.0,
) -> str:
    async def main() -> str:
        done: list[BaseException] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await server(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            except AssertionError as error:
                done.append(error)
            finally:
                writer.close()

        behind = await asyncio.start_server(serve, "127.0.0.1", 0)
        found = await probe(Address("127.0.0.1", behind.sockets[0].getsockname()[1]), seconds)
        behind.close()
        await behind.wait_closed()
        await asyncio.sleep(0)
        if done:
            raise done[0]
        return found

    return run(main())


def test_the_login_goes_on_to_its_end() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(packet(0, GREETING))
        login = await read_packet(reader)
        assert USER + b"\0" in login
        writer.write(packet(2, b"\xfecaching_sha2_password\0scramble"))
        assert await read_packet(reader) == b""
        writer.write(packet(4, b"\xff\x15\x04#28000Access denied"))
        assert await reader.read(1) == b""

    assert ask(server) == ""


def test_an_account_of_that_name_logs_out() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(packet(0, GREETING))
        await read_packet(reader)
        assert await read_packet(reader) == b""
        writer.write(packet(2, b"\x00\x00\x00\x02\x00\x00\x00"))
        assert await read_packet(reader) == b"\x01"

    assert ask(server) == ""


def test_a_server_that_refuses() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(packet(0, b"\xff\x10\x04Too many connections"))

    assert ask(server) == "it refuses connections: Too many connections"


def test_something_else_listens_there() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(packet(0, b"SSH-2.0"))

    assert ask(server) == "what answers there is no MySQL server"


def test_silence() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    assert ask(server, 0.3) == "no answer in time"


def test_hang_up() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        return

    assert ask(server) == "it closed the connection"


def test_nobody_there() -> None:
    async def main() -> str:
        behind = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        port = behind.sockets[0].getsockname()[1]
        behind.close()
        await behind.wait_closed()
        return await probe(Address("127.0.0.1", port), 60.0)

    assert run(main()) == "Connection refused"
