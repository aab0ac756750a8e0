"""What is there at the end of the start is no longer looked at by the collector."""

from __future__ import annotations

import gc

from dbgate.workers.memory import settle_memory


def test_what_is_there_is_left_alone() -> None:
    before = gc.get_threshold()
    kept: list[list[int]] = [[]]
    try:
        settle_memory()
        assert gc.get_freeze_count() > 0
        assert not any(one is kept for one in gc.get_objects())
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
    assert any(one is kept for one in gc.get_objects())
