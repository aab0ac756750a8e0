"""The values that the floors exchange: equality is by what they say, and a context's key tells contexts apart."""

from __future__ import annotations

from dbgate.sql.statement import (
    MARIADB,
    MYSQL,
    NEED_ANY_RIGHT,
    NEED_TABLE,
    Analysis,
    ColumnNeed,
    ColumnUses,
    Detection,
    LexContext,
    Need,
    RoutineRef,
    Statement,
)
from tests.rows import rows

PLAIN = LexContext(MARIADB, 101106)


@rows(
    "other",
    [
        LexContext(MYSQL, 101106),
        LexContext(MARIADB, 101107),
        LexContext(MARIADB, 101106, charset="latin1"),
        LexContext(MARIADB, 101106, ansi_quotes=True),
        LexContext(MARIADB, 101106, no_backslash_escapes=True),
        LexContext(MARIADB, 101106, ignore_space=True),
        LexContext(MARIADB, 101106, pipes_as_concat=True),
        LexContext(MARIADB, 101106, high_not_precedence=True),
        LexContext(MARIADB, 101106, fold_names=True),
    ],
    ids=lambda context: context.key,
)
def test_a_context_that_differs_in_anything_has_another_key(other: LexContext) -> None:
    assert other.key != PLAIN.key
    assert LexContext(MARIADB, 101106).key == PLAIN.key


def test_needs_are_equal_by_what_they_ask_for() -> None:
    need = Need(NEED_TABLE, "SELECT", "shop", "users")
    assert need == Need(NEED_TABLE, "SELECT", "shop", "users")
    assert hash(need) == hash(Need(NEED_TABLE, "SELECT", "shop", "users"))
    others = [
        Need(NEED_ANY_RIGHT, "SELECT", "shop", "users"),
        Need(NEED_TABLE, "INSERT", "shop", "users"),
        Need(NEED_TABLE, "SELECT", "hr", "users"),
        Need(NEED_TABLE, "SELECT", "shop", "orders"),
        Need(NEED_TABLE, "SELECT", "shop", "users", written=True),
    ]
    assert need not in others and need != "SELECT shop.users"
    assert repr(need) == f"Need({NEED_TABLE}, 'SELECT', 'shop', 'users', written=False)"


def test_columns_are_equal_by_what_is_done_with_them() -> None:
    uses = ColumnUses(("id", "total"), b"\x01\x02")
    assert uses == ColumnUses(("id", "total"), b"\x01\x02")
    assert hash(uses) == hash(ColumnUses(("id", "total"), b"\x01\x02"))
    assert (
        uses not in (ColumnUses(("id",), b"\x01\x02"), ColumnUses(("id", "total"), b"\x01")) and uses != "id"
    )
    assert repr(uses) == "ColumnUses(('id', 'total'), b'\\x01\\x02')"
    need = ColumnNeed("UPDATE", "shop", "orders", ("id",), ("total",))
    assert need == ColumnNeed("UPDATE", "shop", "orders", ("id",), ("total",))
    assert hash(need) == hash(ColumnNeed("UPDATE", "shop", "orders", ("id",), ("total",)))
    others = [
        ColumnNeed("INSERT", "shop", "orders", ("id",), ("total",)),
        ColumnNeed("UPDATE", "hr", "orders", ("id",), ("total",)),
        ColumnNeed("UPDATE", "shop", "people", ("id",), ("total",)),
        ColumnNeed("UPDATE", "shop", "orders", (), ("total",)),
        ColumnNeed("UPDATE", "shop", "orders", ("id",), ("id",)),
        ColumnNeed("UPDATE", "shop", "orders", ("id",), ("total",), everything=True),
    ]
    assert need not in others and need != "UPDATE"
    assert repr(need) == "ColumnNeed('UPDATE', 'shop', 'orders', ('id',), ('total',), everything=False)"


def test_routines_are_equal_by_name() -> None:
    routine = RoutineRef("shop", "f_tax")
    assert routine == RoutineRef("shop", "f_tax") and hash(routine) == hash(RoutineRef("shop", "f_tax"))
    assert routine != RoutineRef("", "f_tax") and routine != RoutineRef("shop", "f") and routine != "f_tax"
    assert repr(routine) == "RoutineRef('shop', 'f_tax')"


def test_a_statement_claims_nothing_by_default() -> None:
    statement = Statement("SELECT", ("SELECT",), ())
    assert not statement.session and not statement.creates_routine and not statement.local_infile
    assert (statement.dynamic, statement.session_state, statement.new_schema) == ("", "", None)
    hit = Detection("tautology", "always true")
    assert (hit.detector, hit.reason) == ("tautology", "always true")
    analysis = Analysis((statement,), "", "", "SELECT ?", "d" * 32, "SELECT 1", "SELECT 1", True)
    assert analysis.statements == (statement,) and analysis.shared and not analysis.folded


def test_the_constants_that_a_statement_holds() -> None:
    assert Statement("SELECT", (), ()).constants() == 0
    inner = Statement("SET", (), (), canonical="abc", canonical_literals="defg", assigned=(("t", b"xy"),))
    outer = Statement("EXECUTE IMMEDIATE", (), (), folded=inner, assigned=(("s", b"12345"), ("u", None)))
    assert outer.constants() == 5 + 3 + 4 + 2
