from __future__ import annotations

from dbgate.gate.judged import Judged
from dbgate.gate.prepared import KEPT, Prepared, Statements
from dbgate.policy.verdict import ALLOW, Verdict
from dbgate.sql.statement import Analysis
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
