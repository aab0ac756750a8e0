"""From a record to its line in the audit log: one JSON object, the same fields in every event, nothing secret.

The statement comes masked from sql.mask; connection attributes, auth answers and parameter values never enter a
Record, and only the fields named in `Line` leave it. What is done here besides: RFC 3339 times in UTC, event ids
for records that have none yet, bounds on what a client can make a line grow to, and text that JSON can carry.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, final

import msgspec

from dbgate.audit.record import Record
from dbgate.audit.ulid import UlidSource

MAX_STATEMENT: Final = 65_536  # characters
MAX_TEXT: Final = 4_096  # characters of any other text
MAX_ITEMS: Final = 1_000  # of any list
_SHORT: Final = MAX_TEXT  # bytes of a line in which nothing can be over a bound

# JSON has no surrogates, and a terminal that shows the log obeys C1 controls (JSON escapes only C0).
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\ud800-\udfff]")


class Line(msgspec.Struct):
    """The fields of one line, in order. `time` is RFC 3339, UTC, with microseconds; duration_us is null where
    nothing was timed. Every event has every field; those that mean nothing for it are "", 0, [] or false.
    docs/audit.md describes each. Reading tools decode into this class; unknown fields of later versions are skipped."""

    time: str = ""
    event: str = ""
    event_id: str = ""
    instance: str = ""
    session_id: str = ""
    db_user: str = ""
    client_ip: str = ""
    client_port: int = 0
    db_schema: str = ""
    operation: str = ""
    operations: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    detections: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    statement: str = ""
    digest: str = ""
    decision: str = ""
    rule: str = ""
    rule_line: int = 0
    reason: str = ""
    mode: str = ""
    policy_version: str = ""
    rows: int = 0
    affected_rows: int = 0
    bytes: int = 0
    duration_us: int | None = None
    error_code: int = 0
    truncated: bool = False
    dropped: int = 0


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def clean(text: str, limit: int) -> str:
    """`text` as JSON can carry it and a terminal may show it: surrogates and C1 controls become \\xNN or \\uNNNN,
    and what is past `limit` characters becomes a count."""
    if len(text) > limit:
        text = f"{text[:limit]}…(+{len(text) - limit} characters)"
    if not text.isascii() or "\x7f" in text:
        text = _UNPRINTABLE.sub(_escape, text)
    return text


def _items(items: tuple[str, ...]) -> tuple[str, ...]:
    kept = [clean(item, MAX_TEXT) for item in items[:MAX_ITEMS]]
    if len(items) > MAX_ITEMS:
        kept.append(f"…(+{len(items) - MAX_ITEMS})")
    return tuple(kept)


def _bounded(record: Record) -> Record:
    """A copy whose texts and lists are clean and within bounds."""
    out = Record(
        record.event,
        record.at,
        clean(record.session_id, MAX_TEXT),
        clean(record.db_user, MAX_TEXT),
        clean(record.client_ip, MAX_TEXT),
        record.client_port,
    )
    out.event_id = record.event_id
    out.db_schema = clean(record.db_schema, MAX_TEXT)
    out.operation = clean(record.operation, MAX_TEXT)
    out.operations = _items(record.operations)
    out.tables = _items(record.tables)
    out.written = _items(record.written)
    out.functions = _items(record.functions)
    out.detections = _items(record.detections)
    out.sensitive = _items(record.sensitive)
    out.statement = clean(record.statement, MAX_STATEMENT)
    out.digest = clean(record.digest, MAX_TEXT)
    out.decision = record.decision
    out.rule = clean(record.rule, MAX_TEXT)
    out.rule_line = record.rule_line
    out.reason = clean(record.reason, MAX_TEXT)
    out.mode = record.mode
    out.policy_version = record.policy_version
    out.rows = record.rows
    out.affected_rows = record.affected_rows
    out.bytes = record.bytes
    out.duration_us = record.duration_us
    out.error_code = record.error_code
    out.truncated = record.truncated
    out.dropped = record.dropped
    return out


@final
class LineEncoder:
    """Makes lines. One for each thread: it keeps the text of the current second and the state of the ids.

    instance: the name of this gateway in every record; randomness: n -> n random bytes (os.urandom).
    """

    def __init__(self, instance: str, randomness: Callable[[int], bytes]) -> None:
        self._instance = clean(instance, MAX_TEXT)
        self._ids = UlidSource(randomness)
        self._encoder = msgspec.json.Encoder()
        self._second = -1
        self._second_text = ""

    def time(self, wall: float) -> str:
        """`wall` (Unix seconds) as RFC 3339 with microseconds: 2026-01-31T09:00:00.000001Z."""
        second = int(wall // 1)
        if second != self._second:
            self._second_text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
            self._second = second
        return f"{self._second_text}{int((wall - second) * 1_000_000):06d}Z"

    def line(self, record: Record, wall: float) -> bytes:
        """The record as one JSON line with its line end; `wall` is the Unix time of record.at. Never raises on what
        a client can put into a record."""
        if not record.event_id:
            record.event_id = self._ids.new(int(wall * 1000))
        if len(record.statement) < _SHORT:
            # One look at the finished line is cheaper than one at each field.
            try:
                line = self._encode(record, wall)
            except UnicodeEncodeError:  # a surrogate
                pass
            else:
                if len(line) < _SHORT and line.isascii() and b"\x7f" not in line:
                    return line
        return self._encode(_bounded(record), wall)

    def _encode(self, record: Record, wall: float) -> bytes:
        duration = record.duration_us
        return (
            self._encoder.encode(
                Line(
                    self.time(wall),
                    record.event,
                    record.event_id,
                    self._instance,
                    record.session_id,
                    record.db_user,
                    record.client_ip,
                    record.client_port,
                    record.db_schema,
                    record.operation,
                    record.operations,
                    record.tables,
                    record.written,
                    record.functions,
                    record.detections,
                    record.sensitive,
                    record.statement,
                    record.digest,
                    record.decision,
                    record.rule,
                    record.rule_line,
                    record.reason,
                    record.mode,
                    record.policy_version,
                    record.rows,
                    record.affected_rows,
                    record.bytes,
                    None if duration < 0 else duration,
                    record.error_code,
                    record.truncated,
                    record.dropped,
                )
            )
            + b"\n"
        )
