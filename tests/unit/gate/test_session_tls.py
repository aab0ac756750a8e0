"""What the shell tells the gate of handshakes, and what the gate makes of it."""

from __future__ import annotations

from dbgate.gate.legs import OFF, REQUIRE
from dbgate.gate.state import FAREWELL
from dbgate.wire.build import packet
from tests.unit.wire import making
from tests.unit.wire.making import chain, ok

from .play import CLIENT, context
from .tlsplay import TlsPlay, brain


def test_both_handshakes_are_done() -> None:
    play = TlsPlay(True, True).greeted()
    assert play.gate.state.client_tls
    play.answered(b"mysql_native_password", b"x" * 20)
    play.server(packet(3, ok()))
    play.server(chain(context())).passes(b"\x0e", [ok()])


def test_nobody_asked_for_them() -> None:
    play = TlsPlay(False).greeted()
    play.take(play.gate.client_secured("", 0.0))
    assert play.closed.startswith("protocol error of the client")
    play = TlsPlay(False).greeted()
    play.take(play.gate.server_secured(0.0))
    assert play.closed.startswith("protocol error of the server")


def test_one_that_fails() -> None:
    play = TlsPlay(False, True).greeted()
    play.say(making.response(CLIENT))
    play.take(play.gate.not_secured("self-signed", play.now))
    assert play.to_server == b""
    assert play.last.reason == "TLS with the server failed: self-signed"


def test_a_header_of_a_proxy_in_place_of_a_login() -> None:
    for server in (OFF, REQUIRE):
        play = TlsPlay(False, the_brain=brain(True, server)).greeted()
        play.client(b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n")
        assert "trusted_proxies" in play.closed
        assert play.to_server == FAREWELL
