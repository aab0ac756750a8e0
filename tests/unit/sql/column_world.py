"""A small catalog, and what statements touch of its columns, in short."""

from __future__ import annotations

from dbgate.sql.columns import TableColumns, resolve
from dbgate.sql.statement import ColumnNeed, LexContext
from tests.unit.sql.contexts import MA, one

KNOWN = TableColumns(
    {
        "shop\0orders": ("id", "total", "ssn", "note", "user_id", "created", "value", "offset"),
        "shop\0people": ("id", "name", "ssn", "order_id"),
        "shop\0items": ("id", "order_id", "price", "status", "date", "year", "day", "rank"),
        "vault\0orders": ("id", "secret"),
        "shop\0wide": ("größe", "ssn", "ıd"),
        "shop\0hist": ("id", "row_start"),
    }
)


def shown(needs: tuple[ColumnNeed, ...]) -> str:
    """ "SELECT orders id total; INSERT orders +id *": the columns read, those written, all."""
    out: list[str] = []
    for need in needs:
        schema = "" if need.schema == "shop" else need.schema + "."
        parts = [need.operation, schema + need.table, *need.read, *("+" + name for name in need.written)]
        out.append(" ".join(parts + ["*"] * need.everything))
    return "; ".join(sorted(out))


def touched(sql: str, ctx: LexContext = MA) -> str:
    return shown(resolve(one(sql, ctx), KNOWN))
