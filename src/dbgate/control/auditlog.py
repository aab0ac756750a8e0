"""The newest records of an audit log that fit a search, with bounded work: the files are read backwards, block by block, and
no more than a budget of them. For the dashboard, and for the supervisor where it is asked for records from elsewhere."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, Any, Final

BUDGET: Final = 48 << 20  # bytes that one search reads at most
MOST_FILES: Final = 10_001  # as many as audit_max_files allows, and the log itself
LONGEST_LINE: Final = 1 << 20
MOST_FOUND: Final = 8 << 20  # bytes of records that one search gives, and the one with which it is over
PLACE: Final = re.compile(r"([0-9a-f]{1,16})-([0-9]{1,18})")  # in the files of a log: an inode, and an offset
_BLOCK: Final = 1 << 18
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]+")  # what JSON writes as it is

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; "" = any. event: a name or the prefix of one (`query`), several with commas; source: an address or
    the beginning of one, ending in a dot or colon; table: `schema.table` or `table`; text: part of the statement or the
    reason; digest: its beginning; since, before: RFC 3339, UTC: not earlier, earlier."""

    event: str = ""
    user: str = ""
    rule: str = ""
    table: str = ""
    source: str = ""
    digest: str = ""
    session: str = ""
    text: str = ""
    event_id: str = ""
    instance: str = ""
    decision: str = ""
    since: str = ""
    before: str = ""

    def fits(self, record: Record) -> bool:
        """Whether it is one of those."""
        at = str(record.get("time", ""))
        if (self.before and at >= self.before) or (self.since and at < self.since):
            return False
        for name, wanted in (
            ("db_user", self.user),
            ("rule", self.rule),
            ("session_id", self.session),
            ("event_id", self.event_id),
            ("instance", self.instance),
            ("decision", self.decision),
        ):
            if wanted and record.get(name) != wanted:
                return False
        if not str(record.get("digest", "")).startswith(self.digest):
            return False
        return self._event(record) and self._source(record) and self._table(record) and self._text(record)

    def _event(self, record: Record) -> bool:
        found = str(record.get("event", ""))
        wanted = [one for one in self.event.split(",") if one]
        return not wanted or any(found == one or found.startswith(one + ".") for one in wanted)

    def _source(self, record: Record) -> bool:
        found = str(record.get("client_ip", ""))
        return (
            not self.source
            or found == self.source
            or (self.source[-1:] in ".:" and found.startswith(self.source))
        )

    def _table(self, record: Record) -> bool:
        tables = record.get("tables")
        if not self.table:
            return True
        if not isinstance(tables, list):
            return False
        wanted = self.table.lower()
        names = [str(name).lower() for name in tables]
        return wanted in names or any(name.endswith("." + wanted) for name in names)

    def _text(self, record: Record) -> bool:
        wanted = self.text.lower()
        return (
            not wanted
            or wanted in str(record.get("statement", "")).lower()
            or wanted in str(record.get("reason", "")).lower()
        )

    def clues(self) -> list[bytes]:
        """Bytes that every line that fits must hold: much quicker to look for than a line is to parse."""
        words = [self.event, self.user, self.rule, self.digest, self.session, self.event_id, self.instance]
        words.append(self.decision)
        return [word.encode() for word in words if _PLAIN.fullmatch(word)]


@dataclass(slots=True)
class Found:
    """records: the newest first; places: of each of them, what a search that goes on behind it is given; older: the place from
    which one goes on where this one ended, "" = all was looked at; reached: the time of the oldest record looked at, "" with
    it; start: the place where the search began; trouble: what could not be read, one line each."""

    records: list[Record] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    older: str = ""
    reached: str = ""
    start: str = ""
    trouble: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Work:
    """What a search may still do. wait: called with the seconds that the latest block took."""

    count: int
    bytes_read: int
    bytes_found: int
    wait: Callable[[float], None] | None


def search(
    path: str,
    wanted: Search,
    count: int,
    budget: int = BUDGET,
    place: str = "",
    wait: Callable[[float], None] | None = None,
) -> Found:
    """The newest `count` records of the log at `path` and its rotated files; with `place`, of what stands before it. Blocks
    for as long as reading takes. wait: called after each block with the seconds that it took."""
    found = Found()
    clues = wanted.clues()
    work = _Work(count, budget, MOST_FOUND, wait)
    seen: set[tuple[int, int]] = set()
    inode, offset = _parted(place)
    for number in range(MOST_FILES):
        name = f"{path}.{number}" if number else path
        try:
            file = open(name, "rb")  # noqa: SIM115  # closed below
        except FileNotFoundError:
            if number == 0:
                found.trouble.append(f"{path}: there is no such file (yet)")
                continue  # between two steps of a rotation
            break
        except OSError as error:
            found.trouble.append(f"{name}: {error.strerror}")
            break
        with file:
            status = os.fstat(file.fileno())
            if (status.st_dev, status.st_ino) in seen:  # rotated while we looked
                continue
            seen.add((status.st_dev, status.st_ino))
            end = status.st_size
            if inode:
                if status.st_ino != inode:
                    continue
                inode, end = 0, min(offset, end)
            if _one_file(file, end, f"{status.st_ino:x}-", wanted, clues, work, found):
                break
    if inode and not found.trouble:
        found.trouble.append("what stood before these records was rotated away")
    return found


def _parted(place: str) -> tuple[int, int]:
    """(inode, offset) of a place; (0, 0) where it is none."""
    match = PLACE.fullmatch(place)
    return (int(match[1], 16), int(match[2])) if match else (0, 0)


def _one_file(
    file: IO[bytes],
    end: int,
    prefix: str,
    wanted: Search,
    clues: list[bytes],
    work: _Work,
    found: Found,
) -> bool:
    """Adds what one file has before `end`; whether the search ends here."""
    if wanted.before:
        end = min(end, _end_before(file, end, wanted.before))
    found.start = found.start or f"{prefix}{end}"
    began = time.monotonic()
    for size, limit, resume, lines in _blocks(file, end):
        work.bytes_read -= size
        stop = limit
        for line in lines:
            start = stop - len(line)
            stop = start - 1
            if not line or (clues and not all(clue in line for clue in clues)):
                continue
            record = parse(line)
            if record is None or not wanted.fits(record):
                continue
            found.records.append(record)
            found.places.append(f"{prefix}{start}")
            work.bytes_found -= len(line)
            if len(found.records) >= work.count or work.bytes_found <= 0:
                found.reached, found.older = str(record["time"]), found.places[-1]
                return True
        if wanted.since and lines and _all_before(lines, wanted.since):
            return True
        if work.bytes_read <= 0 and resume < end:  # it got somewhere
            oldest = next((one for line in reversed(lines) if (one := parse(line))), None)
            found.reached = str(oldest["time"]) if oldest else ""
            found.older = f"{prefix}{resume}"
            return True
        if work.wait is not None:
            work.wait(time.monotonic() - began)
            began = time.monotonic()
    return False


def _all_before(lines: list[bytes], since: str) -> bool:
    """Whether the lines of a block are of an earlier time, by a sample of them: one alone may be of a statement that took
    long."""
    sample = [record for line in lines[:: max(1, len(lines) // 16)] if (record := parse(line))]
    return bool(sample) and all(str(record["time"]) < since for record in sample)


def parse(line: bytes) -> Record | None:
    """The record of one line; None where it is none (a line that a crash cut, something foreign)."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("event"), str):
        return None
    return record if isinstance(record.get("time"), str) else None


def _blocks(file: IO[bytes], end: int) -> Iterator[tuple[int, int, int, list[bytes]]]:
    """The lines before `end`, the last one first, in blocks: the bytes that were read, where the first of these lines ends,
    where what follows the block goes on, and the lines."""
    rest = b""
    at = end
    while at > 0:
        step = min(_BLOCK, at)
        at -= step
        file.seek(at)
        data = file.read(step) + rest
        lines = data.split(b"\n")
        resume = 0
        rest = b""
        if at > 0:
            rest = lines.pop(0)
            resume = at + len(rest) + 1 if lines else at + len(rest)
            if len(rest) > LONGEST_LINE:  # no line of ours
                rest, resume = b"", at
        lines.reverse()
        yield step, at + len(data), resume, lines


_SLACK: Final = 1 << 20


def _end_before(file: IO[bytes], size: int, before: str) -> int:
    """A place in the file behind which there is nothing earlier than `before`, found by halving. Records are nearly in
    order of time (that of their beginning; they are written at their end), so some slack is added."""
    low, high = 0, size
    while high - low > _BLOCK:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline(LONGEST_LINE)
        record = parse(file.readline(LONGEST_LINE))
        if record is not None and str(record["time"]) >= before:
            high = middle
        else:
            low = middle
    return min(size, high + _SLACK)


_BASE32: Final = {character: value for value, character in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}


def near(event_id: str, around: timedelta = timedelta(hours=1)) -> tuple[str, str]:
    """(since, before) for the record of an event id, which begins with its time; ("", "") where it is no such id."""
    if len(event_id) != 26 or any(character not in _BASE32 for character in event_id):
        return "", ""
    milliseconds = 0
    for character in event_id[:10]:
        milliseconds = milliseconds * 32 + _BASE32[character]
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
        return rfc3339(moment - around), rfc3339(moment + around)
    except (OverflowError, ValueError, OSError):
        return "", ""


def rfc3339(moment: datetime) -> str:
    """As the audit log writes times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
