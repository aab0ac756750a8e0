"""From a policy file to plain values: what the file leaves open is decided, and every line is looked up."""

from __future__ import annotations

from dbgate.policy.load import kept_shapes, parse_policy
from dbgate.policy.operations import PARTLY, operations_mask
from dbgate.policy.plan import (
    COLUMNS,
    ENTRY,
    NAMES,
    PIECE,
    POLICY,
    SHAPES,
    VARIANT,
    ColumnsRow,
    EntryPlan,
    NameRow,
    PolicyPlan,
    ShapePlan,
)
from dbgate.policy.planning import entry_name, plan_policy
from tests.unit.policy.making import POLICIES


def planned(text: str, shapes: str | None = None) -> PolicyPlan:
    return POLICY.decode(plan_policy(parse_policy(text, "p.yaml", kept_shapes(shapes))))


def entry(text: str) -> EntryPlan:
    return ENTRY.decode(planned(f"access_control:\n- {text}\n").entries[0])


def test_everything_reaches_its_place() -> None:
    plan = planned((POLICIES / "everything.yaml").read_text())
    assert (plan.block_schema_access, plan.row_cap, plan.row_cap_mode) == (False, 900, "monitor")
    assert (plan.sql.block_operations, plan.sql.require_where) == (
        {"TRUNCATE": 40, "DELETE": 40, "REPLACE": 40},
        {"UPDATE": 49},
    )
    assert (plan.sql.patterns.lines, plan.sql.literal_patterns.lines) == ([42], [43])
    assert plan.sql.detectors == {"tautology": False, "stacked": True}
    assert (plan.procedures.loose, plan.procedures.line) == (True, 53)
    app = ENTRY.decode(plan.entries[0])
    assert (app.name, app.line, app.enforced, app.rate, app.row_cap, app.row_cap_line) == (
        "app",
        14,
        True,
        2.0,
        50,
        31,
    )
    assert app.clock is not None
    assert (app.clock.days, app.clock.zone) == (0b10001, "Asia/Seoul")
    assert app.clock.text == "09:00-18:00, 20:00-02:00 on mon, fri (Asia/Seoul)"


def test_names_of_entries() -> None:
    file = parse_policy(
        "access_control:\n- {user: [a, b], source_ip: [10.0.0.0/8, '::1']}\n- {user: a}\n- {user: a, name: n}\n"
    )
    assert [entry_name(one) for one in file.policy.access_control] == ["a,b@10.0.0.0/8,::1", "a@*", "n"]


def test_names_and_what_is_granted_on_them() -> None:
    found = entry(
        "{user: a, allowed_tables: ['s*.t', '`T*`'], allowed_operations: [SELECT, DROP], blocked_operations: DROP,"
        " grants: [{tables: u, operations: INSERT}]}"
    )
    select, insert = operations_mask(["SELECT"]), operations_mask(["INSERT"])
    assert NAMES.decode(found.rights[0]) == [
        NameRow("s*", True, "t", False, select),
        NameRow(None, False, "T*", False, select),
        NameRow(None, False, "u", False, insert),
    ]
    assert found.blocked == {"DROP": 2}


def test_what_is_granted_on_columns() -> None:
    found = entry(
        "{user: a, blocked_operations: UPDATE, grants: [{tables: u, operations: INSERT},\n"
        "   {tables: [s.t, 's.r_*'], operations: [SELECT, UPDATE], columns: [Id, total]},\n"
        "   {tables: s.v, operations: UPDATE, columns: [id]},\n"
        "   {tables: s.t, operations: [INSERT],\n    columns: id}]}"
    )
    insert = operations_mask(["INSERT"])
    assert NAMES.decode(found.rights[0]) == [
        NameRow(None, False, "u", False, insert),
        NameRow("s", False, "t", False, PARTLY, 1),
        NameRow("s", False, "r_*", True, PARTLY, 1),
        NameRow("s", False, "t", False, PARTLY, 3),
    ]
    assert COLUMNS.decode(found.columns[0]) == [
        ColumnsRow(1, operations_mask(["SELECT"]), ["id", "total"], 3),
        ColumnsRow(3, insert, ["id"], 6),
    ]
    assert entry("{user: a, allowed_tables: s.t, allowed_operations: SELECT}").columns == []


def test_many_columns_travel_in_pieces() -> None:
    names = [f"c{n}" for n in range(2 * PIECE + 5)]
    found = entry(
        f"{{user: a, grants: [{{tables: s.t, operations: SELECT, columns: [{', '.join(names)}]}}]}}"
    )
    pieces = [[row.columns for row in COLUMNS.decode(raw)] for raw in found.columns]
    assert pieces == [[names[:PIECE]], [names[PIECE : 2 * PIECE]], [names[2 * PIECE :]]]


def test_capital_letters_are_noticed() -> None:
    def cased(tables: str, head: str = "") -> bool:
        text = f"{head}\naccess_control: [{{user: A, allowed_tables: {tables}, allowed_operations: SELECT}}]"
        return ENTRY.decode(planned(text).entries[0]).cased

    assert not cased("[a.b, c]")
    assert cased("[a.b, C]")
    assert cased("a.Bb")
    assert cased("Aa.b")
    assert cased("b", "global: {default_schema: Shop}")
    assert not cased("b", "global: {default_schema: shop}")


def test_time_without_windows() -> None:
    found = entry("{user: a, time_restriction: {days: sun}}")
    assert found.clock is not None
    assert (found.clock.windows, found.clock.text) == ([(0, 1440, "all day")], "all day on sun (UTC)")


def test_lists_of_procedures() -> None:
    plan = planned("procedure_control: {mode: whitelist, whitelist: [s.p]}").procedures
    assert (plan.loose, plan.line) == (False, 1)
    assert plan.routines is not None
    assert NAMES.decode(plan.routines[0]) == [NameRow("s", False, "p", False)]
    assert planned("procedure_control: {mode: whitelist}").procedures.routines == []
    assert planned("access_control: []").procedures.routines is None


def test_operations_and_shapes_of_statements_are_kept_apart() -> None:
    sql = planned("sql_rules:\n  block_statements:\n    - 'DELETE FROM * WHERE 1=1'\n    - DROP\n").sql
    assert (sql.shapes.texts, sql.shapes.lines) == (["DELETE FROM * WHERE 1=1"], [3])
    assert sql.block_operations == {"DROP": 4}


def test_what_users_are_known_to_send() -> None:
    shapes = f"users:\n  app: [{{shape: '{'a' * 32}', operations: [SELECT], tables: [s.t]}}]\n  nobody: []\n"
    plan = planned(
        "access_control:\n- {user: [app, 'a*']}\n- {user: b}\nsql_rules: {shapes: {mode: enforce, file: s.yaml}}\n",
        shapes,
    )
    app, nobody = (VARIANT.decode(raw) for raw in plan.variants)
    assert (app.user, app.entries, nobody.entries, nobody.shapes) == ("app", [0], [], [])
    assert SHAPES.decode(app.shapes[0]) == [ShapePlan("a" * 32, ["SELECT"], ["s.t"], [])]
    assert plan.sql.new_shapes == 1
