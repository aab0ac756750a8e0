from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire import command
from dbgate.wire import constants as c
from dbgate.wire.codec import put_lenenc, put_lenenc_bytes
from tests.rows import rows


def test_names() -> None:
    assert command.name(3) == "QUERY"
    assert command.name(250) == "STMT_BULK_EXECUTE"
    assert command.name(0x99) == "COMMAND 0x99"


def test_statement_ids() -> None:
    assert command.statement_id(b"\x17\x05\x00\x00\x00\x09\x01\x00\x00\x00params") == 5
    assert command.statement_id(b"\x1c\x06\x00\x00\x00\x0a\x00\x00\x00") == 6
    assert command.statement_id(b"\x18\xff\xff\xff\xff\x00\x00data") == c.LAST_STATEMENT
    assert command.statement_id(b"\xfa\x07\x01\x00\x00\x80\x00") == 263
    assert command.statement_id(b"\x19\x08\x00\x01\x00") == 65544
    assert command.wants_cursor(b"\x17\x05\x00\x00\x00\x09\x01\x00\x00\x00")
    assert not command.wants_cursor(b"\x17\x05\x00\x00\x00\x08\x01\x00\x00\x00")


@rows(
    "payload",
    [
        b"",
        b"\x17\x01",
        b"\x17\x01\x00\x00\x00\x00\x01\x00\x00",
        b"\x1c\x01\x00\x00\x00\x00\x00\x00",
        b"\x18\x01\x00\x00\x00\x00",
        b"\x19\x01\x00\x00",
    ],
)
def test_statement_ids_that_are_cut_off(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match=f"of {len(payload)} bytes"):
        command.statement_id(payload)


def test_field_list() -> None:
    assert command.parse_field_list(b"\x04users\x00%") == b"users"
    with pytest.raises(ProtocolError):
        command.parse_field_list(b"\x04users")


def attributes(items: list[tuple[int, bytes, bytes | None]]) -> bytes:
    """A set of query attributes: (type, name, value) each."""
    if not items:
        return b"\x00\x01"
    nulls = bytearray((len(items) + 7) // 8)
    for i, (_, _, value) in enumerate(items):
        if value is None:
            nulls[i >> 3] |= 1 << (i & 7)
    body = put_lenenc(len(items)) + b"\x01" + bytes(nulls) + b"\x01"
    body += b"".join([bytes((kind, 0)) + put_lenenc_bytes(name) for kind, name, _ in items])
    return body + b"".join([value for _, _, value in items if value is not None])


VALUES = st.one_of(
    st.tuples(st.just(c.TYPE_TINY), st.binary(min_size=1, max_size=1)),
    st.tuples(st.just(c.TYPE_SHORT), st.binary(min_size=2, max_size=2)),
    st.tuples(st.sampled_from([c.TYPE_LONG, c.TYPE_FLOAT]), st.binary(min_size=4, max_size=4)),
    st.tuples(st.sampled_from([c.TYPE_LONGLONG, c.TYPE_DOUBLE]), st.binary(min_size=8, max_size=8)),
    st.tuples(
        st.sampled_from([c.TYPE_DATE, c.TYPE_TIME, c.TYPE_DATETIME, c.TYPE_TIMESTAMP]),
        st.binary(max_size=12).map(lambda value: bytes((len(value),)) + value),
    ),
    st.tuples(
        st.sampled_from([c.TYPE_DECIMAL, c.TYPE_VARCHAR, c.TYPE_BIT, c.TYPE_JSON, 253, 254, 255]),
        st.binary(max_size=300).map(put_lenenc_bytes),
    ),
    st.tuples(st.just(c.TYPE_NULL), st.none()),
    st.tuples(st.just(c.TYPE_LONG), st.none()),
)


@given(st.lists(st.tuples(VALUES, st.binary(max_size=10)), max_size=20))
def test_the_text_begins_behind_the_attributes(items: list[tuple[tuple[int, bytes | None], bytes]]) -> None:
    head = attributes([(kind, name, value) for (kind, value), name in items])
    payload = b"\x03" + head + b"SELECT 1"
    assert payload[command.skip_attributes(payload) :] == b"SELECT 1"


@rows(
    ("head", "why"),
    [
        (b"\x00\x02", "one set"),
        (b"\x09\x01\x00", "more query attributes"),
        (b"\x01\x01\x00\x00\x03\x00\x01a\x00\x00\x00\x00", "without types"),
        (b"\x01\x01\x00\x01\x0e\x00\x01a\x00\x00\x00\x00", "unknown type"),
        # What the server reads as a string: YEAR, INT24, NULL with a value, and types with flags.
        (b"\x01\x01\x00\x01\x0d\x00\x01a\x01\x00", "unknown type"),
        (b"\x01\x01\x00\x01\x09\x00\x01a\x03\x00\x00\x00", "unknown type"),
        (b"\x01\x01\x00\x01\x06\x00\x01a", "unknown type"),
        (b"\x01\x01\x00\x01\x03\x02\x01a\x00\x00\x00\x00", "unknown type"),
        (b"\x01\x01\x00\x01\x03\x00\x01a\x00", "early"),
        (b"", "early"),
    ],
)
def test_attributes_that_cannot_be_followed(head: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        command.skip_attributes(b"\x03" + head)


def test_unsigned_is_the_one_flag() -> None:
    payload = b"\x03\x01\x01\x00\x01\x03\x80\x01a\x01\x02\x03\x04SELECT 1"
    assert payload[command.skip_attributes(payload) :] == b"SELECT 1"


@given(st.binary(max_size=60))
def test_nothing_but_protocol_errors(payload: bytes) -> None:
    for parse in (command.statement_id, command.parse_field_list, command.skip_attributes):
        with contextlib.suppress(ProtocolError):
            parse(payload)
