"""Logins in words that were let in before."""

from __future__ import annotations

from dbgate.gate.legs import Legs
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from dbgate.wire.handshake import parse_response
from tests.unit.wire import making
from tests.unit.wire.making import ok

from .play import CLIENT, Play, brain

ODD = CLIENT | c.CLIENT_NO_SCHEMA


def test_a_login_that_is_known_reaches_the_server_as_it_would_else() -> None:
    it = brain()
    Play(it, capabilities=ODD).login()
    assert len(it.familiar.logins) == 1
    play = Play(it, capabilities=ODD).greet()
    play.client(packet(1, making.response(ODD, auth=b"y" * 20)))
    assert play.to_server == packet(1, making.response(CLIENT, auth=b"y" * 20))
    assert parse_response(play.to_server[4:]).auth == b"y" * 20
    play.server(packet(2, ok()))
    assert (play.last.event, play.last.db_user, play.last.db_schema) == ("connection.open", "app", "shop")
    assert len(it.familiar.logins) == 1


def test_what_was_offered_counts() -> None:
    it = brain()
    Play(it).login()
    less = making.MYSQL_CAPABILITIES & ~c.CLIENT_DEPRECATE_EOF
    play = Play(it, server=less).greet().answer()
    assert play.to_server.startswith(b"") and play.closed.startswith("protocol error of the client")
    other = making.MYSQL_CAPABILITIES & ~c.CLIENT_FOUND_ROWS
    play = Play(it, server=other).greet().answer().server(packet(2, ok()))
    assert play.last.event == "connection.open"
    (known,) = it.familiar.logins.values()
    assert not known.offered & c.CLIENT_FOUND_ROWS


def test_an_answer_with_tls_in_it_counts_inside_tls_only() -> None:
    it = brain()
    it.legs = Legs(offered=True)
    answer = making.response(CLIENT | c.CLIENT_SSL)
    for _ in range(2):
        play = Play(it).server(packet(0, making.greeting()))
        play.client(packet(1, answer[:32]))
        play.take(play.gate.client_secured("", play.now))
        play.client(packet(2, answer)).server(packet(2, ok()))
        assert play.last.event == "connection.open"
        assert len(it.familiar.logins) == 1
    plain = Play(it).server(packet(0, making.greeting()))
    plain.client(packet(1, answer))
    assert plain.closed.startswith("protocol error of the client")


def test_an_old_kind_of_answer_is_read_each_time() -> None:
    it = brain()
    old = CLIENT & ~c.CLIENT_SECURE_CONNECTION
    play = Play(it, capabilities=old).greet()
    play.client(packet(1, making.response(old, auth=b"x" * 8))).server(packet(2, ok()))
    assert play.last.event == "connection.open"
    assert not it.familiar.logins


def test_the_greeting_of_another_server_is_read() -> None:
    it = brain()
    Play(it).login()
    first = it.familiar.mould
    Play(it).greet()
    assert it.familiar.mould is first
    Play(it, version=b"9.7.5").greet()
    assert it.familiar.mould is not first
    refused = Play(it).server(packet(0, making.err(1040)))
    assert refused.last.error_code == 1040


def test_an_ok_with_session_tracking() -> None:
    it = brain()
    tracked = b"\x00\x00\x00\x02\x40\x00\x00\x00" + b"\x07\x01\x05\x04shop"
    for _ in range(2):
        play = Play(it, capabilities=CLIENT | c.CLIENT_SESSION_TRACK).greet().answer()
        play.server(packet(2, tracked))
        assert play.last.event == "connection.open"
        assert play.gate.state.status == 0x4002
        assert it.familiar.oks == {tracked: 0x4002}
    # Of a client that does not follow tracking, what is behind the status is not read.
    broken = tracked[:-3]
    plain = Play(it).greet().answer().server(packet(2, broken))
    assert plain.last.event == "connection.open"
    assert list(it.familiar.oks) == [tracked]
    play = Play(it, capabilities=CLIENT | c.CLIENT_SESSION_TRACK).greet().answer()
    assert play.server(packet(2, broken)).closed.startswith("protocol error of the server")
