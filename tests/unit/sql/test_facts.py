from __future__ import annotations

from dbgate.sql.columns import TableColumns, resolve
from dbgate.sql.facts import Facts
from dbgate.sql.lexer import lex
from dbgate.sql.statement import MARIADB, MYSQL, NEED_TABLE, LexContext, Need, RoutineRef
from tests.unit.sql.contexts import MA, shown


def facts(sql: str = "", ctx: LexContext = MA) -> Facts:
    return Facts(lex(sql.encode(), ctx), ctx, "shop")


def test_needs_become_a_statement() -> None:
    found = facts()
    found.verb = "SELECT"
    found.table("INSERT", "", "Users", True)
    found.any_right("Other", "t", "SHOW")
    found.whole_schema("DROP", "x")
    found.visible("USE", "")
    found.bare("LOAD")
    found.read("", "a", True)
    found.read("MySQL", "b", True).operation = "DELETE"
    found.read("", "hidden", True).operation = ""
    found.routine("", "f")
    found.names.add("C")
    statement = found.statement()
    assert [shown(need) for need in statement.needs] == [
        "INSERT shop.Users", "any SHOW Other.t", "schema DROP x", "visible USE shop", "bare LOAD", "SELECT shop.a",
        "DELETE mysql.b",
    ]  # fmt: skip
    assert statement.operations == ("DELETE", "DROP", "INSERT", "LOAD", "SELECT", "SHOW", "USE")
    assert statement.needs[0].written and statement.needs[6].written and not statement.needs[5].written
    assert statement.functions == (RoutineRef("shop", "f"),) and statement.identifiers == ("c",)


def test_built_ins_that_a_stored_function_may_stand_in_for() -> None:
    outer, inner = facts(), facts()
    inner.stand_in("POINT")
    outer.absorb(inner)
    assert outer.statement().stand_ins == (RoutineRef("shop", "POINT"),)


def test_columns() -> None:
    """What is named nowhere in a query is touched with all its columns; a part of which nothing is known, too."""
    found = facts("SELECT id FROM t")
    found.table("INSERT", "", "t", True)
    part = facts()
    part.uses.unknown = True
    part.read("", "u", True)
    found.absorb(part)
    trigger = facts()
    trigger.inner = True
    trigger.read("", "t", True)
    found.absorb(trigger)
    known = TableColumns({"shop\0t": ("id",), "shop\0u": ("id",)})
    assert [(need.operation, need.table, need.everything) for need in resolve(found.statement(), known)] == [
        ("INSERT", "t", True), ("SELECT", "u", True), ("SELECT", "t", True),
    ]  # fmt: skip


def test_folding() -> None:
    folding = facts(ctx=LexContext(MYSQL, 90700, fold_names=True))
    folding.table("SELECT", "Shop", "Users")
    assert next(iter(folding.needs)) == Need(NEED_TABLE, "SELECT", "shop", "users")
    assert folding.cte_key("A") == "a"
    exact = facts(ctx=LexContext(MYSQL, 90700))
    assert exact.cte_key("A") == "A"
    assert facts().cte_key("A") == "a" and facts(ctx=LexContext(MARIADB, 1)).schema_name("SYS") == "sys"


def test_dotted_names() -> None:
    found = facts(". a b.c d . e f.g.h 1")
    assert found.dotted(0, 20) == ("", "a", 2)
    assert found.dotted(2, 20) == ("b", "c", 5)
    assert found.dotted(5, 20) == ("d", "e", 8)
    assert found.error == ""
    found.dotted(8, 20)
    assert found.error == "a name of three parts"
    number = facts("1")
    assert number.dotted(0, 1) == ("", "", 0)
    number.fail("second")
    assert number.error == "a name was expected"
    assert facts("a").dotted(1, 1)[1] == ""


def test_absorb() -> None:
    whole, part = facts(), facts()
    part.verb = "DELETE"
    part.read("", "t", True).operation = "DELETE"
    part.unfiltered.add("DELETE")
    part.routine("s", "f")
    part.calls[RoutineRef("s", "p")] = True
    part.dynamic, part.session_state, part.new_schema = "EXECUTE", "why", "x"
    part.creates_routine = part.local_infile = True
    part.fail("broken")
    whole.absorb(part)
    statement = whole.statement()
    assert [shown(need) for need in statement.needs] == ["DELETE shop.t"]
    assert statement.operations == ("DELETE",) and statement.unfiltered == ("DELETE",)
    assert statement.functions and statement.calls and statement.dynamic == "EXECUTE"
    assert statement.session_state == "why" and statement.rereads and statement.creates_routine
    assert statement.local_infile and whole.error == "broken" and whole.switches
