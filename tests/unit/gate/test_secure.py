"""When a leg turns to TLS, what is held, and what can never pass for something that came inside."""

from __future__ import annotations

from dbgate.gate.effects import SECURE_CLIENT
from dbgate.gate.legs import OFF, PREFER, REQUIRE
from dbgate.gate.secure import NO_TLS, NOT_SECURED
from dbgate.gate.state import FAREWELL
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from dbgate.wire.handshake import parse_greeting, parse_response
from tests.rows import rows
from tests.unit.wire import making
from tests.unit.wire.making import chain, err, ok

from .play import CLIENT, POLICY, context
from .tlsplay import TlsPlay, brain

REQUEST = packet(1, making.response(CLIENT | c.CLIENT_SSL)[:32])


@rows("client_tls", [False, True])
@rows("server_tls", [False, True])
@rows("mariadb", [False, True])
def test_a_login_on_every_combination_of_legs(client_tls: bool, server_tls: bool, mariadb: bool) -> None:
    play = TlsPlay(client_tls, server_tls)
    if mariadb:
        play = TlsPlay(
            client_tls,
            server_tls,
            capabilities=CLIENT & ~1 & ~c.CLIENT_QUERY_ATTRIBUTES,
            server=making.MARIADB_CAPABILITIES | c.CLIENT_SSL,
            version=b"10.11.6-MariaDB",
        )
    play.greeted().answered(b"mysql_native_password", b"x" * 20)
    number, payload = play.sent()
    assert number == 1 + server_tls
    sent = parse_response(payload)
    assert bool(sent.capabilities & c.CLIENT_SSL) == server_tls
    assert (sent.user, sent.auth, sent.plugin) == (b"app", b"x" * 20, "mysql_native_password")
    # a message and its answer, each with the number of its own leg
    play.server(packet(number + 1, b"\xfeclient_ed25519\x00" + b"n" * 32))
    assert play.heard()[0] == 2 + client_tls
    play.say(b"signature")
    assert play.sent() == (number + 2, b"signature")
    play.server(packet(number + 3, ok()))
    assert play.heard() == (4 + client_tls, ok())
    assert play.last.event == "connection.open"
    play.server(chain(context()))
    play.passes(b"\x0e", [ok()])  # and from here on both count from 0


def test_nothing_is_offered_where_nothing_is_configured() -> None:
    play = TlsPlay(False, the_brain=brain(False)).greeted()
    play.client(REQUEST)
    assert play.closed.startswith("protocol error of the client")
    assert (play.secure, play.to_server) == (0, FAREWELL)


def test_tls_is_offered_whatever_the_server_does() -> None:
    TlsPlay(server=making.MYSQL_CAPABILITIES & ~c.CLIENT_SSL).greeted().answered()


def test_what_follows_the_request_belongs_to_the_handshake() -> None:
    """STARTTLS injection: a whole login in clear behind the SSLRequest is no login."""
    play = TlsPlay()
    play.server(packet(0, making.greeting()))
    hidden = packet(2, making.response(CLIENT | c.CLIENT_SSL, b"root")) + packet(0, b"\x03DROP TABLE users")
    play.client(REQUEST + hidden)
    assert (play.secure, play.early) == (SECURE_CLIENT, hidden)
    assert (play.to_server, play.to_client) == (b"", b"")
    play.client(packet(2, making.response(CLIENT | c.CLIENT_SSL, b"root")))  # in clear, later
    assert (play.to_server, play.to_client) == (b"", b"")
    play.secured()
    assert play.gate.state.reader.buffered == 0
    play.answered()
    assert parse_response(play.sent()[1]).user == b"app"
    assert play.early == hidden  # nobody reads it again: it goes with its handshake


def test_early_bytes_are_not_the_servers() -> None:
    play = TlsPlay(True, True)
    play.server(packet(0, making.greeting()))
    play.client(REQUEST + b"\x16\x03\x01 hello")
    assert play.early == b"\x16\x03\x01 hello"
    play.secured()
    play.answered()
    assert play.early == b""


@rows(
    "payload",
    [
        making.response(CLIENT | c.CLIENT_SSL),  # a login that says TLS and is none
        making.response(CLIENT | c.CLIENT_SSL)[:33],
        making.response(CLIENT | c.CLIENT_SSL)[:20],
        making.response(CLIENT & ~c.CLIENT_PROTOCOL_41 | c.CLIENT_SSL)[:32],
    ],
)
def test_requests_that_are_none(payload: bytes) -> None:
    play = TlsPlay()
    play.server(packet(0, making.greeting()))
    play.client(packet(1, payload))
    assert play.closed.startswith("protocol error of the client")
    assert (play.secure, play.to_server) == (0, FAREWELL)


def test_one_request_is_enough() -> None:
    play = TlsPlay().greeted()
    play.say(making.response(CLIENT | c.CLIENT_SSL)[:32])
    assert play.closed.startswith("protocol error of the client")


def test_a_client_that_forgets_the_bit_inside() -> None:
    play = TlsPlay().greeted()
    play.say(making.response(CLIENT))
    assert parse_response(play.sent()[1]).user == b"app"


def test_a_handshake_with_the_client_that_fails() -> None:
    play = TlsPlay()
    play.server(packet(0, making.greeting()))
    play.client(REQUEST)
    play.take(play.gate.not_secured("no shared cipher", play.now))
    assert play.to_client == b""  # it would be in clear
    assert play.to_server == FAREWELL
    assert play.closed == "TLS with the client failed: no shared cipher"
    assert [(r.event, r.reason) for r in play.records] == [("connection.denied", play.closed)]


def test_a_server_that_hangs_up_meanwhile() -> None:
    for last in (packet(1, err(1158)), b"x"):
        play = TlsPlay()
        play.server(packet(0, making.greeting()))
        play.client(REQUEST)
        play.server(last)
        assert play.to_client == b""
        assert play.closed.startswith("protocol error of the server")


def test_the_end_of_time_in_a_handshake() -> None:
    play = TlsPlay()
    play.server(packet(0, making.greeting()))
    play.client(REQUEST)
    play.take(play.gate.expired(1000.0))
    assert (play.to_client, play.closed) == (b"", "the login took too long")
    play = TlsPlay(False, True).greeted()
    play.say(making.response(CLIENT))
    play.take(play.gate.expired(1000.0))
    assert play.heard()[0] == 2
    # the server must not count it: the login goes on inside, once that is there, and ends with an empty answer
    assert play.to_server == packet(2, making.response(CLIENT | c.CLIENT_SSL)) + packet(4, b"")


def test_a_handshake_with_the_server_that_fails() -> None:
    play = TlsPlay(False, True).greeted()
    play.say(making.response(CLIENT))
    play.take(play.gate.not_secured("the certificate is not valid: self-signed", play.now))
    error = play.error()
    assert (play.to_client[3], error.errno, error.message.decode()) == (2, 1105, NOT_SECURED)
    assert play.to_server == b""
    assert play.last.reason == "TLS with the server failed: the certificate is not valid: self-signed"
    assert len(play.records) == 1


def test_a_server_without_tls() -> None:
    bare = making.MYSQL_CAPABILITIES & ~c.CLIENT_SSL
    play = TlsPlay(False, False, brain(True, REQUIRE), server=bare)
    play.server(packet(0, making.greeting(bare)))
    assert (play.error().errno, play.error().message.decode(), play.to_client[3]) == (1105, NO_TLS, 0)
    assert (play.to_server, play.closed) == (FAREWELL, "the server offers no TLS")
    assert [(r.event, r.error_code) for r in play.records] == [("connection.denied", 1105)]
    play = TlsPlay(False, False, brain(True, PREFER), server=bare).greeted().answered()
    assert play.sent()[0] == 1
    play = TlsPlay(False, True, brain(True, PREFER)).greeted().answered()
    assert play.sent()[0] == 2


def test_a_server_in_clear_after_the_request() -> None:
    play = TlsPlay(False, True).greeted()
    play.say(making.response(CLIENT))
    play.server(packet(2, ok()))
    assert play.closed.startswith("protocol error of the server")


def test_what_a_client_says_too_early_is_held() -> None:
    play = TlsPlay(False, True).greeted()
    play.client(packet(1, making.response(CLIENT)) + packet(0, b"\x03DROP TABLE users"))
    assert b"DROP" not in play.to_server
    play.wrapped()
    play.server(packet(3, ok()))
    play.server(chain(context()))
    assert play.last.rule == "operation-denied"


def test_handshakes_that_nobody_asked_for() -> None:
    play = TlsPlay(False).greeted()
    play.take(play.gate.client_secured("", 0.0))
    assert play.closed.startswith("protocol error of the client")
    play = TlsPlay(False).greeted()
    play.take(play.gate.server_secured(0.0))
    assert play.closed.startswith("protocol error of the server")


# --- what policies and settings demand ---

DEMANDS = POLICY.replace("user: app\n", "user: app\n    require_tls: true\n    cert_subject: 'CN=app,*'\n")


def test_a_rule_that_demands_a_certificate() -> None:
    for client_tls, subject, passes in (
        (False, "", False),
        (True, "", False),
        (True, "CN=app\\,O=x", False),
        (True, "CN=app,O=x", True),
    ):
        play = TlsPlay(client_tls, False, brain(text=DEMANDS)).greeted()
        play.gate.state.cert_subject = subject
        play.say(making.response(CLIENT))
        if passes:
            assert parse_response(play.sent()[1]).user == b"app"
        else:
            assert (play.to_server, play.last.rule) == (FAREWELL, "tls-required")
            assert play.error().errno == 1227


def test_the_subject_is_the_handshakes() -> None:
    play = TlsPlay()
    play.server(packet(0, making.greeting()))
    play.client(REQUEST)
    play.secured("CN=app,O=x")
    assert play.gate.state.cert_subject == "CN=app,O=x"


def test_a_reload_binds_open_sessions() -> None:
    for client_tls, rule in ((True, ""), (False, "tls-required")):
        play = TlsPlay(client_tls).greeted().answered()
        play.server(packet(2, ok())).server(chain(context()))
        play.passes(b"\x03SELECT id FROM users", [ok()])
        more = POLICY.replace("user: app\n", "user: app\n    require_tls: true\n")
        play.brain.publish(brain(text=more).policy)
        if rule:
            play.blocked(b"\x03SELECT id FROM users", rule)
            play.blocked(b"\x03SELECT id FROM users", rule)
        else:
            play.passes(b"\x03SELECT id FROM users", [ok()])


def test_cached_verdicts_are_not_shared_between_secure_and_clear() -> None:
    the_brain = brain(
        text=POLICY.replace("user: app\n", "user: app\n    mode: monitor\n    require_tls: true\n")
    )
    for client_tls, decision in ((True, "allow"), (False, "would_block"), (True, "allow")):
        play = TlsPlay(client_tls, False, the_brain).greeted().answered()
        play.server(packet(2, ok())).server(chain(context()))
        play.passes(b"\x03SELECT id FROM users", [ok()])
        assert play.last.decision == decision


def test_tls_for_everybody() -> None:
    play = TlsPlay(False, False, brain(required=True)).greeted()
    play.say(making.response(CLIENT, b"root"))
    assert (play.to_server, play.last.rule) == (FAREWELL, "tls-required")
    TlsPlay(True, False, brain(required=True)).greeted().answered()


def test_proxy_headers_are_not_for_the_gate() -> None:
    for header in (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"):
        for tls in (OFF, REQUIRE):
            play = TlsPlay(False, the_brain=brain(True, tls)).greeted()
            play.client(header)
            assert "trusted_proxies" in play.closed
            assert play.to_server == FAREWELL


def test_the_greeting_with_tls_differs_in_one_bit() -> None:
    offered = [
        parse_greeting(
            TlsPlay(False, the_brain=brain(on)).server(packet(0, making.greeting())).to_client[4:]
        ).capabilities
        for on in (False, True)
    ]
    assert offered[0] ^ offered[1] == c.CLIENT_SSL


def test_wherever_the_request_is_cut_nothing_in_clear_gets_in() -> None:
    hidden = packet(2, making.response(CLIENT | c.CLIENT_SSL, b"root")) + packet(0, b"\x03DROP TABLE users")
    data = REQUEST + hidden
    for cut in range(len(data)):
        play = TlsPlay()
        play.server(packet(0, making.greeting()))
        early = b""
        for piece in (data[:cut], data[cut:]):
            play.client(piece)
            assert (play.to_server, play.to_client) == (b"", b"")
            if play.secure:
                early = play.early
        assert early == (hidden[: cut - len(REQUEST)] if cut >= len(REQUEST) else hidden)
        play.secured()
        assert play.gate.state.reader.buffered == 0
        play.answered()
        assert parse_response(play.sent()[1]).user == b"app"
