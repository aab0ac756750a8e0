"""How a session waits for an analysis that is made elsewhere; what it is then, is in test_handover."""

from __future__ import annotations

from dbgate.gate import handover
from dbgate.gate.phase import ANALYSIS, READY
from dbgate.wire.build import packet, query
from tests.unit.wire.making import chain, ok

from .elsewhere import Handed, answer_to, long

SELECT = long(b"SELECT id FROM users WHERE id = 1")
SECRET = long(b"SELECT id FROM secret")


def test_only_the_ticket_that_is_awaited_counts() -> None:
    play = Handed().login()
    play.ask(SELECT)
    question = play.question()
    assert play.gate.question(question.ticket + 1) is None
    play.take(play.gate.analysed(question.ticket + 1, answer_to(question), play.now))
    assert (play.to_server, play.gate.state.phase) == (b"", ANALYSIS)
    play.analysed()
    assert (play.to_server, play.gate.question(question.ticket)) == (query(SELECT), None)
    play.take(play.gate.analysed(question.ticket, answer_to(question), play.now))
    assert (play.to_server, play.to_client) == (b"", b"")


def test_the_wait_has_an_end() -> None:
    play = Handed().login()
    play.ask(SELECT)
    assert play.take(play.gate.expired(play.now + 1)).gate.state.phase == ANALYSIS
    play.take(play.gate.expired(play.now + handover.PATIENCE + 1))
    assert (play.error().errno, play.last.rule, play.gate.state.phase) == (1227, "internal-error", READY)


def test_faults_and_the_end_of_the_gateway() -> None:
    play = Handed().login()
    play.client(query(SECRET) + packet(7, b"\x03SELECT 1"))
    assert play.analysed().closed.startswith("protocol error of the client")
    play = Handed().login()
    play.ask(SECRET)
    play.take(play.gate.drain(play.now))
    assert (play.closed, play.analysed().closed) == ("", "draining")
    play = Handed().login()
    play.ask(SECRET)
    play.brain.new_event_id = lambda: str(1 / 0)
    assert play.analysed().closed == "internal error: ZeroDivisionError"
    play = Handed().login()
    play.ask(SELECT)
    play.analysed().server(chain([ok()]))
    assert play.last.event == "query"
