"""A defect of ours on the short way ends the session, and nothing more passes."""

from __future__ import annotations

from dbgate.wire.build import query
from tests.unit.gate.test_shortcut import ROWS, SQL, known
from tests.unit.wire.making import chain

from .play import POLICY, Play, brain


def test_a_defect_fails_closed() -> None:
    play = Play(brain(POLICY.replace("user: app\n", "user: app\n    mode: monitor\n"))).login()
    text = b"SELECT id FROM secrets WHERE id = 1"
    play.passes(b"\x03" + text, ROWS)

    def broken() -> str:
        raise RuntimeError("a defect")

    play.brain.new_event_id = broken
    play.client(query(text))
    assert (play.to_server, play.error().errno, play.closed) == (b"", 1105, "internal error: RuntimeError")


def test_a_defect_behind_the_reply_fails_closed() -> None:
    play = known()
    play.client(query(SQL))
    assert play.gate.state.quick

    def broken(record: object) -> None:
        raise RuntimeError("a defect")

    play.brain.keep = broken
    play.server(chain(ROWS))
    assert (play.relay, play.to_server, play.error().errno) == (0, b"", 1105)
    assert play.closed == "internal error: RuntimeError"


def test_a_defect_does_not_repeat_what_was_said_before() -> None:
    play = known()
    play.passes(b"\x03" + SQL, ROWS)
    count = len(play.records)
    play.take(play.gate._broken(RuntimeError("a defect"), play.now), query(SQL))
    assert (play.relay, play.to_server, play.error().errno) == (0, b"", 1105)
    assert [record.event for record in play.records[count:]] == ["connection.close"]
