from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from dbgate.wire.codec import put_lenenc_bytes
from dbgate.wire.kinds import PREPARE, RESULT, ROWS, SIMPLE, TEXT
from dbgate.wire.response import MAX_CONTROL, Reply
from tests.rows import rows

from .making import CUTS, binary_row, chain, column, eof, err, ok, result, row, splits

NEW = c.CLIENT_DEPRECATE_EOF
MORE = 2 | c.SERVER_MORE_RESULTS_EXISTS


def walk(reply: Reply, chunks: list[bytes]) -> bytes:
    """Feed the chunks; what was passed on."""
    out: list[bytes] = []
    for chunk in chunks:
        assert not reply.done
        assert reply.feed(chunk, 0, out) == len(chunk)
    return b"".join(out)


def whole(kind: int, payloads: list[bytes], capabilities: int = NEW, seq: int = 1) -> Reply:
    """A reply that comes in one chunk, ends with it and is passed on as it came."""
    data = chain(payloads, seq)
    reply = Reply(capabilities)
    reply.begin(kind, seq)
    out: list[bytes] = []
    assert reply.feed(data, 0, out) == len(data)
    assert reply.done
    assert len(out) == 1
    assert out[0] is data
    assert reply.size == len(data)
    return reply


def test_ok_and_err() -> None:
    reply = whole(RESULT, [ok(3, 3, 1)])
    assert (reply.affected_rows, reply.status, reply.warnings, reply.error_code) == (3, 3, 1, 0)
    assert whole(RESULT, [err(1146)]).error_code == 1146
    assert whole(SIMPLE, [ok()]).status == 2
    assert whole(SIMPLE, [eof(3)]).status == 3
    assert whole(SIMPLE, [ok(status=3, header=0xFE)]).status == 3


@rows("old_eof", [False, True])
def test_result_sets(old_eof: bool) -> None:
    capabilities = 0 if old_eof else NEW
    rows = [row(b"1", None), row(b"", b"x" * 300), row(None, b"2")]
    reply = whole(RESULT, result(rows, (b"a", b"b"), old_eof, 3), capabilities)
    assert (reply.rows, reply.status) == (3, 3)
    assert whole(RESULT, result([], (b"a",), old_eof), capabilities).rows == 0
    both = [*result(rows[:1], (b"a", b"b"), old_eof, MORE), *result(rows, (b"a", b"b"), old_eof, MORE), ok(5)]
    reply = whole(RESULT, both, capabilities)
    assert (reply.rows, reply.affected_rows) == (4, 5)
    assert (
        whole(RESULT, [*result(rows, (b"a", b"b"), old_eof)[:-2], err(1317)], capabilities).error_code == 1317
    )


def test_out_parameters_are_followed_by_an_ok() -> None:
    """MySQL 9.7 without DEPRECATE_EOF, COM_STMT_EXECUTE of a CALL: the EOF behind the parameters does not say so."""
    for body in ([], result([row(b"1")], (b"x",), True, MORE)):
        given = [b"\x01", column(b"b"), eof(MORE | c.SERVER_PS_OUT_PARAMS), row(b"4"), eof(2), ok()]
        reply = whole(RESULT, body + given, 0)
        assert (reply.rows, reply.status) == (len(body[3:4]) + 1, 2)


def test_rows_that_look_like_an_end() -> None:
    # 0xFE begins a value of 16 MiB or more: its first packet is full. Without DEPRECATE_EOF an EOF is below 9 bytes.
    long = b"\xfe" + (1 << 24).to_bytes(8, "little") + bytes(1 << 24)
    for capabilities in (0, NEW):
        assert whole(RESULT, result([long, row(b"1")], (b"a",), not capabilities), capabilities).rows == 2
    assert whole(RESULT, result([b"\xfe" + bytes(8)], (b"a",), True), 0).rows == 1
    exact = b"\xfd\xfb\xff\xff" + bytes(c.MAX_PAYLOAD - 4)
    assert len(exact) == c.MAX_PAYLOAD
    assert whole(RESULT, result([exact, exact], (b"a",))).rows == 2


def test_an_end_with_session_tracking_is_an_end() -> None:
    track = b"\x01" + put_lenenc_bytes(put_lenenc_bytes(b"shop"))
    payloads = [*result([row(b"1")])[:-1], ok(header=0xFE, track=track)]
    reply = whole(RESULT, payloads, NEW | c.CLIENT_SESSION_TRACK)
    assert (reply.schema, reply.moved) == (b"shop", False)
    track = b"\x00" + put_lenenc_bytes(put_lenenc_bytes(b"sql_mode") + put_lenenc_bytes(b"ANSI"))
    reply = whole(RESULT, [ok(track=track, status=MORE), ok()], NEW | c.CLIENT_SESSION_TRACK)
    assert (reply.schema, reply.moved) == (None, True)


def test_binary_rows() -> None:
    assert whole(RESULT, result([binary_row(b"\xfe"), binary_row(b"\xff" * 9)])).rows == 2
    assert whole(ROWS, [binary_row(b"a"), binary_row(b"b"), ok(header=0xFE, status=0x82)]).rows == 2
    assert whole(ROWS, [binary_row(b"a"), eof(0x82)], 0).status == 0x82
    assert whole(ROWS, [err(1243)]).error_code == 1243


def test_cursors() -> None:
    opened = 2 | c.SERVER_STATUS_CURSOR_EXISTS
    for capabilities, payloads in (
        (0, [b"\x01", column(), eof(opened)]),
        (NEW, [b"\x01", column(), ok(header=0xFE, status=opened)]),
    ):
        data = chain(payloads)
        reply = Reply(capabilities)
        reply.begin(RESULT, 1)
        reply.expect(False, True, False)
        assert walk(reply, [data]) == data
        assert reply.done
        assert reply.cursor
        assert reply.rows == 0
    # Not asked for: the flag means nothing, rows follow.
    assert whole(RESULT, [b"\x01", column(), eof(opened), row(b"1"), eof()], 0).rows == 1


@rows("old_eof", [False, True])
@rows(("columns", "parameters"), [(0, 0), (2, 0), (0, 3), (2, 1)])
def test_prepare(old_eof: bool, columns: int, parameters: int) -> None:
    head = b"\x00\x07\x00\x00\x00" + bytes((columns, 0, parameters, 0)) + b"\x00\x02\x00"
    payloads = [head]
    for count in (parameters, columns):
        payloads += [column()] * count
        if count and old_eof:
            payloads.append(eof())
    reply = whole(PREPARE, payloads, 0 if old_eof else NEW)
    assert (reply.statement_id, reply.warnings) == (7, 0 if old_eof and columns + parameters else 2)


def test_prepare_refused() -> None:
    reply = whole(PREPARE, [err(1064)])
    assert (reply.error_code, reply.statement_id) == (1064, -1)
    with pytest.raises(ProtocolError, match="PREPARE"):
        whole(PREPARE, [b"\x01\x00"])


def test_names_of_prepared_columns_but_not_of_parameters() -> None:
    head = b"\x00\x07\x00\x00\x00\x02\x00\x01\x00\x00\x00\x00"
    reply = Reply(NEW)
    reply.begin(PREPARE, 1)
    reply.watch(-1, 0, False, True)
    walk(reply, [chain([head, column(b"?", b""), column(b"a"), column(b"b")])])
    assert reply.done
    assert reply.names == [b"a", b"b"]


def test_field_list_and_statistics() -> None:
    assert whole(ROWS, [column(b"a"), column(b"b"), eof()], NEW).error_code == 0
    assert whole(TEXT, [b"Uptime: 1"]).rows == 0
    assert whole(TEXT, [err(1227)]).error_code == 1227


def test_mariadb_leaves_definitions_out() -> None:
    capabilities = NEW | c.MARIADB_CACHE_METADATA
    assert whole(RESULT, [b"\x02\x00", row(b"1", b"2"), ok(header=0xFE)], capabilities).rows == 1
    assert whole(RESULT, [b"\x01\x01", column(), row(b"1"), ok(header=0xFE)], capabilities).rows == 1
    assert whole(RESULT, [b"\x01\x00", eof(), row(b"1"), eof()], c.MARIADB_CACHE_METADATA).rows == 1


def test_progress_reports_end_nothing() -> None:
    progress = b"\xff\xff\xff\x01\x01\x02\x00\x00\x00\x05Stage"
    capabilities = NEW | c.MARIADB_PROGRESS
    assert whole(RESULT, [progress, progress, ok(7)], capabilities).affected_rows == 7
    assert whole(RESULT, [*result([row(b"1")])[:-1], progress, ok(header=0xFE)], capabilities).rows == 1
    assert whole(RESULT, [progress]).error_code == 0xFFFF


def test_numbers_run_over() -> None:
    assert whole(RESULT, result([row(b"1")] * 600), NEW, 250).rows == 600


def test_local_infile() -> None:
    reply = Reply(NEW)
    reply.begin(RESULT, 1)
    reply.expect(True, False, False)
    out: list[bytes] = []
    request = packet(1, b"\xfb/tmp/x")
    assert reply.feed(request + b"more", 0, out) == len(request)
    assert reply.infile
    assert not reply.done
    assert out == [request]
    assert reply.seq == 2
    reply.resume(9 + 256)
    assert walk(reply, [packet(9, ok(4))]) == packet(9, ok(4))
    assert (reply.done, reply.affected_rows) == (True, 4)


def test_names_wanted() -> None:
    reply = Reply(NEW)
    reply.begin(RESULT, 1)
    reply.watch(-1, 0, False, True)
    data = chain(result([row(b"1", b"2")], (b"id", b"ssn")))
    assert walk(reply, [data[:20], data[20:]]) == data
    assert reply.names == [b"id", b"ssn"]
    reply.begin(RESULT, 1)
    assert reply.names == []


def test_rows_of_own_queries_are_kept() -> None:
    rows = [row(b"1", None), row(b"2", b"x" * 40)]
    data = chain(result(rows, (b"a", b"b")))
    for size in (1, 7, 1000):
        reply = Reply(NEW)
        reply.begin(RESULT, 1)
        reply.expect(False, False, True)
        walk(reply, [data[i : i + size] for i in range(0, len(data), size)])
        assert reply.kept == rows


@rows("size", [1, 3, 5, 11, 64, 100_000])
@rows("old_eof", [False, True])
def test_a_reply_is_cut_in_front_of_the_row_that_is_too_much(size: int, old_eof: bool) -> None:
    rows = [row(b"%d" % i, b"y" * i) for i in range(30)]
    payloads = result(rows, (b"a", b"b"), old_eof)
    data = chain(payloads)
    before = chain(payloads[: 3 + old_eof + 10])
    reply = Reply(0 if old_eof else NEW)
    reply.begin(RESULT, 1)
    reply.watch(10, 0, True, False)
    out: list[bytes] = []
    for i in range(0, len(data), size):
        chunk = data[i : i + size]
        pos = 0
        while pos < len(chunk) and not reply.done:
            pos = reply.feed(chunk, pos, out)
            if reply.cut and not reply.swallow:
                assert b"".join(out) == before
                assert reply.seq == 1 + 3 + old_eof + 10
                reply.swallow = True
    assert reply.done
    assert b"".join(out) == before
    assert (reply.rows, reply.over) == (10, True)
    assert reply.swallowed == len(data) - len(before)


def test_caps_count_each_result_set_and_go_on_from_a_cursor() -> None:
    payloads = [*result([row(b"1")] * 3, status=MORE), *result([row(b"1")] * 3)]
    for cap, counted, over in ((3, 0, False), (2, 0, True), (3, 1, True)):
        reply = Reply(NEW)
        reply.begin(RESULT, 1)
        reply.watch(cap, counted, False, False)
        assert walk(reply, [chain(payloads)]) == chain(payloads)
        assert (reply.done, reply.over, reply.cut, reply.rows) == (True, over, False, 6)


@rows(
    ("kind", "payloads", "why"),
    [
        (RESULT, [b""], "of 0 bytes"),
        (RESULT, [b"\x01", column(), b""], "without bytes"),
        (RESULT, [b"\xfb/etc/passwd"], "no statement loads"),
        (RESULT, [b"\xfc\x00\x00"], "result of 0 columns"),
        (RESULT, [b"\xfd\x00\x00\x01"], "result of 65536 columns"),
        (RESULT, [b"\x01\x01"], "unknown form"),
        (RESULT, [b"\xfe\x01"], "early"),
        (SIMPLE, [b"\x05hello"], "neither OK nor ERR"),
        (RESULT, [b"\x00"], "early"),
        (RESULT, [b"\x03" + bytes(MAX_CONTROL)], "reply packet of"),
        (RESULT, [b"\x03" + bytes(c.MAX_PAYLOAD)], "reply packet of"),
    ],
)
def test_replies_that_cannot_be_followed(kind: int, payloads: list[bytes], why: str) -> None:
    reply = Reply(NEW)
    reply.begin(kind, 1)
    data = chain(payloads)
    with pytest.raises(ProtocolError, match=why):
        reply.feed(data[:5000], 0, [])
        reply.feed(data[5000:], 0, [])


def test_definitions_without_their_end() -> None:
    reply = Reply(0)
    reply.begin(RESULT, 1)
    with pytest.raises(ProtocolError, match="without end"):
        reply.feed(chain([b"\x01", column(), row(b"1")]), 0, [])


def test_numbers_out_of_order() -> None:
    reply = Reply(NEW)
    reply.begin(RESULT, 1)
    with pytest.raises(ProtocolError, match="number 3 where 2"):
        reply.feed(packet(1, b"\x01") + packet(3, column()), 0, [])


def test_boundary() -> None:
    reply = Reply(NEW)
    reply.begin(RESULT, 1)
    data = chain([b"\x01", column(), row(b"x" * 50)])
    reply.feed(data[:-10], 0, [])
    assert not reply.boundary()
    reply.feed(data[-10:], 0, [])
    assert reply.boundary()
    assert reply.seq == 4


REPLIES = st.sampled_from(
    [
        (RESULT, NEW, [ok(1)]),
        (RESULT, NEW, [err()]),
        (RESULT, NEW, result([row(b"a" * 260), row(None), row(b"")])),
        (RESULT, 0, result([row(b"a" * 260), row(None), row(b"")], (b"a",), True)),
        (RESULT, NEW, [*result([row(b"1")], status=MORE), *result([row(b"2")] * 4, status=MORE), ok()]),
        (PREPARE, 0, [b"\x00\x01\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00", column(), eof(), column(), eof()]),
        (ROWS, NEW, [binary_row(b"a")] * 4 + [ok(header=0xFE)]),
        (TEXT, NEW, [b"Uptime"]),
        (RESULT, NEW | c.MARIADB_CACHE_METADATA, [b"\x01\x00", row(b"1"), ok(header=0xFE)]),
    ]
)


@given(REPLIES, CUTS, st.booleans(), st.binary(max_size=3))
def test_any_split_gives_the_same(
    case: tuple[int, int, list[bytes]], cuts: list[int], names: bool, behind: bytes
) -> None:
    kind, capabilities, payloads = case
    data = chain(payloads)
    seen: list[tuple[object, ...]] = []
    for chunks in ([data + behind], splits(data + behind, cuts)):
        reply = Reply(capabilities)
        reply.begin(kind, 1)
        reply.watch(-1, 0, False, names)
        out: list[bytes] = []
        left = b""
        for chunk in chunks:
            stop = 0 if reply.done else reply.feed(chunk, 0, out)
            left += chunk[stop:]
        assert reply.done
        assert b"".join(out) == data
        assert left == behind
        seen.append((reply.rows, reply.affected_rows, reply.status, reply.names, reply.error_code, reply.seq))
    assert seen[0] == seen[1]


@given(
    st.sampled_from([RESULT, SIMPLE, PREPARE, ROWS, TEXT]),
    st.sampled_from([0, NEW, NEW | c.MARIADB_CACHE_METADATA | c.CLIENT_SESSION_TRACK]),
    st.lists(
        st.one_of(st.binary(max_size=12), st.sampled_from([b"\x01", column(), eof(), ok(), row(b"1")])),
        max_size=6,
    ),
    st.booleans(),
    CUTS,
)
def test_nothing_but_protocol_errors(
    kind: int, capabilities: int, payloads: list[bytes], names: bool, cuts: list[int]
) -> None:
    reply = Reply(capabilities)
    reply.begin(kind, 1)
    reply.watch(3, 0, False, names)
    out: list[bytes] = []
    try:
        for chunk in splits(chain(payloads), cuts):
            if not reply.done:
                reply.feed(chunk, 0, out)
    except ProtocolError:
        pass
    assert chain(payloads).startswith(b"".join(out))
