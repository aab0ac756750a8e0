"""What each worker let pass under a rate limit, or holds under another (sources.py), where the others can see it:
limits count over the whole instance.

One row of cells a worker in shared memory, written by that worker only. A key (user and source) has the same cell in
every row. A cell holds a tag of its key besides the count, so that two keys that meet in one cell are never added up:
the later one takes the cell over, and the other's workers lose sight of each other until its next statement.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from typing import Final

CELLS: Final = 1 << 16  # a row is 512 KiB of which only cells in use take memory
_COUNT_BITS: Final = 40
_COUNT_MASK: Final = (1 << _COUNT_BITS) - 1
_REMEMBERED: Final = 10_000


class Ledger:
    """fd: from create(); row: this worker's, of `rows`."""

    def __init__(self, fd: int, row: int, rows: int) -> None:
        self._cells = memoryview(mmap.mmap(fd, rows * CELLS * 8)).cast("Q")
        self._row = row
        self._rows = rows
        self._places: dict[str, tuple[int, int]] = {}

    @staticmethod
    def create(rows: int) -> int:
        """A descriptor of a new ledger; the workers inherit it."""
        fd = os.memfd_create("dbgate-rates", os.MFD_CLOEXEC)
        os.ftruncate(fd, rows * CELLS * 8)
        return fd

    def __call__(self, key: str, spent: int) -> int:
        """Adds `spent` to this worker's count under `key`; gives the sum of the others' counts."""
        cell, tag = self._place(key)
        cells = self._cells
        if spent:
            mine = self._row * CELLS + cell
            value = cells[mine]
            count = value & _COUNT_MASK if value >> _COUNT_BITS == tag else 0
            cells[mine] = tag << _COUNT_BITS | (count + spent & _COUNT_MASK)
        others = 0
        for row in range(self._rows):
            if row != self._row:
                value = cells[row * CELLS + cell]
                if value >> _COUNT_BITS == tag:
                    others += value & _COUNT_MASK
        return others

    def put(self, key: str, count: int) -> None:
        """Makes this worker's count under `key` what it says."""
        cell, tag = self._place(key)
        self._cells[self._row * CELLS + cell] = tag << _COUNT_BITS | (count & _COUNT_MASK)

    def total(self, key: str, spent: int) -> int:
        """Adds `spent` as a call does; gives the sum of all counts, this worker's too."""
        others = self(key, spent)
        cell, tag = self._place(key)
        value = self._cells[self._row * CELLS + cell]
        return others + (value & _COUNT_MASK if value >> _COUNT_BITS == tag else 0)

    def largest(self, key: str) -> int:
        """The largest count of any worker, 0 = none."""
        cell, tag = self._place(key)
        most = 0
        for row in range(self._rows):
            value = self._cells[row * CELLS + cell]
            if value >> _COUNT_BITS == tag and value & _COUNT_MASK > most:
                most = value & _COUNT_MASK
        return most

    def clear_row(self, row: int) -> None:
        """A worker is gone, and with it what it held. For the supervisor."""
        cells = self._cells[row * CELLS : (row + 1) * CELLS]
        for number, value in enumerate(cells):
            if value:
                cells[number] = 0

    def _place(self, key: str) -> tuple[int, int]:
        """The key's cell and its tag: the same in every process, unlike hash()."""
        found = self._places.get(key)
        if found is None:
            if len(self._places) >= _REMEMBERED:
                self._places.clear()
            name = key.encode("utf-8", "surrogateescape")
            number = int.from_bytes(hashlib.blake2b(name, digest_size=5).digest(), "big")
            found = (number & (CELLS - 1), number >> 16)
            self._places[key] = found
        return found
