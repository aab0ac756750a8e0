"""How long a client has taken nothing of its reply."""

from __future__ import annotations

from dbgate.gateway.stall import Stall


def test_it_lasts_from_the_moment_at_which_the_buffer_was_full() -> None:
    stall = Stall(5000, 100.0)
    assert stall.lasts(5000, 104.0) == 4.0
    assert stall.lasts(5000, 106.0) == 6.0


def test_it_begins_anew_with_each_byte_that_is_taken() -> None:
    stall = Stall(5000, 100.0)
    assert stall.lasts(4999, 105.0) == 0.0  # also before the first look
    assert stall.lasts(4999, 107.5) == 2.5
