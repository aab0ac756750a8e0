from __future__ import annotations

from dbgate.gate import phase as p


def test_the_tables_have_a_line_for_each_phase() -> None:
    phases = range(p.CLOSED + 1)
    assert len(p.NAMES) == len(p.CLIENT) == len(p.SERVER) == len(p.NEXT) == len(phases)
    assert all(following in phases for line in p.NEXT for following in line)


def test_every_phase_can_be_reached_and_closed_is_the_end() -> None:
    reached = {p.GREETING}
    while True:
        more = reached | {following for here in reached for following in p.NEXT[here]}
        if more == reached:
            break
        reached = more
    assert reached == set(range(p.CLOSED))
    assert p.NEXT[p.CLOSED] == ()


def test_commands_are_taken_only_while_no_reply_is_under_way() -> None:
    assert [here for here, what in enumerate(p.CLIENT) if what == p.TAKE_COMMAND] == [p.READY]
    assert [here for here, what in enumerate(p.SERVER) if what == p.RELAY_REPLY] == [p.REPLY]
