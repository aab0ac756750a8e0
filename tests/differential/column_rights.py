"""Statements for the comparison of our columns with the server's own column privileges, and the accounts that run them."""

from __future__ import annotations

from dbgate.sql.columns import TableColumns, resolve
from dbgate.sql.statement import MARIADB, MYSQL, NEED_BARE, NEED_TABLE, Analysis

_TABLES = {
    "orders": ("id", "total", "ssn", "note", "user_id", "created"),
    "people": ("id", "name", "ssn", "order_id"),
    "items": ("id", "order_id", "price", "status", "date", "year"),
}
_TYPES = {"id": "INT PRIMARY KEY", "note": "VARCHAR(80)", "date": "DATE", "created": "DATETIME"}
KNOWN = TableColumns({f"cols\0{name}": columns for name, columns in _TABLES.items()})
PASSWORD = "Column_rights-1"

# Account → table → operation → columns, () = all of them by a right on the table.
ACCOUNTS: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "reader": {
        "orders": {"SELECT": ("id", "total", "user_id")},
        "people": {"SELECT": ("id", "name")},
        "items": {"SELECT": ()},
    },
    "writer": {
        "orders": {"SELECT": ("id", "total", "note"), "INSERT": ("id", "total", "note"), "UPDATE": ("id", "total", "note")},
        "people": {"SELECT": ("id", "order_id"), "UPDATE": ("order_id",)},
        "items": {"SELECT": (), "INSERT": (), "UPDATE": (), "DELETE": ()},
    },
    "blind": {  # may write what it may not read
        "orders": {"SELECT": ("id",), "INSERT": ("id", "total", "note"), "UPDATE": ("total", "note")},
        "people": {"SELECT": ("id",), "UPDATE": ("name", "order_id")},
        "items": {"SELECT": ("id", "price"), "UPDATE": ("price", "status")},
    },
}  # fmt: skip


def setup() -> list[str]:
    """The statements that make tables and accounts anew."""
    out: list[str] = []
    for schema in ("cols", "scratch"):
        out += [f"DROP DATABASE IF EXISTS {schema}", f"CREATE DATABASE {schema}"]
    for table, columns in _TABLES.items():
        definition = ", ".join(f"`{name}` {_TYPES.get(name, 'INT')}" for name in columns)
        out.append(f"CREATE TABLE cols.{table} ({definition}, FULLTEXT KEY (note)) ENGINE=InnoDB" if table == "orders" else f"CREATE TABLE cols.{table} ({definition}) ENGINE=InnoDB")  # fmt: skip
        out.append(f"INSERT INTO cols.{table} (id) VALUES (1), (2)")
    for account, tables in ACCOUNTS.items():
        out += [f"DROP USER IF EXISTS {account}", f"CREATE USER {account} IDENTIFIED BY '{PASSWORD}'"]
        out.append(f"GRANT ALL ON scratch.* TO {account}")
        for table, operations in tables.items():
            for operation, columns in operations.items():
                listed = f" ({', '.join(columns)})" if columns else ""
                out.append(f"GRANT {operation}{listed} ON cols.{table} TO {account}")
    return out


def granted(account: str, analysis: Analysis) -> bool:
    """Whether what we say of the columns is within the account's rights."""
    return all(
        _one(account, need.operation, need.schema, need.table, need.read, need.written, need.everything)
        for statement in analysis.statements
        for need in resolve(statement, KNOWN)
    ) and all(
        need.kind in (NEED_TABLE, NEED_BARE) for statement in analysis.statements for need in statement.needs
    )


def _one(
    account: str, operation: str, schema: str, table: str, read: tuple[str, ...], written: tuple[str, ...], everything: bool
) -> bool:  # fmt: skip
    if schema == "scratch":
        return True
    rights = ACCOUNTS[account][table]
    if operation not in rights:
        return False
    if rights[operation] == ():
        return True
    if everything:
        return set(_TABLES[table]) <= set(rights[operation])
    return set(written) <= set(rights[operation]) and set(read) <= set(rights["SELECT"])


BOTH = (MARIADB, MYSQL)
_STATEMENTS: list[tuple[tuple[int, ...], str]] = []


def _add(flavours: tuple[int, ...], text: str) -> None:
    for line in text.strip().splitlines():
        if line.strip():
            _STATEMENTS.append((flavours, line.strip()))


def statements(flavour: int) -> list[str]:
    """What runs on servers of this flavour."""
    return [sql for flavours, sql in _STATEMENTS if flavour in flavours]


_add(
    BOTH,
    """
    SELECT id, total FROM orders
    SELECT id, ssn FROM orders
    SELECT ID, Ssn FROM orders
    SELECT `ssn` FROM cols.orders
    SELECT orders.ssn FROM orders
    SELECT o.ssn FROM orders o
    SELECT o.total FROM orders AS o
    SELECT cols.orders.ssn FROM orders
    SELECT * FROM orders
    SELECT o.* FROM orders o
    SELECT * FROM items
    SELECT i.*, o.id FROM items i JOIN orders o ON o.id = i.order_id
    SELECT *, 1 FROM items, people
    SELECT COUNT(*) FROM orders
    SELECT 1 FROM orders
    SELECT COUNT(ssn) FROM orders
    SELECT id FROM orders WHERE ssn = 1
    SELECT id FROM orders WHERE id = 1 AND total > 2 OR user_id IN (1, 2)
    SELECT id FROM orders WHERE (id, ssn) = (1, 2)
    SELECT id FROM orders ORDER BY ssn
    SELECT id FROM orders ORDER BY total DESC, id LIMIT 1 OFFSET 1
    SELECT id FROM orders GROUP BY id HAVING MAX(ssn) > 1
    SELECT MAX(id) FROM orders GROUP BY ssn
    SELECT MAX(id) FROM orders GROUP BY total
    SELECT id AS ssn FROM orders
    SELECT id AS x FROM orders ORDER BY x
    SELECT id AS ssn FROM orders ORDER BY ssn
    SELECT id ssn FROM orders HAVING ssn > 0
    SELECT COUNT(*) note FROM orders
    SELECT id + 1 note FROM people
    SELECT orders.id, name FROM orders JOIN people ON orders.id = people.id
    SELECT orders.id FROM orders JOIN people ON orders.ssn = people.id
    SELECT orders.id FROM orders JOIN people USING (id)
    SELECT orders.id FROM orders JOIN people USING (ssn)
    SELECT orders.id FROM orders JOIN items USING (id)
    SELECT orders.id FROM orders LEFT JOIN people ON people.id = orders.id AND people.ssn = 1
    SELECT orders.id FROM orders NATURAL JOIN people
    SELECT items.id FROM items NATURAL JOIN items i2
    SELECT total FROM orders, people
    SELECT ssn FROM orders, items
    SELECT id FROM orders UNION SELECT id FROM people
    SELECT id FROM orders UNION SELECT ssn FROM people
    SELECT id FROM items UNION SELECT id FROM people ORDER BY id
    (SELECT id FROM orders) UNION ALL (SELECT ssn FROM orders)
    (SELECT id FROM orders ORDER BY total LIMIT 1)
    (SELECT id FROM orders) LIMIT 1
    (SELECT id FROM orders) ORDER BY id
    (SELECT id FROM orders) ORDER BY ssn
    SELECT id FROM orders WHERE id IN (SELECT order_id FROM items)
    SELECT id FROM orders WHERE id IN (SELECT ssn FROM people)
    SELECT id FROM orders WHERE EXISTS (SELECT * FROM people WHERE people.id = orders.user_id)
    SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM people WHERE people.id = orders.ssn)
    SELECT id FROM orders WHERE EXISTS (SELECT p.* FROM people p)
    SELECT id FROM orders WHERE EXISTS (SELECT * FROM people HAVING 1)
    SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM items WHERE total = 1)
    SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM items WHERE ssn = 1)
    SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM people JOIN items ON ssn = 1)
    SELECT id FROM orders WHERE (SELECT MAX(price) FROM items WHERE order_id = orders.id) > 1
    SELECT id, (SELECT name FROM people WHERE people.id = user_id) FROM orders
    SELECT id, (SELECT ssn) FROM orders
    SELECT id, (SELECT total) FROM orders
    SELECT (SELECT 1 FROM items HAVING MAX(ssn) > 1) FROM orders
    SELECT (SELECT 1 FROM items GROUP BY price ORDER BY MAX(ssn) LIMIT 1) FROM orders
    SELECT d.x FROM (SELECT id AS x FROM orders) d
    SELECT d.x FROM (SELECT ssn AS x FROM orders) d
    SELECT d.* FROM (SELECT id, total FROM orders) d
    SELECT * FROM (SELECT id, total FROM orders) d
    SELECT ssn FROM (SELECT id AS ssn FROM orders) d
    SELECT total, k FROM orders, (SELECT COUNT(*) AS k FROM items GROUP BY price) d
    SELECT k FROM orders, (SELECT COUNT(*) AS k FROM items GROUP BY price) d
    SELECT 1 FROM (people JOIN items ON items.id = people.id)
    SELECT 1 FROM (people JOIN items ON items.id = people.ssn)
    SELECT 1 FROM orders JOIN (SELECT id FROM people UNION SELECT order_id FROM items) d ON d.id = orders.id
    WITH t AS (SELECT id FROM orders) SELECT * FROM t
    WITH t AS (SELECT ssn FROM orders) SELECT 1 FROM t
    WITH t (ssn) AS (SELECT id FROM orders) SELECT ssn FROM t
    WITH orders AS (SELECT id AS ssn FROM people) SELECT ssn FROM orders
    WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT n, total FROM t, orders
    WITH RECURSIVE t AS (SELECT id AS n FROM orders UNION SELECT ssn FROM orders, t WHERE t.n = 3) SELECT n FROM t
    SELECT id FROM orders WHERE id IN (WITH t AS (SELECT order_id FROM items) SELECT * FROM t)
    SELECT GROUP_CONCAT(DISTINCT id ORDER BY total SEPARATOR '-') FROM orders
    SELECT GROUP_CONCAT(DISTINCT id ORDER BY ssn) FROM orders
    SELECT SUM(total) OVER (PARTITION BY user_id ORDER BY id) FROM orders
    SELECT SUM(total) OVER (ORDER BY ssn) FROM orders
    SELECT SUM(total) OVER w FROM orders WINDOW w AS (PARTITION BY ssn)
    SELECT SUM(id) OVER (ORDER BY total ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM orders
    SELECT date, year, status FROM items WHERE date > DATE '2020-01-01'
    SELECT EXTRACT(YEAR FROM created) FROM orders
    SELECT EXTRACT(YEAR FROM date) FROM items
    SELECT DATE_ADD(date, INTERVAL price DAY) FROM items
    SELECT id + INTERVAL total DAY FROM orders
    SELECT '2020-01-01' + INTERVAL ssn DAY FROM orders
    SELECT TIMESTAMPDIFF(DAY, created, NOW()) FROM orders
    SELECT TIMESTAMPDIFF(YEAR, id, NOW()) FROM orders
    SELECT CAST(id AS CHAR), CONVERT(total, DATE), CONVERT(id USING utf8mb4) FROM orders
    SELECT CAST(ssn AS CHAR) FROM orders
    SELECT CASE WHEN id THEN total ELSE user_id END FROM orders
    SELECT CASE ssn WHEN 1 THEN 2 END FROM orders
    SELECT IF(id, total, ssn) FROM orders
    SELECT COALESCE(id, (SELECT MAX(id) FROM people)) FROM orders
    SELECT MATCH(note) AGAINST ('x' IN BOOLEAN MODE) FROM orders
    SELECT id FROM orders WHERE note LIKE 'a%' ESCAPE '!'
    SELECT {fn ABS(id)}, {x ssn} FROM orders
    SELECT SQL_NO_CACHE ssn FROM orders
    SELECT DISTINCT total FROM orders
    SELECT ALL ssn FROM orders
    SELECT STRAIGHT_JOIN orders.id FROM orders JOIN people
    SELECT BINARY note FROM orders
    SELECT -ssn, NOT id FROM orders
    SELECT @a := id FROM orders
    SELECT @a := ssn FROM orders
    SELECT id INTO @a FROM orders LIMIT 1
    SELECT ssn INTO @a FROM orders LIMIT 1
    SELECT id FROM orders o USE INDEX (PRIMARY) WHERE o.id = 1
    SELECT id FROM orders LOCK IN SHARE MODE
    SELECT _rowid FROM orders
    SELECT DEFAULT(total) FROM orders
    SELECT DEFAULT(ssn) FROM orders
    SET @a = (SELECT MAX(id) FROM orders)
    SET @a = (SELECT MAX(ssn) FROM orders)
    DO (SELECT MAX(ssn) FROM orders)
    EXPLAIN SELECT id FROM orders
    EXPLAIN SELECT ssn FROM orders
    CREATE TABLE scratch.a1 SELECT id, total FROM orders
    CREATE TABLE scratch.a2 SELECT id, ssn FROM orders
    CREATE TABLE scratch.a3 AS SELECT * FROM orders
    CREATE TABLE scratch.a4 (SELECT id FROM orders) ORDER BY ssn
    CREATE TABLE scratch.a5 LIKE orders
    INSERT INTO orders (id, total) VALUES (10, 1)
    INSERT INTO orders (id, ssn) VALUES (10, 1)
    INSERT INTO orders VALUES (10, 1, 1, 'x', 1, NOW())
    INSERT INTO orders SET id = 10, note = 'x'
    INSERT INTO orders SET id = 10, user_id = 1
    INSERT INTO orders (id, total) VALUES (10, id + 1)
    INSERT INTO orders (id, total) VALUES (10, ssn)
    INSERT INTO orders (id, total) SELECT id + 10, price FROM items
    INSERT INTO orders (id, total) SELECT id + 10, ssn FROM people
    INSERT INTO orders (id) SELECT id + 10 FROM orders
    INSERT INTO orders (id, total) VALUES (10, (SELECT MAX(price) FROM items))
    INSERT INTO orders (id, total) VALUES (10, (SELECT MAX(ssn) FROM people))
    INSERT INTO orders (id) VALUES (1) ON DUPLICATE KEY UPDATE total = 5
    INSERT INTO orders (id) VALUES (1) ON DUPLICATE KEY UPDATE ssn = 5
    INSERT INTO orders (id, total) VALUES (1, 2) ON DUPLICATE KEY UPDATE total = VALUES(total) + total
    INSERT INTO orders (id) VALUES (1) ON DUPLICATE KEY UPDATE total = ssn
    INSERT INTO orders (id) VALUES (1) ON DUPLICATE KEY UPDATE total = VALUES(ssn)
    INSERT INTO orders (id) SELECT id FROM people ON DUPLICATE KEY UPDATE total = people.id
    INSERT INTO orders (id) SELECT id FROM people ON DUPLICATE KEY UPDATE total = people.ssn
    INSERT INTO orders (id) SELECT id FROM people ON DUPLICATE KEY UPDATE note = name
    INSERT INTO items VALUES (10, 1, 1, 1, NULL, 1)
    INSERT INTO items SELECT id + 10, id, total, 1, NULL, 1 FROM orders
    INSERT IGNORE INTO orders (id) VALUES (1)
    REPLACE INTO orders (id) VALUES (1)
    UPDATE orders SET total = 1
    UPDATE orders SET total = 1 WHERE id = 1
    UPDATE orders SET total = 1 WHERE ssn = 1
    UPDATE orders SET ssn = 1
    UPDATE orders SET total = ssn
    UPDATE orders SET total = total + 1, note = 'x' ORDER BY id LIMIT 1
    UPDATE orders SET total = 1 ORDER BY ssn LIMIT 1
    UPDATE orders o SET o.note = o.id
    UPDATE orders SET total = (SELECT MAX(price) FROM items)
    UPDATE orders SET total = (SELECT MAX(ssn) FROM people)
    UPDATE orders SET total = DEFAULT
    UPDATE orders o JOIN people p ON p.order_id = o.id SET o.total = p.id
    UPDATE orders o JOIN people p ON p.order_id = o.id SET o.total = p.ssn
    UPDATE orders o JOIN people p ON p.order_id = o.id SET o.total = 1, p.order_id = 2
    UPDATE orders o JOIN people p ON p.order_id = o.id SET o.total = 1, p.name = 2
    UPDATE orders JOIN people ON people.id = orders.id SET total = 1, order_id = 2
    UPDATE orders JOIN items ON items.id = orders.id SET status = total
    UPDATE orders JOIN items ON items.id = orders.id SET status = orders.ssn
    UPDATE orders, (SELECT MAX(id) AS m FROM people) d SET total = d.m WHERE orders.id = d.m
    DELETE FROM orders WHERE id = 1
    DELETE FROM items WHERE id IN (SELECT id FROM orders)
    DELETE FROM items WHERE id IN (SELECT ssn FROM orders)
    DELETE items FROM items JOIN orders ON orders.id = items.order_id
    DELETE items FROM items JOIN orders ON orders.ssn = items.order_id
    """,
)
_add(
    (MARIADB,),
    """
    INSERT INTO orders (id) VALUES (10) RETURNING id, total
    INSERT INTO orders (id) VALUES (10) RETURNING ssn
    INSERT INTO orders (id) VALUES (10) RETURNING *
    INSERT INTO items (id) VALUES (10) RETURNING *
    DELETE FROM items WHERE id = 1 RETURNING status
    SELECT id FROM orders FOR UPDATE
    SELECT id FROM orders EXCEPT SELECT id FROM people
    SELECT 1 FROM orders, JSON_TABLE(note, '$[*]' COLUMNS (ssn INT PATH '$')) j
    SELECT j.ssn FROM orders, JSON_TABLE('[]', '$[*]' COLUMNS (ssn INT PATH '$')) j
    BEGIN NOT ATOMIC DECLARE x INT; SELECT MAX(id) INTO x FROM orders; END
    BEGIN NOT ATOMIC DECLARE x INT; SELECT MAX(ssn) INTO x FROM orders; END
    """,
)
_add(
    (MYSQL,),
    """
    TABLE items
    TABLE orders
    SELECT d.x FROM orders, LATERAL (SELECT orders.total AS x) d
    SELECT d.x FROM orders, LATERAL (SELECT ssn AS x) d
    SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM (SELECT ssn) d)
    SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM items, (SELECT total) d)
    SELECT 1 FROM orders, JSON_TABLE(note, '$[*]' COLUMNS (ssn INT PATH '$')) j
    INSERT INTO orders (id, total) VALUES (1, 2) AS new ON DUPLICATE KEY UPDATE total = new.total
    INSERT INTO orders (id, total) VALUES (1, 2) AS new (a, b) ON DUPLICATE KEY UPDATE total = b
    INSERT INTO orders (id) VALUES (1) AS new ON DUPLICATE KEY UPDATE total = orders.ssn
    SELECT note->'$.x' FROM orders
    WITH t AS (SELECT id FROM orders) UPDATE orders JOIN t USING (id) SET total = 1
    SELECT id FROM orders INTERSECT SELECT ssn FROM people
    VALUES ROW(1), ROW((SELECT MAX(ssn) FROM orders))
    SELECT id FROM orders FOR SHARE OF orders
    """,
)
