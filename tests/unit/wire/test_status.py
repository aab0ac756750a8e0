from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire import constants as c
from dbgate.wire import status
from dbgate.wire.codec import put_lenenc_bytes
from tests.rows import rows

from . import making


def entry(kind: int, *words: bytes) -> bytes:
    return bytes((kind,)) + put_lenenc_bytes(b"".join([put_lenenc_bytes(word) for word in words]))


def tracked(track: bytes, capabilities: int = c.CLIENT_SESSION_TRACK) -> tuple[bool, bytes | None]:
    payload = making.ok(track=track, message=b"info")
    ok = status.parse_ok(payload, 0, len(payload), capabilities)
    return ok.moved, ok.schema


def test_ok() -> None:
    payload = b"junk" + making.ok(3, 0x4002, 7) + b"behind"
    ok = status.parse_ok(payload, 4, 4 + 7, 0)
    assert (ok.affected_rows, ok.status, ok.warnings, ok.moved) == (3, 0x4002, 7, False)


def test_session_tracking_of_what_is_followed() -> None:
    assert tracked(entry(0, b"sql_mode", b"ANSI")) == (True, None)
    assert tracked(entry(0, b"autocommit", b"ON", b"character_set_client", b"latin1")) == (True, None)
    assert tracked(entry(0, b"time_zone", b"UTC") + entry(1, b"shop")) == (False, b"shop")
    assert tracked(entry(1, b"")) == (False, b"")
    assert tracked(entry(0, b"autocommit", b"ON")) == (False, None)
    assert tracked(entry(2, b"1") + entry(5, b"T_______")) == (False, None)
    assert tracked(b"") == (False, None)
    assert tracked(entry(1, b"shop"), 0) == (False, None)


def test_state_changed_without_tracking_at_the_end() -> None:
    payload = making.ok(status=c.SERVER_SESSION_STATE_CHANGED)
    assert not status.parse_ok(payload, 0, len(payload), c.CLIENT_SESSION_TRACK).moved
    payload += put_lenenc_bytes(b"message")
    assert not status.parse_ok(payload, 0, len(payload), c.CLIENT_SESSION_TRACK).moved


@rows("track", [b"\x00", b"\x00\x05ab", b"\x00\x03\x02ab\x00", entry(1, b"shop")[:-1]])
def test_broken_tracking(track: bytes) -> None:
    with pytest.raises(ProtocolError):
        tracked(track)
    payload = making.ok(status=c.SERVER_SESSION_STATE_CHANGED) + b"\x00" + b"\x02" + entry(1, b"shop")
    with pytest.raises(ProtocolError, match="ends early"):
        status.parse_ok(payload, 0, len(payload), c.CLIENT_SESSION_TRACK)


def test_eof() -> None:
    payload = making.eof(0x0A, 4)
    eof = status.parse_eof(payload, 0, len(payload))
    assert (eof.status, eof.warnings) == (0x0A, 4)
    before = c.SERVER_PS_OUT_PARAMS | c.SERVER_MORE_RESULTS_EXISTS
    payload = making.eof(2)
    assert status.parse_eof(payload, 0, len(payload), before).status == 2 | c.SERVER_MORE_RESULTS_EXISTS
    assert status.parse_eof(payload, 0, len(payload), c.SERVER_MORE_RESULTS_EXISTS).status == 2


def test_err() -> None:
    payload = making.err(1045, b"#28000Access denied")
    error = status.parse_err(payload, 0, len(payload))
    assert (error.errno, error.sqlstate, error.message) == (1045, "28000", b"Access denied")
    early = making.err(1040, b"Too many connections")
    assert status.parse_err(early, 0, len(early)).message == b"Too many connections"
    assert status.parse_err(b"\xff\x01\x00#42", 0, 5).sqlstate == ""
    with pytest.raises(ProtocolError, match="no ERR"):
        status.parse_err(b"\x00\x01\x00", 0, 3)


def test_prepared() -> None:
    payload = b"\x00\x05\x00\x00\x00\x02\x00\x03\x00\x00\x01\x00"
    head = status.parse_prepared(payload, 0, len(payload))
    assert (head.statement_id, head.columns, head.parameters, head.warnings) == (5, 2, 3, 1)


def test_column_names() -> None:
    plain = making.column(b"total", b"amount")
    assert status.column_name(plain, 0, len(plain)) == b"amount"
    expression = making.column(b"x+1", b"")
    assert status.column_name(expression, 0, len(expression)) == b"x+1"


def test_plain_ok() -> None:
    payload = b"x" + making.ok(3, 3, 7)
    assert status.plain_ok(payload, 1, len(payload)) == 3 << 32 | 3 << 16 | 7
    payload = making.ok(250, 0x0102, 0xFFFF)
    assert status.plain_ok(payload, 0, len(payload)) == 250 << 32 | 0x0102 << 16 | 0xFFFF
    for odd in (
        making.ok(251),
        making.ok(track=b""),
        making.ok()[:6],
        b"\x00\x00\xfc\x00\x01\x02\x00\x00\x00",
    ):
        assert status.plain_ok(odd, 0, len(odd)) == -1


def test_column_counts() -> None:
    assert status.columns(b"x\x05", 1, 2, False) == 5
    assert status.columns(b"\xfc\x00\x02", 0, 3, False) == 512
    assert status.columns(b"\x05\x01", 0, 2, True) == 5
    assert status.columns(b"\x05\x00", 0, 2, True) == -5
    for odd, cached in (
        (b"\x00", False),
        (b"\xfd\x00\x00\x01", False),
        (b"\x05", True),
        (b"\x05\x02", True),
        (b"\x05\x01", False),
    ):
        with pytest.raises(ProtocolError):
            status.columns(odd, 0, len(odd), cached)


@given(st.integers(0, 300), st.integers(0, 0x3FFF), st.integers(0, 0xFFFF))
def test_the_short_way_reads_what_the_long_one_does(affected: int, flags: int, warnings: int) -> None:
    payload = making.ok(affected, flags, warnings)
    short = status.plain_ok(payload, 0, len(payload))
    ok = status.parse_ok(payload, 0, len(payload), 0)
    assert short in (-1, ok.affected_rows << 32 | ok.status << 16 | ok.warnings)
    assert (short == -1) == (affected >= 251)


@given(st.binary(max_size=60))
def test_nothing_but_protocol_errors(payload: bytes) -> None:
    for parse in (status.parse_err, status.parse_eof, status.parse_prepared, status.column_name):
        with contextlib.suppress(ProtocolError):
            parse(payload, 0, len(payload))
    for body in (payload, b"\x00\x00\x00\x00\x40\x00\x00" + payload):
        with contextlib.suppress(ProtocolError):
            status.parse_ok(body, 0, len(body), c.CLIENT_SESSION_TRACK)
