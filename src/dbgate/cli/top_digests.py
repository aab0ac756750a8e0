"""Which statements keep the gateway busy: counted from what is appended to the audit log, over the last minute."""

from __future__ import annotations

import os
import re
from collections import deque
from dataclasses import dataclass, field
from typing import Final

WINDOW: Final = 60.0  # seconds
MOST_READ: Final = 8 << 20  # bytes of the log at each look; of more, the newest
FIRST_READ: Final = 1 << 20  # … at the first
MOST_DIGESTS: Final = 10_000  # that one look remembers
_DIGEST: Final = re.compile(rb'"digest":\s*"([0-9a-f]{32})"')
_DURATION: Final = re.compile(rb'"duration_us":\s*(\d{1,15})')
_STATEMENT: Final = re.compile(rb'"statement":\s*"((?:[^"\\]|\\.){0,400})')


@dataclass(slots=True)
class Hot:
    """One digest. count: statements; spent_us: their durations together; statement: one of them, as the log has it."""

    digest: str
    count: int = 0
    spent_us: int = 0
    statement: str = ""


@dataclass(slots=True)
class _Look:
    at: float
    since: float
    found: dict[bytes, Hot] = field(default_factory=dict)


class HotDigests:
    """path: of the audit log. `skipped` is how many bytes the latest look left out, because there were too many."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = (0, 0)  # device and inode
        self._at = -1
        self._looks: deque[_Look] = deque()
        self.skipped = 0

    def look(self, now: float) -> None:
        """Read what has come since the last look. Nothing where the log cannot be read. now: monotonic seconds."""
        since = self._looks[-1].at if self._looks else now
        made = _Look(now, since)
        for line in self._new_lines():
            match = _DIGEST.search(line)
            if match is None:
                continue
            hot = made.found.get(match[1])
            if hot is None:
                if len(made.found) >= MOST_DIGESTS:
                    continue
                hot = made.found[match[1]] = Hot(match[1].decode(), statement=_statement(line))
            hot.count += 1
            spent = _DURATION.search(line)
            hot.spent_us += int(spent[1]) if spent else 0
        self._looks.append(made)
        while len(self._looks) > 1 and self._looks[0].at < now - WINDOW:
            self._looks.popleft()

    def hottest(self, most: int) -> list[Hot]:
        """Those on which most time was spent, of the looks of the last minute."""
        totals: dict[bytes, Hot] = {}
        for look in self._looks:
            for key, hot in look.found.items():
                total = totals.setdefault(key, Hot(hot.digest, statement=hot.statement))
                total.count += hot.count
                total.spent_us += hot.spent_us
        return sorted(totals.values(), key=lambda hot: (-hot.spent_us, -hot.count, hot.digest))[:most]

    def _new_lines(self) -> list[bytes]:
        self.skipped = 0
        try:
            with open(self._path, "rb") as log:
                status = os.fstat(log.fileno())
                most = MOST_READ
                if (status.st_dev, status.st_ino) != self._file or status.st_size < self._at:
                    first = self._at < 0
                    self._file, self._at = (status.st_dev, status.st_ino), 0
                    most = FIRST_READ if first else MOST_READ
                start = max(self._at, status.st_size - most)
                self.skipped = start - self._at if self._at else 0
                log.seek(start)
                data = log.read(status.st_size - start)
        except OSError:
            return []
        if start > self._at:  # in the middle of a line
            cut = data.find(b"\n") + 1
            data, start = data[cut:], start + cut
        whole = data.rfind(b"\n") + 1
        self._at = start + whole
        return data[:whole].splitlines()


def _statement(line: bytes) -> str:
    match = _STATEMENT.search(line)
    text = match[1].decode("utf-8", "backslashreplace") if match else ""
    return text.replace('\\"', '"').replace("\\\\", "\\")
