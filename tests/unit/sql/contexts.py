"""Contexts and helpers that the tests of the SQL floor share."""

from __future__ import annotations

from dbgate.sql.analyze import analyze
from dbgate.sql.statement import (
    MARIADB,
    MYSQL,
    NEED_ANY_RIGHT,
    NEED_BARE,
    NEED_SCHEMA,
    NEED_SCHEMA_VISIBLE,
    NEED_TABLE,
    LexContext,
    Need,
    Statement,
)

MA = LexContext(MARIADB, 101106)
MY = LexContext(MYSQL, 90700)
ANSI = LexContext(MARIADB, 101106, ansi_quotes=True)
RAW = LexContext(MARIADB, 101106, no_backslash_escapes=True)
LATIN1 = LexContext(MARIADB, 101106, charset="latin1")

_MARKS = {
    NEED_TABLE: "",
    NEED_ANY_RIGHT: "any ",
    NEED_SCHEMA: "schema ",
    NEED_SCHEMA_VISIBLE: "visible ",
    NEED_BARE: "bare ",
}


def shown(need: Need) -> str:
    """A need in short: "SELECT shop.users", "bare LOAD", "visible USE shop"."""
    name = need.schema + ("." + need.table if need.table else "")
    return " ".join(f"{_MARKS[need.kind]}{need.operation} {name}".split())


def one(sql: str | bytes, ctx: LexContext = MA, schema: str = "shop") -> Statement:
    """The only statement of a text that is understood."""
    analysis = analyze(sql if isinstance(sql, bytes) else sql.encode(), ctx, schema)
    assert analysis.error == "", (sql, analysis.error)
    assert len(analysis.statements) == 1, sql
    return analysis.statements[0]


def needs(sql: str | bytes, ctx: LexContext = MA, schema: str = "shop") -> str:
    """What a statement needs, sorted, with "; " between; stored functions as "fn schema.name"."""
    statement = one(sql, ctx, schema)
    parts = [shown(need) for need in statement.needs]
    parts += [f"fn {ref.schema}.{ref.name}" for ref in statement.functions]
    parts += [f"call {ref.schema}.{ref.name}" for ref in statement.calls]
    return "; ".join(sorted(parts))


def error(sql: str | bytes, ctx: LexContext = MA, schema: str = "shop") -> str:
    """Why a text is refused, "" where it is not. An exception inside the analysis is a refusal, but a defect."""
    why = analyze(sql if isinstance(sql, bytes) else sql.encode(), ctx, schema).error
    assert not why.startswith("analysis failed"), why
    return why
