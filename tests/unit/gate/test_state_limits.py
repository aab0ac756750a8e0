"""What a session holds for limits: its place among its user's sessions, and how far a command has come."""

from __future__ import annotations

from dbgate.gate.limits import Limits

from .elsewhere import Handed, long
from .play import Play, brain, ok, query
from .test_login_doors import Book


def test_a_place_is_given_back_once() -> None:
    book = Book(5)
    the_brain = brain()
    the_brain.doors = book
    play = Play(the_brain).login()
    change = b"\x11root\x00\x00shop\x00\x2d\x00mysql_native_password\x00"
    play.client(len(change).to_bytes(3, "little") + b"\x00" + change)
    assert book.inside == ["app", "root"]  # while the server has not answered
    play.take(play.gate.client_closed(1.0))
    play.take(play.gate.kill(2.0))
    assert book.inside == []


def test_stalls() -> None:
    play = Play(brain(limits=Limits(stall_timeout=30.0))).login()
    state = play.gate.state
    assert not state.stalls(0.0, 30.0)
    play.client(query(b"SELECT id FROM users")[:9])
    assert not state.stalls(1.0, 30.0)
    assert not state.stalls(30.9, 30.0)
    assert state.stalls(31.0, 30.0)
    assert not state.stalls(1000.0, 0.0)  # no limit
    play.client(query(b"SELECT id FROM users")[9:])
    assert not state.stalls(32.0, 30.0)


def test_a_record_is_kept_where_the_reply_ends() -> None:
    play = Play().login()
    kept: list[str] = []
    play.brain.keep = lambda record: kept.append(record.operation)
    play.passes(b"\x03SELECT id FROM users", [ok()])
    assert kept == ["SELECT"]


def test_the_number_of_a_last_word_while_an_analysis_is_awaited() -> None:
    play = Handed().login()
    play.ask(long(b"SELECT id FROM users"))
    assert play.gate.state.next_seq() == 1
    play.take(play.gate.kill(play.now))
    assert (play.error().errno, play.to_client[3]) == (1927, 1)
