from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire.build import packet
from dbgate.wire.constants import MAX_PAYLOAD
from dbgate.wire.packet import NEED_MORE, OVERSIZE, PACKET, PacketReader, PacketStream
from tests.rows import rows

from .making import CUTS, splits


def collect(reader: PacketReader, chunks: list[bytes]) -> list[tuple[int, bytes, int, int]]:
    """What comes out of the chunks: (kind, raw, size, last_seq) each."""
    found: list[tuple[int, bytes, int, int]] = []
    for chunk in chunks:
        reader.feed(chunk)
        while (got := reader.next()) != NEED_MORE:
            found.append((got, reader.raw, reader.size, reader.last_seq))
    return found


def test_a_chunk_that_is_one_packet_is_not_copied() -> None:
    reader = PacketReader(100)
    data = packet(0, b"\x03SELECT 1")
    reader.feed(data)
    assert reader.next() == PACKET
    assert reader.raw is data
    assert reader.payload() == b"\x03SELECT 1"
    assert reader.next() == NEED_MORE
    assert reader.buffered == 0


def test_empty_chunks_and_packets() -> None:
    reader = PacketReader(100)
    reader.feed(b"")
    assert reader.next() == NEED_MORE
    reader.feed(packet(0, b""))
    assert reader.next() == PACKET
    assert reader.payload() == b""


def test_wrong_number() -> None:
    reader = PacketReader(100)
    reader.feed(packet(1, b"\x0e"))
    with pytest.raises(ProtocolError, match="packet number 1 where 0"):
        reader.next()
    reader = PacketReader(100)
    reader.seq = 3
    reader.feed(packet(3, b"x"))
    assert reader.next() == PACKET
    assert reader.last_seq == 3


@given(st.lists(st.binary(max_size=40), max_size=6), CUTS)
def test_any_split_gives_the_same_packets(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join([packet(0, payload) for payload in payloads])
    reader = PacketReader(30)
    found = collect(reader, splits(stream, cuts))
    assert [size for _, _, size, _ in found] == [len(payload) for payload in payloads]
    for (kind, raw, _, _), payload in zip(found, payloads, strict=True):
        assert kind == (OVERSIZE if len(payload) > 30 else PACKET)
        assert raw == (payload[:16] if kind == OVERSIZE else packet(0, payload))
    assert reader.buffered == 0


@rows("extra", [0, 1, 70_000])
def test_continued_packets(extra: int) -> None:
    payload = b"\x03" + bytes(MAX_PAYLOAD + extra - 1)
    stream = packet(0, payload) + packet(0, b"\x0e")
    chunks = [stream[i : i + 5_000_000] for i in range(0, len(stream), 5_000_000)]
    reader = PacketReader(1 << 25)
    reader.feed(chunks[0])
    assert reader.next() == NEED_MORE
    found = collect(reader, [*chunks[1:-1], chunks[-1][:-5]])
    assert [(kind, size, seq) for kind, _, size, seq in found] == [(PACKET, MAX_PAYLOAD + extra, 1)]
    assert reader.raw == packet(0, payload)
    assert reader.payload() == payload
    assert [(kind, size) for kind, _, size, _ in collect(reader, [chunks[-1][-5:]])] == [(PACKET, 1)]


def test_continuation_out_of_order() -> None:
    stream = bytearray(packet(0, bytes(MAX_PAYLOAD + 5)))
    stream[MAX_PAYLOAD + 4 + 3] = 7
    reader = PacketReader(1 << 25)
    reader.feed(bytes(stream))
    with pytest.raises(ProtocolError, match="packet number 7 where 1"):
        reader.next()


def test_header_of_a_continuation_in_two_chunks() -> None:
    stream = packet(0, b"\x03" * (MAX_PAYLOAD + 5))
    reader = PacketReader(1 << 25)
    found = collect(reader, [stream[: MAX_PAYLOAD + 6], stream[MAX_PAYLOAD + 6 :]])
    assert [(kind, size) for kind, _, size, _ in found] == [(PACKET, MAX_PAYLOAD + 5)]


def test_oversize_is_dropped_as_it_comes() -> None:
    payload = b"\x03" + b"a" * (MAX_PAYLOAD + 9)
    stream = packet(0, payload)
    for limit in (1000, MAX_PAYLOAD + 1):
        reader = PacketReader(limit)
        most = 0
        found: list[tuple[int, bytes, int, int]] = []
        for i in range(0, len(stream), 1 << 20):
            found += collect(reader, [stream[i : i + (1 << 20)]])
            most = max(most, reader.buffered)
        assert [(kind, size, seq) for kind, _, size, seq in found] == [(OVERSIZE, len(payload), 1)]
        assert found[0][1] == payload[:16]
        if limit == 1000:
            assert most == 0
        assert collect(reader, [packet(0, b"\x0e")])[0][0] == PACKET


def test_oversize_is_known_only_with_its_command() -> None:
    reader = PacketReader(20)
    reader.feed(packet(0, b"\x03" * 50)[:7])
    assert reader.next() == NEED_MORE
    assert not reader.dropping
    reader.feed(packet(0, b"\x03" * 50)[7:])
    assert reader.next() == OVERSIZE


def test_oversize_with_broken_continuation() -> None:
    stream = bytearray(packet(0, b"\x03" * (MAX_PAYLOAD + 5)))
    stream[MAX_PAYLOAD + 4 + 3] = 9
    reader = PacketReader(50)
    reader.feed(bytes(stream[: MAX_PAYLOAD + 6]))
    assert reader.next() == NEED_MORE
    assert reader.dropping
    reader.feed(bytes(stream[MAX_PAYLOAD + 6 :]))
    with pytest.raises(ProtocolError, match="packet number 9 where 1"):
        reader.next()


def test_texts_and_other_commands_have_limits_of_their_own() -> None:
    reader = PacketReader(20)
    reader.other_limit = 40
    kinds = [
        kind
        for kind, _, _, _ in collect(reader, [packet(0, bytes((code,)) * 30) for code in (3, 22, 23, 24)])
    ]
    assert kinds == [OVERSIZE, OVERSIZE, PACKET, PACKET]
    assert collect(reader, [packet(0, b"\x18" * 41)])[0][0] == OVERSIZE


def test_take_all() -> None:
    reader = PacketReader(20)
    reader.feed(b"ab")
    reader.feed(b"cd")
    assert reader.take_all() == b"abcd"
    assert reader.buffered == 0
    assert collect(reader, [packet(0, b"\x0e")])[0][0] == PACKET


@given(st.binary(max_size=60), CUTS)
def test_reader_raises_nothing_else(data: bytes, cuts: list[int]) -> None:
    with contextlib.suppress(ProtocolError):
        collect(PacketReader(20), splits(data, cuts))


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5), CUTS)
def test_stream_ends_at_the_empty_packet(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join([packet(3 + i, payload) for i, payload in enumerate([*payloads, b""])])
    follows = b"next command"
    walk = PacketStream(3)
    passed = b""
    left = b""
    for chunk in splits(stream + follows, cuts):
        stop = 0 if walk.done else walk.feed(chunk)
        passed += chunk[:stop]
        left += chunk[stop:]
    assert walk.done
    assert (passed, left) == (stream, follows)
    assert walk.last_seq == 3 + len(payloads)


def test_stream_does_not_end_at_an_empty_continuation() -> None:
    walk = PacketStream(0)
    stream = packet(0, bytes(MAX_PAYLOAD))
    assert walk.feed(stream) == len(stream)
    assert not walk.done
    assert walk.feed(packet(2, b"")) == 4
    assert walk.done


def test_stream_out_of_order() -> None:
    with pytest.raises(ProtocolError, match="packet number 5 where 2"):
        PacketStream(2).feed(packet(5, b"x"))


def test_progress_of_a_packet_that_is_half_there() -> None:
    reader = PacketReader(1000)
    assert reader.progress() == 0
    reader.feed(b"\x09\x00\x00\x00\x03SELE")
    assert reader.next() == NEED_MORE
    assert reader.progress() == 9
    reader.feed(b"CT 1")
    assert reader.next() == PACKET
    assert reader.progress() == 0
    reader.seq = 0
    reader.feed(b"\xd0\x07\x00\x00\x03" + b"x" * 99)
    assert reader.next() == NEED_MORE
    seen = [reader.progress()]
    for _ in range(3):
        reader.feed(b"x" * 100)
        assert reader.next() == NEED_MORE
        seen.append(reader.progress())
    assert seen == sorted(set(seen)) and seen[0] > 0
    reader.feed(b"x" * 1600)
    assert reader.next() == OVERSIZE
    assert reader.progress() == 0
