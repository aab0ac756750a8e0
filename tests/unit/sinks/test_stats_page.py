from __future__ import annotations

import os

from dbgate.sinks.stats_page import StatsPages
from dbgate.stats.counters import Counters
from dbgate.stats.snapshot import StatsReader


def test_a_child_counts_and_the_parent_reads() -> None:
    fd = StatsPages.create(2)
    parent = StatsPages(fd)
    assert parent.count == len(parent.pages) == 2
    child = os.fork()
    if not child:
        counters = Counters(StatsPages(fd).pages[1], os.getpid())
        counters.opened()
        counters.finished("query", "SELECT", "", 0, 0, 0, 5, 0, False, 0)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    stats = StatsReader(parent.pages, 0.0).stats(1.0, 1)
    assert (stats["total_connections"], stats["total_queries"]) == (1, 1)
    os.close(fd)
