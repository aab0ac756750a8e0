"""Answers to the gate's question that came before, byte for byte."""

from __future__ import annotations

from dbgate.wire import constants as c
from dbgate.wire.build import packet
from tests.unit.wire import making
from tests.unit.wire.making import chain, ok

from .play import CLIENT, Play, brain, context


def ready(play: Play) -> Play:
    return play.greet().answer().server(packet(2, ok()))


def test_an_answer_that_came_before_is_taken_over() -> None:
    it = brain()
    first = Play(it).login(answer=context(b"shop", b"ANSI_QUOTES", b"latin1", b"1"))
    (told,) = it.familiar.answers.values()
    it.context, it.fold_names = None, False
    play = Play(it).login(answer=context(b"shop", b"ANSI_QUOTES", b"latin1", b"1"))
    state = play.gate.state
    assert state.ctx is first.gate.state.ctx is told.ctx is it.context
    assert (state.schema, state.status, state.unfollowed) == ("shop", first.gate.state.status, "")
    assert it.fold_names
    assert len(it.familiar.answers) == 1
    # Asked again in the middle of a session, it is no longer what a session begins with.
    play.passes(b"\x03SELECT id FROM users", [ok()])
    it.context = None
    play.passes(b"\x1f", [ok()])
    assert play.server(chain(context(b"shop", b"ANSI_QUOTES", b"latin1", b"1"))).closed == ""
    assert it.context is None
    play.passes(b"\x0e", [ok()])


def test_a_state_that_cannot_be_followed_is_so_again() -> None:
    it = brain()
    for _ in range(2):
        play = Play(it).login(answer=context(charset=b"gbk"))
        assert "gbk" in play.blocked(b"\x03SELECT id FROM users", "session-state").reason


def test_the_same_bytes_under_other_circumstances_are_read() -> None:
    it = brain()
    Play(it).login()
    (first,) = it.familiar.answers.values()
    for play in (
        Play(it, version=b"9.7.5"),
        Play(it, capabilities=CLIENT | c.CLIENT_FOUND_ROWS),
        Play(it, CLIENT & ~1, making.MARIADB_CAPABILITIES, b"5.5.5-9.7.4-MariaDB"),
    ):
        play.login()
        (told,) = it.familiar.answers.values()
        assert told is not first
        assert told.ctx is play.gate.state.ctx
        assert told.capabilities == play.gate.state.capabilities
        first = told


def test_a_piece_of_an_answer_is_no_answer() -> None:
    it = brain()
    data = chain(context())
    for cut in (1, 4, 5, 100, len(data) - 1):
        ready(Play(it)).server(data[:cut]).server(data[cut:])
        assert not it.familiar.answers
    Play(it).login()
    assert list(it.familiar.answers) == [data]
    # What comes behind a beginning is read with it, even where it looks like a whole answer.
    play = ready(Play(it)).server(data[:4]).server(data)
    assert play.closed.startswith("protocol error of the server")
    play = ready(Play(it)).server(data + data)
    assert play.closed.startswith("protocol error of the server")
    assert list(it.familiar.answers) == [data]
