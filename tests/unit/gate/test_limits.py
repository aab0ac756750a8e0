from __future__ import annotations

from dbgate.gate.limits import Limits


def test_what_is_not_said_is_bounded_all_the_same() -> None:
    limits = Limits(statement=5, stall_timeout=2.0)
    assert (limits.statement, limits.stall_timeout) == (5, 2.0)
    bounds = (limits.packet, limits.queue, limits.prepared, limits.drain, limits.cache, limits.remembered)
    assert all(bound > 0 for bound in bounds)
    assert min(limits.handshake_timeout, limits.settle_timeout) > 0.0
    assert limits.idle_timeout == 0.0  # that is the policy's to say
