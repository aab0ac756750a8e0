"""How a session ends: peers that vanish, operators, time limits, the end of the gateway."""

from __future__ import annotations

from dbgate.gate.limits import LOOK, REST, Limits
from dbgate.wire.build import query
from tests.unit.wire.making import chain, ok, result, row

from .play import POLICY, Play, brain

ROWS = result([row(b"1"), row(b"2")])


def test_a_client_that_vanishes() -> None:
    play = Play()
    assert play.take(play.gate.client_closed(1.0)).records == []
    play = Play().greet()
    play.client(b"\x01")
    play.take(play.gate.client_closed(1.0))
    assert [r.event for r in play.records] == ["connection.denied"]
    play = Play().login()
    play.client(query(b"SELECT id FROM users")[:9])
    play.take(play.gate.client_closed(play.now + 1))
    assert [r.event for r in play.records] == ["connection.open", "connection.close"]
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    play.server(chain(ROWS)[:20])
    play.take(play.gate.client_closed(play.now + 1))
    assert [r.event for r in play.records] == ["connection.open", "query", "connection.close"]
    assert play.records[1].reason == "granted by entry 'app'; the client closed the connection"
    assert play.take(play.gate.client_closed(9.0)).to_client == b""


def test_a_server_that_dies() -> None:
    play = Play()
    play.take(play.gate.server_closed(1.0))
    assert (play.error().errno, play.to_client[3]) == (1105, 0)
    play = Play().login()
    play.take(play.gate.server_closed(1.0))
    assert (play.error().errno, play.error().sqlstate, play.to_client[3]) == (1105, "08S01", 1)
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    play.server(chain(ROWS[:3]))
    play.take(play.gate.server_closed(play.now + 1))
    assert (play.error().errno, play.to_client[3]) == (1105, 4)
    assert [r.event for r in play.records[-2:]] == ["query", "connection.close"]
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    play.server(chain(ROWS[:2]) + b"\x50\x00\x00\x03abc")
    play.take(play.gate.server_closed(play.now + 1))
    assert play.to_client == b""


def test_refuse() -> None:
    play = Play()
    play.take(play.gate.refuse(1040, "08004", "dbgate: too many connections"))
    assert (play.error().errno, play.error().sqlstate, play.to_client[3]) == (1040, "08004", 0)
    assert play.closed == "dbgate: too many connections"
    assert [(r.event, r.error_code) for r in play.records] == [("connection.denied", 1040)]
    play = Play().login()
    assert play.take(play.gate.refuse(1040, "08004", "dbgate: no")).to_client == b""


def test_kill() -> None:
    play = Play().login()
    play.take(play.gate.kill(1.0))
    assert (play.error().errno, play.closed) == (1927, "killed by an operator")
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    play.server(chain(ROWS)[:9])
    play.take(play.gate.kill(1.0))
    assert [r.event for r in play.records[-2:]] == ["query", "connection.close"]


def test_time_limits() -> None:
    play = Play(brain(limits=Limits(handshake_timeout=5.0))).greet()
    assert play.take(play.gate.expired(5.0)).closed == ""
    assert play.take(play.gate.expired(5.1)).closed == "the login took too long"
    assert (play.error().errno, play.to_client[3]) == (1159, 2)
    play = Play(brain(limits=Limits(idle_timeout=30.0))).login()
    play.now = 100.0
    play.passes(b"\x03SELECT id FROM users")
    assert play.take(play.gate.expired(1000.0)).closed == ""
    play.now = 1000.0
    play.server(chain(ROWS))
    assert play.take(play.gate.expired(1030.0)).closed == ""
    assert play.take(play.gate.expired(1030.1)).closed == "idle for too long"
    play = Play().login()
    assert play.take(play.gate.expired(1e9)).closed == ""
    play = Play(brain(POLICY.replace("global: {", "global: {connection_timeout: 10s, "))).login()
    assert play.take(play.gate.expired(11.0)).closed == "idle for too long"
    assert play.take(play.gate.expired(12.0)).to_client == b""


def test_a_client_that_stops_in_the_middle_of_a_command() -> None:
    play = Play(brain(limits=Limits(stall_timeout=30.0))).login()
    text = query(b"SELECT id FROM users")
    play.client(text[:9])
    for now, more in ((10.0, b""), (39.0, text[9:12]), (68.9, b"")):
        assert play.take(play.gate.expired(now)).closed == ""
        if more:
            play.client(more)
            play.take(play.gate.expired(now))
    assert play.take(play.gate.expired(69.1)).closed == "the client stopped in the middle of a command"
    assert play.error().errno == 1159
    play = Play(brain(limits=Limits(stall_timeout=30.0))).login()
    for now in (1.0, 100.0, 200.0):  # between two commands it may wait
        play.passes(b"\x03SELECT id FROM users", [ok()])
        assert play.take(play.gate.expired(now)).closed == ""


def test_a_session_that_waits_for_nothing_is_left_alone_for_longer() -> None:
    play = Play(brain(limits=Limits(stall_timeout=30.0)))
    assert play.gate.rest(play.now) == LOOK  # its login is under way
    play.login()
    assert play.gate.rest(play.now) == REST
    text = query(b"SELECT id FROM users")
    play.client(text[:9])
    play.take(play.gate.expired(play.now))
    assert play.gate.rest(play.now) == LOOK
    play.client(text[9:])
    assert play.gate.rest(play.now) == LOOK  # a reply is under way
    play.server(chain(ROWS))
    play.take(play.gate.expired(play.now))
    assert play.gate.rest(play.now) == REST
    play.take(play.gate.kill(play.now))
    assert play.gate.rest(play.now) == LOOK


def test_a_client_that_does_not_take_its_reply() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    assert play.take(play.gate.stalled(5.0)).closed == "the client did not take its reply"
    assert [record.event for record in play.records] == ["connection.open", "query", "connection.close"]


def test_what_is_cut_off_when_the_gateway_ends_is_told_so() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    play.take(play.gate.drain(1.0))
    assert play.closed == ""  # its reply is awaited
    assert play.take(play.gate.kill(2.0)).closed == "the gateway ended"
    assert play.error().errno == 1053


def test_after_the_end_nothing_happens() -> None:
    play = Play().login()
    play.take(play.gate.kill(1.0))
    before = len(play.records)
    for data in (query(b"SELECT id FROM users"), b"junk"):
        assert (play.client(data).to_server, play.to_client) == (b"", b"")
        assert (play.server(data).to_server, play.to_client) == (b"", b"")
    assert len(play.records) == before
