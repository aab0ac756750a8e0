"""What the grants by columns of one access rule hold."""

from __future__ import annotations

from dbgate.policy.columngrants import ColumnGrants
from dbgate.policy.operations import OPERATIONS, mask_allows, operations_mask


def test_columns_of_several_grants_add_up() -> None:
    grants = ColumnGrants()
    grants.add(2, operations_mask(["SELECT", "UPDATE"]), ["id", "total"], 7)
    grants.add(5, operations_mask(["SELECT"]), ["note"], 9)
    grants.add(2, operations_mask(["SELECT", "UPDATE"]), ["state"], 7)
    assert grants.columns([2, 5], "SELECT") == {"id", "total", "note", "state"}
    assert grants.columns([5, 2], "UPDATE") == {"id", "total", "state"}
    assert grants.columns([5], "UPDATE") == grants.columns([], "SELECT") == frozenset()
    assert [grants.line([5, 2], name) for name in ("SELECT", "UPDATE", "INSERT")] == [7, 7, -1]
    assert [name for name in OPERATIONS if mask_allows(grants.reachable, name)] == ["SELECT", "UPDATE"]
