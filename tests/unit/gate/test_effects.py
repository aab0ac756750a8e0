from __future__ import annotations

from dbgate.audit.record import Record
from dbgate.gate.effects import Effects


def test_clear_keeps_the_lists_and_empties_them() -> None:
    effects = Effects()
    lists = (effects.to_server, effects.to_client, effects.finished)
    effects.to_server.append(b"a")
    effects.to_client.append(b"b")
    effects.finished.append(Record("query", 0.0, "s", "u", "ip", 1))
    effects.clear()
    assert (effects.to_server, effects.to_client, effects.finished) == ([], [], [])
    assert lists[0] is effects.to_server
    assert (effects.pause_client, effects.close) == (False, "")
