"""Tables that are granted by columns: what a statement touches of them stays within."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbgate.policy.bycolumn import lacking, lacks, some_columns
from dbgate.policy.columngrants import ColumnGrants
from dbgate.policy.evaluate import decide, find_entry
from dbgate.policy.operations import operations_mask
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.analyze import analyze
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import (
    MARIADB,
    NEED_ANY_RIGHT,
    ColumnNeed,
    LexContext,
    Need,
    Statement,
)
from tests.rows import rows
from tests.unit.policy.making import analysis, compiled, entry_of, need, statement

POLICY = """\
access_control:
- name: app
  user: app
  allowed_tables: [shop.users]
  allowed_operations: [SELECT, LOCK]
  grants:
  - tables: [shop.orders]
    operations: [SELECT]
    columns: [id, total]
  - tables: [shop.orders]
    operations: [INSERT, UPDATE]
    columns: [total, state]
  - {tables: "shop.one_*", operations: [SELECT], columns: id}
  - {tables: shop.users, operations: UPDATE, columns: name}
  - {tables: shop.tmp, operations: [SELECT, CREATE]}
"""
KNOWN = TableColumns(
    {
        "shop\0orders": ("id", "total", "state", "ssn"),
        "shop\0one_a": ("id",),
        "shop\0one_b": ("secret",),
        "shop\0users": ("id", "name"),
        "shop\0tmp": ("id", "ssn"),
    }
)
CONTEXT = LexContext(MARIADB, 101106)


def judge(sql: str, known: TableColumns | None = KNOWN, text: str = POLICY) -> Verdict:
    policy = compiled(text)
    found = analyze(sql.encode(), CONTEXT, "shop")
    assert found.error == ""
    return decide(policy, find_entry(policy, "app", "10.0.0.1"), found, columns=known)


def told(one: ColumnNeed, known: TableColumns | None = KNOWN) -> tuple[str, int] | None:
    entry = entry_of(compiled(POLICY))
    assert entry.column_rights is not None
    return lacks(entry.column_rights, entry.rights, one, known, "app")


@rows(
    ("operation", "table", "read", "written", "everything", "expected"),
    [
        ("SELECT", "orders", (), (), False, None),
        ("SELECT", "orders", ("id", "total"), (), False, None),
        ("SELECT", "orders", ("id", "ssn"), (), False, ("SELECT of shop.orders.ssn is not granted to entry 'app'", 9)),
        ("SELECT", "orders", ("ssn", "state"), (), False,
         ("SELECT of the columns ssn, state of shop.orders is not granted to entry 'app'", 9)),
        ("SELECT", "orders", (), (), True,
         ("SELECT of all columns of shop.orders, of which ssn, state are not granted to entry 'app'", 9)),
        ("SELECT", "orders", ("gone",), (), True,
         ("SELECT of all columns of shop.orders, of which ssn, state are not granted to entry 'app'", 9)),
        ("UPDATE", "orders", ("id",), ("total",), False, None),
        ("UPDATE", "orders", ("id", "state"), ("state",), False,
         ("SELECT of shop.orders.state is not granted to entry 'app'", 12)),
        ("UPDATE", "orders", (), ("id",), False, ("UPDATE of shop.orders.id is not granted to entry 'app'", 12)),
        ("UPDATE", "orders", ("ssn",), ("total",), False, ("SELECT of shop.orders.ssn is not granted to entry 'app'", 12)),
        ("INSERT", "orders", (), ("state", "total"), False, None),
        ("INSERT", "orders", (), (), True,
         ("INSERT of all columns of shop.orders, of which id, ssn are not granted to entry 'app'", 12)),
        ("SELECT", "one_a", (), (), True, None),
        ("SELECT", "one_a", ("gone",), (), True, ("SELECT of shop.one_a.gone is not granted to entry 'app'", 13)),
        ("SELECT", "one_b", (), (), True, ("SELECT of shop.one_b.secret is not granted to entry 'app'", 13)),
        ("UPDATE", "users", ("id",), ("name",), False, None),  # all of it may be read
        ("UPDATE", "users", (), (), True,
         ("UPDATE of all columns of shop.users, of which id is not granted to entry 'app'", 14)),
        ("SELECT", "one_x", ("id",), (), False,
         ("SELECT on shop.one_x is granted to entry 'app' by columns only, and the catalog does not know these", 13)),
    ],
)  # fmt: skip
def test_what_is_lacking(
    operation: str,
    table: str,
    read: tuple[str, ...],
    written: tuple[str, ...],
    everything: bool,
    expected: tuple[str, int] | None,
) -> None:
    assert told(ColumnNeed(operation, "shop", table, read, written, everything)) == expected


def test_without_the_catalogs_columns_nothing_is_granted_by_columns() -> None:
    why = "SELECT on shop.orders is granted to entry 'app' by columns only, and the catalog's columns are not read (yet)"
    assert told(ColumnNeed("SELECT", "shop", "orders"), None) == (why, 9)
    empty = TableColumns({"shop\0orders": ()})
    found = told(ColumnNeed("SELECT", "shop", "orders"), empty)
    assert found is not None and found[0].endswith("the catalog does not know these")


def test_a_reason_names_some_of_many() -> None:
    names = tuple(f"c{number:02}" for number in range(20))
    found = told(ColumnNeed("SELECT", "shop", "orders", names))
    assert found is not None
    assert "columns c00, c01, c02, c03, c04, c05, c06, c07 and 12 more of shop.orders" in found[0]


def test_which_needs_are_about_columns() -> None:
    entry = entry_of(compiled(POLICY))
    grants = entry.column_rights
    assert grants is not None
    for one, expected in (
        (need("SELECT", "orders"), True),
        (need("UPDATE", "orders"), True),
        (need("DELETE", "orders"), False),
        (need("UPDATE", "one_a"), False),
        (need("INSERT", "users"), False),
        (need("SELECT", "other"), False),
        (need("SELECT", "orders", ""), False),
        (Need(NEED_ANY_RIGHT, "SELECT", "shop", "orders"), False),
    ):
        assert some_columns(grants, entry.rights, one) is expected, one


def test_a_need_that_nothing_was_resolved_of_is_one_of_all_columns() -> None:
    """Should resolving ever leave one out."""
    entry = entry_of(compiled(POLICY))
    grants = entry.column_rights
    assert grants is not None
    unit = Statement("SELECT", ("SELECT",), ())
    found = lacking(grants, entry.rights, unit, [need("SELECT", "orders")], KNOWN, "app")
    assert found is not None and "all columns of shop.orders" in found[0]
    assert lacking(grants, entry.rights, unit, [need("SELECT", "one_a")], KNOWN, "app") is None


@rows(
    ("sql", "rule"),
    [
        ("SELECT id, total FROM orders", ""),
        ("SELECT o.ID, `Total` FROM shop.orders AS o WHERE o.total > 5 ORDER BY id", ""),
        ("SELECT COUNT(*) FROM orders", ""),
        ("SELECT ssn FROM orders", "column-denied"),
        ("SELECT id FROM orders WHERE ssn = 1", "column-denied"),
        ("SELECT id FROM orders ORDER BY ssn", "column-denied"),
        ("SELECT id FROM orders GROUP BY id HAVING MAX(ssn) > 1", "column-denied"),
        ("SELECT * FROM orders", "column-denied"),
        ("SELECT o.* FROM orders o", "column-denied"),
        ("SELECT * FROM one_a", ""),
        ("SELECT u.name, o.total FROM users u JOIN orders o ON o.id = u.id", ""),
        ("SELECT u.name FROM users u JOIN orders o ON o.ssn = u.id", "column-denied"),
        ("SELECT name FROM users WHERE id IN (SELECT id FROM orders)", ""),
        ("SELECT name FROM users WHERE id IN (SELECT ssn FROM orders)", "column-denied"),
        ("SELECT x FROM (SELECT total AS x FROM orders) d", ""),
        ("SELECT x FROM (SELECT ssn AS x FROM orders) d", "column-denied"),
        ("UPDATE orders SET total = total + 1 WHERE id = 5", ""),
        ("UPDATE orders SET id = 1 WHERE id = 5", "column-denied"),
        ("UPDATE orders SET total = ssn", "column-denied"),
        ("INSERT INTO orders (total, state) VALUES (1, 'x')", ""),
        ("INSERT INTO orders (id, total) VALUES (1, 2)", "column-denied"),
        ("INSERT INTO orders VALUES (1, 2, 3, 4)", "column-denied"),
        ("INSERT INTO orders (total) SELECT id FROM users", ""),
        ("INSERT INTO orders (total) SELECT ssn FROM orders", "column-denied"),
        ("INSERT INTO orders (total) VALUES (1) ON DUPLICATE KEY UPDATE state = 'x'", ""),
        ("INSERT INTO orders (total) VALUES (1) ON DUPLICATE KEY UPDATE id = 3", "column-denied"),
        ("DELETE FROM orders WHERE id = 5", "operation-denied"),
        ("REPLACE INTO orders (total) VALUES (1)", "operation-denied"),
        ("TRUNCATE TABLE orders", "operation-denied"),
        ("UPDATE one_a SET id = 1", "operation-denied"),
        ("SELECT id FROM secret", "table-denied"),
        ("LOCK TABLES orders READ", ""),
        ("DESCRIBE orders", ""),
        ("USE shop", ""),
        ("SELECT id FROM orders; SELECT ssn FROM orders", "column-denied"),
    ],
)
def test_statements(sql: str, rule: str) -> None:
    verdict = judge(sql)
    assert (verdict.rule, verdict.effect) == (rule, BLOCK if rule else ALLOW), verdict.reason
    if rule == "column-denied":
        assert (verdict.step, verdict.entry, verdict.line in (9, 12)) == (10, "app", True)
    if not rule and "orders" in sql and "LOCK" not in sql and "DESCRIBE" not in sql:
        assert judge(sql, None).rule == "column-denied"


def test_a_right_on_the_whole_table_needs_no_catalog() -> None:
    assert judge("SELECT * FROM users", None).effect == ALLOW
    assert judge("UPDATE users SET name = 'x' WHERE id = 5").effect == ALLOW
    assert judge("UPDATE users SET id = 5").rule == "column-denied"


def test_in_monitor_mode_it_would_be_blocked() -> None:
    text = POLICY.replace("  user: app\n", "  user: app\n  mode: monitor\n")
    verdict = judge("SELECT ssn FROM orders", text=text)
    assert (verdict.effect, verdict.rule, verdict.mode, verdict.line) == (
        WOULD_BLOCK,
        "column-denied",
        "monitor",
        10,
    )
    assert judge("SELECT ssn FROM orders; SELECT 1 FROM secret", text=text).rule == "column-denied"
    both = judge("SELECT o.ssn FROM orders o, secret s", text=text)
    assert (both.effect, both.rule) == (WOULD_BLOCK, "table-denied")


def test_a_table_that_may_be_a_temporary_one_may_lack_its_columns() -> None:
    """The catalog says that tmp has a column ssn; a temporary table in its place need not."""
    assert judge("SELECT total FROM orders WHERE EXISTS (SELECT tmp.ssn FROM tmp)").effect == ALLOW
    assert judge("SELECT total FROM orders WHERE EXISTS (SELECT ssn FROM tmp)").rule == "column-denied"
    owner = POLICY.replace("operations: [SELECT, CREATE]", "operations: [SELECT]")
    assert judge("SELECT total FROM orders WHERE EXISTS (SELECT ssn FROM tmp)", text=owner).effect == ALLOW


MAKER = """\
access_control:
- name: app
  user: app
  grants:
  - {tables: "shop.*", operations: [CREATE]}
  - {tables: shop.orders, operations: [SELECT], columns: [id, total]}
  - {tables: shop.users, operations: [SELECT], columns: [id, name]}
"""


@rows(
    ("sql", "rule"),
    [
        ("SELECT id, total FROM orders", ""),
        ("SELECT ssn FROM orders", "column-denied"),
        ("SELECT o.id FROM orders o JOIN users u ON u.id = o.id", ""),
        ("SELECT * FROM orders", "column-denied"),
        ("SELECT id FROM orders o WHERE EXISTS (SELECT u.name FROM users u WHERE u.id = o.total)", ""),
        ("SELECT id FROM orders WHERE EXISTS (SELECT name FROM users)", ""),
        ("SELECT name FROM users WHERE EXISTS (SELECT total FROM orders)", ""),
        # users may be a temporary table by now, without any of these columns
        ("SELECT id FROM orders WHERE EXISTS (SELECT ssn FROM users)", "column-denied"),
    ],
)
def test_who_may_create_tables_and_read_columns_of_them(sql: str, rule: str) -> None:
    known = TableColumns({"shop\0orders": ("id", "total", "ssn"), "shop\0users": ("id", "name")})
    assert judge(sql, known, MAKER).rule == rule
    if "EXISTS (SELECT ssn" in sql:
        more = TableColumns({"shop\0orders": ("id", "total", "ssn"), "shop\0users": ("id", "name", "ssn")})
        granted = MAKER.replace("[id, name]", "[id, name, ssn]")
        verdict = judge(sql, more, granted)
        assert verdict.reason == "SELECT of shop.orders.ssn is not granted to entry 'app'"
        assert judge(sql, more, granted.replace("CREATE", "DROP")).effect == ALLOW


def test_very_many_tables_that_may_be_temporary_ones() -> None:
    known = TableColumns({f"shop\0t{number}": ("id", "ssn") for number in range(20)})
    text = MAKER.replace("shop.orders", '"shop.t*"')

    def first(count: int) -> str:
        return "SELECT t0.id FROM " + ", ".join(f"t{number}" for number in range(count))

    assert judge(first(16), known, text).effect == ALLOW
    assert "all columns of shop.t16" in judge(first(17), known, text).reason
    assert judge(first(17), known, text.replace("CREATE", "DROP")).effect == ALLOW


def test_names_that_are_folded() -> None:
    policy = compiled(POLICY.replace("[shop.orders]", "[Shop.Orders]"))
    for folded, effect in ((True, ALLOW), (False, BLOCK)):
        context = LexContext(MARIADB, 101106, fold_names=folded)
        found = analyze(b"SELECT ID FROM Orders", context, "shop")
        assert decide(policy, find_entry(policy, "app", "10.0.0.1"), found, columns=KNOWN).effect == effect


def test_nothing_is_known_of_the_statement() -> None:
    policy = compiled(POLICY)
    for table, effect in (("orders", BLOCK), ("one_a", ALLOW), ("users", ALLOW)):
        found = decide(policy, entry_of(policy), analysis(statement("SELECT", table)), columns=KNOWN)
        assert found.effect == effect


COLUMNS = ("id", "total", "state", "ssn")
STATEMENTS = (
    "SELECT {0} FROM orders WHERE {1} > 1",
    "SELECT {0}, o.{1} FROM orders o ORDER BY {2}",
    "SELECT * FROM orders",
    "SELECT COUNT(*) FROM orders",
    "UPDATE orders SET {0} = {1} WHERE {2} = 1",
    "INSERT INTO orders ({0}) VALUES (1) ON DUPLICATE KEY UPDATE {1} = {2}",
    "INSERT INTO orders VALUES (1, 2, 3, 4)",
    "SELECT x FROM (SELECT {0} AS x FROM orders) d WHERE x IN (SELECT {1} FROM users)",
)
NAMES = st.sampled_from(COLUMNS)


@given(
    st.sampled_from(STATEMENTS),
    st.tuples(NAMES, NAMES, NAMES),
    st.sets(NAMES, min_size=1),
    st.sets(st.sampled_from(["SELECT", "INSERT", "UPDATE"]), min_size=1),
    NAMES,
)
def test_another_column_never_takes_a_right_away(
    template: str, names: tuple[str, str, str], granted: set[str], operations: set[str], more: str
) -> None:
    found = analyze(template.format(*names).encode(), CONTEXT, "shop")

    def effect(columns: set[str]) -> int:
        policy = compiled(
            "access_control:\n- {user: app, allowed_tables: shop.users, allowed_operations: SELECT, grants: [{tables: "
            f"shop.orders, operations: [{', '.join(sorted(operations))}], columns: [{', '.join(sorted(columns))}]}}]}}\n"
        )
        return decide(policy, entry_of(policy), found, columns=KNOWN).effect

    assert effect({*granted, more}) <= effect(granted)


@given(
    st.sets(NAMES, min_size=1), st.sets(NAMES, min_size=1), st.sets(NAMES),
    st.sampled_from(["SELECT", "INSERT", "UPDATE"]),
)  # fmt: skip
def test_what_is_lacking_is_what_was_not_granted(
    granted: set[str], readable: set[str], read: set[str], operation: str
) -> None:
    entry = entry_of(compiled(POLICY))
    numbers = entry.rights.grants_on("shop", "orders")
    grants = ColumnGrants()
    grants.add(numbers[0], operations_mask([operation]), sorted(granted), 1)
    grants.add(numbers[1], operations_mask(["SELECT"]), sorted(readable), 1)
    one = ColumnNeed(operation, "shop", "orders", tuple(sorted(read)))
    may_read = granted | readable if operation == "SELECT" else readable
    assert (lacks(grants, entry.rights, one, KNOWN, "app") is None) == (read <= may_read)
    everything = ColumnNeed(operation, "shop", "orders", (), (), True)
    mine = may_read if operation == "SELECT" else granted
    assert (lacks(grants, entry.rights, everything, KNOWN, "app") is None) == (mine >= set(COLUMNS))
