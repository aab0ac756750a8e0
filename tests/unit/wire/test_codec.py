from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire.codec import Reader, put_lenenc, put_lenenc_bytes
from tests.rows import rows


def test_fixed_integers_are_little_endian() -> None:
    read = Reader(b"\x01\x02\x03\x04\x05\x06\x07" + b"\x08\x00\x00\x00" + b"\xff" * 8)
    assert (read.u8(), read.u16(), read.u32()) == (1, 0x0302, 0x07060504)
    assert read.u32() == 8
    assert read.left() == 8
    assert read.u64() == 2**64 - 1
    assert Reader(b"\x01\x00\x02").u24() == 0x020001


def test_pieces_and_strings() -> None:
    read = Reader(b"ab\x00cdef\x03ghi\xfb\x01zrest")
    assert read.nul_bytes() == b"ab"
    assert read.take(2) == b"cd"
    read.skip(2)
    assert read.lenenc_bytes() == b"ghi"
    assert read.lenenc_or_null() is None
    assert read.lenenc_or_null() == b"z"
    assert read.rest() == b"rest"
    assert read.left() == 0


def test_reads_stay_inside_their_window() -> None:
    read = Reader(b"0123456789", 2, 5)
    assert read.rest() == b"234"
    with pytest.raises(ProtocolError):
        read.u8()
    with pytest.raises(ProtocolError):
        Reader(b"abc\x00", 0, 3).nul_bytes()


@rows("first", [0xFB, 0xFF])
def test_null_and_error_are_no_lengths(first: int) -> None:
    with pytest.raises(ProtocolError, match="no length"):
        Reader(bytes((first,)) + b"\x00" * 9).lenenc()


@given(st.integers(0, 2**64 - 1))
def test_lenenc_comes_back(value: int) -> None:
    read = Reader(put_lenenc(value))
    assert read.lenenc() == value
    assert read.left() == 0


@given(st.binary(max_size=400))
def test_lenenc_bytes_come_back(value: bytes) -> None:
    assert Reader(put_lenenc_bytes(value)).lenenc_bytes() == value


READS = [
    "u8",
    "u16",
    "u24",
    "u32",
    "u64",
    "rest",
    "lenenc",
    "lenenc_bytes",
    "lenenc_or_null",
    "nul_bytes",
    "left",
]


@given(st.binary(max_size=30), st.lists(st.sampled_from(READS), max_size=8))
def test_nothing_but_protocol_errors(data: bytes, reads: list[str]) -> None:
    read = Reader(data)
    try:
        for name in reads:
            getattr(read, name)()
            assert 0 <= read.pos <= len(data)
    except ProtocolError:
        pass
