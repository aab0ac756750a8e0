"""The short list of `./run chaos`: every fault ends well, and the clients' own truth held throughout."""

from __future__ import annotations

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.play import play


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_fault_of_the_short_list_ends_well() -> None:
    told: list[str] = []
    outcomes = play([fault for fault in FAULTS if fault.short], 1.0, told.append)
    assert [outcome.lines() for outcome in outcomes if outcome.problems] == []
    saw = {outcome.fault.name: outcome.saw for outcome in outcomes}
    assert all(seen["answers"] > 0 and seen["a block as it should be"] > 0 for seen in saw.values())
    assert saw["disk-full"]["1227 rule audit-failure"] > 0
    assert saw["client-cut"]["connection lost (2013)"] > 0
    assert saw["server-cut"]["1105 dbgate: the server closed the connection"] > 0
