"""Which columns of which tables a statement touches, where the catalog's columns tell.

Pure; on a cache miss only, and only while a policy grants columns. What cannot be told is all columns.
"""

from __future__ import annotations

from typing import final

from dbgate.sql.statement import NEED_TABLE, ColumnNeed, Statement


def fold_column(name: str) -> str:
    """A column's name as names of columns are compared here: each character in lower case by itself, so that no name
    gets longer (as one with \u0130 would), and no space behind it."""
    if name.isascii():
        return name.lower().rstrip(" ")
    folded: list[str] = []
    for character in name:
        low = character.lower()
        folded.append(low if len(low) == 1 else character)
    return "".join(folded).rstrip(" ")


@final
class TableColumns:
    """The columns of the server's tables and views. tables: f"{schema}\\0{table}", the names in lower case where the
    catalog folds them → the columns' names, folded by `fold_column`. Never changed."""

    def __init__(self, tables: dict[str, tuple[str, ...]]) -> None:
        self.tables = tables

    def of(self, schema: str, table: str) -> frozenset[str] | None:
        """None: the table is not known."""
        found = self.tables.get(f"{schema}\0{table}")
        return None if found is None else frozenset(found)


def resolve(statement: Statement, known: TableColumns | None) -> tuple[ColumnNeed, ...]:
    """What each NEED_TABLE of the statement does with columns, merged by operation, schema and table. Never raises."""
    merged: dict[ColumnNeed, bool] = {}
    for need in statement.needs:
        if need.kind == NEED_TABLE:
            merged[ColumnNeed(need.operation, need.schema, need.table, everything=True)] = True
    return tuple(merged)
