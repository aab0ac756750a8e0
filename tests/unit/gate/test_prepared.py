from __future__ import annotations

from dbgate.gate.judged import Judged
from dbgate.gate.prepared import KEPT, Prepared, Statements
from dbgate.policy.verdict import ALLOW, Verdict
from dbgate.sql.statement import Analysis
from dbgate.wire.build import packet
from dbgate.wire.constants import LAST_STATEMENT

ANALYSIS = Analysis((), "", "", "", "", "", "", True)


def prepared(raw: bytes = b"") -> Prepared:
    return Prepared(ANALYSIS, Judged(ANALYSIS, Verdict(ALLOW), (), "x"), 1, (), raw, "key", "shop")


def test_find_and_close() -> None:
    statements = Statements()
    one, two = prepared(), prepared()
    statements.add(1, one)
    statements.add(2, two)
    assert statements.find(1) is one
    assert statements.find(3) is None
    statements.close(1)
    assert statements.find(1) is None
    assert statements.last == 2
    statements.close(2)
    assert statements.last == -1
    statements.close(7)


def test_last_statement_is_mariadbs() -> None:
    statements = Statements()
    statements.add(5, prepared())
    assert statements.resolve(LAST_STATEMENT, True) == 5
    assert statements.resolve(LAST_STATEMENT, False) == LAST_STATEMENT
    assert statements.resolve(4, True) == 4
    statements.clear()
    assert statements.resolve(LAST_STATEMENT, True) == -1
    assert statements.find(-1) is None


def test_texts_are_kept_within_bounds() -> None:
    statements = Statements()
    one, two = prepared(b"x" * (KEPT - 10)), prepared(b"y" * 11)
    statements.add(1, one)
    statements.add(2, two)
    assert (len(one.raw), two.raw, statements.kept) == (KEPT - 10, b"", KEPT - 10)
    statements.add(1, prepared(b"z"))
    assert statements.kept == 1
    statements.close(1)
    assert statements.kept == 0
    statements.add(3, prepared(b"abc"))
    statements.clear()
    assert statements.kept == 0


def test_which_chunk_runs_a_statement_and_nothing_else() -> None:
    statements = Statements()
    run = b"\x17\x07\x00\x01\x00\x00\x01\x00\x00\x00"
    whole = packet(0, run + b"\x00\x01\x03\x00\x09\x00\x00\x00")
    assert statements.plain_execute(whole, 1000) == -1  # nothing is prepared
    statements.add(65_543, prepared())
    assert statements.plain_execute(packet(0, run), 1000) == 65_543
    assert statements.plain_execute(whole, 1000) == 65_543
    for other in (
        b"",
        packet(0, b"\x17"),
        packet(0, b"\x03" + run[1:]),
        packet(1, run),  # out of sequence
        whole + packet(0, run),  # two commands
        whole[:-1],
        packet(0, run[:5] + b"\x01" + run[6:]),  # with a cursor
    ):
        assert statements.plain_execute(other, 1000) == -1
    assert statements.plain_execute(whole, 17) == -1  # over the limit
