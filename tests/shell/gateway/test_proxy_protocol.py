"""The header in front of a connection: who is taken for whom, what is refused, and that nothing waits for ever."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Iterator

import pytest

from dbgate.gateway.proxy_protocol import ProxyFront, Trusted
from tests.shell.gateway.shell import LOOPS, ScriptedGate, Shell, eventually, run

HEADER = b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 3306\r\n"
LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"


@pytest.fixture(params=list(LOOPS))
def loop_kind(request: pytest.FixtureRequest) -> Iterator[str]:
    yield str(request.param)


def test_who_is_trusted() -> None:
    trusted = Trusted(("10.0.0.0/8", "::1/128", "192.0.2.1/32"))
    assert all(trusted.has(ip) for ip in ("10.1.2.3", "::1", "192.0.2.1", "::ffff:10.0.0.1"))
    assert not any(trusted.has(ip) for ip in ("11.0.0.1", "::2", "192.0.2.2", "", "nonsense"))
    with pytest.raises(ValueError, match="no network"):
        Trusted(())


@pytest.mark.parametrize("cut", [0, 1, 20])
def test_the_client_is_who_the_header_names(loop_kind: str, cut: int) -> None:
    async def main() -> None:
        heard: list[bytes] = []

        def holding() -> ScriptedGate:
            gate = ScriptedGate()
            gate.on_client = lambda fx, data: heard.append(data)
            return gate

        async with Shell(trusted=("127.0.0.1/32",)) as shell:
            shell.make_gate = holding
            _, writer = await shell.client()
            await eventually(lambda: shell.hub.waiting)
            assert not shell.hub.sessions
            writer.write(HEADER[:cut])
            await asyncio.sleep(0)
            writer.write(HEADER[cut:] + b"hello")
            await eventually(lambda: shell.gates)
            assert shell.gates[0].address == ("192.0.2.7", 40000)
            assert not shell.hub.waiting
            await shell.connected()
            await eventually(lambda: b"".join(heard) == b"hello")
            writer.close()

    run(main(), loop_kind)


def test_a_proxy_that_speaks_for_itself(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(trusted=("127.0.0.0/8",)) as shell:
            _, writer = await shell.client()
            port = writer.get_extra_info("sockname")[1]
            writer.write(LOCAL)
            await shell.connected()
            assert shell.gates[0].address == ("127.0.0.1", port)
            writer.close()

    run(main(), loop_kind)


def test_who_is_not_trusted_is_a_client_at_once(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(trusted=("10.0.0.0/8",)) as shell:
            reader, writer = await shell.client()
            await shell.connected()
            assert shell.gates[0].address[0] == "127.0.0.1"
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            writer.close()

    run(main(), loop_kind)


def test_what_is_no_header_is_refused(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(trusted=("127.0.0.1/32",)) as shell:
            reader, writer = await shell.client()
            writer.write(b"nonsense")
            assert await reader.read(-1) == b"1043 08S01 dbgate: a PROXY header was due"
            assert shell.gates[0].ends() == ["refuse"]
            assert not shell.hub.sessions
            writer.write(b"more")
            writer.close()
            await eventually(lambda: not shell.hub.waiting)

    run(main(), loop_kind)


def test_time_runs_from_the_connection(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(trusted=("127.0.0.1/32",)) as shell:
            reader, writer = await shell.client()
            await eventually(lambda: shell.hub.waiting)
            now = asyncio.get_running_loop().time()
            shell.hub.timers.run(now + 1)
            writer.write(HEADER[:5])
            shell.hub.timers.run(now + 6)
            assert await reader.read(-1) == b"1043 08S01 dbgate: no PROXY header came"
            shell.hub.timers.run(now + 20)  # a peer that does not hang up is hung up on
            await eventually(lambda: not shell.hub.waiting)
            writer.close()

    run(main(), loop_kind)


def test_a_header_that_came_is_no_longer_waited_for(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(trusted=("127.0.0.1/32",)) as shell:
            _, writer = await shell.client()
            writer.write(HEADER)
            await shell.connected()
            shell.hub.timers.run(asyncio.get_running_loop().time() + 10)
            assert "refuse" not in shell.gates[0].calls
            writer.close()

    run(main(), loop_kind)


@pytest.mark.parametrize("said", [HEADER, b""], ids=["a session", "nothing"])
def test_nothing_keeps_it_behind_its_end(said: bytes, loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(trusted=("127.0.0.0/8",)) as shell:
            _, writer = await shell.client()
            await eventually(lambda: shell.hub.waiting)
            if said:
                writer.write(said)
                await shell.connected()
            else:
                writer.close()
            await eventually(lambda: not any(type(one) is ProxyFront for one in gc.get_objects()))
            writer.close()

    run(main(), loop_kind)


def test_a_peer_that_hangs_up_owes_nothing(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(trusted=("127.0.0.1/32",)) as shell:
            for part in (b"", HEADER[:9]):
                _, writer = await shell.client()
                writer.write(part)
                await eventually(lambda: shell.hub.waiting)
                writer.close()
                await eventually(lambda: not shell.hub.waiting)
            assert not shell.gates

    run(main(), loop_kind)


def test_the_end_of_the_gateway_is_theirs_too(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell(trusted=("127.0.0.1/32",)) as shell:
            client = await shell.raw_client()
            await eventually(lambda: shell.hub.waiting)
            shell.hub.kill_all()
            await eventually(lambda: not shell.hub.waiting)
            assert isinstance(client, socket.socket)
            client.close()

    run(main(), loop_kind)
