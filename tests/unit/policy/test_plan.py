"""What a worker gets of a policy: plain values, of which the long lists are decoded one part at a time."""

from __future__ import annotations

import msgspec
import pytest

from dbgate.policy.plan import COLUMNS, ENCODER, ENTRY, NAMES, PIECE, POLICY, SOURCES, NameRow
from tests.unit.policy.test_planning import planned


def test_a_long_list_travels_in_parts() -> None:
    tables = ", ".join(f"s.t{n}" for n in range(PIECE + 1))
    sources = ", ".join(f"'fd00::{n:x}'" for n in range(PIECE * 2))
    plan = planned(
        f"access_control: [{{user: a, allowed_tables: [{tables}], allowed_operations: SELECT, source_ip: [{sources}]}}]"
    )
    entry = ENTRY.decode(plan.entries[0])
    assert [len(NAMES.decode(raw)) for raw in entry.rights] == [PIECE, 1]
    assert [len(SOURCES.decode(raw)) for raw in entry.sources] == [PIECE, PIECE]
    assert int(SOURCES.decode(entry.sources[1])[-1].value, 16) == (0xFD00 << 112) + PIECE * 2 - 1


def test_many_columns_travel_in_parts() -> None:
    many = ", ".join(f"c{n}" for n in range(2 * PIECE + 1))
    grants = (
        f"{{tables: s.t, operations: SELECT, columns: [{many}]}}"
        + ", {tables: s.u, operations: SELECT, columns: a}"
    )
    plan = planned(f"access_control: [{{user: a, grants: [{grants}]}}]")
    entry = ENTRY.decode(plan.entries[0])
    parts = [COLUMNS.decode(raw) for raw in entry.columns]
    assert [[(row.grant, len(row.columns)) for row in rows] for rows in parts] == [
        [(0, PIECE)],
        [(0, PIECE)],
        [(0, 1), (1, 1)],
    ]


def test_what_is_no_plan_is_refused_by_its_type() -> None:
    with pytest.raises(msgspec.ValidationError):
        POLICY.decode(ENCODER.encode(["v"]))
    with pytest.raises(msgspec.ValidationError):
        NAMES.decode(ENCODER.encode([NameRow(None, False, "t", False), "x"]))
    with pytest.raises(msgspec.DecodeError):
        POLICY.decode(b"")
