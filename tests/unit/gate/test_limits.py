from __future__ import annotations

from dbgate.gate.limits import LOOK, REST, Limits


def test_what_is_not_said_is_bounded_all_the_same() -> None:
    limits = Limits(statement=5, stall_timeout=2.0)
    assert (limits.statement, limits.stall_timeout) == (5, 2.0)
    bounds = (limits.packet, limits.queue, limits.prepared, limits.drain, limits.cache, limits.remembered)
    assert all(bound > 0 for bound in bounds)
    assert min(limits.handshake_timeout, limits.settle_timeout) > 0.0
    assert limits.idle_timeout == 0.0  # that is the policy's to say


def test_no_limit_that_begins_while_nobody_looks_is_over_when_somebody_does() -> None:
    assert Limits().rest == Limits(stall_timeout=30.0).rest == REST
    assert Limits(stall_timeout=6.0).rest == 1.5
    assert Limits(handshake_timeout=2.0).rest == 2.0
    assert Limits(settle_timeout=3.0).rest == 3.0
    assert Limits(stall_timeout=0.1).rest == LOOK
