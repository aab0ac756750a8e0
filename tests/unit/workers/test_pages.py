"""Statistics pages: what one process writes, another reads."""

from __future__ import annotations

import os

from dbgate.stats.counters import Counters
from dbgate.stats.snapshot import StatsReader
from dbgate.workers.pages import StatsPages


def test_pages_are_shared_and_apart() -> None:
    fd = StatsPages.create(3)
    writers, reader = StatsPages(fd), StatsPages(os.dup(fd))
    assert reader.count == 3
    Counters(writers.pages[0]).opened()
    Counters(writers.pages[2]).opened()
    stats = StatsReader(reader.pages, 0.0).stats(1.0, 5)
    assert stats["active_sessions"] == 2
    assert stats["captured_at_ms"] == 5
    os.close(fd)
