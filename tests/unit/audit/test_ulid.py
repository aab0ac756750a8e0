from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.audit.ulid import ALPHABET, MAX_MS, MAX_RANDOM, RANDOM_BYTES, UlidSource, encode
from tests.rows import rows


def decode(text: str) -> tuple[int, int]:
    value = 0
    for character in text:
        value = value * 32 + ALPHABET.index(character)
    return value >> 80, value & MAX_RANDOM


def test_specification_example() -> None:
    # The time part of the specification's example, 01ARYZ6S41 = 1469918176385.
    assert encode(1469918176385, 0) == "01ARYZ6S41" + "0" * 16
    assert encode(MAX_MS, MAX_RANDOM) == "7" + "Z" * 25


@given(st.integers(0, MAX_MS), st.integers(0, MAX_RANDOM))
def test_encode_keeps_every_bit(ms: int, randomness: int) -> None:
    assert decode(encode(ms, randomness)) == (ms, randomness)


@rows(("ms", "randomness"), [(-1, 0), (MAX_MS + 1, 0), (0, -1), (0, MAX_RANDOM + 1)])
def test_encode_refuses_what_does_not_fit(ms: int, randomness: int) -> None:
    with pytest.raises(ValueError, match="ULID"):
        encode(ms, randomness)


def test_source_rises_within_and_across_milliseconds() -> None:
    source = UlidSource(os.urandom)
    ids = [source.new(1_700_000_000_000 + n // 50) for n in range(500)]
    assert ids == sorted(set(ids))
    assert {decode(i)[0] for i in ids} == set(range(1_700_000_000_000, 1_700_000_000_010))


def test_source_carries_when_the_low_part_is_full() -> None:
    source = UlidSource(lambda n: (b"\x00" * 7 + b"\x0f\xff\xff") * (n // 10))
    first, second, third = (source.new(5) for _ in range(3))
    assert decode(first) == (5, 0xFFFFF)
    assert decode(second) == (5, 0x100000)
    assert decode(third) == (5, 0x100001)


def test_source_does_not_step_back_with_the_clock() -> None:
    source = UlidSource(os.urandom)
    first = source.new(1000)
    second = source.new(900)
    assert decode(second) == (1000, decode(first)[1] + 1)


def test_source_draws_anew_for_each_millisecond() -> None:
    drawn: list[int] = []

    def randomness(count: int) -> bytes:
        drawn.append(count)
        return os.urandom(count)

    source = UlidSource(randomness)
    ids = [source.new(n) for n in range(1000)]
    assert len({i[10:] for i in ids}) == 1000
    assert 2 <= len(drawn) <= 10  # not a system call for each
    assert all(count % RANDOM_BYTES == 0 for count in drawn)


def test_source_leaves_room_to_count_up() -> None:
    source = UlidSource(lambda n: b"\xff" * n)
    assert decode(source.new(1))[1] == MAX_RANDOM >> 1
    assert RANDOM_BYTES * 8 == 80
