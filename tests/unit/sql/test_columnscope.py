"""Whose column a name is, where queries stand in each other."""

from __future__ import annotations

from tests.rows import rows
from tests.unit.sql.column_world import touched
from tests.unit.sql.contexts import MA, MY


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
        ("SELECT orders.id FROM orders NATURAL JOIN people", "SELECT orders id *; SELECT people *"),
        ("SELECT MATCH(note) AGAINST ('x' IN NATURAL LANGUAGE MODE) FROM orders", "SELECT orders note"),
        ("SELECT name FROM orders JOIN people USING (id, ssn)", "SELECT orders id ssn; SELECT people id name ssn"),
        ("SELECT rank FROM items", "SELECT items rank"),
        ("SELECT offset FROM orders", "SELECT orders offset"),
        ("CREATE TABLE t (id INT GENERATED ALWAYS AS (1) VIRTUAL) SELECT id FROM orders", "CREATE t *; SELECT orders id"),
        ("INSERT INTO orders (id) (SELECT name FROM people) ON DUPLICATE KEY UPDATE note = order_id", "INSERT orders +id; SELECT people name order_id; UPDATE orders +note"),
        ("INSERT INTO orders (id) SELECT 1 FROM people UNION SELECT 2 FROM people ON DUPLICATE KEY UPDATE note = 1", "INSERT orders *; SELECT people *; UPDATE orders *"),
        ("CREATE TABLE t2 (SELECT id FROM orders) ORDER BY ssn", "CREATE t2 *; SELECT orders id ssn"),
        ("SELECT id FROM orders ON DUPLICATE KEY UPDATE note = VALUES(ssn)", "SELECT orders *"),  # of no server's grammar
    ],
)  # fmt: skip
def test_words(sql: str, expected: str) -> None:
    assert touched(sql, MA) == expected
    assert touched(sql, MY) == expected


def test_returning() -> None:
    sql = "INSERT INTO orders (id) VALUES (1) ON DUPLICATE KEY UPDATE note = 2 RETURNING ssn, id"
    assert touched(sql) == "INSERT orders +id; SELECT orders id ssn; UPDATE orders +note"
