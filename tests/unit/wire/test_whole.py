"""Replies in one chunk: what take_whole takes is what Reply.feed makes of it, and it takes what is ordinary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire import constants as c
from dbgate.wire.kinds import RESULT, SIMPLE
from dbgate.wire.response import Reply
from dbgate.wire.whole import (
    MOST_LEARNT,
    NOT_SURE,
    Seen,
    names_in,
    take_whole,
    whole_again,
    whole_reply,
)
from tests.rows import rows

from .making import binary_row, chain, column, eof, err, ok, result, row

NEW = c.CLIENT_DEPRECATE_EOF
CACHED = NEW | c.MARIADB_CACHE_METADATA  # libmariadb, which most clients of MariaDB are made with
ROWS = [row(b"1", None), row(b"", b"x" * 300), row(None, b"2")]


def fields(reply: Reply) -> tuple[object, ...]:
    return (
        reply.done,
        reply.rows,
        reply.affected_rows,
        reply.warnings,
        reply.status,
        reply.error_code,
        reply.size,
        reply.special,
        reply.over,
        reply.moved,
        reply.cursor,
    )


def begun(capabilities: int, cap: int = -1, counted: int = 0) -> Reply:
    reply = Reply(capabilities)
    reply.begin(RESULT, 1)
    reply.watch(cap, counted, True, False)
    return reply


def fed(data: bytes, capabilities: int, cap: int = -1) -> tuple[object, ...] | None:
    """What feed makes of it; None where it is against the protocol, or not all of a reply."""
    reply = begun(capabilities, cap)
    try:
        stop = reply.feed(data, 0, [])
    except ProtocolError:
        return None
    return fields(reply) if reply.done and stop == len(data) and not reply.cut else None


ORDINARY = [
    (NEW, [ok(3, 3, 1)]),
    (0, [ok()]),
    (NEW, result(ROWS, (b"a", b"b"), False, 3)),
    (0, result(ROWS, (b"a", b"b"), True, 3)),
    (NEW, result([], (b"a",), False)),
    (0, result([], (b"a",), True)),
    (NEW, result([row(b"x")] * 300, (b"a",) * 250, False)),
    (NEW, result([binary_row(b"\x00" * 8)] * 3, (b"a",), False)),
    (CACHED, [ok(3, 3, 1)]),
    (CACHED, [b"\x02\x01", *result(ROWS, (b"a", b"b"), False, 3)[1:]]),
    (c.MARIADB_CACHE_METADATA, [b"\x02\x01", *result(ROWS, (b"a", b"b"), True, 3)[1:]]),
]


@rows("capabilities, payloads", ORDINARY)
def test_what_is_ordinary_is_taken(capabilities: int, payloads: list[bytes]) -> None:
    data = chain(payloads)
    reply = begun(capabilities)
    assert take_whole(reply, data)
    assert fields(reply) == fed(data, capabilities)


SPECIAL = [
    (NEW, [err(1146)]),
    (NEW, [ok(status=2 | c.SERVER_MORE_RESULTS_EXISTS), ok()]),
    (NEW, result(ROWS, (b"a", b"b"), False, 2 | c.SERVER_MORE_RESULTS_EXISTS)),
    (0, [b"\x01", column(b"b"), eof(10 | c.SERVER_PS_OUT_PARAMS), row(b"4"), eof(2)]),
    (NEW, result(ROWS, (b"a", b"b"), False, 2 | c.SERVER_STATUS_DB_DROPPED)),
    (NEW, [ok(status=2 | c.SERVER_SESSION_STATE_CHANGED)]),
    (NEW, [ok(300)]),
    (NEW, [ok(), ok()]),
    (NEW, [*result(ROWS, (b"a", b"b"), False), ok()]),
    (NEW, [*result(ROWS, (b"a", b"b"), False)[:-1], err(1317)]),
    (NEW, [*result(ROWS, (b"a", b"b"), False)[:-1], eof()]),
    (NEW, [*result(ROWS, (b"a", b"b"), False)[:-1], ok(5, header=0xFE)]),
    (0, [*result(ROWS, (b"a", b"b"), True)[:-1], ok(header=0xFE)]),
    (0, [b"\x01", column(b"a"), eof(2 | c.SERVER_STATUS_CURSOR_EXISTS)]),
    (0, [b"\x01", column(b"a"), ok(), row(b"1"), eof()]),
    (0, [b"\x01", column(b"a"), b"\xfe\0\0\0", row(b"1"), eof()]),
    (NEW, [b"\x01", b"", row(b"1"), ok(header=0xFE)]),
    (NEW, [b"\x01", column(b"a"), b"", ok(header=0xFE)]),
    (NEW, [b"\xfb" + b"/etc/passwd"]),
    (NEW, [b"\xfb", b"abcdef"]),
    (NEW, [b"\xfc\x00\x01", b"abcdef"]),
    (NEW, [b"\x02\x00", b"abcdef"]),
    (NEW, [b"\x01\x01", column(b"a"), row(b"1"), ok(header=0xFE)]),
    (CACHED, result(ROWS, (b"a", b"b"), False)),
    (CACHED, [b"\x02\x00", *ROWS, ok(header=0xFE)]),
    (CACHED, [b"\x02\x02", *result(ROWS, (b"a", b"b"), False)[1:]]),
]


@rows("capabilities, payloads", SPECIAL)
def test_what_is_special_is_left_alone(capabilities: int, payloads: list[bytes]) -> None:
    reply = begun(capabilities)
    before = fields(reply)
    assert not take_whole(reply, chain(payloads))
    assert fields(reply) == before
    assert reply.fresh


@pytest.mark.parametrize("old_eof", [False, True])
def test_a_piece_is_no_whole(old_eof: bool) -> None:
    for payloads in ([ok(1, 2, 3)], result(ROWS, (b"a", b"b"), old_eof)):
        data = chain(payloads)
        assert whole_reply(data, old_eof) != NOT_SURE
        for size in range(len(data)):
            assert whole_reply(data[:size], old_eof) == NOT_SURE
        assert whole_reply(data + b"\0", old_eof) == NOT_SURE
        assert whole_reply(chain(payloads, 2), old_eof) == NOT_SURE


def test_numbers_that_leap() -> None:
    payloads = result(ROWS, (b"a", b"b"), True)
    data = chain(payloads)
    pos = 0
    while pos < len(data):
        assert whole_reply(data[: pos + 3] + b"\x77" + data[pos + 4 :], True) == NOT_SURE
        pos += 4 + int.from_bytes(data[pos : pos + 3], "little")


def test_a_row_of_sixteen_mebibytes() -> None:
    long = chain(result([row(b"x")], (b"a",), False)[:2]) + b"\xff\xff\xff\x03" + b"x" * 20
    assert whole_reply(long, False) == NOT_SURE
    assert whole_reply(b"\x01\0\0\x01\x01\xff\xff\xff\x02" + b"x" * 20, False) == NOT_SURE


def test_a_cap_is_kept() -> None:
    data = chain(result(ROWS, (b"a", b"b"), False))
    assert not take_whole(begun(NEW, 2), data)
    assert not take_whole(begun(NEW, 5, 3), data)
    reply = begun(NEW, 3)
    assert take_whole(reply, data)
    assert (reply.rows, reply.over) == (3, False)
    assert take_whole(begun(NEW, 0), chain([ok()]))


def test_only_the_beginning_of_a_common_reply() -> None:
    data = chain([ok()])
    other = Reply(NEW)
    other.begin(SIMPLE, 1)
    assert not take_whole(other, data)
    late = Reply(NEW)
    late.begin(RESULT, 2)
    assert not take_whole(late, data)
    special = begun(NEW)
    special.watch(-1, 0, False, True)
    special.expect(False, True, False)
    assert not take_whole(special, data)
    special = begun(NEW)
    special.expect(True, False, False)
    special.watch(-1, 0, False, True)
    assert not take_whole(special, data)
    begins = begun(NEW)
    begins.feed(data[:3], 0, [])
    assert not take_whole(begins, data)
    done = begun(NEW)
    assert take_whole(done, data)
    assert not take_whole(done, data)


@rows(("old_eof", "cached"), [(False, False), (True, False), (False, True), (True, True)])
def test_where_names_are_wanted_their_definitions_are_kept(old_eof: bool, cached: bool) -> None:
    capabilities = (0 if old_eof else NEW) | (c.MARIADB_CACHE_METADATA if cached else 0)
    for count in (1, 2, 250):
        names = [b"c%d" % n for n in range(count)]
        payloads = result([row(*[b"1"] * count)], tuple(names), old_eof)
        if cached:
            payloads[0] += b"\x01"
        data = chain(payloads)
        reply = begun(capabilities)
        reply.watch(-1, 0, False, True)
        assert take_whole(reply, data)
        assert (reply.rows, reply.names) == (1, [])
        assert names_in(reply.head) == names
        fed_reply = begun(capabilities)
        fed_reply.watch(-1, 0, False, True)
        fed_reply.feed(data, 0, [])
        assert fed_reply.names == names
        reply.begin(RESULT, 1)
        assert reply.head == b""
    reply.watch(-1, 0, False, True)
    assert take_whole(reply, chain([ok()]))
    assert reply.head == b""


PACKETS = st.sampled_from(
    [
        b"\x01",
        b"\x02",
        b"\x01\x01",
        b"\x02\x01",
        b"\x01\x00",
        b"",
        column(b"a"),
        column(b"b"),
        *ROWS,
        row(b"1"),
        eof(),
        eof(3),
        ok(),
        err(1),
        b"\xfe",
        ok(header=254),
        ok(status=2 | c.SERVER_MORE_RESULTS_EXISTS, header=254),
        b"\xfb",
        b"\xfe" + b"y" * 20,
    ]
)


@given(
    st.lists(PACKETS, min_size=1, max_size=8),
    st.booleans(),
    st.booleans(),
    st.sampled_from([-1, 0, 1, 2]),
    st.binary(max_size=2),
)
def test_whatever_is_taken_would_have_been_fed_the_same(
    payloads: list[bytes], old_eof: bool, cached: bool, cap: int, more: bytes
) -> None:
    data = chain(payloads) + more
    capabilities = (0 if old_eof else NEW) | (c.MARIADB_CACHE_METADATA if cached else 0)
    reply = begun(capabilities, cap)
    if take_whole(reply, data):
        assert fields(reply) == fed(data, capabilities, cap)


REPLIES = st.sampled_from(
    [
        chain(result([row(b"x" * size)], names, old_eof, status), seq)
        for size in (1, 2, 250, 300)
        for names in ((b"a",), (b"b",), (b"a", b"b"))
        for old_eof in (False, True)
        for status in (2, 3, 2 | c.SERVER_MORE_RESULTS_EXISTS)
        for seq in (1, 2)
    ]
    + [chain(result([row(b"1"), row(b"2")], (b"a",), old_eof)) for old_eof in (False, True)]
    + [chain([ok(1)]), chain([ok(1), ok(1)]), chain([err(1)]), b""]
)


@given(
    st.lists(
        st.tuples(REPLIES, st.booleans(), st.none() | st.tuples(st.integers(0, 400), st.integers(0, 255)))
    )
)
def test_a_look_at_earlier_replies_changes_nothing(
    replies: list[tuple[bytes, bool, tuple[int, int] | None]],
) -> None:
    seen = Seen()
    for data, old_eof, wrong in replies:
        if wrong is not None and wrong[0] < len(data):
            data = data[: wrong[0]] + bytes([wrong[1]]) + data[wrong[0] + 1 :]
        assert whole_again(seen, data, old_eof) == whole_reply(data, old_eof)


@pytest.mark.parametrize("old_eof", [False, True])
def test_any_byte_of_a_reply_that_was_seen_counts(old_eof: bool) -> None:
    data = chain(result([row(b"x" * 20)], (b"a", b"b"), old_eof))
    seen = Seen()
    found = whole_again(seen, data, old_eof)
    assert found >> 32 == 1 and seen.found == found
    longer = chain(result([row(b"x" * 30, b"y")], (b"a", b"b"), old_eof))
    assert whole_again(seen, longer, old_eof) == found
    assert seen.learnt == 1
    for at in range(len(data)):
        for byte in (0, 1, 0xFB, 0xFE, 0xFF):
            odd = data[:at] + bytes([byte]) + data[at + 1 :]
            known = Seen()
            whole_again(known, data, old_eof)
            assert whole_again(known, odd, old_eof) == whole_reply(odd, old_eof)
    for size in range(len(data)):
        assert whole_again(seen, data[:size], old_eof) == NOT_SURE
        assert whole_again(seen, data + data[size:], old_eof) == NOT_SURE


def test_what_is_never_the_same_is_not_learnt_for_ever() -> None:
    seen = Seen()
    for n in range(2 * MOST_LEARNT):
        data = chain(result([row(b"x")], (b"c%d" % n,), False))
        assert whole_again(seen, data, False) >> 32 == 1
    assert seen.learnt == MOST_LEARNT
    wide = chain(result([row(b"x")], (b"c" * 1000,), False))
    seen = Seen()
    for _ in range(2):
        assert whole_again(seen, wide, False) >> 32 == 1
    assert (seen.learnt, seen.head) == (MOST_LEARNT, b"")
