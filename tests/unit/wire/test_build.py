from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbgate.wire import build
from dbgate.wire.constants import HEADER, MAX_PAYLOAD
from dbgate.wire.handshake import parse_response
from dbgate.wire.packet import PACKET, PacketReader
from dbgate.wire.status import parse_err, parse_ok


def unpack(data: bytes, seq: int) -> bytes:
    reader = PacketReader(1 << 25)
    reader.seq = seq
    reader.feed(data)
    assert reader.next() == PACKET
    assert reader.buffered == 0
    return reader.payload()


@given(st.binary(max_size=300), st.integers(0, 255))
def test_packet_comes_back(payload: bytes, seq: int) -> None:
    assert unpack(build.packet(seq, payload), seq) == payload


def test_long_packets_come_back() -> None:
    for size in (MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 1):
        payload = b"ab" * (size // 2) + b"c" * (size % 2)
        data = build.packet(255, payload)
        assert len(data) == size + HEADER * (1 + size // MAX_PAYLOAD)
        assert unpack(data, 255) == payload


@given(st.integers(0, 0xFFFF), st.text(max_size=60), st.integers(0, 600))
def test_err_comes_back(errno: int, message: str, seq: int) -> None:
    data = build.err(seq, errno, "42000", message)
    assert data[3] == seq & 0xFF
    error = parse_err(data, HEADER, len(data))
    assert (error.errno, error.sqlstate, error.message) == (errno, "42000", message.encode())
    bare = build.err(seq, errno, "42000", "x", bare=True)
    assert parse_err(bare, HEADER, len(bare)).sqlstate == ""


@given(st.integers(0, 2**64 - 1), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_ok_comes_back(affected: int, status: int, warnings: int) -> None:
    data = build.ok(3, affected, status, warnings)
    ok = parse_ok(data, HEADER, len(data), 0)
    assert (ok.affected_rows, ok.status, ok.warnings) == (affected, status, warnings)


def test_query() -> None:
    assert unpack(build.query(b"SELECT 1"), 0) == b"\x03SELECT 1"
    assert unpack(build.query(b"SELECT 1", attributes=True), 0) == b"\x03\x00\x01SELECT 1"


def test_hollow_login() -> None:
    reader = PacketReader(1 << 16)
    reader.seq = 1
    reader.feed(build.hollow_login(b"nobody"))
    assert reader.next() == PACKET
    login = parse_response(reader.payload())
    assert (login.user, login.schema) == (b"nobody", b"")
    reader.seq = 3  # 2 is the server's
    assert reader.next() == PACKET
    assert reader.payload() == b""
