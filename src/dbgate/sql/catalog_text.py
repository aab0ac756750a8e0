"""A catalog as JSON: how it gets from the supervisor to the workers, and by the control API to people."""

from __future__ import annotations

import json
from typing import Any

from dbgate.sql.catalog import KIND_NAMES, Body, Catalog
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import ColumnUses, Need, RoutineRef


def dump(catalog: Catalog) -> str:
    """The same text for the same catalog."""
    return json.dumps(
        {
            "missing": catalog.missing,
            "folded": catalog.folded,
            "loadable": sorted(catalog.loadable),
            "packages": sorted(catalog.packages),
            "bodies": [_body(body) for body in catalog.bodies],
            "columns": _tables(catalog.columns),
        },
        separators=(",", ":"),
    )


def parse(text: str) -> Catalog:
    """The catalog of a text that `dump` made; ValueError, KeyError or TypeError for any other."""
    found = json.loads(text)
    return Catalog(
        tuple(_read(body) for body in found["bodies"]),
        frozenset(found["loadable"]),
        frozenset(found["packages"]),
        bool(found["folded"]),
        str(found["missing"]),
        _read_tables(found["columns"]),
    )


def without_columns(text: str) -> str:
    """The text of the same catalog, whose columns were not read; `text` itself where they were not."""
    found = json.loads(text)
    if found["columns"] is None:
        return text
    found["columns"] = None
    return json.dumps(found, separators=(",", ":"))


def _tables(columns: TableColumns | None) -> dict[str, dict[str, list[str]]] | None:
    """schema → table → its columns, for people to read as well."""
    if columns is None:
        return None
    schemas: dict[str, dict[str, list[str]]] = {}
    for key in sorted(columns.tables):
        schema, _, table = key.partition("\0")
        schemas.setdefault(schema, {})[table] = list(columns.tables[key])
    return schemas


def _read_tables(schemas: dict[str, dict[str, list[str]]] | None) -> TableColumns | None:
    if schemas is None:
        return None
    once: dict[str, str] = {}  # many tables have an `id`
    return TableColumns(
        {
            f"{schema}\0{table}": tuple([once.setdefault(name, name) for name in names])
            for schema, tables in schemas.items()
            for table, names in tables.items()
        }
    )


def _body(body: Body) -> dict[str, Any]:
    return {
        "kind": KIND_NAMES[body.kind],
        "schema": body.schema,
        "name": body.name,
        "definer": body.definer,
        "invoker": body.invoker,
        "table": body.table,
        "events": list(body.events),
        "needs": [[need.kind, need.operation, need.schema, need.table, need.written] for need in body.needs],
        "functions": [[ref.schema, ref.name] for ref in body.functions],
        "calls": [[ref.schema, ref.name] for ref in body.calls],
        "problem": body.problem,
        "dynamic": body.dynamic,
        "defines": body.defines,
        "stand_ins": [[ref.schema, ref.name] for ref in body.stand_ins],
        "columns": None if body.columns is None else [list(body.columns.names), body.columns.shape.hex()],
        "alters": body.alters,
    }


def _read(found: dict[str, Any]) -> Body:
    return Body(
        KIND_NAMES.index(found["kind"]),
        found["schema"],
        found["name"],
        found["definer"],
        found["invoker"],
        tuple(Need(*need) for need in found["needs"]),
        tuple(RoutineRef(*ref) for ref in found["functions"]),
        tuple(RoutineRef(*ref) for ref in found["calls"]),
        found["problem"],
        found["dynamic"],
        found["table"],
        tuple(found["events"]),
        found["defines"],
        tuple(RoutineRef(*ref) for ref in found["stand_ins"]),
        _read_uses(found["columns"]),
        found["alters"],
    )


def _read_uses(found: list[Any] | None) -> ColumnUses | None:
    if found is None:
        return None
    names, shape = found
    return ColumnUses(tuple(names), bytes.fromhex(shape))
