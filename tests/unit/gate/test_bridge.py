"""Passwords across legs of which one is TLS: who sees what, and that nobody gets in for nothing."""

from __future__ import annotations

from dbgate.gate.keys import RsaKey, encrypt
from dbgate.gate.legs import REQUIRE
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from dbgate.wire.credentials import folded
from dbgate.wire.handshake import parse_change_user, parse_response
from tests.rows import rows
from tests.unit.wire import making
from tests.unit.wire.making import chain, err, ok

from .play import CLIENT, context
from .tlsplay import KEY, NONCE, TlsPlay, brain

SERVER_KEY = RsaKey()
FULL = b"\x01\x04"
SWITCH = b"\xfesha256_password\x00" + b"m" * 20 + b"\x00"
PASSWORD = b"secret\x00"
GIVEN = b"\x01" + KEY.pem


def opened(sealed: bytes, nonce: bytes = NONCE) -> bytes:
    return folded(SERVER_KEY.decrypt(sealed), nonce)


def sealed(password: bytes, nonce: bytes = NONCE) -> bytes:
    return encrypt(KEY.pem, folded(password, nonce))


def test_caching_sha2_from_tls_to_clear() -> None:
    play = TlsPlay(True, False).greeted().answered()
    play.server(packet(2, FULL))
    assert play.heard() == (3, FULL)
    play.say(PASSWORD)
    assert (play.sent(), play.to_client) == ((3, b"\x02"), b"")
    play.server(packet(4, b"\x01" + SERVER_KEY.pem))
    assert play.to_client == b""
    number, secret = play.sent()
    assert (number, opened(secret)) == (5, PASSWORD)
    play.server(packet(6, ok()))
    assert play.heard() == (5, ok())
    play.server(chain(context())).passes(b"\x0e", [ok()])
    assert not any("secret" in str(vars(record)) for record in play.records if hasattr(record, "__dict__"))


def test_caching_sha2_from_clear_to_tls() -> None:
    play = TlsPlay(False, True).greeted().answered()
    play.server(packet(3, FULL))
    assert play.heard() == (2, FULL)
    play.say(b"\x02")
    assert (play.to_server, play.heard()) == (b"", (4, GIVEN))
    play.say(sealed(PASSWORD))
    assert (play.sent(), play.to_client) == ((4, PASSWORD), b"")
    play.server(packet(5, ok()))
    assert play.heard() == (6, ok())


@rows(("client_tls", "server_tls"), [(False, False), (True, True)])
def test_legs_that_are_alike_are_relayed(client_tls: bool, server_tls: bool) -> None:
    play = TlsPlay(client_tls, server_tls).greeted().answered()
    play.server(packet(2 + server_tls, FULL))
    for said, back in ((b"\x02", b"\x01key"), (b"anything", b"\x01more")):
        play.say(said)
        number, payload = play.sent()
        assert payload == said
        play.server(packet(number + 1, back))
        assert play.heard()[1] == back


@rows("client_tls", [False, True])
def test_a_password_that_the_server_remembers(client_tls: bool) -> None:
    play = TlsPlay(client_tls, not client_tls).greeted().answered(auth=b"h" * 32)
    number, payload = play.sent()
    assert parse_response(payload).auth == b"h" * 32
    play.server(packet(number + 1, b"\x01\x03") + packet(number + 2, ok()))
    assert play.to_client == packet(2 + client_tls, b"\x01\x03") + packet(3 + client_tls, ok())


@rows("client_tls", [False, True])
def test_empty_passwords_are_as_they_are(client_tls: bool) -> None:
    play = TlsPlay(client_tls, not client_tls).greeted()
    play.answered(b"sha256_password", b"\x00")
    number, payload = play.sent()
    assert parse_response(payload).auth == b"\x00"
    for empty in (b"\x00", b""):
        play.server(packet(number + 1, SWITCH))
        play.say(empty)
        assert play.sent() == (number + 2, empty)
        number += 2


def test_sha256_from_tls_to_clear() -> None:
    play = TlsPlay(True, False).greeted()
    play.answered(b"sha256_password", PASSWORD)
    number, payload = play.sent()
    assert (number, parse_response(payload).auth) == (1, b"\x01")
    assert b"secret" not in payload
    play.server(packet(2, b"\x01" + SERVER_KEY.pem))
    number, secret = play.sent()
    assert (number, opened(secret), play.to_client) == (3, PASSWORD, b"")
    play.server(packet(4, ok()))
    assert play.heard() == (3, ok())


def test_sha256_from_clear_to_tls() -> None:
    play = TlsPlay(False, True).greeted()
    play.answered(b"sha256_password", b"\x01")
    assert (play.to_server, play.heard()) == (b"", (2, GIVEN))
    play.say(sealed(PASSWORD))
    play.wrapped()
    number, payload = play.sent()
    assert (number, parse_response(payload).auth) == (2, PASSWORD)
    play.server(packet(3, ok()))
    assert play.heard() == (4, ok())


def test_sha256_with_a_key_that_the_client_has_already() -> None:
    play = TlsPlay(False, True, capabilities=CLIENT | c.CLIENT_PLUGIN_AUTH_LENENC).greeted()
    play.answered(b"sha256_password", sealed(PASSWORD))
    assert parse_response(play.sent()[1]).auth == PASSWORD


@rows("client_tls", [False, True])
def test_a_switch_to_sha256(client_tls: bool) -> None:
    play = TlsPlay(client_tls, not client_tls).greeted().answered()
    first = play.sent()[0]
    play.server(packet(first + 1, SWITCH))
    if client_tls:
        play.say(PASSWORD)
        assert play.sent() == (first + 2, b"\x01")
        play.server(packet(first + 3, b"\x01" + SERVER_KEY.pem))
        assert opened(play.sent()[1], b"m" * 20) == PASSWORD
    else:
        play.say(b"\x01")
        assert play.heard() == (4, GIVEN)
        play.say(sealed(PASSWORD, b"m" * 20))
        assert play.sent() == (first + 2, PASSWORD)


def test_a_server_that_wants_another_plugin_instead() -> None:
    """The password that waited for a key is forgotten: what the next plugin says is the client's."""
    play = TlsPlay(True, False).greeted().answered(b"sha256_password", PASSWORD)
    play.server(packet(2, b"\xfemysql_native_password\x00" + b"k" * 20 + b"\x00"))
    play.say(b"n" * 20)
    assert play.sent() == (3, b"n" * 20)
    play.server(packet(4, b"\x01" + SERVER_KEY.pem))
    assert (play.to_server, play.heard()[1]) == (b"", b"\x01" + SERVER_KEY.pem)


def test_the_servers_refusal_in_place_of_a_key() -> None:
    play = TlsPlay(True, False).greeted().answered()
    play.server(packet(2, FULL))
    play.say(PASSWORD)
    play.server(packet(4, err(1045)))
    assert play.heard() == (5, err(1045))
    assert play.closed == "the server refused the login"


@rows("key", [b"", b"nonsense", SERVER_KEY.pem[:-40]])
def test_a_server_without_a_good_key(key: bytes) -> None:
    play = TlsPlay(True, False).greeted().answered()
    play.server(packet(2, FULL))
    play.say(PASSWORD)
    play.server(packet(4, b"\x01" + key))
    assert play.closed.startswith("protocol error of the server")
    assert b"secret" not in play.to_client + play.to_server


def test_a_password_too_long_for_the_key() -> None:
    play = TlsPlay(True, False).greeted().answered()
    play.server(packet(2, FULL))
    play.say(b"p" * 300)
    play.server(packet(4, b"\x01" + SERVER_KEY.pem))
    assert play.closed.startswith("protocol error of the server")


@rows("answer", [b"secret\x00", b"x" * 256, encrypt(SERVER_KEY.pem, b"secret\x00"), b"\x03"])
def test_what_was_not_encrypted_for_the_gateway(answer: bytes) -> None:
    play = TlsPlay(False, True).greeted().answered()
    play.server(packet(3, FULL))
    play.say(answer)
    assert play.closed.startswith("protocol error of the client: the password was not encrypted")
    assert play.error().errno == 1835
    assert play.to_server in (b"", packet(4, b""))  # the server hears an empty answer, and refuses


def test_without_a_key_of_our_own() -> None:
    play = TlsPlay(False, True, brain(True, REQUIRE, key=None)).greeted().answered()
    play.server(packet(3, FULL))
    play.say(b"\x02")
    assert play.closed == "protocol error of the client: there is no key to give"
    play = TlsPlay(False, True, brain(True, REQUIRE, key=None)).greeted().answered()
    play.server(packet(3, FULL))
    play.say(b"x" * 256)
    assert play.closed.startswith("protocol error of the client: the password was not")


def test_a_login_that_ends_while_the_client_has_the_key() -> None:
    play = TlsPlay(False, True).greeted()
    play.answered(b"sha256_password", b"\x01")
    play.take(play.gate.client_closed(play.now))
    assert play.to_server.startswith(packet(1, b"")[3:4]) or b"dbgate-refused" in play.to_server


def change(auth: bytes) -> bytes:
    return b"\x11root\x00" + bytes((len(auth),)) + auth + b"\x00\x2d\x00sha256_password\x00"


def test_a_change_of_user_from_clear_to_tls() -> None:
    play = TlsPlay(False, True).greeted().answered()
    play.server(packet(3, ok())).server(chain(context()))
    play.client(packet(0, change(b"\x01")))
    assert (play.to_server, play.heard()) == (b"", (1, GIVEN))
    play.say(sealed(PASSWORD))
    number, payload = play.sent()
    assert (number, parse_change_user(payload, CLIENT).auth) == (0, PASSWORD)
    play.server(packet(1, ok()))
    assert play.heard() == (3, ok())
    play.server(chain(context()))
    assert play.last.db_user == "root"
    play.passes(b"\x0e", [ok()])


def test_a_change_of_user_from_tls_to_clear() -> None:
    play = TlsPlay(True, False).greeted().answered()
    play.server(packet(2, ok())).server(chain(context()))
    play.client(packet(0, change(PASSWORD)))
    number, payload = play.sent()
    assert (number, parse_change_user(payload, CLIENT).auth) == (0, b"\x01")
    play.server(packet(1, b"\x01" + SERVER_KEY.pem))
    assert opened(play.sent()[1]) == PASSWORD
    play.server(packet(3, ok()))
    assert play.heard() == (1, ok())


def test_an_answer_that_nobody_waits_for() -> None:
    play = TlsPlay(False).greeted().answered()
    play.server(packet(2, FULL))
    play.gate.state.login = None
    play.say(b"x")
    assert play.closed.startswith("protocol error of the client: no login")


def test_logins_of_old_clients_with_a_new_plugin() -> None:
    old = CLIENT & ~(1 << 15)
    play = TlsPlay(True, False, capabilities=old).greeted()
    play.say(making.response(old, auth=b"secret", plugin=b"sha256_password"))
    assert play.closed.startswith("protocol error of the client")
    assert b"secret" not in play.to_server
