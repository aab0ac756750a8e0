"""Step 10 where a table is granted by columns: what the statement touches must stay within them.

Asked only for tables that no right on the whole table opens. Fail closed: without the catalog's columns, and for a
table that it does not know, nothing is granted by columns.
"""

from __future__ import annotations

from typing import Final

from dbgate.policy.columngrants import ColumnGrants
from dbgate.policy.operations import PARTLY, mask_allows
from dbgate.policy.rights import Rights
from dbgate.sql.columns import TableColumns, resolve
from dbgate.sql.statement import NEED_TABLE, ColumnNeed, Need, Statement

_SHOWN: Final = 8  # columns that a reason names
_ONE_BY_ONE: Final = 16  # doubtful tables that are looked at; of more, all columns are touched


def some_columns(grants: ColumnGrants, rights: Rights, need: Need) -> bool:
    """Whether the operation of `need` is granted on some columns of its table, so that `lacking` has the answer."""
    if need.kind != NEED_TABLE or need.schema == "":
        return False
    if rights.on_table(need.schema, need.table) & PARTLY == 0:
        return False
    return grants.line(rights.grants_on(need.schema, need.table), need.operation) >= 0


def lacking(
    grants: ColumnGrants,
    rights: Rights,
    unit: Statement,
    needs: list[Need],
    known: TableColumns | None,
    entry: str,
) -> tuple[str, int] | None:
    """Why `needs` of `unit` (some_columns of each) are not granted, for the log, and the line of the columns that it is
    about; None where they are. known: the catalog's columns, None = not read; entry: name of the access rule."""
    doubtful = _doubtful(rights, unit)
    if not doubtful or known is None:
        return _of(grants, rights, unit, needs, known, known, entry)
    certain: list[Need] = []
    others: list[Need] = []
    for need in needs:
        if _table(need) in doubtful and len(others) < _ONE_BY_ONE:
            others.append(need)
        else:
            certain.append(need)
    found = _of(grants, rights, unit, certain, known, _without(unit, known, doubtful, ""), entry)
    if found is not None:
        return found
    for need in others:
        seen = _without(unit, known, doubtful, _table(need))
        found = _of(grants, rights, unit, [need], known, seen, entry)
        if found is not None:
            return found
    return None


def _of(
    grants: ColumnGrants,
    rights: Rights,
    unit: Statement,
    needs: list[Need],
    known: TableColumns | None,
    seen: TableColumns | None,
    entry: str,
) -> tuple[str, int] | None:
    """As `lacking`. seen: the columns by which names are resolved."""
    asked: set[str] = set()
    for need in needs:
        asked.add(_key(need.operation, need.schema, need.table))
    answered: set[str] = set()
    for one in resolve(unit, seen):
        key = _key(one.operation, one.schema, one.table)
        if key in asked:
            answered.add(key)
            found = lacks(grants, rights, one, known, entry)
            if found is not None:
                return found
    for need in needs:
        if _key(need.operation, need.schema, need.table) not in answered:
            one = ColumnNeed(need.operation, need.schema, need.table, (), (), True)
            found = lacks(grants, rights, one, known, entry)
            if found is not None:
                return found
    return None


def _key(operation: str, schema: str, table: str) -> str:
    return f"{operation}\0{schema}\0{table}"


def lacks(
    grants: ColumnGrants, rights: Rights, one: ColumnNeed, known: TableColumns | None, entry: str
) -> tuple[str, int] | None:
    """As `lacking`, of one need whose columns are known."""
    numbers = rights.grants_on(one.schema, one.table)
    line = grants.line(numbers, one.operation)
    columns = known.of(one.schema, one.table) if known is not None else None
    if not columns:
        why = (
            "the catalog's columns are not read (yet)" if known is None else "the catalog does not know these"
        )
        target = f"{one.schema}.{one.table}"
        return f"{one.operation} on {target} is granted to entry '{entry}' by columns only, and {why}", line
    granted = grants.columns(numbers, one.operation)
    missing = [name for name in one.written if name not in granted]
    if missing:
        return _not_granted(one, one.operation, missing, entry), line
    if one.everything:
        missing = sorted(columns - granted)
        if missing and len(columns) > 1:
            listed = f"all columns of {one.schema}.{one.table}, of which {_listed(missing)}"
            verb = "is" if len(missing) == 1 else "are"
            return f"{one.operation} of {listed} {verb} not granted to entry '{entry}'", line
        if missing:
            return _not_granted(one, one.operation, missing, entry), line
    if mask_allows(rights.on_table(one.schema, one.table), "SELECT"):
        return None  # of a table that it may read, and only write in part
    readable = grants.columns(
        numbers, "SELECT"
    )  # as the server: who may only write a column does not learn of it
    missing = [name for name in one.read if name not in readable]
    return (_not_granted(one, "SELECT", missing, entry), line) if missing else None


def _not_granted(one: ColumnNeed, operation: str, missing: list[str], entry: str) -> str:
    target = f"{one.schema}.{one.table}"
    if len(missing) == 1:
        return f"{operation} of {target}.{missing[0]} is not granted to entry '{entry}'"
    return f"{operation} of the columns {_listed(missing)} of {target} is not granted to entry '{entry}'"


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _table(need: Need) -> str:
    return f"{need.schema}\0{need.table}"


def _doubtful(rights: Rights, unit: Statement) -> set[str]:
    """The tables of `unit` that may be temporary ones of the session, with other columns than the catalog's: who may
    CREATE a table of this name may have put one in its place. Then a name without a table in front of it may be a
    column of the query around that one."""
    found: set[str] = set()
    for need in unit.needs:
        if need.kind == NEED_TABLE and mask_allows(rights.on_table(need.schema, need.table), "CREATE"):
            found.add(_table(need))
    return found


def _without(unit: Statement, known: TableColumns, doubtful: set[str], one: str) -> TableColumns:
    """What is known of the tables of `unit` that are not doubtful, and of this `one`: for its own columns, where it is
    the catalog's, the others may be anything."""
    tables: dict[str, tuple[str, ...]] = {}
    for need in unit.needs:
        key = _table(need)
        if need.kind == NEED_TABLE and (key == one or key not in doubtful):
            columns = known.of(need.schema, need.table)
            if columns is not None:
                tables[key] = tuple(sorted(columns))
    return TableColumns(tables)
