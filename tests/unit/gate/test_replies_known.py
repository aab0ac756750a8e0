"""The gate's own question, where its answer came before."""

from __future__ import annotations

from dbgate.wire.build import packet
from tests.unit.wire.making import chain, ok

from .play import Play, brain, context


def test_a_session_that_drains_ends_when_its_answer_is_known_too() -> None:
    it = brain()
    Play(it).login()
    assert it.familiar.answers
    play = Play(it).greet().answer().server(packet(2, ok()))
    assert play.take(play.gate.drain(play.now)).closed == ""
    play.server(chain(context()))
    assert play.closed == "draining"
    assert play.error().errno == 1053


def test_commands_that_wait_are_taken_then() -> None:
    it = brain()
    Play(it).login()
    play = Play(it).greet().answer().server(packet(2, ok()))
    play.client(packet(0, b"\x03SELECT id FROM users") + packet(0, b"\x03SELECT x FROM secret"))
    play.server(chain(context()))
    assert play.to_server == packet(0, b"\x03SELECT id FROM users")
    play.server(packet(1, ok()))
    assert play.last.rule == "table-denied"
