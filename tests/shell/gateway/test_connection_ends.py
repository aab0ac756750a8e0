"""Every way in which a session over real sockets ends."""

from __future__ import annotations

import asyncio
import time

import pytest

from dbgate.gate.effects import TO_CLIENT, TO_SERVER, Effects
from dbgate.gateway import connection, legs, upstream
from tests.shell.gateway.shell import ScriptedGate, Shell, closed, eventually, run


def test_the_last_word_arrives_although_the_client_goes_on_talking(loop_kind: str) -> None:
    """Closing a socket with unread bytes resets the connection, and the reset can overtake what was written."""

    def enough(fx: Effects, data: bytes) -> None:
        fx.to_client.append(b"no more of this")
        fx.close = "enough"

    async def main() -> None:
        async with Shell() as shell:
            reader, writer = await shell.client()
            await shell.connected()
            shell.gates[0].on_client = enough
            for _ in range(50):
                writer.write(b"z" * 65536)
            assert await reader.read(-1) == b"no more of this"
            assert shell.gates[0].calls == ["client_bytes"]
            assert not shell.hub.sessions
            writer.close()
            await eventually(lambda: not shell.hub.ending)

    run(main(), loop_kind)


def test_a_reply_that_is_passed_on_as_it_came_may_be_the_last_word(loop_kind: str) -> None:
    def last(fx: Effects, data: bytes) -> None:
        fx.relay = TO_CLIENT
        fx.close = "drained"

    async def main() -> None:
        async with Shell() as shell:
            reader, writer = await shell.client()
            await shell.connected()
            shell.gates[0].on_server = last
            for _ in range(50):
                writer.write(b"z" * 65536)
            heard = await reader.read(-1)
            assert heard and set(heard) == {ord("z")}
            assert not shell.hub.sessions
            writer.close()
            await eventually(lambda: not shell.hub.ending)

    run(main(), loop_kind)


def test_bytes_for_a_server_that_is_not_there_are_a_defect(
    loop_kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def never(*_: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(upstream, "connect", never)

    def early(fx: Effects, data: bytes) -> None:
        fx.relay = TO_SERVER

    async def main() -> None:
        async with Shell() as shell:
            _, writer = await shell.client()
            await eventually(lambda: shell.hub.sessions)
            shell.gates[0].on_client = early
            writer.write(b"too early")
            await eventually(lambda: not shell.hub.sessions)
            assert shell.gates[0].ends() == ["kill"]
            writer.close()

    run(main(), loop_kind)
    assert connection.NO_SERVER in caplog.text


def test_a_client_that_does_not_hang_up_after_the_last_word(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell() as shell:
            sock = await shell.raw_client()
            session = await shell.connected()
            shell.gates[0].last_word = b"bye"
            session.kill()
            now = session.ended_at
            assert session.check(now + 0.1) > 0
            assert session.client is not None
            session.check(now + connection.LINGER + 1)
            await eventually(lambda: not shell.hub.ending)
            assert session.check(now + 5) == 0.0
            assert shell.gates[0].ends() == ["kill"]
            assert shell.events() == ["connection.close"]
            sock.close()

    run(main(), loop_kind)


def test_ended_while_the_server_s_leg_is_being_made(loop_kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = connection.ServerLeg.connection_made

    def made(leg: connection.ServerLeg, transport: asyncio.BaseTransport) -> None:
        real(leg, transport)
        leg.session.kill()

    monkeypatch.setattr(connection.ServerLeg, "connection_made", made)

    async def main() -> None:
        async with Shell() as shell:
            reader, writer = await shell.client()
            assert await closed(reader) == b""
            writer.close()
            await eventually(lambda: not shell.hub.ending)  # both sockets are really gone

    run(main(), loop_kind)


def test_kill_by_id(loop_kind: str) -> None:
    async def main() -> None:
        async with Shell() as shell:
            reader, writer = await shell.client()
            session = await shell.connected()
            assert not shell.hub.kill("nobody")
            assert shell.hub.kill(session.id)
            assert await closed(reader) == b""
            writer.close()

    run(main(), loop_kind)


def test_the_server_hangs_up(loop_kind: str) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"partly")
        await writer.drain()

    async def main() -> None:
        async with Shell(hang_up) as shell:
            reader, writer = await shell.client()
            await shell.connected()
            shell.gates[0].last_word = b" - lost"
            writer.write(b"?")
            assert await closed(reader) == b"partly - lost"
            assert shell.gates[0].ends() == ["server_closed"]
            writer.close()

    run(main(), loop_kind)


def test_the_server_is_reset(loop_kind: str) -> None:
    async def crash(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.transport.abort()

    async def main() -> None:
        async with Shell(crash) as shell:
            reader, writer = await shell.client()
            await shell.connected()
            writer.write(b"?")
            await closed(reader)
            assert shell.gates[0].ends() == ["server_closed"]
            writer.close()

    run(main(), loop_kind)


@pytest.mark.parametrize("call", ["client_bytes", "expired", "drain", "client_closed"])
def test_a_gate_that_raises_ends_its_session_and_no_other(loop_kind: str, call: str) -> None:
    class Broken(ScriptedGate):
        def _note(self, what: str) -> Effects:
            if what == call:
                raise ZeroDivisionError(what)
            return super()._note(what)

    async def main() -> None:
        async with Shell() as shell:
            good_reader, good = await shell.client()
            await shell.connected()
            shell.make_gate = Broken
            reader, writer = await shell.client()
            await eventually(lambda: len(shell.hub.sessions) == 2)
            bad = list(shell.hub.sessions.values())[1]
            await eventually(lambda: bad.server is not None)  # type: ignore[attr-defined]
            if call == "expired":
                bad.check(time.monotonic())  # type: ignore[attr-defined]
            elif call == "drain":
                bad.drain()
            elif call == "client_closed":
                writer.close()
            else:
                writer.write(b"x")
            if call != "client_closed":
                with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                    await reader.readexactly(1)
                writer.close()
            await eventually(lambda: len(shell.hub.sessions) == 1)
            assert shell.events() == ["connection.close"]
            good.write(b"still here")
            assert await good_reader.readexactly(10) == b"still here"
            good.close()

    run(main(), loop_kind)


def test_bytes_before_the_server_is_there_are_a_defect(
    loop_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(upstream, "connect", never)

    async def main() -> None:
        async with Shell() as shell:
            reader, writer = await shell.client()
            writer.write(b"early")
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            writer.close()

    run(main(), loop_kind)


def test_a_client_that_leaves_its_reply_where_it_is(loop_kind: str) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"x" * (12 << 20))
        await reader.read(1)

    async def main() -> None:
        async with Shell(flood) as shell:
            shell.hub.stall_timeout = 60.0
            sock = await shell.raw_client()
            session = await shell.connected()
            await asyncio.get_running_loop().sock_sendall(sock, b"!")
            await eventually(lambda: session.stuck == legs.CLIENT)
            session.check(time.monotonic())
            assert session.stall is not None
            since = session.stall._since
            session.check(since + 59.0)
            assert not shell.gates[0].ends()
            session.check(since + 60.5)
            assert shell.gates[0].ends() == ["stalled"]
            await eventually(lambda: not shell.hub.sessions and not shell.hub.ending)
            sock.close()

    run(main(), loop_kind)
