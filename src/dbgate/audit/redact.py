"""From a record to its line in the audit log: one JSON object, the same fields in every event, nothing secret.

The statement comes masked from sql.mask; connection attributes, auth answers and parameter values never enter a
Record, and only the fields of audit.line.Line leave it. What is done here besides: RFC 3339 times in UTC, event ids
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
MOST_KEPT: Final = 4 << 20  # characters of parts that are kept for lines to come
_MOST_PART: Final = 8_192
_PART_COST: Final = 500  # what keeping one costs besides

# JSON has no surrogates, and a terminal that shows the log obeys C1 controls (JSON escapes only C0).
_UNPRINTABLE: Final = re.compile(r"[\x7f-\x9f\ud800-\udfff]")


_SMALL: Final = [str(number) for number in range(1000)]  # most numbers of a line


def _text(number: int) -> str:
    return _SMALL[number] if 0 <= number < 1000 else str(number)


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


@final
class _Who:
    """The part of a line that is the session's, and what it was made from."""

    def __init__(self, record: Record, text: str) -> None:
        self.db_user = record.db_user
        self.client_ip = record.client_ip
        self.client_port = record.client_port
        self.db_schema = record.db_schema
        self.text = text


@final
class _What:
    """The part that is the statement's. The gate shares these values between all records of one analysis, so that
    the same objects mean the same text."""

    def __init__(self, record: Record, text: str) -> None:
        self.statement = record.statement
        self.operation = record.operation
        self.operations = record.operations
        self.tables = record.tables
        self.written = record.written
        self.functions = record.functions
        self.detections = record.detections
        self.sensitive = record.sensitive
        self.digest = record.digest
        self.text = text


@final
class _Why:
    """The part that is the verdict's."""

    def __init__(self, record: Record, text: str) -> None:
        self.decision = record.decision
        self.rule = record.rule
        self.rule_line = record.rule_line
        self.mode = record.mode
        self.policy_version = record.policy_version
        self.text = text


@final
class LineEncoder:
    """Makes lines. One for each thread: it keeps the text of the current second, the state of the ids, and the parts of
    recent lines that come again: who, what and why are encoded once and then copied, which halves a line's cost.

    instance: the name of this gateway in every record; randomness: n -> n random bytes (os.urandom); most_kept:
    characters of such parts that are kept.
    """

    def __init__(self, instance: str, randomness: Callable[[int], bytes], most_kept: int = MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._instance = clean(instance, MAX_TEXT)
        self._ids = UlidSource(randomness)
        self._encoder = msgspec.json.Encoder()
        self._second = -1
        self._second_text = ""
        self._events: dict[str, str] = {}
        self._who: dict[str, _Who] = {}
        self._what: dict[str, _What] = {}
        self._why: dict[str, _Why] = {}
        self._kept = 0  # characters in those

    def time(self, wall: float) -> str:
        """`wall` (Unix seconds) as RFC 3339 with microseconds: 2026-01-31T09:00:00.000001Z."""
        second = int(wall // 1)
        if second != self._second:
            self._second_text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
            self._second = second
        return f"{self._second_text}{str(1_000_000 + int((wall - second) * 1_000_000))[1:]}Z"

    def line(self, record: Record, wall: float) -> bytes:
        """The record as one JSON line with its line end; `wall` is the Unix time of record.at. Never raises on what
        a client can put into a record. Gives the record an event id if it has none."""
        if not record.event_id:
            record.event_id = self._ids.new(int(wall * 1000))
        duration = record.duration_us
        return (
            f'{{"time":"{self.time(wall)}","event":{self._event_part(record.event)},"event_id":"{record.event_id}",'
            f"{self._who_part(record)},{self._what_part(record)},{self._why_part(record)},"
            f'"rows":{_text(record.rows)},"affected_rows":{_text(record.affected_rows)},"bytes":{_text(record.bytes)},'
            f'"duration_us":{"null" if duration < 0 else _text(duration)},"error_code":{_text(record.error_code)},'
            f'"truncated":{"true" if record.truncated else "false"},"dropped":{_text(record.dropped)}}}\n'
        ).encode()

    def _event_part(self, event: str) -> str:
        text = self._events.get(event)
        if text is None:
            text = self._encoder.encode(clean(event, MAX_TEXT)).decode()
            self._keep(text)
            self._events[event] = text
        return text

    def _who_part(self, record: Record) -> str:
        found = self._who.get(record.session_id)
        if (
            found is not None
            and found.db_user == record.db_user
            and found.db_schema == record.db_schema
            and found.client_port == record.client_port
            and found.client_ip == record.client_ip
        ):
            return found.text
        text = self._members(
            {
                "instance": self._instance,
                "session_id": clean(record.session_id, MAX_TEXT),
                "db_user": clean(record.db_user, MAX_TEXT),
                "client_ip": clean(record.client_ip, MAX_TEXT),
                "client_port": record.client_port,
                "db_schema": clean(record.db_schema, MAX_TEXT),
            }
        )
        if self._keep(text):
            self._who[record.session_id] = _Who(record, text)
        return text

    def _what_part(self, record: Record) -> str:
        key = record.statement or record.event  # of a connection's events each has parts of its own
        found = self._what.get(key)
        if (
            found is not None
            and found.tables is record.tables
            and found.operations is record.operations
            and found.written is record.written
            and found.functions is record.functions
            and found.detections is record.detections
            and found.sensitive is record.sensitive
            and found.digest == record.digest
            and found.operation == record.operation
            and found.statement == record.statement  # the key may be an event's name
        ):
            return found.text
        text = self._members(
            {
                "operation": clean(record.operation, MAX_TEXT),
                "operations": _items(record.operations),
                "tables": _items(record.tables),
                "written": _items(record.written),
                "functions": _items(record.functions),
                "detections": _items(record.detections),
                "sensitive": _items(record.sensitive),
                "statement": clean(record.statement, MAX_STATEMENT),
                "digest": clean(record.digest, MAX_TEXT),
            }
        )
        if self._keep(text):
            self._what[key] = _What(record, text)
        return text

    def _why_part(self, record: Record) -> str:
        found = self._why.get(record.reason)
        if (
            found is not None
            and found.decision == record.decision
            and found.rule == record.rule
            and found.rule_line == record.rule_line
            and found.policy_version == record.policy_version
            and found.mode == record.mode
        ):
            return found.text
        text = self._members(
            {
                "decision": clean(record.decision, MAX_TEXT),
                "rule": clean(record.rule, MAX_TEXT),
                "rule_line": record.rule_line,
                "reason": clean(record.reason, MAX_TEXT),
                "mode": clean(record.mode, MAX_TEXT),
                "policy_version": clean(record.policy_version, MAX_TEXT),
            }
        )
        if self._keep(text):
            self._why[record.reason] = _Why(record, text)
        return text

    def _members(self, values: dict[str, object]) -> str:
        """The values as the inside of a JSON object."""
        return self._encoder.encode(values)[1:-1].decode()

    def _keep(self, text: str) -> bool:
        """Whether to keep a part for the next line; all are let go when they have become too many."""
        size = len(text)
        if size > _MOST_PART:
            return False
        self._kept += size + _PART_COST
        if self._kept > self._most_kept:
            self._events.clear()
            self._who.clear()
            self._what.clear()
            self._why.clear()
            self._kept = size + _PART_COST
        return True
