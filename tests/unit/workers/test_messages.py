"""Every message survives its journey, and carries its own name."""

from __future__ import annotations

import msgspec

from dbgate.config.settings import load
from dbgate.workers import messages as m
from tests.rows import rows

WAY_IN = [
    m.Start(0, 1, "gw", load({}, {}), b"", 0),
    m.Prepare(1, b"plan"),
    m.Commit(1, 2),
    m.Abort(1),
    m.Drain(1.5),
    m.Reopen(),
    m.ListSessions(2),
    m.Kill(3, "s"),
]
WAY_OUT = [
    m.Ready("v"),
    m.Prepared(1, "v"),
    m.Prepared(1, "", "why"),
    m.Committed(1),
    m.Sessions(2, [{"session_id": "s", "queries": 1}]),
    m.Killed(3, False),
]


@rows("message", WAY_IN, ids=lambda message: type(message).__name__)
def test_to_a_worker(message: msgspec.Struct) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=m.ToWorker) == message


@rows("message", WAY_OUT, ids=lambda message: type(message).__name__)
def test_to_the_supervisor(message: msgspec.Struct) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=m.ToSupervisor) == message
