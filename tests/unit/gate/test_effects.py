from __future__ import annotations

from dbgate.audit.record import Record
from dbgate.gate.effects import ONWARD, TO_SERVER, Effects


def test_clear_keeps_the_lists_and_empties_them() -> None:
    effects = Effects()
    lists = (effects.to_server, effects.to_client, effects.finished)
    effects.to_server.append(b"a")
    effects.to_client.append(b"b")
    effects.finished.append(Record("query", 0.0, "s", "u", "ip", 1))
    effects.relay = TO_SERVER
    effects.only = True
    effects.clear()
    assert (effects.to_server, effects.to_client, effects.finished) == ([], [], [])
    assert lists[0] is effects.to_server
    assert (effects.relay, effects.pause_client, effects.close) == (0, False, "")
    assert not effects.only


def test_records_come_in_order() -> None:
    effects = Effects()
    assert effects.records() == []
    made = [Record("query", float(n), "s", "u", "ip", 1) for n in range(3)]
    for record in made:
        effects.finish(record)
    assert (effects.record, effects.finished) == (made[0], made[1:])
    assert effects.records() == made
    effects.clear()
    assert effects.records() == []


def test_onward_is_nothing_but_the_chunk() -> None:
    assert (ONWARD.only, ONWARD.relay) == (True, TO_SERVER)
    assert ONWARD.records() == [] and not ONWARD.to_server and not ONWARD.to_client
    assert (ONWARD.close, ONWARD.secure, ONWARD.pause_client) == ("", 0, False)
