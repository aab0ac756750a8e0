"""Which columns a statement touches, as far as its text and the catalog's columns tell."""

from __future__ import annotations

from dbgate.sql.columns import TableColumns, fold_column, resolve
from dbgate.sql.columnshape import LOOSE, QUALIFIED
from dbgate.sql.statement import NEED_BARE, NEED_TABLE, ColumnNeed, ColumnUses, LexContext, Need, Statement
from tests.rows import rows
from tests.unit.sql.contexts import ANSI, MA, MY, one

KNOWN = TableColumns(
    {
        "shop\0orders": ("id", "total", "ssn", "note", "user_id", "created", "value", "offset"),
        "shop\0people": ("id", "name", "ssn", "order_id"),
        "shop\0items": ("id", "order_id", "price", "status", "date", "year", "day", "rank"),
        "vault\0orders": ("id", "secret"),
        "shop\0wide": ("größe", "ssn", "ıd"),
        "shop\0hist": ("id", "row_start"),
    }
)


def shown(needs: tuple[ColumnNeed, ...]) -> str:
    """ "SELECT orders id total; INSERT orders +id *": the columns read, those written, all."""
    out: list[str] = []
    for need in needs:
        schema = "" if need.schema == "shop" else need.schema + "."
        parts = [need.operation, schema + need.table, *need.read, *("+" + name for name in need.written)]
        out.append(" ".join(parts + ["*"] * need.everything))
    return "; ".join(sorted(out))


def touched(sql: str, ctx: LexContext = MA) -> str:
    return shown(resolve(one(sql, ctx), KNOWN))


@rows(
    ("sql", "expected"),
    [
        ("SELECT id, total FROM orders WHERE user_id = ?", "SELECT orders id total user_id"),
        ("SELECT ID, `Total` FROM orders", "SELECT orders id total"),
        ("SELECT o.id, p.name FROM orders o JOIN people AS p ON p.order_id = o.id", "SELECT orders id; SELECT people name order_id"),
        ("SELECT shop.orders.total FROM shop.orders, vault.orders WHERE secret = 1", "SELECT orders total; SELECT vault.orders secret total"),
        ("SELECT o.unknown FROM orders o", "SELECT orders unknown"),
        ("SELECT x.ssn FROM orders o, people", "SELECT orders ssn; SELECT people ssn"),
        ("SELECT x.* FROM orders o, people", "SELECT orders *; SELECT people *"),
        ("SELECT id FROM orders, people WHERE name = 1", "SELECT orders id; SELECT people id name"),
        ("SELECT total AS ssn, note ssn FROM orders", "SELECT orders note total"),
        ("SELECT COUNT(*) ssn, SUM(total) note FROM orders", "SELECT orders total"),
        ("SELECT 1 ssn, 'a' ssn, ? ssn, o.id ssn, `id` ssn, (id) ssn, @a ssn FROM orders o", "SELECT orders id"),
        ("SELECT id + total ssn FROM orders", "SELECT orders id total"),
        ("SELECT SQL_NO_CACHE ssn FROM orders", "SELECT orders ssn"),
        ("SELECT BINARY ssn FROM orders", "SELECT orders ssn"),
        ("SELECT {x ssn} FROM orders", "SELECT orders ssn"),
        ("SELECT 'a' LIKE 'b' ESCAPE ssn FROM orders", "SELECT orders ssn"),
        ("SELECT id ESCAPE ssn FROM orders", "SELECT orders id ssn"),
        ("SELECT ssn", ""),
        ("SELECT * FROM orders", "SELECT orders *"),
        ("SELECT DISTINCT * FROM orders, people", "SELECT orders *; SELECT people *"),
        ("SELECT id, o.* FROM orders o JOIN people p", "SELECT orders id *; SELECT people id"),
        ("SELECT id * total, 2 * ssn, COUNT(*) FROM orders", "SELECT orders id ssn total"),
        ("SELECT COUNT(*) FROM orders", "SELECT orders"),
        ("SELECT 1 FROM orders", "SELECT orders"),
        ("TABLE orders", "SELECT orders *"),
        ("SELECT id FROM orders UNION TABLE people", "SELECT orders id; SELECT people *"),
        ("SELECT orders.id FROM orders NATURAL JOIN people", "SELECT orders id *; SELECT people *"),
        ("SELECT name FROM orders JOIN people USING (id, ssn)", "SELECT orders id ssn; SELECT people id name ssn"),
        ("SELECT id FROM unheard", "SELECT unheard *"),
        ("SELECT o._rowid FROM orders o", "SELECT orders *"),
        ("SELECT _rowid FROM orders", "SELECT orders *"),
        ("SELECT row_start FROM orders", "SELECT orders *"),
        ("SELECT row_start FROM hist, orders", "SELECT hist row_start; SELECT orders"),
        ("SELECT id FROM orders ORDER BY note, total LIMIT 5 OFFSET 6", "SELECT orders id note total"),
        ("SELECT id FROM orders GROUP BY note HAVING MAX(total) > 1 ORDER BY value", "SELECT orders id note total value"),
        ("SELECT id AS total FROM orders ORDER BY total", "SELECT orders id total"),
        ("SELECT GROUP_CONCAT(DISTINCT id ORDER BY note SEPARATOR ',') FROM orders", "SELECT orders id note"),
        ("SELECT SUM(id) OVER (PARTITION BY note ORDER BY total ROWS 1 PRECEDING) FROM orders", "SELECT orders id note total"),
        ("SELECT SUM(id) OVER w FROM orders WINDOW w AS (ORDER BY ssn)", "SELECT orders id ssn"),
        ("SELECT id FROM orders FOR UPDATE", "SELECT orders id"),
        ("SELECT id FROM orders WHERE (total, note) IN (SELECT price, status FROM items)", "SELECT items price status; SELECT orders id note total"),
        ("SELECT MATCH(note, value) AGAINST ('x' IN BOOLEAN MODE) FROM orders", "SELECT orders note value"),
        ("SELECT id, (SELECT MAX(price) FROM items WHERE order_id = orders.id) FROM orders", "SELECT items order_id price; SELECT orders id"),
        ("SELECT id FROM orders ORDER BY (SELECT name FROM people WHERE people.id = user_id)", "SELECT orders id user_id; SELECT people id name"),
        ("SELECT id FROM orders LIMIT 1 PROCEDURE ANALYSE()", "SELECT orders id"),
        ("SELECT f(ssn), `g`(note), vault.h(total) FROM orders", "SELECT orders note ssn total"),
        ("SELECT id FROM orders WHERE created > DATE '2020-01-01'", "SELECT orders created id"),
        ("SELECT `größe` FROM wide", "SELECT wide größe"),
        ("SELECT GRÖßE FROM wide", "SELECT wide größe"),
        ("SELECT sşn FROM wide", "SELECT wide ssn"),
        ("SELECT ID FROM wide", "SELECT wide ıd"),
        ("SELECT 主 FROM orders", "SELECT orders"),
        ("SELECT id FROM orders o WHERE o.ſſn = 1", "SELECT orders id ssn ſſn"),
    ],
)  # fmt: skip
def test_reads(sql: str, expected: str) -> None:
    assert touched(sql) == expected


@rows(
    ("sql", "expected"),
    [
        # innermost first, and the queries around where it may be of both
        ("SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM people WHERE ssn = 1)", "SELECT orders id; SELECT people ssn"),
        ("SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM people WHERE total = 1)", "SELECT orders id total; SELECT people"),
        ("SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM unheard WHERE total = 1)", "SELECT orders id total; SELECT unheard *"),
        ("SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM people JOIN items ON ssn = 1)", "SELECT items; SELECT orders id ssn; SELECT people ssn"),
        ("SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM people JOIN items ON (ssn) = (SELECT ssn))", "SELECT items; SELECT orders id ssn; SELECT people ssn"),
        ("SELECT 1 FROM orders WHERE (SELECT 1 FROM people HAVING ssn = 1)", "SELECT orders ssn; SELECT people ssn"),
        ("SELECT 1 FROM orders WHERE 1 IN (SELECT 1 UNION SELECT id FROM people ORDER BY ssn)", "SELECT orders id ssn; SELECT people id ssn"),
        ("SELECT 1 FROM orders WHERE 1 IN (SELECT 1 UNION (SELECT id FROM people ORDER BY total))", "SELECT orders total; SELECT people id"),
        ("(SELECT id FROM orders) ORDER BY ssn", "SELECT orders id ssn"),
        ("((SELECT id FROM orders)) ORDER BY ssn", "SELECT orders id ssn"),
        ("SELECT 1 FROM ((SELECT id FROM orders) ORDER BY ssn) d", "SELECT orders id ssn"),
        ("UPDATE orders SET note = (SELECT name FROM people) ORDER BY ssn LIMIT 1", "SELECT people name; UPDATE orders ssn +note"),
        # derived tables do not see their neighbours, LATERAL does
        ("SELECT d.x FROM orders, (SELECT status x FROM items GROUP BY total) d", "SELECT items status; SELECT orders"),
        ("SELECT d.* FROM orders, (SELECT status x FROM items) d", "SELECT items status; SELECT orders"),
        ("SELECT d.x FROM orders, (SELECT status x FROM items) AS d", "SELECT items status; SELECT orders"),
        ("SELECT 1 FROM orders WHERE 1 IN (SELECT 1 FROM people, (SELECT 1 FROM items WHERE total = name) d)", "SELECT items; SELECT orders total; SELECT people"),
        ("SELECT 1 FROM orders WHERE 1 IN (SELECT 1 FROM people, ((SELECT id FROM items) UNION (SELECT ssn FROM items)) d)", "SELECT items id; SELECT orders ssn; SELECT people"),
        ("SELECT 1 FROM (people JOIN (SELECT ssn FROM items) d)", "SELECT items; SELECT people"),
        ("SELECT 1 FROM orders WHERE 1 IN (SELECT 1 FROM people, LATERAL (SELECT ssn) d)", "SELECT orders ssn; SELECT people ssn"),
        ("SELECT 1 FROM orders, JSON_TABLE(note, '$[*]' COLUMNS (total INT PATH '$')) AS j WHERE j.total = 1", "SELECT orders note"),
        ("SELECT total FROM orders, (SELECT price FROM items) d", "SELECT items price; SELECT orders total"),
        ("SELECT price FROM orders, (SELECT price FROM items) d", "SELECT items price; SELECT orders"),
        # WITH
        ("WITH t (ssn) AS (SELECT name FROM people) SELECT t.ssn, total FROM t, orders", "SELECT orders total; SELECT people name"),
        ("WITH orders AS (SELECT name AS ssn FROM people) SELECT orders.ssn FROM orders", "SELECT people name"),
        ("WITH t AS (SELECT * FROM orders) SELECT id FROM t", "SELECT orders *"),
        ("WITH RECURSIVE t AS (SELECT id FROM orders UNION SELECT note FROM t, orders) SELECT * FROM t u", "SELECT orders id note"),
        ("WITH t AS (SELECT ssn) UPDATE orders SET note = 1", "UPDATE orders +note"),
        ("SELECT 1 FROM orders WHERE id IN (WITH t AS (SELECT total) SELECT * FROM t)", "SELECT orders id total"),
        ("SELECT 1 FROM orders WHERE EXISTS (SELECT * FROM people WHERE id = user_id)", "SELECT orders user_id; SELECT people id"),
        ("SELECT 1 FROM orders WHERE EXISTS (SELECT * FROM people WHERE (id) = 1 HAVING 1)", "SELECT orders; SELECT people id *"),
        ("SELECT 1 FROM orders WHERE EXISTS (SELECT *, name FROM people)", "SELECT orders; SELECT people name *"),
        ("SELECT EXISTS (SELECT * FROM people UNION SELECT 1)", "SELECT people *"),
        ("SELECT EXISTS (SELECT * FROM people WHERE id IN (" + "1, " * 200 + "1))", "SELECT people id *"),
    ],
)  # fmt: skip
def test_scopes(sql: str, expected: str) -> None:
    assert touched(sql) == expected


@rows(
    ("sql", "expected"),
    [
        ("INSERT INTO orders (id, `total`) VALUES (1, 2)", "INSERT orders +id +total"),
        ("INSERT INTO orders (orders.id, shop.orders.total) VALUES (1, 2)", "INSERT orders +id +total"),
        ("INSERT INTO orders PARTITION (p0) (value) VALUES (id + 1)", "INSERT orders id +value"),
        ("INSERT INTO orders () VALUES ()", "INSERT orders"),
        ("INSERT INTO orders VALUES (1)", "INSERT orders *"),
        ("INSERT INTO orders (SELECT id FROM people)", "INSERT orders *; SELECT people id"),
        ("INSERT INTO orders (id) SELECT ssn FROM people", "INSERT orders +id; SELECT people ssn"),
        ("INSERT INTO orders (id) SELECT total FROM people", "INSERT orders +id; SELECT people"),
        ("INSERT INTO orders (id) VALUES ((SELECT MAX(name) FROM people))", "INSERT orders +id; SELECT people name"),
        ("INSERT INTO orders (1) VALUES (1)", "INSERT orders *"),
        ("INSERT INTO orders SET id = 1, note = CONCAT(ssn, 'x')", "INSERT orders ssn +id +note"),
        ("INSERT INTO orders SET id 1", "INSERT orders id *"),
        ("INSERT INTO orders (id, note) VALUES (1, 2) ON DUPLICATE KEY UPDATE total = total + VALUES(note)", "INSERT orders +id +note; UPDATE orders +total"),
        ("INSERT INTO orders (id) VALUES (1) ON DUPLICATE KEY UPDATE orders.note = ssn, total = (SELECT name FROM people)", "INSERT orders +id; SELECT people name; UPDATE orders ssn +note +total"),
        ("INSERT INTO orders SET id = 1 ON DUPLICATE KEY UPDATE note = 1", "INSERT orders +id; UPDATE orders +note"),
        ("INSERT INTO orders (id) SELECT name FROM people p ON DUPLICATE KEY UPDATE note = ssn + p.order_id", "INSERT orders +id; SELECT people name order_id ssn; UPDATE orders ssn +note"),
        ("INSERT INTO orders (id) (SELECT name FROM people) ON DUPLICATE KEY UPDATE note = order_id", "INSERT orders +id; SELECT people name order_id; UPDATE orders +note"),
        ("INSERT INTO orders (id) SELECT 1 FROM people UNION SELECT 2 FROM people ON DUPLICATE KEY UPDATE note = 1", "INSERT orders *; SELECT people *; UPDATE orders *"),
        ("INSERT INTO orders (id) VALUES (1) RETURNING note, total + 1", "INSERT orders +id; SELECT orders note total"),
        ("INSERT INTO orders SET id = 1 RETURNING *", "INSERT orders +id; SELECT orders *"),
        ("INSERT INTO orders (id) VALUES (1) ON DUPLICATE KEY UPDATE note = 2 RETURNING ssn, id", "INSERT orders +id; SELECT orders id ssn; UPDATE orders +note"),
        ("REPLACE INTO orders (id) VALUES (1)", "REPLACE orders +id *"),
        ("UPDATE orders SET note = total WHERE id = 1", "UPDATE orders id total +note"),
        ("UPDATE orders o SET o.note = 1, shop.o.total = total + 1", "UPDATE orders +note +total"),
        ("UPDATE orders o JOIN people p ON p.order_id = o.id SET o.note = p.name, p.ssn = 1", "UPDATE orders id +note; UPDATE people name order_id +ssn"),
        ("UPDATE orders o JOIN people p ON p.order_id = o.id SET o.note = p.name", "SELECT people name order_id; UPDATE orders id +note"),
        ("UPDATE orders JOIN people SET note = name, ssn = 1", "UPDATE orders +note +ssn; UPDATE people name +ssn"),
        ("UPDATE orders JOIN people SET nowhere = 1", "UPDATE orders *; UPDATE people *"),
        ("UPDATE orders JOIN (SELECT name FROM people) d SET note = name", "SELECT people name; UPDATE orders +note"),
        ("DELETE FROM orders WHERE id = 1 ORDER BY note", "DELETE orders id note"),
        ("DELETE o FROM orders o JOIN people p ON p.id = o.id", "DELETE orders id; SELECT people id"),
        ("DELETE FROM orders WHERE id = 1 RETURNING note", "DELETE orders id; SELECT orders note"),
        ("LOAD DATA INFILE 'x' INTO TABLE orders (id)", "INSERT orders *"),
        ("HANDLER orders OPEN", "HANDLER orders *; SELECT orders *"),
        ("CHECKSUM TABLE orders", "SELECT orders *"),
        ("CREATE TABLE t2 LIKE orders", "CREATE t2 *; SELECT orders *"),
        ("CREATE TABLE t2 SELECT id FROM orders", "CREATE t2 *; SELECT orders id"),
        ("CREATE TABLE t2 (SELECT id FROM orders) ORDER BY ssn", "CREATE t2 *; SELECT orders id ssn"),
        ("CREATE VIEW v (x, ssn) AS SELECT id, note FROM orders", "CREATE v *; SELECT orders id note"),
        ("EXPLAIN SELECT id FROM orders", "SELECT orders id"),
        ("DO (SELECT id FROM orders)", "SELECT orders id"),
        ("SET @a = (SELECT id FROM orders)", "SELECT orders id"),
        ("CALL p((SELECT id FROM orders))", "SELECT orders id"),
        ("SHOW TABLES WHERE 1 IN (SELECT id FROM orders)", "SELECT orders id"),
    ],
)  # fmt: skip
def test_statements(sql: str, expected: str) -> None:
    assert touched(sql) == expected


@rows(
    ("sql", "expected"),
    [
        ("SELECT date, status FROM items", "date status"),
        ("SELECT EXTRACT(YEAR FROM date) FROM items", "date"),
        ("SELECT TIMESTAMPDIFF(DAY, id, date), TIMESTAMPADD(YEAR, 1, price) FROM items", "date id price"),
        ("SELECT GET_FORMAT(DATE, 'EUR') FROM items", ""),
        ("SELECT date + INTERVAL id DAY, INTERVAL 1 YEAR + price FROM items", "date id price"),
        ("SELECT date + INTERVAL (id) DAY, id + INTERVAL items.id + price YEAR FROM items", "date id price"),
        ("SELECT id FROM items WHERE year = day", "day id year"),
        ("SELECT id FROM items WHERE NOT year", "id year"),
        ("SELECT id FROM items WHERE id + price DAY", "id price"),
        ("SELECT SQL_NO_CACHE year FROM items", "year"),
        ("SELECT CAST(id AS DATE), CONVERT(price, DATE), CONVERT(id USING utf8) FROM items", "id price"),
        ("SELECT CONVERT((id), DATE), f(id, date), IF((id), 1, date) FROM items", "date id"),
        ("SELECT id FROM items ORDER BY status COLLATE utf8mb4_bin", "id status"),
        ("SELECT id FROM items WHERE date = DATE '2020-01-01'", "date id"),
        ("SELECT id FROM items PARTITION (date) i USE INDEX (year) WHERE i.status = 1", "id status"),
        ("SELECT id FROM items FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01'", "id"),
        ("SELECT id->'$.x', price->>'$[1]' FROM items", "id price"),
        ("SELECT @x := id, @@version FROM items", "id"),
        ("SELECT id FROM items WHERE id = 'date' AND \"year\" = 1", "id"),
        ("SELECT .id FROM items", "id"),
        ("SELECT id FROM items GROUP BY status WITH ROLLUP", "id status"),
    ],
)  # fmt: skip
def test_words_that_are_columns_or_not(sql: str, expected: str) -> None:
    assert touched(sql) == f"SELECT items {expected}".rstrip()
    assert touched(sql, MY) in (f"SELECT items {expected}".rstrip(), "")


@rows(
    ("sql", "expected"),
    [
        ("SELECT rank FROM items", "SELECT items rank"),
        ("SELECT offset FROM orders LOCK IN SHARE MODE", "SELECT orders offset"),
        ("SELECT id FROM orders FOR UPDATE OF orders SKIP LOCKED", "SELECT orders id"),
        ("SELECT RANK() OVER (ORDER BY id) FROM items", "SELECT items id"),
        ("INSERT INTO orders (id) VALUES (1) AS new ON DUPLICATE KEY UPDATE note = new.total", "INSERT orders +id; UPDATE orders +note"),
        ("SELECT id FROM people WHERE id MEMBER OF ('[1]')", "SELECT people id"),
        ("VALUES ROW(1), ROW((SELECT id FROM people))", "SELECT people id"),
        ("SELECT id FROM people WINDOW w AS (ORDER BY name)", "SELECT people id name"),
        ("SELECT id FROM people QUALIFY ssn > 1", "SELECT people id ssn"),
        ("SELECT id FROM orders EXCEPT SELECT ssn FROM people", "SELECT orders id; SELECT people ssn"),
        ("SELECT LATERAL FROM orders", "SELECT orders"),
    ],
)  # fmt: skip
def test_mysql(sql: str, expected: str) -> None:
    assert touched(sql, MY) == expected


def test_quoted_by_double_quotes() -> None:
    assert touched('SELECT "id", o."total" FROM orders o', ANSI) == "SELECT orders id total"


def test_bodies_and_several_tables_of_one_name() -> None:
    body = "CREATE PROCEDURE p() BEGIN SELECT id FROM orders; UPDATE orders SET note = total; HANDLER people OPEN; END"
    assert touched(body) == "HANDLER people *; SELECT orders id; SELECT people *; UPDATE orders total +note"
    sql = "SELECT (SELECT ssn FROM people) FROM people WHERE id = 1"
    assert touched(sql) == "SELECT people id ssn"
    trigger = "CREATE TRIGGER t BEFORE INSERT ON items FOR EACH ROW UPDATE orders SET note = NEW.total"
    assert touched(trigger) == "CREATE items *; UPDATE orders +note"


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
