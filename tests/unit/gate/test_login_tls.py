"""Logins across legs of which one or both are TLS: what is sent on, what is held, what is refused."""

from __future__ import annotations

import pytest

from dbgate.errors import ProtocolError
from dbgate.gate import login
from dbgate.gate.keys import RsaKey, encrypt
from dbgate.gate.legs import REQUIRE
from dbgate.gate.secure import NO_TLS
from dbgate.gate.state import FAREWELL
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from dbgate.wire.credentials import folded
from dbgate.wire.handshake import parse_response
from tests.rows import rows
from tests.unit.wire import making
from tests.unit.wire.making import chain, ok

from .play import CLIENT, context
from .tlsplay import KEY, NONCE, TlsPlay, brain

FULL = b"\x01\x04"
PASSWORD = b"secret\x00"


@rows(("client_tls", "server_tls"), [(True, True), (True, False), (False, True)])
def test_the_servers_leg_says_tls_only_where_it_is(client_tls: bool, server_tls: bool) -> None:
    play = TlsPlay(client_tls, server_tls).greeted().answered(b"mysql_native_password", b"x" * 20)
    number, payload = play.sent()
    assert number == 1 + server_tls
    assert bool(parse_response(payload).capabilities & c.CLIENT_SSL) == server_tls
    play.server(packet(number + 1, ok()))
    assert play.heard() == (2 + client_tls, ok())
    play.server(chain(context())).passes(b"\x0e", [ok()])


def test_a_password_is_asked_for_and_sealed() -> None:
    """The client gives it inside TLS; the server in clear is asked for its key first, and gets it sealed."""
    server_key = RsaKey()
    play = TlsPlay(True, False).greeted().answered()
    play.server(packet(2, FULL))
    play.say(PASSWORD)
    assert (play.sent(), play.to_client) == ((3, b"\x02"), b"")
    play.server(packet(4, b"\x01" + server_key.pem))
    number, secret = play.sent()
    assert (number, folded(server_key.decrypt(secret), NONCE)) == (5, PASSWORD)


def test_a_key_is_given_by_the_gate_itself() -> None:
    play = TlsPlay(False, True).greeted().answered()
    play.server(packet(3, FULL))
    play.say(b"\x02")
    assert (play.to_server, play.heard()) == (b"", (4, b"\x01" + KEY.pem))


def test_a_first_packet_without_a_password_waits_for_it() -> None:
    """sha256_password in clear: the client asks for a key, and nothing goes to the server before it has answered."""
    play = TlsPlay(False, True).greeted()
    play.answered(b"sha256_password", b"\x01")
    assert (play.to_server, play.heard()) == (b"", (2, b"\x01" + KEY.pem))
    play.say(encrypt(KEY.pem, folded(PASSWORD, NONCE)))
    play.wrapped()
    assert parse_response(play.sent()[1]).auth == PASSWORD


def test_a_server_that_cannot_do_what_is_demanded() -> None:
    bare = making.MYSQL_CAPABILITIES & ~c.CLIENT_SSL
    play = TlsPlay(False, False, brain(True, REQUIRE), server=bare)
    play.server(packet(0, making.greeting(bare)))
    assert (play.error().message.decode(), play.to_server) == (NO_TLS, FAREWELL)


def test_clients_in_clear_where_all_must_use_tls() -> None:
    play = TlsPlay(False, False, brain(required=True)).greeted()
    play.say(making.response(CLIENT))
    assert (play.to_server, play.last.rule) == (FAREWELL, "tls-required")


def test_an_answer_outside_a_login() -> None:
    state = TlsPlay(False).greeted().gate.state
    assert state.login is None
    with pytest.raises(ProtocolError, match="no login"):
        login.answer(state)
