"""TLS between a socket and its protocol: real handshakes over real sockets, with a scripted gate."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator

import pytest

from dbgate.config.settings import load
from dbgate.gate.effects import SECURE_CLIENT, SECURE_SERVER, Effects
from dbgate.gateway.certificates import Contexts, load_contexts
from dbgate.gateway.tls import make_leg
from tests.servers.tls import Certificates
from tests.shell.gateway.shell import LOOPS, ScriptedGate, Shell, eventually, run


@pytest.fixture(params=list(LOOPS))
def loop_kind(request: pytest.FixtureRequest) -> Iterator[str]:
    yield str(request.param)


@pytest.fixture(scope="module")
def certificates() -> Iterator[Certificates]:
    made = Certificates()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def contexts(certificates: Certificates) -> Contexts:
    path = certificates.issue("gateway.pem", "127.0.0.1")
    ca = certificates.ca
    return load_contexts(
        load(
            {
                "tls_cert": str(path),
                "tls_client_ca": str(ca),
                "upstream_tls_mode": "verify-full",
                "upstream_tls_ca": str(ca),
                "upstream": "127.0.0.1:1",
            },
            {},
        )
    )


class TlsGate(ScriptedGate):
    """Asks for TLS on a leg when the client says so; relays everything else."""

    def __init__(self) -> None:
        super().__init__()
        self.on_client = self._ask

    def _ask(self, fx: Effects, data: bytes) -> None:
        fx.secure = 0
        if data.startswith(b"TLS please"):
            fx.secure = SECURE_CLIENT
            fx.early = data[10:]
        elif data == b"the server too":
            fx.to_server.append(b"STARTTLS")
            fx.secure = SECURE_SERVER
        else:
            fx.to_server.append(data)


class Peer:
    """A client with its TLS engine beside its socket."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")

    def hello(self) -> bytes:
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    async def shake(self) -> None:
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._more()
        self.writer.write(self.outgoing.read())

    async def _more(self) -> None:
        self.writer.write(self.outgoing.read())
        data = await self.reader.read(1 << 16)
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def send(self, data: bytes) -> None:
        self.tls.write(data)
        self.writer.write(self.outgoing.read())

    async def receive(self) -> bytes:
        """The next of what was inside; b"" at a goodbye in TLS."""
        while True:
            try:
                return self.tls.read(1 << 16)
            except ssl.SSLWantReadError:
                await self._more()
            except ssl.SSLZeroReturnError:
                return b""


def shell(contexts: Contexts, **more: object) -> Shell:
    made = Shell(contexts=contexts, **more)  # type: ignore[arg-type]
    made.make_gate = TlsGate
    return made


async def secured(
    the_shell: Shell, certificates: Certificates, context: ssl.SSLContext | None = None
) -> Peer:
    reader, writer = await the_shell.client()
    await the_shell.connected()
    peer = Peer(reader, writer, context or ssl.create_default_context(cafile=str(certificates.ca)))
    writer.write(b"TLS please")
    await peer.shake()
    assert await peer.receive() == b"welcome"
    return peer


def test_bytes_pass_inside(loop_kind: str, contexts: Contexts, certificates: Certificates) -> None:
    async def main() -> None:
        async with shell(contexts) as it:
            peer = await secured(it, certificates)
            peer.send(b"hello")
            assert await peer.receive() == b"hello"
            big = bytes(range(256)) * 4096  # 1 MiB: many records, more than the sockets hold
            peer.send(big)
            found = b""
            while len(found) < len(big):
                found += await peer.receive()
            assert found == big
            peer.writer.close()
            await eventually(lambda: not it.hub.sessions and not it.hub.ending)
            assert it.gates[0].ends() == ["client_secured", "client_closed"]

    run(main(), loop_kind)


def test_a_goodbye_inside_is_one(loop_kind: str, contexts: Contexts, certificates: Certificates) -> None:
    async def main() -> None:
        async with shell(contexts) as it:
            peer = await secured(it, certificates)
            peer.send(b"last")
            with pytest.raises(ssl.SSLWantReadError):
                peer.tls.unwrap()
            peer.writer.write(peer.outgoing.read())
            await eventually(lambda: not it.hub.sessions and not it.hub.ending)
            assert it.gates[0].ends() == ["client_secured", "client_closed"]

    run(main(), loop_kind)


@pytest.mark.parametrize("size", [0, 1, 100])
def test_the_hello_may_come_with_what_asks_for_it(
    loop_kind: str, contexts: Contexts, certificates: Certificates, size: int
) -> None:
    async def main() -> None:
        async with shell(contexts) as it:
            reader, writer = await it.client()
            await it.connected()
            peer = Peer(reader, writer, ssl.create_default_context(cafile=str(certificates.ca)))
            hello = peer.hello()
            writer.write(b"TLS please" + (hello[:size] or hello))
            if size:
                writer.write(hello[size:])
            await peer.shake()
            assert await peer.receive() == b"welcome"

    run(main(), loop_kind)


def test_the_subject_of_a_clients_certificate(contexts: Contexts, certificates: Certificates) -> None:
    own = certificates.issue("app.pem", common_name="app")

    async def main() -> None:
        async with shell(contexts) as it:
            context = ssl.create_default_context(cafile=str(certificates.ca))
            context.load_cert_chain(own)
            await secured(it, certificates, context)
            assert it.gates[0].ends()[0].startswith("client_secured CN=app,OU=")

    run(main())


@pytest.mark.parametrize("junk", [b"\x03SELECT in clear", b"\x16\x03\x01\xff\xff", b""])
def test_handshakes_that_fail(loop_kind: str, contexts: Contexts, junk: bytes) -> None:
    async def main() -> None:
        async with shell(contexts) as it:
            reader, writer = await it.client()
            await it.connected()
            writer.write(b"TLS please" + junk)
            if not junk:
                writer.write_eof()
            elif junk.startswith(b"\x16"):
                writer.write(b"x" * 70_000)
            heard = await reader.read(-1)
            assert b"welcome" not in heard
            writer.close()
            await eventually(lambda: not it.hub.sessions and not it.hub.ending)
            assert it.gates[0].ends() == ["not_secured"]
            assert it.gates[0].why

    run(main(), loop_kind)


def test_bytes_in_clear_inside_end_the_session(
    loop_kind: str, contexts: Contexts, certificates: Certificates
) -> None:
    async def main() -> None:
        async with shell(contexts) as it:
            peer = await secured(it, certificates)
            peer.writer.write(b"\x03SELECT in clear")
            await eventually(lambda: not it.hub.sessions and not it.hub.ending)
            assert it.gates[0].ends() == ["client_secured", "client_closed"]
            peer.writer.close()

    run(main(), loop_kind)


def test_a_last_word_is_heard_inside(loop_kind: str, contexts: Contexts, certificates: Certificates) -> None:
    async def main() -> None:
        async with shell(contexts) as it:
            peer = await secured(it, certificates)
            it.gates[0].last_word = b"goodbye"
            it.session().kill()
            assert await peer.receive() == b"goodbye"
            assert await peer.receive() == b""  # a goodbye in TLS: nobody cut it short
            peer.writer.close()

    run(main(), loop_kind)


def test_back_pressure_reaches_the_client(contexts: Contexts, certificates: Certificates) -> None:
    """The server takes nothing: the client is no longer read, and nothing grows."""

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async def main() -> None:
        async with shell(contexts, server=deaf) as it:
            peer = await secured(it, certificates)
            block = bytes(1 << 20)
            for _ in range(64):
                peer.send(block)
                await asyncio.sleep(0)
                if it.session().read_paused:
                    break
            await eventually(lambda: it.session().read_paused)
            session = it.session()
            assert session.server is not None
            assert session.server.get_write_buffer_size() < 1 << 20
            peer.writer.transport.abort()

    run(main())


def with_server(context: ssl.SSLContext | None):  # type: ignore[no-untyped-def]
    """A server that turns to TLS when it is asked, and then gives back what it gets; in clear where it has none."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == b"STARTTLS"
        if context is None:
            writer.write(b"\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00")
            await reader.read(-1)
            return
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        ready = False
        while data := await reader.read(1 << 16):
            incoming.write(data)
            try:
                if not ready:
                    tls.do_handshake()
                    ready = True
                while part := tls.read(1 << 16):
                    tls.write(part)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                break
            writer.write(outgoing.read())

    return serve


def test_the_servers_leg(loop_kind: str, contexts: Contexts) -> None:
    async def main() -> None:
        async with shell(contexts, server=with_server(contexts.client)) as it:
            reader, writer = await it.client()
            await it.connected()
            writer.write(b"the server too")
            assert await reader.readexactly(4) == b"held"
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            writer.close()
            await eventually(lambda: not it.hub.sessions and not it.hub.ending)
            assert it.gates[0].ends() == ["server_secured", "client_closed"]

    run(main(), loop_kind)


def test_a_client_that_hangs_up_while_the_server_shakes_hands(loop_kind: str, contexts: Contexts) -> None:
    """What the gate says as a farewell is said inside, or not at all."""
    heard: list[bytes] = []
    assert contexts.client is not None
    context = contexts.client

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == b"STARTTLS"
        hello = await reader.read(1 << 16)
        await eventually(lambda: it[0].gates[0].ends())  # the client has gone
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(hello)
        while not heard:
            try:
                tls.do_handshake()
                heard.append(tls.read(1 << 16))
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                data = await reader.read(1 << 16)
                if not data:
                    break
                incoming.write(data)

    class Polite(TlsGate):
        def client_closed(self, now: float) -> Effects:
            fx = super().client_closed(now)
            fx.to_server.append(b"farewell")
            return fx

    it: list[Shell] = []

    async def main() -> None:
        async with shell(contexts, server=slow) as made:
            it.append(made)
            made.make_gate = Polite
            _, writer = await made.client()
            await made.connected()
            writer.write(b"the server too")
            await eventually(lambda: "client_bytes" in made.gates[0].calls)
            writer.close()
            await eventually(lambda: heard)
            assert heard == [b"farewell"]
            await eventually(lambda: not made.hub.ending)

    run(main(), loop_kind)


def test_both_legs(loop_kind: str, contexts: Contexts, certificates: Certificates) -> None:
    async def main() -> None:
        async with shell(contexts, server=with_server(contexts.client)) as it:
            peer = await secured(it, certificates)
            peer.send(b"the server too")
            assert await peer.receive() == b"held"
            peer.send(b"hello")
            assert await peer.receive() == b"hello"

    run(main(), loop_kind)


def test_a_server_that_is_not_who_it_should_be(
    loop_kind: str, contexts: Contexts, certificates: Certificates
) -> None:
    wrong = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wrong.load_cert_chain(certificates.issue("other.pem", "db.example"))

    async def main() -> None:
        for context, why in ((wrong, "the certificate is not valid"), (None, "")):
            async with shell(contexts, server=with_server(context)) as it:
                reader, writer = await it.client()
                await it.connected()
                it.gates[0].last_word = b"no"
                writer.write(b"the server too")
                assert await reader.read(-1) == b"no"
                assert why in it.gates[0].why
                writer.close()

    run(main(), loop_kind)


def test_legs_for_which_nothing_is_configured() -> None:
    for contexts in (None, Contexts(None, None, "x")):
        with pytest.raises(RuntimeError):
            make_leg(contexts, SECURE_CLIENT, None, None, None)  # type: ignore[arg-type]
