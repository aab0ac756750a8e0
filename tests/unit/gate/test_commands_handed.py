"""Commands whose texts are analysed elsewhere."""

from __future__ import annotations

from dbgate.gate.phase import ANALYSIS
from dbgate.wire.build import packet, query
from tests.unit.gate.test_handover import DYNAMIC
from tests.unit.wire.making import ok

from .elsewhere import Handed, long


def test_a_query_waits_twice_where_it_recalls_a_text() -> None:
    play = Handed(DYNAMIC).login()
    play.passes(b"\x03SET @s = 'SELECT id FROM users'", [ok()])
    text = long(b"PREPARE p FROM @s")
    play.ask(text)
    for _ in range(2):
        assert (play.to_server, play.gate.state.phase) == (b"", ANALYSIS)
        play.analysed()
    assert play.to_server == query(text)
    play.server(packet(1, ok()))
    assert (play.last.operation, play.last.decision) == ("PREPARE", "allow")


def test_a_long_text_for_the_gateway_is_not_analysed_as_a_whole() -> None:
    text = long(b"DBGATE EXPLAIN SELECT id FROM users")
    play = Handed().login()
    play.ask(text)
    assert play.question().text in text and play.question().text.startswith(b"SELECT")
    play.analysed()
    assert (play.to_server, play.last.rule) == (b"", "operation-denied")
    play = Handed().login()
    play.brain.publish(None)
    play.ask(text)  # without an access rule it is a statement like any other
    assert play.question().text == text
    play.analysed()
    assert (play.to_server, play.last.rule) == (b"", "no-policy")
