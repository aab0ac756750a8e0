"""What is sent to the process that analyses, and back: nothing is lost, nothing else is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.analyst import parcel
from dbgate.sql.analyze import analyze
from dbgate.sql.memory import Memory
from dbgate.sql.statement import (
    MARIADB,
    MYSQL,
    Analysis,
    ColumnUses,
    Detection,
    LexContext,
    Need,
    RoutineRef,
    Statement,
)
from tests.rows import rows

CTX = LexContext(MARIADB, 101106)
CONTEXTS = [CTX, LexContext(MYSQL, 90700, "latin1", True, True, True, True, True, True)]
TEXTS = [
    b"SELECT a, secret FROM t JOIN other.u USING (id) WHERE b = 'x' OR 1 = 1 -- '",
    b"SELECT mine(1), theirs.f(2) FROM v WHERE SLEEP(2); CALL p(1); UPDATE t SET a = 1",
    b"CREATE PROCEDURE p() BEGIN DELETE FROM t; END",
    b"SET @s = 'SELECT 1', @n = 5, sql_mode = 'ANSI_QUOTES'",
    b"PREPARE p FROM 'DELETE FROM t WHERE a = ''x'''",
    b"EXECUTE IMMEDIATE CONCAT('DROP ', 'TABLE t')",
    b"USE elsewhere",
    b"SET NAMES latin1",
    b"LOAD DATA LOCAL INFILE 'f' INTO TABLE t",
    b"SELECT 'open",
    "SELECT 'ä€😀' FROM `täble`".encode(),
    b"SELECT '\xff\xfe' FROM t",
    b"INSERT INTO t VALUES (1, 'a')" + b", (2, 'b')" * 5_000,
    b"INSERT INTO t VALUES ('" + b"\xff" * 40_000 + b"')",
    b"",
]


def fields(value: object) -> object:
    """A value with all that it holds, to be compared."""
    if isinstance(value, tuple):
        return [fields(each) for each in value]
    if type(value).__module__.startswith("dbgate."):
        return [
            (name, fields(getattr(value, name)))
            for name in sorted(dir(value))
            if not name.startswith("_") and not callable(getattr(value, name))
        ]
    return value


def sent(analysis: Analysis, text: bytes, ctx: LexContext) -> Analysis:
    return parcel.open_answer(parcel.pack_answer(analysis, text, ctx, "", False), text, ctx)[0]


@pytest.mark.parametrize("ctx", CONTEXTS, ids=["mariadb", "mysql"])
@rows("text", TEXTS)
def test_an_analysis_comes_back_as_it_was(ctx: LexContext, text: bytes) -> None:
    analysis = analyze(text, ctx, "shop")
    assert fields(sent(analysis, text, ctx)) == fields(analysis)


def test_the_comparison_sees_everything() -> None:
    analysis = analyze(TEXTS[0], CTX, "shop")
    seen = fields(analysis)
    assert "Need" not in str(seen) and "'operation', 'SELECT'" in str(seen)
    analysis.statements[0].needs[0].written = True
    assert fields(analysis) != seen


@given(st.text(max_size=60), st.sampled_from(CONTEXTS))
def test_any_text(text: str, ctx: LexContext) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    analysis = analyze(raw, ctx, "shop")
    assert fields(sent(analysis, raw, ctx)) == fields(analysis)


def test_a_bulk_text_is_not_sent_back() -> None:
    text = next(text for text in TEXTS if text.startswith(b"INSERT"))
    analysis = analyze(text, CTX, "shop")
    assert len(analysis.canonical_literals) == len(text)
    assert len(parcel.pack_answer(analysis, text, CTX, "", False)) < 1000


def test_what_is_said_beside_the_analysis() -> None:
    analysis = analyze(b"SELECT 1", CTX, "")
    data = parcel.pack_answer(analysis, b"SELECT 1", CTX, "SELECT 1", True)
    assert parcel.open_answer(data, b"SELECT 1", CTX)[1:] == ("SELECT 1", True)


@pytest.mark.parametrize("ctx", CONTEXTS, ids=["mariadb", "mysql"])
def test_a_question(ctx: LexContext) -> None:
    head = parcel.open_head(parcel.pack_head(ctx, "shop", True, False, True, None))
    assert LexContext(*head.ctx).key == ctx.key
    assert fields(LexContext(*head.ctx)) == fields(ctx)
    assert (head.schema, head.prepared, head.literals, head.shapes) == ("shop", True, False, True)
    assert parcel.open_memory(head.memory) is None


def test_what_a_session_left_on_the_server_goes_along() -> None:
    memory = Memory()
    for text in (b"SET @s = 'SELECT a FROM t', @u = 0xff", b"PREPARE p FROM 'SELECT 1'"):
        memory.follow(analyze(text, CTX, "shop", False, memory).statements, CTX.key, False)
    assert memory.statements
    head = parcel.open_head(parcel.pack_head(CTX, "shop", False, False, False, memory))
    there = parcel.open_memory(head.memory)
    assert there is not None
    assert there.texts == memory.texts
    for text in (b"PREPARE q FROM @s", b"EXECUTE p"):
        one = analyze(text, CTX, "shop", False, there)
        assert fields(one) == fields(analyze(text, CTX, "shop", False, memory))
        folded: Statement | None = one.statements[0].folded
        assert folded is not None and folded.verb == "SELECT"


@given(st.binary(max_size=40))
def test_garbage_is_an_error_of_one_kind(data: bytes) -> None:
    for read in (parcel.open_head, lambda raw: parcel.open_answer(raw, b"", CTX)):
        try:
            read(data)
        except ValueError:
            continue
        raise AssertionError(f"{data!r} was taken")


def test_an_answer_with_a_field_of_another_type() -> None:
    good = parcel.pack_answer(analyze(b"SELECT 1", CTX, ""), b"SELECT 1", CTX, "", False)
    for bad in (good[:-1], good + b"\0", good[:-1] + b"\x01", good.replace(b"SELECT", b"SELEC\xff")):
        with pytest.raises(ValueError):
            parcel.open_answer(bad, b"", CTX)


def test_each_field_of_a_statement_has_its_own_place() -> None:
    statement = Statement("", (), ())
    for name in [name for name, _ in fields((statement,))[0]]:  # type: ignore[index]
        value = getattr(statement, name)
        if isinstance(value, str) or name == "new_schema":
            setattr(statement, name, name)
        elif isinstance(value, bool):
            for flag in (True, False):
                setattr(statement, name, flag)
                assert fields(sent(of(statement), b"", CTX)) == fields(of(statement))
    for name in ("operations", "unfiltered", "identifiers", "outline"):
        setattr(statement, name, (name,))
    for name in ("functions", "calls", "stand_ins"):
        setattr(statement, name, (RoutineRef(name, "f"),))
    statement.needs = (Need(1, "SELECT", "s", "t", True),)
    statement.detections = (Detection("d", "r"),)
    statement.assigned = (("v", b"\xff"), ("w", None))
    statement.columns = ColumnUses(("a", "b"), b"\0\xff")
    outer = Statement("EXECUTE", (), (), folded=statement)
    assert fields(sent(of(outer), b"", CTX)) == fields(of(outer))


def of(statement: Statement) -> Analysis:
    return Analysis((statement,), "e", "s", "m", "d", "c", "l", True, True)


def test_a_value_with_a_field_more_is_not_carried() -> None:
    with pytest.raises(TypeError, match=r"a parcel does not carry Need: \{'more'\}"):
        parcel._check(Need(1, "SELECT"), ("kind", "operation", "schema", "table", "written", "more"))
