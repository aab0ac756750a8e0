"""What a name in a text is: a column that is read or written, an alias, a word of the grammar."""

from __future__ import annotations

from tests.rows import rows
from tests.unit.sql.column_world import touched
from tests.unit.sql.contexts import ANSI, MY


@rows(
    ("sql", "expected"),
    [
        ("SELECT id, total FROM orders WHERE user_id = ?", "SELECT orders id total user_id"),
        ("SELECT ID, `Total` FROM orders", "SELECT orders id total"),
        ("SELECT \u0130D, t\u00f6tal FROM orders", "SELECT orders id total"),  # MySQL 9 takes the first for ID
        ("SELECT o.id, p.name FROM orders o JOIN people AS p ON p.order_id = o.id", "SELECT orders id; SELECT people name order_id"),
        ("SELECT shop.orders.total FROM shop.orders, vault.orders WHERE secret = 1", "SELECT orders total; SELECT vault.orders secret"),
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


@rows(
    ("sql", "expected"),
    [
        ("SELECT d.x FROM orders, (SELECT status x FROM items GROUP BY total) d", "SELECT items status; SELECT orders"),
        ("SELECT id FROM orders WHERE EXISTS (SELECT * FROM people WHERE (id) = user_id)", "SELECT orders id user_id; SELECT people id"),
        ("SELECT EXISTS (SELECT * FROM people HAVING 1)", "SELECT people *"),
        ("SELECT EXISTS (SELECT * FROM people WHERE id IN (" + "1, " * 200 + "1))", "SELECT people id *"),
        ("INSERT INTO orders (id, note) VALUES (1, 2) ON DUPLICATE KEY UPDATE total = VALUES(ssn)", "INSERT orders ssn +id +note; UPDATE orders +total"),
        ("INSERT INTO orders (id) SELECT 1 FROM people UNION SELECT 2 FROM people ON DUPLICATE KEY UPDATE note = 1", "INSERT orders *; SELECT people *; UPDATE orders *"),
        ("UPDATE orders o JOIN people p SET o.note = p.name, p.ssn = 1", "UPDATE orders +note; UPDATE people name +ssn"),
        ("SELECT x.ssn FROM orders FOR SYSTEM_TIME ALL x WHERE 1 IN (SELECT 1 FROM people x)", "SELECT orders ssn; SELECT people ssn"),
        ("SELECT x.ssn FROM orders FOR SYSTEM_TIME ALL AS x JOIN items USING (id) WHERE 1 IN (SELECT 1 FROM people x)", "SELECT items id; SELECT orders id ssn; SELECT people ssn"),
        ("SELECT id" + " FROM orders, items FOR SYSTEM_TIME ALL" + " x" * 5000, "SELECT items *; SELECT orders *"),
        ("SELECT CONVERT(" + "1 + " * 150 + "id, DATE) FROM items", "SELECT items date id"),
        ("SELECT " + "(SELECT 1), " * 5001 + "id FROM orders", "SELECT orders *"),
    ],
)  # fmt: skip
def test_more(sql: str, expected: str) -> None:
    assert touched(sql) == expected


def test_notes_of_a_body_and_of_its_statements() -> None:
    body = "CREATE PROCEDURE p() IF (SELECT total FROM orders) THEN SELECT id FROM people; END IF"
    assert touched(body) == "SELECT orders total; SELECT people id"
