"""The numbers of a ColumnUses, packed, unpacked and put together."""

from __future__ import annotations

from dbgate.sql.columnshape import combine, pack, unpack
from tests.unit.sql.column_world import touched


def test_bodies_and_several_tables_of_one_name() -> None:
    body = "CREATE PROCEDURE p() BEGIN SELECT id FROM orders; UPDATE orders SET note = total; HANDLER people OPEN; END"
    assert touched(body) == "HANDLER people *; SELECT orders id; SELECT people *; UPDATE orders total +note"
    sql = "SELECT (SELECT ssn FROM people) FROM people WHERE id = 1"
    assert touched(sql) == "SELECT people id ssn"
    trigger = "CREATE TRIGGER t BEFORE INSERT ON items FOR EACH ROW UPDATE orders SET note = NEW.total"
    assert touched(trigger) == "CREATE items *; UPDATE orders +note"


def test_packed_and_unpacked() -> None:
    small = pack({"a": 0}, [0, 1, 255])
    wide = pack({"a": 0}, [0, 256, 65535])
    assert small is not None and small.names == ("a",) and unpack(small.shape) == [0, 1, 255]
    assert wide is not None and unpack(wide.shape) == [0, 256, 65535]
    assert pack({"a": 0}, [65536]) is None


def test_put_together() -> None:
    """Names and queries get new numbers; what has no query around it keeps none."""
    one = pack({"SELECT": 0, "s": 1, "t": 2, "d": 3, "c": 4}, [2, 0, 3, 1, 0, 1, 2, 2, 1, 0, 1, 3, 0, 1, 4])
    two = pack({"SELECT": 0, "s": 1, "u": 2, "c": 3}, [2, 0, 2, 1, 0, 1, 2, 2, 1, 1, 0, 3, 0, 2, 3])
    assert one is not None and two is not None
    both = combine([one, two])
    assert both is not None and both.names == ("SELECT", "s", "t", "d", "c", "u")
    assert unpack(both.shape) == [
        *(4, 0, 3, 0, 6),
        *(2, 0, 1, 2, 2, 1, 0, 0, 1, 5, 5, 3, 1),
        *(1, 3),
        *(0, 1, 4),
        *(3, 2, 5, 4),
    ]  # fmt: skip
