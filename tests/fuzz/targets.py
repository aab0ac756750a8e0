"""What is fuzzed: each target takes any bytes and raises only when something is wrong with our code.

sql: lexer, scanner, digest, mask, detectors. wire: every parser, with any capabilities, and splitting at any place.
policy: the loader and the compiler. gate: one session, bytes from both sides in any order.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from dbgate.errors import PolicyError, ProtocolError
from dbgate.policy.compile import compile_policy
from dbgate.policy.evaluate import decide, find_entry
from dbgate.policy.explain import explain
from dbgate.policy.load import parse_policy
from dbgate.sql.analyze import analyze
from dbgate.sql.columns import TableColumns, resolve
from dbgate.sql.columnshape import combine
from dbgate.sql.digest import fast_digest
from dbgate.sql.lexer import lex
from dbgate.sql.mask import mask, masked_literals
from dbgate.sql.shape import StatementPattern
from dbgate.sql.statement import MARIADB, MYSQL, NEED_TABLE, Analysis, LexContext, Statement
from dbgate.wire import command, handshake, rows, status
from dbgate.wire.codec import Reader
from dbgate.wire.constants import COM_STMT_EXECUTE
from dbgate.wire.packet import NEED_MORE, PacketReader, PacketStream
from dbgate.wire.response import Reply
from tests.unit.gate.play import Play, brain

# What one input may cost. Inputs of the fuzzer are small; long ones are in worst.py.
SECONDS = 0.25
CONTEXTS = [
    LexContext(MARIADB, 101106),
    LexContext(MYSQL, 90700),
    LexContext(MARIADB, 101106, "latin1"),
    LexContext(MARIADB, 101106, ansi_quotes=True, pipes_as_concat=True, ignore_space=True),
    LexContext(MYSQL, 90700, no_backslash_escapes=True, high_not_precedence=True),
    LexContext(MARIADB, 110400, "binary", no_backslash_escapes=True, fold_names=True),
    LexContext(MYSQL, 80400, "gb2312", ansi_quotes=True),
    LexContext(MARIADB, 0, "gbk"),
]
_SHAPE = StatementPattern("DELETE FROM * WHERE 1=1")
_COLUMNS = TableColumns(
    {f"shop\0{table}": ("id", "a", "b", "c", "x") for table in ("t", "u", "users", "orders")}
)


class Slow(Exception):
    """An input took more time than it may."""


def sql(data: bytes) -> None:
    """The first byte chooses the context, the rest is the text."""
    ctx = CONTEXTS[data[0] % len(CONTEXTS)] if data else CONTEXTS[0]
    text = data[1:]
    start = time.process_time()
    analysis = analyze(text, ctx, "shop")
    spent = time.process_time() - start
    if spent > SECONDS:
        raise Slow(f"{spent:.3f} s")
    if analysis.error.startswith("analysis failed"):
        raise AssertionError(analysis.error)
    assert analysis.error or analysis.statements
    tokens = lex(text, ctx)
    if not tokens.error:
        _covers(text, ctx)
    again = analyze(text, ctx, "shop")
    assert (again.digest, again.masked, again.canonical) == (
        analysis.digest,
        analysis.masked,
        analysis.canonical,
    )
    fast_digest(text, ctx)
    mask(text, tokens)
    masked_literals(text, tokens)
    for statement in analysis.statements:
        _SHAPE.matches(statement)
        _columns(statement)


def _columns(statement: Statement) -> None:
    """What is known of the columns can be read again, and says something of each table, and of no other."""
    if statement.columns is not None:
        combine([statement.columns])
    tables = {
        (need.operation, need.schema, need.table) for need in statement.needs if need.kind == NEED_TABLE
    }
    touched = [(need.operation, need.schema, need.table) for need in resolve(statement, _COLUMNS)]
    assert set(touched) == tables, (touched, tables)
    assert len(touched) == len(tables), touched


def _covers(text: bytes, ctx: LexContext) -> None:
    """Tokens are in order, are what stands at their place, and between them is no byte that means something."""
    tokens = lex(text, ctx)
    space = b"\t\n\v\f\r \xa0" if ctx.charset == "latin1" else b"\t\n\v\f\r "
    at = 0
    ends = {comment.start: comment.end for comment in tokens.comments}
    for i in range(len(tokens)):
        start = tokens.starts[i]
        assert text[start : start + len(tokens.raws[i])] == tokens.raws[i]
        while at < start and not tokens.folded:
            if at in ends:
                at = ends[at]
            else:
                assert text[at : at + 1] in (bytes([byte]) for byte in space), (at, text)
                at += 1
        assert tokens.folded or at == start, (at, start, text)
        at = tokens.end(i)


_CAPABILITIES = (0x0081A28D, 0x01BFA28D, 0xFFFFFFFF, 0x00000200, 0x003FA28F)


def wire(data: bytes) -> None:
    """The first bytes choose the parser, the capabilities and where the rest is cut."""
    if len(data) < 4:
        return
    which, cut = data[0], data[2]
    capabilities = _CAPABILITIES[data[1] % len(_CAPABILITIES)]
    body = data[3:]
    with contextlib.suppress(ProtocolError):
        _WIRE[which % len(_WIRE)](body, capabilities, cut)


def _greeting(body: bytes, capabilities: int, cut: int) -> None:
    greeting = handshake.parse_greeting(body)
    offered = handshake.offer(greeting)
    shown = handshake.rewrite_greeting(body, offered)
    again = handshake.parse_greeting(shown)
    assert again.version == greeting.version


def _response(body: bytes, capabilities: int, cut: int) -> None:
    asked = handshake.response_capabilities(body)
    handshake.rewrite_response(body, handshake.held(asked, capabilities))
    handshake.parse_response(body)


def _change_user(body: bytes, capabilities: int, cut: int) -> None:
    handshake.parse_change_user(b"\x11" + body, capabilities)
    handshake.switch_plugin(body)


def _command(body: bytes, capabilities: int, cut: int) -> None:
    for parse in (command.parse_field_list, command.skip_attributes):
        try:
            parse(body)
        except ProtocolError:
            continue
    payload = bytes([cut]) + body
    command.name(cut)
    command.statement_id(payload)
    if cut == COM_STMT_EXECUTE:
        command.wants_cursor(payload)


def _status(body: bytes, capabilities: int, cut: int) -> None:
    for parse in (
        status.parse_err,
        status.parse_prepared,
        status.parse_eof,
        status.plain_ok,
        status.column_name,
    ):
        try:
            parse(body, 0, len(body))
        except ProtocolError:
            continue
    with contextlib.suppress(ProtocolError):
        status.columns(body, 0, len(body), bool(cut & 1))
    status.parse_ok(body, 0, len(body), capabilities)


def _reader(body: bytes, capabilities: int, cut: int) -> None:
    read = Reader(body)
    while read.left() if callable(read.left) else read.left:
        turn = cut % 6
        cut = (cut * 5 + 3) % 251
        (read.u8, read.u16, read.lenenc, read.lenenc_bytes, read.lenenc_or_null, read.nul_bytes)[turn]()


def _packets(body: bytes, capabilities: int, cut: int) -> None:
    """However a stream is cut, the same packets come out."""
    found: list[list[bytes]] = []
    for size in (len(body), 1 + cut % 7):
        reader = PacketReader(4096)
        packets: list[bytes] = []
        try:
            for at in range(0, len(body), size):
                reader.feed(body[at : at + size])
                while reader.next() != NEED_MORE:
                    packets.append(reader.payload())
        except ProtocolError:
            packets.append(b"error")
        found.append(packets)
    assert found[0] == found[1]
    stream = PacketStream(0)
    for at in range(0, len(body), 1 + cut % 5):
        stream.feed(body[at : at + 1 + cut % 5])


def _rows(body: bytes, capabilities: int, cut: int) -> None:
    rows.count_rows(body, 0, 0, cut)


def _reply(body: bytes, capabilities: int, cut: int) -> None:
    """Replies of every kind: what is passed on is what came, in order, whatever the cuts."""
    kind = cut % 8
    passed: list[bytes] = []
    for size in (len(body), 1 + cut % 11):
        reply = Reply(capabilities)
        out: list[bytes] = []
        try:
            reply.begin(kind, 1)
            for at in range(0, len(body), size):
                chunk = body[at : at + size]
                if reply.feed(chunk, 0, out) < len(chunk):
                    break
        except ProtocolError:
            pass
        passed.append(b"".join(out))
    assert body.startswith(passed[0]), (body, passed)
    assert body.startswith(passed[1]), (body, passed)


_WIRE: list[Callable[[bytes, int, int], None]] = [
    _greeting, _response, _change_user, _command, _status, _reader, _packets, _rows, _reply,
]  # fmt: skip


_STATEMENTS: list[Analysis] = [
    analyze(text, CONTEXTS[0], "shop")
    for text in (
        b"SELECT * FROM users WHERE id = 1 OR 1=1",
        b"DROP TABLE x",
        b"CALL p()",
        b"SET NAMES utf8mb4",
        b"\x00",
    )
]


def policy(data: bytes) -> None:
    """A policy file. A good one compiles, and decides and explains every statement."""
    text = data.decode("utf-8", "replace")
    try:
        file = parse_policy(text, "policy.yaml")
    except PolicyError as error:
        assert error.problems
        assert all(problem.line >= 0 and problem.message for problem in error.problems)
        return
    compiled = compile_policy(file)
    for analysis in _STATEMENTS:
        entry = find_entry(compiled, "app", "10.0.0.1")
        verdict = decide(compiled, entry, analysis)
        assert verdict.rule or verdict.effect is not None
        explain(compiled, "app", "10.0.0.1", analysis, 0.0)


def gate(data: bytes) -> None:
    """A session from its first byte or behind a login; then pieces: one byte says who speaks and how much."""
    if not data:
        return
    play = Play(brain())
    mode = data[0] % 4
    if mode == 1:
        play.greet()
    elif mode >= 2:
        play.login(b"root" if mode == 3 else b"app")
    at = 1
    seconds = 0.0
    while at < len(data):
        what = data[at]
        size = 1 + what // 4
        piece = data[at + 1 : at + 1 + size]
        at += 1 + size
        seconds += 0.01
        who = what % 4
        start = time.process_time()
        if who == 0:
            effects = play.gate.server_bytes(piece, seconds)
        elif who == 1:
            effects = play.gate.client_bytes(piece, seconds)
        elif who == 2:  # a whole command
            effects = play.gate.client_bytes(len(piece).to_bytes(3, "little") + b"\x00" + piece, seconds)
        else:  # a packet of the server with a number that fits
            head = len(piece).to_bytes(3, "little") + bytes([1])
            effects = play.gate.server_bytes(head + piece, seconds)
        if time.process_time() - start > SECONDS:
            raise Slow("gate")
        play.gate.describe()
        if effects.close:
            break
    play.gate.expired(seconds + 1000)
    play.gate.client_closed(seconds)


TARGETS: dict[str, Callable[[bytes], None]] = {"sql": sql, "wire": wire, "policy": policy, "gate": gate}
