"""Names of columns put to the tables of a catalog."""

from __future__ import annotations

from dbgate.sql.columns import fold_column, resolve
from dbgate.sql.columnshape import LOOSE, QUALIFIED
from dbgate.sql.statement import NEED_BARE, NEED_TABLE, ColumnNeed, ColumnUses, Need, Statement
from tests.rows import rows
from tests.unit.sql.column_world import KNOWN, shown, touched
from tests.unit.sql.contexts import one


def test_nothing_known() -> None:
    statement = one("SELECT id FROM orders")
    everything = (ColumnNeed("SELECT", "shop", "orders", (), (), True),)
    assert resolve(statement, None) == everything
    statement.columns = None
    assert resolve(statement, KNOWN) == everything
    for broken in (b"", b"\x01", b"\x01\x01\x00\x09", b"\x02\xff"):
        statement.columns = ColumnUses((), broken)
        assert resolve(statement, KNOWN) == everything
    statement.columns = ColumnUses((), b"\x01\x01\x00\x00\x00")
    assert resolve(statement, KNOWN) == everything
    bare = Statement("SELECT", (), (Need(NEED_BARE, "SELECT"),))
    assert resolve(bare, KNOWN) == () and resolve(bare, None) == ()
    bare.columns = ColumnUses((), b"\x01\x00\x00\x00")
    assert resolve(bare, KNOWN) == ()


def test_a_statement_that_takes_too_long_touches_everything() -> None:
    deep = Statement("SELECT", (), (Need(NEED_TABLE, "SELECT", "shop", "orders"),))
    count = 200
    queries = [count, *(2 * number for number in range(count))]
    source = [1, 0, 1, 2, 2, 0, 0]
    uses = [LOOSE, count - 1, 3] * 2000
    deep.columns = ColumnUses(("SELECT", "shop", "orders", "x"), _wide([*queries, *source, 0, *uses]))
    assert shown(resolve(deep, KNOWN)) == "SELECT orders *"
    deep.columns = ColumnUses(("SELECT", "shop", "orders", "x"), _wide([*queries, *source, 0, *uses[:30]]))
    assert shown(resolve(deep, KNOWN)) == "SELECT orders"
    deep.columns = ColumnUses(
        ("SELECT", "shop", "orders", "id"), _wide([*queries, *source, 0, QUALIFIED, 1, 2, 3])
    )
    assert shown(resolve(deep, KNOWN)) == "SELECT orders id"


def _wide(numbers: list[int]) -> bytes:
    return b"\x02" + b"".join(number.to_bytes(2, "big") for number in numbers)


def test_values() -> None:
    assert (
        fold_column("ID ") == "id" and fold_column("\u0130D") == "\u0130d" and fold_column("Größe") == "größe"
    )
    assert KNOWN.of("shop", "people") == frozenset(("id", "name", "ssn", "order_id"))
    assert KNOWN.of("shop", "nothing") is None


@rows(
    ("sql", "expected"),
    [
        ("SELECT o.id, p.name FROM orders o JOIN people AS p ON p.order_id = o.id", "SELECT orders id; SELECT people name order_id"),
        ("SELECT x.ssn, x.* FROM orders, people", "SELECT orders ssn *; SELECT people ssn *"),
        ("SELECT d.ssn FROM orders, (SELECT 1) d", "SELECT orders"),
        ("SELECT o.unknown, o.* FROM orders o", "SELECT orders unknown *"),
        ("SELECT * FROM orders", "SELECT orders *"),
        ("SELECT _rowid FROM orders", "SELECT orders *"),
        ("SELECT row_start FROM hist, orders", "SELECT hist row_start; SELECT orders"),
        ("SELECT 1 FROM orders WHERE EXISTS (SELECT 1 FROM unheard WHERE total = 1)", "SELECT orders total; SELECT unheard *"),
        ("SELECT ID, sşn, `größe`, 主, ßn FROM wide", "SELECT wide größe ssn ıd"),
        ("UPDATE orders o JOIN people p SET o.note = p.name, p.ssn = 1", "UPDATE orders +note; UPDATE people name +ssn"),
        ("UPDATE orders JOIN people SET note = name, ssn = 1", "UPDATE orders +note +ssn; UPDATE people name +ssn"),
        ("UPDATE orders JOIN people SET nowhere = 1", "UPDATE orders *; UPDATE people *"),
        ("SHOW CREATE TABLE orders", ""),
    ],
)  # fmt: skip
def test_names_put_to_tables(sql: str, expected: str) -> None:
    assert touched(sql) == expected
