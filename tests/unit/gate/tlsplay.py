"""Sequence diagrams with TLS: the test shakes hands for the shell."""

from __future__ import annotations

from dbgate.gate.brain import Brain
from dbgate.gate.effects import SECURE_CLIENT, SECURE_SERVER, Effects
from dbgate.gate.keys import RsaKey
from dbgate.gate.legs import OFF, REQUIRE, Legs
from dbgate.gate.limits import Limits
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from dbgate.wire.handshake import parse_greeting
from tests.unit.wire import making

from .play import CLIENT, POLICY, Play, ids, policy

KEY = RsaKey()
NONCE = b"abcdefghijklmnopqrst"  # of making.greeting


def brain(
    offered: bool = True,
    server: int = OFF,
    required: bool = False,
    text: str = POLICY,
    key: RsaKey | None = KEY,
) -> Brain:
    legs = Legs(offered, required, server, key)
    return Brain(policy(text), Limits(), ids(), legs=legs)


class TlsPlay(Play):
    """client_tls, server_tls: which legs are to be TLS; the greeting offers accordingly."""

    def __init__(
        self,
        client_tls: bool = True,
        server_tls: bool = False,
        the_brain: Brain | None = None,
        capabilities: int = CLIENT,
        server: int = making.MYSQL_CAPABILITIES,
        version: bytes = b"9.7.4",
    ) -> None:
        made = the_brain or brain(True, REQUIRE if server_tls else OFF)
        super().__init__(made, capabilities, server, version)
        self.client_tls = client_tls
        self.server_tls = server_tls
        self.secure = 0
        self.early = b""

    def take(self, effects: Effects, chunk: bytes = b"") -> TlsPlay:
        super().take(effects, chunk)
        self.secure = effects.secure
        self.early = effects.early
        return self

    def greeted(self, plugin: bytes = b"caching_sha2_password") -> TlsPlay:
        """Up to the client's HandshakeResponse."""
        self.server(packet(0, making.greeting(self.server_capabilities, self.version, plugin)))
        shown = parse_greeting(self.to_client[4:]).capabilities
        assert bool(shown & c.CLIENT_SSL) == self.brain.legs.offered
        if self.client_tls:
            request = making.response(self.capabilities | c.CLIENT_SSL)[:32]
            self.client(packet(1, request))
            assert (self.secure, self.to_server, self.to_client) == (SECURE_CLIENT, b"", b"")
            self.secured()
        return self

    def secured(self, subject: str = "") -> TlsPlay:
        self.take(self.gate.client_secured(subject, self.now))
        assert (self.to_server, self.to_client, self.secure) == (b"", b"", 0)
        return self

    def say(self, payload: bytes) -> TlsPlay:
        """The client's next packet of the login."""
        self.client(packet(self.gate.state.reader.seq, payload))
        return self

    def answered(
        self, plugin: bytes = b"caching_sha2_password", auth: bytes = b"s" * 32, user: bytes = b"app"
    ) -> TlsPlay:
        """The client's HandshakeResponse, brought to the server. What it is there is in to_server."""
        capabilities = self.capabilities | (c.CLIENT_SSL if self.client_tls else 0)
        self.say(making.response(capabilities, user, auth=auth, plugin=plugin))
        return self.wrapped()

    def wrapped(self) -> TlsPlay:
        if self.server_tls and self.secure:
            assert self.secure == SECURE_SERVER
            assert self.early == b""
            request = self.to_server
            assert request[:4] == b"\x20\x00\x00\x01" and len(request) == 36
            self.take(self.gate.server_secured(self.now))
            assert self.to_server[4:8] == request[4:8]  # the same capabilities
            assert self.to_server[3] == 2
        return self

    def sent(self) -> tuple[int, bytes]:
        """Number and payload of the one packet to the server."""
        return _one(self.to_server)

    def heard(self) -> tuple[int, bytes]:
        """Number and payload of the one packet to the client."""
        return _one(self.to_client)


def _one(data: bytes) -> tuple[int, bytes]:
    assert len(data) >= 4 and len(data) == 4 + int.from_bytes(data[:3], "little"), data
    return data[3], data[4:]
