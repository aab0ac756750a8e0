"""A session that changed what the catalog knows waits until it is known again."""

from __future__ import annotations

from dbgate.sql.catalog import Catalog
from dbgate.wire.build import packet, query
from tests.unit.wire.making import chain, err, ok

from .play import Play, brain, context


def watched(user: bytes = b"root") -> tuple[Play, list[int]]:
    """A session of a gateway with an empty catalog, and the changes that the supervisor is told of."""
    told: list[int] = []
    the_brain = brain()
    the_brain.publish_catalog(Catalog(()))
    the_brain.on_change = told.append
    return Play(the_brain).login(user), told


DEFINING = b"\x03ALTER VIEW users AS SELECT 1"


def test_a_session_that_changed_something_waits_for_the_catalog() -> None:
    play, told = watched()
    play.passes(b"\x03SELECT 1", [ok()])
    assert told == []
    play.passes(DEFINING, [ok()])
    assert told == [1]
    assert play.last.event == "query"
    play.ask(b"SELECT 2")
    assert (play.to_server, play.to_client) == (b"", b"")
    play.take(play.gate.settled(0, play.now))  # of somebody before
    assert play.to_server == b""
    play.take(play.gate.settled(1, play.now))
    assert play.to_server == query(b"SELECT 2")
    play.server(chain([ok()]))
    play.take(play.gate.settled(1, play.now))
    assert (play.to_server, play.to_client, play.closed) == (b"", b"", "")
    play.passes(b"\x03SELECT 3", [ok()])


def test_a_change_that_failed_may_have_done_a_part() -> None:
    play, told = watched()
    play.passes(b"\x03DROP VIEW a, b", [err()])
    assert told == [1]
    play.take(play.gate.settled(5, play.now))
    play.passes(b"\x03SELECT 3", [ok()])


def test_the_question_comes_when_the_catalog_is_there() -> None:
    play, told = watched()
    play.passes(b"\x03DROP DATABASE shop", [ok()])
    assert (told, play.to_server) == ([1], b"")
    play.take(play.gate.settled(1, play.now))
    assert b"SELECT CAST" in play.to_server
    play.server(chain(context(None)))
    play.passes(b"\x03SELECT 1", [ok()])


def test_a_server_that_speaks_while_a_session_waits() -> None:
    play, _ = watched()
    play.passes(DEFINING, [ok()])
    play.server(chain([ok()]))
    assert play.closed.startswith("protocol error of the server")
    play, _ = watched()
    play.passes(DEFINING, [ok()])
    play.server(packet(1, err()))
    assert play.closed.startswith("the server ended the session")
    play.take(play.gate.settled(1, play.now))
    assert (play.to_server, play.to_client) == (b"", b"")


def test_drain_while_a_session_waits() -> None:
    play, _ = watched()
    play.passes(DEFINING, [ok()])
    play.take(play.gate.drain(play.now))
    assert play.closed == ""
    play.take(play.gate.settled(1, play.now))
    assert play.closed == "draining"
