"""A catalog as JSON: how it gets from the supervisor to the workers, and by the control API to people."""

from __future__ import annotations

import json
from typing import Any

from dbgate.sql.catalog import KIND_NAMES, Body, Catalog
from dbgate.sql.statement import Need, RoutineRef


def dump(catalog: Catalog) -> str:
    """The same text for the same catalog."""
    return json.dumps(
        {
            "missing": catalog.missing,
            "folded": catalog.folded,
            "loadable": sorted(catalog.loadable),
            "packages": sorted(catalog.packages),
            "bodies": [_body(body) for body in catalog.bodies],
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
    )
