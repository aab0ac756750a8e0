"""Where statistics pages live: one anonymous shared-memory file for all workers, a page each (stats/layout.py)."""

from __future__ import annotations

import mmap
import os

from dbgate.stats.layout import PAGE_BYTES


class StatsPages:
    """The pages behind a file descriptor that supervisor and workers share. They stay mapped while this object lives."""

    def __init__(self, fd: int) -> None:
        self.count = os.fstat(fd).st_size // PAGE_BYTES
        self._view = memoryview(mmap.mmap(fd, self.count * PAGE_BYTES))
        self.pages = [self._view[n * PAGE_BYTES : (n + 1) * PAGE_BYTES] for n in range(self.count)]

    @staticmethod
    def create(count: int) -> int:
        """A descriptor of `count` new, zeroed pages; the workers inherit it. The memory lives until the last process
        that has it ends, and pages that were never written cost nothing."""
        fd = os.memfd_create("dbgate-stats", os.MFD_CLOEXEC)
        os.ftruncate(fd, count * PAGE_BYTES)
        return fd
