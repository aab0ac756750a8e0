"""The process that analyses, without a process: what it answers, and how it reads and writes."""

from __future__ import annotations

import gc
import socket

from dbgate.analyst import parcel, process
from dbgate.sql.analyze import analyze
from dbgate.sql.lexer import BULK, lex
from dbgate.sql.mask import masked_literals
from dbgate.sql.memory import Memory
from tests.unit.analyst.test_parcel import CTX, TEXTS, fields


def head(shapes: bool = True, literals: bool = False, memory: Memory | None = None) -> bytes:
    return parcel.pack_head(CTX, "shop", False, literals, shapes, memory)


def frame(start: bytes, text: bytes) -> bytes:
    return len(start).to_bytes(4, "little") + len(text).to_bytes(4, "little") + start + text


def test_an_answer_is_the_analysis() -> None:
    for text in TEXTS:
        data = process.answer(head(), text, process.Shapes())
        analysis, shown, by_shape = parcel.open_answer(data, text, CTX)
        assert fields(analysis) == fields(analyze(text, CTX, "shop"))
        assert (shown, by_shape) == ("", False)


def test_the_text_for_the_log() -> None:
    text = b"SELECT id FROM t WHERE name = 'Jo'"
    found = parcel.open_answer(process.answer(head(literals=True), text, process.Shapes()), text, CTX)
    assert found[1] == masked_literals(text, lex(text, CTX))
    assert "Jo" in found[1]


def test_dynamic_sql() -> None:
    memory = Memory()
    memory.texts["s"] = b"SELECT a FROM t"
    data = process.answer(head(memory=memory), b"PREPARE p FROM @s", process.Shapes())
    folded = parcel.open_answer(data, b"", CTX)[0].statements[0].folded
    assert folded is not None and folded.verb == "SELECT"


def test_texts_of_one_shape_are_analysed_once() -> None:
    shapes = process.Shapes(2)
    for text, by_shape in (
        (b"SELECT a FROM t WHERE b = 1", False),
        (b"SELECT a FROM t WHERE b = 2", True),
        (b"SELECT a FROM t WHERE SLEEP(1)", False),  # its literal matters
        (b"SELECT a FROM t WHERE SLEEP(2)", False),
        (b"SELECT a FROM u WHERE b = 1", False),
        (b"SELECT a FROM v WHERE b = 1", False),  # no more room: all are forgotten
        (b"SELECT a FROM t WHERE b = 3", False),
        (b"SELECT a FROM t WHERE b = 4", True),
    ):
        data = process.answer(head(), text, shapes)
        analysis, _, found = parcel.open_answer(data, text, CTX)
        assert (text, found) == (text, by_shape)
        assert analysis.digest == analyze(text, CTX, "shop").digest
    assert not parcel.open_answer(process.answer(head(False), text, shapes), text, CTX)[2]
    text = b"SELECT a FROM t WHERE b = 1 /*" + b"x" * BULK + b"*/"
    for _ in range(2):
        assert not parcel.open_answer(process.answer(head(), text, shapes), text, CTX)[2]


def talk(data: bytes) -> bytes:
    """What it says to these bytes, after which the other end is closed."""
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(data)
        ours.shutdown(socket.SHUT_WR)
        assert process.main([str(theirs.detach())]) == 0
        gc.unfreeze()
        try:
            return process.receive(ours, 1 << 20)
        except ConnectionResetError:  # it left something unread
            return b""


def test_questions_one_after_the_other() -> None:
    said = talk(frame(head(), b"SELECT 1") + frame(b"nonsense", b"SELECT 1") + frame(head(), b"SELECT 2"))
    sizes = []
    while said:
        size = int.from_bytes(said[:4], "little")
        sizes.append(size > 0)
        said = said[4 + size :]
    assert sizes == [True, False, True]


def test_the_end_of_the_worker_is_its_end() -> None:
    whole = frame(head(), b"SELECT 1")
    for data in (b"", whole[:3], whole[:9], whole[:-1], b"\xff" * 20):
        assert talk(data) == b""
    ours, theirs = socket.socketpair()
    ours.sendall(whole)
    ours.close()
    assert process.main([str(theirs.detach())]) == 0
    gc.unfreeze()
