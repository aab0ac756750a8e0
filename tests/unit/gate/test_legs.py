from __future__ import annotations

from dbgate.gate.brain import Brain
from dbgate.gate.legs import OFF, REQUIRE, Legs
from dbgate.gate.limits import Limits

from .play import ids


def test_nothing_is_configured_by_default() -> None:
    legs = Brain(None, Limits(), ids()).legs
    assert (legs.offered, legs.required, legs.server, legs.key) == (False, False, OFF, None)


def test_what_is_configured_is_kept() -> None:
    legs = Legs(True, True, REQUIRE)
    assert Brain(None, Limits(), ids(), legs=legs).legs is legs
    assert (legs.offered, legs.required, legs.server) == (True, True, REQUIRE)
