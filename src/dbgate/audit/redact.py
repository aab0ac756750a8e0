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

from dbgate.audit.record import Record, What, Who, Why
from dbgate.audit.ulid import UlidSource

MAX_STATEMENT: Final = 65_536  # characters
MAX_TEXT: Final = 4_096  # characters of any other text
MAX_ITEMS: Final = 1_000  # of any list
MOST_KEPT: Final = 8_192  # characters of what is kept with a record's part for lines to come
MOST_WORDS: Final = 1000  # that are kept as JSON; then all are let go
LONGEST_WORD: Final = 100  # characters of one

# JSON has no surrogates, and a terminal that shows the log obeys C1 controls (JSON escapes only C0).
_UNPRINTABLE: Final = re.compile(r"[\x7f-\x9f\ud800-\udfff]")


_SMALL: Final = [str(number) for number in range(1000)]  # for numbers that are often the same
# For numbers that seldom are: the processor's caches keep a hundred texts, and not a thousand.
_ONE: Final = [str(number) for number in range(100)]
_TWO: Final = [f"{number:02d}" for number in range(100)]
_NOTHING_WRONG: Final = '"error_code":0,"truncated":false,"dropped":0}\n'


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
class LineEncoder:
    """Makes lines. One for each thread: it keeps the text of the current second and the state of the ids. What a line
    says of a record's shared parts is kept with these, so that a line is little more than a dozen texts joined.

    instance: the name of this gateway in every record; randomness: n -> n random bytes (os.urandom).
    """

    def __init__(self, instance: str, randomness: Callable[[int], bytes]) -> None:
        self._encoder = msgspec.json.Encoder()
        self._instance = self._members({"instance": clean(instance, MAX_TEXT)})
        self._ids = UlidSource(randomness)
        self._second = -1e18  # Unix seconds; no time is in this one
        self._second_ms = 0
        self._second_text = ""
        self._words: dict[str, str] = {}  # as JSON: what many records and sessions have in common

    def time(self, wall: float) -> str:
        """`wall` (Unix seconds) as RFC 3339 with microseconds: 2026-01-31T09:00:00.000001Z."""
        behind = wall - self._second
        if not 0.0 <= behind < 1.0:
            behind = wall - self._begin(wall)
        micros = int(behind * 1_000_000)
        return f"{self._second_text}{_TWO[micros // 10_000]}{_TWO[micros // 100 % 100]}{_TWO[micros % 100]}Z"

    def _begin(self, wall: float) -> float:
        """Another second has begun; gives it."""
        second = int(wall // 1)
        self._second_text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        self._second = float(second)
        self._second_ms = second * 1000
        return self._second

    def line(self, record: Record, wall: float) -> bytes:
        """The record as one JSON line with its line end; `wall` is the Unix time of record.at. Never raises on what
        a client can put into a record. Gives the record an event id if it has none."""
        behind = wall - self._second
        if not 0.0 <= behind < 1.0:
            behind = wall - self._begin(wall)
        micros = int(behind * 1_000_000)
        millis = micros // 1000
        event_id = record.event_id
        if not event_id:
            event_id = self._ids.new(self._second_ms + millis)
            record.event_id = event_id
        event = self._words.get(record.event)
        if event is None:
            event = self._word(record.event)
        who = record.who
        what = record.what
        why = record.why
        rows = record.rows
        affected = record.affected_rows
        size = record.bytes
        duration = record.duration_us
        high = ""
        if 0 <= duration < 100:
            low = _ONE[duration]
        elif 0 <= duration < 10_000:
            high = _ONE[duration // 100]
            low = _TWO[duration % 100]
        else:
            low = "null" if duration < 0 else str(duration)
        if record.error_code or record.truncated or record.dropped:
            end = (
                f'"error_code":{record.error_code},"truncated":{"true" if record.truncated else "false"},'
                f'"dropped":{record.dropped}}}\n'
            )
        else:
            end = _NOTHING_WRONG
        return (
            f'{{"time":"{self._second_text}{_TWO[micros // 10_000]}{_TWO[micros // 100 % 100]}{_TWO[micros % 100]}Z",'
            f'"event":{event},"event_id":"{event_id}",{self._instance},'
            f"{who.text or self._who(who)},{what.text or self._what(what)},{why.text or self._why(why)},"
            f'"rows":{_SMALL[rows] if 0 <= rows < 1000 else str(rows)},'
            f'"affected_rows":{_SMALL[affected] if 0 <= affected < 1000 else str(affected)},'
            f'"bytes":{_SMALL[size] if 0 <= size < 1000 else str(size)},'
            f'"duration_us":{high}{low},{end}'
        ).encode()

    def _json(self, text: str) -> str:
        return self._encoder.encode(clean(text, MAX_TEXT)).decode()

    def _word(self, word: str) -> str:
        """An event, a user, an address or a schema, as JSON."""
        text = self._words.get(word)
        if text is None:
            text = self._json(word)
            if len(word) <= LONGEST_WORD:
                if len(self._words) >= MOST_WORDS:
                    self._words.clear()
                self._words[word] = text
        return text

    def _who(self, who: Who) -> str:
        # Each session has one, or more: put together by hand.
        text = (
            f'"session_id":{self._json(who.session_id)},"db_user":{self._word(who.db_user)},'
            f'"client_ip":{self._word(who.client_ip)},"client_port":{who.client_port},'
            f'"db_schema":{self._word(who.db_schema)}'
        )
        if len(text) <= MOST_KEPT:
            who.text = text
        return text

    def _what(self, what: What) -> str:
        text = self._members(
            {
                "operation": clean(what.operation, MAX_TEXT),
                "operations": _items(what.operations),
                "tables": _items(what.tables),
                "written": _items(what.written),
                "functions": _items(what.functions),
                "detections": _items(what.detections),
                "sensitive": _items(what.sensitive),
                "statement": clean(what.statement, MAX_STATEMENT),
                "digest": clean(what.digest, MAX_TEXT),
            }
        )
        if len(text) <= MOST_KEPT:
            what.text = text
        return text

    def _why(self, why: Why) -> str:
        text = self._members(
            {
                "decision": clean(why.decision, MAX_TEXT),
                "rule": clean(why.rule, MAX_TEXT),
                "rule_line": why.rule_line,
                "reason": clean(why.reason, MAX_TEXT),
                "mode": clean(why.mode, MAX_TEXT),
                "policy_version": clean(why.policy_version, MAX_TEXT),
            }
        )
        if len(text) <= MOST_KEPT:
            why.text = text
        return text

    def _members(self, values: dict[str, object]) -> str:
        """The values as the inside of a JSON object."""
        return self._encoder.encode(values)[1:-1].decode()
