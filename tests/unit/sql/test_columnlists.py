"""Columns that are written, and those that statements touch besides."""

from __future__ import annotations

from dbgate.sql.columnlists import assigned, behind_list, inserted, last_part, row_names
from dbgate.sql.lexer import lex
from tests.rows import rows
from tests.unit.sql.column_world import touched
from tests.unit.sql.contexts import MA


@rows(
    ("sql", "expected"),
    [
        ("INSERT INTO orders (id, `total`) VALUES (1, 2)", "INSERT orders +id +total"),
        ("INSERT INTO orders (orders.id, shop.orders.total) VALUES (1, 2)", "INSERT orders +id +total"),
        ("INSERT INTO orders PARTITION (p0) (value) VALUES (id + 1)", "INSERT orders id +value"),
        ("INSERT INTO orders () VALUES ()", "INSERT orders *"),
        ("INSERT INTO orders VALUES (1)", "INSERT orders *"),
        ("INSERT INTO orders (SELECT id FROM people)", "INSERT orders *; SELECT people id"),
        ("INSERT INTO orders (id) SELECT ssn FROM people", "INSERT orders +id; SELECT people ssn"),
        ("INSERT INTO orders (id) SELECT total FROM people", "INSERT orders +id; SELECT people"),
        ("INSERT INTO orders (id) VALUES ((SELECT MAX(name) FROM people))", "INSERT orders +id; SELECT people name"),
        ("INSERT INTO orders (1) VALUES (1)", "INSERT orders *"),
        ("INSERT INTO orders SET id = 1, note = CONCAT(ssn, 'x')", "INSERT orders ssn +id +note"),
        ("INSERT INTO orders SET id 1", "INSERT orders id *"),
        ("INSERT INTO orders (id, note) VALUES (1, 2) ON DUPLICATE KEY UPDATE total = total + VALUES(note)", "INSERT orders note +id +note; UPDATE orders total +total"),
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
        ("UPDATE orders o SET o.note = 1, shop.o.total = total + 1", "UPDATE orders total +note +total"),
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


def test_lists() -> None:
    tokens = lex(b"a . b = f ( 1 , 2 ) , c := 3 ON DUPLICATE x", MA)
    assert last_part(tokens, 0) == 2 and last_part(tokens, 3) == 3
    found = assigned(tokens, 0, len(tokens))
    assert found.known and [tokens.name(i) for i in found.columns] == ["b", "c"]
    assert not assigned(tokens, 3, len(tokens)).known
    tokens = lex(b"( p0 ) ( a , .b , s.t.c ) SELECT 1 AS x, 2 AS 'y'", MA)
    listed = inserted(tokens, behind_list(tokens, 0, len(tokens)), len(tokens))
    assert listed.known and [tokens.name(i) for i in listed.columns] == ["a", "b", "c"]
    assert behind_list(tokens, 0, 2) == 2
    assert row_names(tokens, 0, len(tokens)) == ["x"]
