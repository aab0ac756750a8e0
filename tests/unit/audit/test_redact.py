from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dbgate.audit.line import Line
from dbgate.audit.record import Record
from dbgate.audit.redact import MAX_ITEMS, MAX_STATEMENT, MOST_KEPT, MOST_WORDS, LineEncoder, clean
from tests.rows import rows

FIELDS = [field.name for field in msgspec.structs.fields(Line)]


def encoder() -> LineEncoder:
    return LineEncoder("gw1", lambda n: b"\x01" * n)


def record(**values: object) -> Record:
    made = Record("query", 1.0, "s1", "app", "10.0.0.1", 4711)
    for name, value in values.items():
        assert hasattr(made, name)
        setattr(made, name, value)
    return made


def test_every_event_has_every_field_in_order() -> None:
    for event in ("query", "connection.open", "policy.reload"):
        made = record()
        made.event = event
        line = encoder().line(made, 1_700_000_000.0)
        assert line.endswith(b"}\n")
        assert list(json.loads(line)) == FIELDS


def test_values_arrive() -> None:
    values: dict[str, object] = {
        "event_id": "01JD0000000000000000000000",
        "db_schema": "shop",
        "operation": "INSERT",
        "operations": ("INSERT", "SELECT"),
        "tables": ("shop.a", "shop.b"),
        "written": ("shop.a",),
        "functions": ("shop.f",),
        "detections": ("tautology",),
        "sensitive": ("ssn",),
        "statement": "INSERT INTO a SELECT ?",
        "digest": "0" * 32,
        "decision": "block",
        "rule": "table-denied",
        "rule_line": 12,
        "reason": "no grant",
        "mode": "enforce",
        "policy_version": "abc",
        "rows": 1,
        "affected_rows": 2,
        "bytes": 3,
        "duration_us": 4,
        "error_code": 1227,
        "truncated": True,
        "dropped": 5,
    }
    got = json.loads(encoder().line(record(**values), 0.0))
    for name, value in values.items():
        assert got[name] == (list(value) if isinstance(value, tuple) else value), name
    assert got["instance"] == "gw1"
    assert (got["session_id"], got["db_user"], got["client_ip"], got["client_port"]) == (
        "s1",
        "app",
        "10.0.0.1",
        4711,
    )


def test_what_was_not_timed_has_no_duration() -> None:
    assert json.loads(encoder().line(record(), 0.0))["duration_us"] is None


def test_event_ids_are_made_once() -> None:
    made = record()
    lines = encoder()
    first = json.loads(lines.line(made, 1_700_000_000.0))["event_id"]
    assert len(first) == 26
    assert json.loads(lines.line(made, 1_700_000_009.0))["event_id"] == first
    assert json.loads(lines.line(record(), 1_700_000_000.0))["event_id"] > first


@given(st.integers(0, 4_000_000_000_000_000))
def test_time_is_rfc3339_utc_with_microseconds(micros: int) -> None:
    text = encoder().time(micros / 1_000_000)
    assert len(text) == 27
    parsed = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert abs(parsed.timestamp() - micros / 1_000_000) <= 1.5e-6


def test_the_kept_second_follows_the_clock() -> None:
    lines = encoder()
    assert lines.time(0.25) == "1970-01-01T00:00:00.250000Z"
    assert lines.time(0.75) == "1970-01-01T00:00:00.750000Z"
    assert lines.time(61.5) == "1970-01-01T00:01:01.500000Z"


@given(st.text(st.characters(), max_size=80), st.text(st.characters(), max_size=20))
def test_any_text_gives_one_valid_line(statement: str, user: str) -> None:
    made = record(statement=statement, db_user=user, tables=(user,), reason=statement)
    line = encoder().line(made, 1.0)
    assert line.count(b"\n") == 1
    got = json.loads(line.decode())
    if statement.isascii() and "\x7f" not in statement:
        assert got["statement"] == statement


@rows(
    ("text", "shown"),
    [
        ("caf\u00e9", "caf\u00e9"),
        ("a\udcffb", "a\\udcffb"),
        ("a\x9bb", "a\\x9bb"),
        ("a\x7fb", "a\\x7fb"),
        ("a\x1bb", "a\x1bb"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text, 100) == shown
    assert json.loads(encoder().line(record(statement=text), 0.0))["statement"] == shown


def test_long_texts_and_lists_are_bounded() -> None:
    made = record(
        statement="x" * (MAX_STATEMENT + 7),
        tables=tuple(f"s.t{n}" for n in range(MAX_ITEMS + 3)),
        reason="r" * 10_000,
    )
    made.db_user = "u" * 100_000
    line = encoder().line(made, 0.0)
    got = json.loads(line)
    assert got["statement"] == "x" * MAX_STATEMENT + "…(+7 characters)"
    assert len(got["tables"]) == MAX_ITEMS + 1
    assert got["tables"][-1] == "…(+3)"
    assert len(line) < MAX_STATEMENT + 40_000


def test_a_bounded_line_keeps_every_other_value() -> None:
    plain = record(
        statement="SELECT ?", rows=3, rule="shape", decision="block", mode="enforce", event_id="E" * 26
    )
    odd = record(
        statement="SELECT \x7f", rows=3, rule="shape", decision="block", mode="enforce", event_id="E" * 26
    )
    first, second = (json.loads(encoder().line(made, 5.0)) for made in (plain, odd))
    assert first.pop("statement") == "SELECT ?"
    assert second.pop("statement") == "SELECT \\x7f"
    assert first == second


def test_lines_can_be_read_back() -> None:
    line = encoder().line(record(statement="SELECT ?", tables=("a.b",)), 5.0)
    read = msgspec.json.decode(line, type=Line)
    assert (read.statement, read.tables, read.instance) == ("SELECT ?", ("a.b",), "gw1")


FEW = st.sampled_from(["", "a", "b", "caf\u00e9", '"\\\n'])
LISTS = st.sampled_from([(), ("a",), ("a", "b"), ("caf\u00e9\udcff",)])


@st.composite
def records(draw: st.DrawFn) -> Record:
    made = Record(
        draw(FEW), 1.0, draw(FEW), draw(FEW), draw(st.sampled_from(["", "10.0.0.1"])), draw(st.integers(0, 2))
    )
    made.event_id = "E" * 26
    for name in (
        "db_schema",
        "operation",
        "statement",
        "digest",
        "decision",
        "rule",
        "reason",
        "mode",
        "policy_version",
    ):
        setattr(made, name, draw(FEW))
    for name in ("operations", "tables", "written", "functions", "detections", "sensitive"):
        setattr(made, name, draw(LISTS))
    made.rule_line = draw(st.integers(0, 2))
    made.error_code = draw(st.integers(0, 1))
    return made


@given(st.lists(records(), max_size=5))
def test_what_is_kept_of_one_line_never_shows_in_another(made: list[Record]) -> None:
    kept = encoder()
    for each in [*made, *made]:
        bare = Record(each.event, 1.0, "", "", "", 0, each.who.copy(), each.what.copy(), each.why.copy())
        bare.event_id = each.event_id
        bare.error_code = each.error_code
        assert kept.line(each, 1.0) == encoder().line(bare, 1.0)


def test_a_statement_that_reads_like_an_event() -> None:
    lines = encoder()
    shown = []
    for event, statement in (("query", "connection.open"), ("connection.open", "")):
        made = Record(event, 0.0, "s1", "app", "10.0.0.9", 1)
        made.statement = statement
        shown.append(msgspec.json.decode(lines.line(made, 1.0))["statement"])
    assert shown == ["connection.open", ""]


def test_parts_that_come_again_are_not_made_again() -> None:
    lines = encoder()
    first = record(statement="SELECT ?", event_id="E", decision="allow", db_schema="shop")
    again = Record("query", 1.0, "", "", "", 0, first.who, first.what, first.why)
    again.event_id = "E"
    line = lines.line(first, 1.0)
    texts = first.who.text, first.what.text, first.why.text
    assert all(text.encode() in line for text in texts)
    assert lines.line(again, 1.0) == line
    assert all(
        one is other
        for one, other in zip(texts, (again.who.text, again.what.text, again.why.text), strict=True)
    )


def test_only_what_is_short_is_kept() -> None:
    lines = encoder()
    long = record(statement="x" * 9000, db_user="y" * 9000, reason="z" * 9000, tables=("t" * 4096,) * 3)
    assert lines.line(long, 1.0) == encoder().line(long, 1.0)
    assert long.what.text == ""
    assert 0 < len(long.who.text) < MOST_KEPT and 0 < len(long.why.text) < MOST_KEPT
    wide = record(db_user="\u0001" * 4000, reason="\u0001" * 4000)  # six characters for each
    lines.line(wide, 1.0)
    assert wide.who.text == wide.why.text == ""
    assert all(len(word) < 100 for word in lines._words)


def test_words_that_come_again_are_bounded() -> None:
    lines = encoder()
    for n in range(MOST_WORDS + 200):
        made = record(db_user=f'user "{n}"')
        made.event = f"event {n % 7}"
        got = json.loads(lines.line(made, 1.0))
        assert (got["event"], got["db_user"]) == (f"event {n % 7}", f'user "{n}"')
        assert len(lines._words) <= MOST_WORDS


@given(st.lists(st.integers(0, 1 << 50), min_size=4, max_size=4), st.integers(-1, 1 << 40), st.booleans())
def test_any_number_arrives(numbers: list[int], duration: int, truncated: bool) -> None:
    rows_, affected, size, code = numbers
    for shift in (0, 40):
        made = record(
            rows=rows_ >> shift,
            affected_rows=affected >> shift,
            bytes=size >> shift,
            error_code=code >> 45,
            duration_us=duration >> shift,
            truncated=truncated,
        )
        got = json.loads(encoder().line(made, 1.0))
        assert (got["rows"], got["affected_rows"]) == (rows_ >> shift, affected >> shift)
        assert (got["bytes"], got["error_code"]) == (size >> shift, code >> 45)
        assert got["duration_us"] == (duration >> shift if duration >= 0 else None)
        assert (got["truncated"], got["dropped"]) == (truncated, 0)
