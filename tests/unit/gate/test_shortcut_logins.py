"""The first command of a session, and its last, go the short way too."""

from __future__ import annotations

from dbgate.gate import shortcut
from dbgate.gate.effects import TO_SERVER
from dbgate.gate.phase import CLOSED, READY
from dbgate.wire.build import packet, query

from .play import Play, brain

SQL = b"SELECT id FROM users WHERE id = 1"


def test_what_another_session_asked_is_known_at_once() -> None:
    it = brain()
    Play(it).login().passes(b"\x03" + SQL)
    play = Play(it).login()
    assert play.gate.state.scope is None
    assert shortcut.take(play.gate.state, query(SQL), 1.0)
    assert play.gate.state.scope is not None


def test_the_end() -> None:
    play = Play().login()
    state = play.gate.state
    state.fx.clear()
    assert shortcut.take(state, shortcut.QUIT, 1.0)
    assert (state.phase, state.fx.relay, state.fx.close) == (CLOSED, TO_SERVER, "the client quit")
    assert [(r.event, r.reason) for r in state.fx.records()] == [("connection.close", "the client quit")]
    for data in (packet(1, b"\x01"), packet(0, b"\x01\x00"), b"\x01"):
        state = Play().login().gate.state
        assert not shortcut.take(state, data, 1.0)
        assert state.phase == READY
