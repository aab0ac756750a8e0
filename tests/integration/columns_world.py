"""Tables of which some users may touch some columns only, and what such a user might try."""

from __future__ import annotations

from typing import Any

import pymysql
from pymysql.connections import Connection

SECRET = "078-05-1120"

BY_TABLE = """
version: 1
global: {default_schema: shop}
access_control:
  - name: clerk
    user: clerk
    allowed_tables: [customers, orders]
    allowed_operations: [SELECT]
  - name: maker
    user: maker
    allowed_tables: ["shop.*"]
    allowed_operations: ["*"]
sql_rules: {injection: {detectors: []}}
"""

BY_COLUMN = """
version: 1
global: {default_schema: shop}
access_control:
  - name: clerk
    user: clerk
    allowed_tables: [customers, v_totals, v_ssn, v_all]
    allowed_operations: [SELECT, CALL]
    admin_statements: [EXPLAIN]
    grants:
      - tables: [orders]
        operations: [SELECT]
        columns: [id, total]
      - {tables: [orders, v_totals], operations: [UPDATE], columns: [total]}
      - {tables: [items], operations: [SELECT], columns: [item, ORDER_ID]}
      - {tables: [notes], operations: [INSERT], columns: [id, note]}
      - {tables: [notes], operations: [SELECT], columns: [note]}
      - {tables: [notes], operations: [UPDATE], columns: [note]}
      - {tables: [hidden], operations: [SELECT], columns: [word]}
  - name: maker
    user: maker
    allowed_tables: ["shop.*"]
    allowed_operations: ["*"]
procedure_control: {block_create_alter: false}
sql_rules: {injection: {detectors: []}}
"""

WORLD = (
    "CREATE DATABASE shop",
    "USE shop",
    "CREATE TABLE customers (customer_id INT PRIMARY KEY, name VARCHAR(40), origin VARCHAR(40))",
    "CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT, total INT, ssn VARCHAR(20))",
    "CREATE TABLE items (item INT PRIMARY KEY, order_id INT, price INT)",
    "CREATE TABLE notes (id INT PRIMARY KEY, note VARCHAR(40), ssn VARCHAR(20))",
    "CREATE TABLE hidden (number INT PRIMARY KEY, word VARCHAR(40), pin VARCHAR(20))",
    "INSERT INTO customers VALUES (1, 'ann', 'here')",
    f"INSERT INTO orders VALUES (1, 1, 10, '{SECRET}'), (2, 1, 20, '{SECRET}')",
    "INSERT INTO items VALUES (1, 1, 7), (2, 2, 8)",
    f"INSERT INTO notes VALUES (1, 'one', '{SECRET}')",
    f"INSERT INTO hidden VALUES (780511, 'word', '{SECRET}')",
    "CREATE VIEW v_totals AS SELECT id, total FROM orders",
    "CREATE VIEW v_ssn AS SELECT id, ssn FROM orders",
    "CREATE VIEW v_all AS SELECT * FROM orders",
    "CREATE PROCEDURE p_total() SELECT MAX(total) FROM orders",
    "CREATE PROCEDURE p_ssn() SELECT MAX(ssn) FROM orders",
)

# What the clerk may do, and what not: "" or the rule.
STATEMENTS = (
    ("SELECT id, total FROM orders", ""),
    ("SELECT ID, `Total` FROM shop.orders AS o WHERE o.id > 0 ORDER BY total", ""),
    ("SELECT COUNT(*) FROM orders", ""),
    ("SELECT * FROM customers", ""),
    ("SELECT * FROM orders", "column-denied"),
    ("SELECT o.* FROM orders o", "column-denied"),
    ("SELECT ssn FROM orders", "column-denied"),
    ("SELECT id FROM orders WHERE ssn LIKE '0%'", "column-denied"),
    ("SELECT id, MAX(total) FROM orders GROUP BY id HAVING MAX(total) > 1", ""),
    ("SELECT name, total FROM orders JOIN customers ON customers.customer_id = 1", ""),
    ("SELECT name, item, total FROM orders JOIN items ON order_id = id JOIN customers ON name = 'ann'", ""),
    ("SELECT item FROM items JOIN orders ON order_id = id WHERE price > 1", "column-denied"),
    ("SELECT name FROM customers WHERE EXISTS (SELECT 1 FROM orders WHERE name = 'ann')", ""),
    ("SELECT name FROM customers WHERE customer_id IN (SELECT customer_id FROM orders)", "column-denied"),
    ("SELECT d.most FROM (SELECT MAX(total) AS most FROM orders) AS d", ""),
    ("WITH d AS (SELECT id AS i FROM orders) SELECT i FROM d", ""),
    ("SELECT id FROM orders UNION SELECT total FROM orders", ""),
    ("UPDATE orders SET total = 11 WHERE id = 1", ""),
    ("UPDATE orders SET total = total + 1 WHERE id = 12345", ""),
    ("UPDATE orders SET ssn = 'x' WHERE id = 12345", "column-denied"),
    ("UPDATE orders SET id = 3 WHERE id = 12345", "column-denied"),
    ("UPDATE orders SET total = ssn WHERE id = 12345", "column-denied"),
    ("UPDATE orders SET total = 1 WHERE ssn = 'x'", "column-denied"),
    ("INSERT INTO notes (id, note) VALUES (2, 'two') ON DUPLICATE KEY UPDATE note = 'again'", ""),
    ("INSERT INTO notes SET id = 3, note = 'three' ON DUPLICATE KEY UPDATE note = VALUES(note)", ""),
    ("UPDATE notes SET note = 'x' WHERE id = 12345", "column-denied"),  # it is to read the id
    ("INSERT INTO notes VALUES (4, 'four', 'x')", "column-denied"),
    ("INSERT INTO notes (id, ssn) VALUES (4, 'x')", "column-denied"),
    ("INSERT INTO notes (id, note) VALUES (1, 'x') ON DUPLICATE KEY UPDATE note = ssn", "column-denied"),
    (
        "INSERT INTO notes (id, note) SELECT id + 100, total FROM orders ON DUPLICATE KEY UPDATE note = 'x'",
        "",
    ),
    ("INSERT INTO notes (id, note) SELECT id + 100, ssn FROM orders", "column-denied"),
    ("REPLACE INTO notes (id, note) VALUES (2, 'x')", "operation-denied"),
    ("DELETE FROM orders WHERE id = 12345", "operation-denied"),
    ("SELECT * FROM v_totals", ""),
    ("SELECT id FROM v_ssn", "column-denied"),
    ("SELECT id FROM v_all", "column-denied"),
    ("UPDATE v_totals SET total = 1 WHERE id = 12345", "column-denied"),
    ("CALL p_total()", ""),
    ("CALL p_ssn()", "column-denied"),
    ("SHOW COLUMNS FROM orders", ""),
    ("SELECT word FROM hidden", ""),
    ("SELECT id, total FROM orders; SELECT ssn FROM orders", "column-denied"),
)

# Ways to what is not granted. Each is blocked, or is none that the server knows.
ATTACKS = (
    "SELECT `ssn` FROM orders",
    "SELECT SsN FROM shop.orders",
    "SELECT shop.orders.ssn FROM orders",
    "SELECT .orders.ssn FROM orders",
    "SELECT customers.ssn FROM orders AS customers",
    "SELECT c.ssn FROM customers a, orders c",
    "SELECT(ssn)FROM(orders)",
    "SELECT{x ssn}FROM orders",
    "SELECT/*!ssn*/FROM orders",
    "SELECT ssn FROM{oj orders LEFT JOIN items ON 1}",
    "TABLE orders",
    "(TABLE orders)",
    "SELECT 1 AS a, 2 AS b, 3 AS c, '4' AS d UNION TABLE orders",
    "SELECT (SELECT ssn FROM orders LIMIT 1)",
    "SELECT (SELECT ssn) FROM orders",
    "SELECT (SELECT o.ssn FROM customers LIMIT 1) FROM orders o",
    "SELECT name FROM customers, orders WHERE name < ssn",
    "SELECT (SELECT MAX(ssn) FROM items) FROM orders",
    "SELECT x FROM (SELECT ssn AS x FROM orders) AS d",
    "SELECT d FROM (SELECT * FROM orders) AS q (a, b, c, d)",
    "WITH q (a, b, c, d) AS (SELECT * FROM orders) SELECT d FROM q",
    "WITH q AS (SELECT ssn FROM orders) SELECT * FROM q",
    "WITH RECURSIVE q AS (SELECT 1 AS n, ssn FROM orders UNION SELECT n + 1, ssn FROM q WHERE n < 2) SELECT ssn FROM q",
    "WITH orders AS (SELECT ssn FROM orders) SELECT ssn FROM orders",
    "SELECT a.ssn FROM orders a NATURAL JOIN orders b",
    "SELECT total FROM orders NATURAL JOIN (SELECT 'x' AS ssn) AS d",
    "SELECT total FROM orders JOIN (SELECT '078-05-1120' AS ssn) AS d USING (ssn)",
    "SELECT id FROM orders ORDER BY ssn",
    "SELECT id FROM orders GROUP BY id, ssn",
    "SELECT COUNT(DISTINCT ssn) FROM orders",
    "SELECT GROUP_CONCAT(id ORDER BY ssn) FROM orders",
    "SELECT GROUP_CONCAT(total, ssn) FROM orders",
    "SELECT RANK() OVER (PARTITION BY ssn ORDER BY id) FROM orders",
    "SELECT RANK() OVER w FROM orders WINDOW w AS (ORDER BY ssn)",
    "SELECT id, total AS ssn FROM orders HAVING orders.ssn = '078-05-1120'",
    "SELECT id FROM orders WHERE (id, ssn) > (0, '0')",
    "SELECT id FROM orders WHERE CASE WHEN ssn > '0' THEN 1 END",
    "SELECT id FROM orders WHERE ssn IS NOT NULL",
    "SELECT CONVERT(ssn USING utf8mb4) FROM orders",
    "SELECT CAST(ssn AS CHAR) FROM orders",
    "SELECT SUBSTRING(ssn FROM 1 FOR 11) FROM orders",
    "SELECT TRIM(LEADING '1' FROM ssn) FROM orders",
    "SELECT EXTRACT(YEAR FROM ssn), ssn FROM orders",
    "SELECT JSON_ARRAYAGG(ssn) FROM orders",
    "SELECT ssn->'$' FROM orders",
    "SELECT j.x FROM orders, JSON_TABLE(CONCAT('\"', ssn, '\"'), '$' COLUMNS (x VARCHAR(40) PATH '$')) AS j",
    "SELECT d.x FROM orders, LATERAL (SELECT ssn AS x) AS d",
    "SELECT ALL ssn FROM orders",
    "SELECT SQL_NO_CACHE ssn FROM orders",
    "SELECT NOT ssn FROM orders",
    "SELECT !ssn FROM orders",
    "SELECT -ssn FROM orders",
    "SELECT BINARY ssn FROM orders",
    "SELECT id MOD ssn FROM orders",
    "SELECT id DIV ssn, 1 FROM orders",
    "SELECT id XOR ssn FROM orders",
    "SELECT id || ssn FROM orders",
    "SELECT id REGEXP ssn FROM orders",
    "SELECT id SOUNDS LIKE ssn FROM orders",
    "SELECT id MEMBER OF (ssn) FROM orders",
    "SELECT id BETWEEN 1 AND ssn FROM orders",
    "SELECT 'x' LIKE 'y' ESCAPE ssn FROM orders",
    "SELECT NOW() + INTERVAL ssn DAY FROM orders",
    "SELECT IF(1, ssn, 2) x FROM orders",
    "SELECT CASE 1 WHEN 1 THEN ssn END FROM orders",
    "SELECT LAG(ssn) OVER (ORDER BY id) FROM orders",
    "SELECT DEFAULT(ssn) FROM orders",
    "SELECT COALESCE(NULL, ssn) FROM orders",
    "SELECT 1 FROM orders LIMIT 1 OFFSET ssn",
    "SELECT id FROM orders a JOIN orders b USING (id, ssn)",
    "SELECT id FROM orders WHERE id = 1 AND ssn SOUNDS LIKE 'x'",
    "SELECT id FROM orders FOR UPDATE OF ssn",
    "SELECT STRAIGHT_JOIN ssn FROM orders",
    "SELECT name FROM customers ORDER BY (SELECT MAX(ssn) FROM orders)",
    "SELECT name FROM customers GROUP BY name, (SELECT MAX(ssn) FROM orders)",
    "SELECT name FROM customers HAVING (SELECT MAX(ssn) FROM orders) > ''",
    "SELECT name FROM customers WHERE name IN (TABLE orders)",
    "SELECT EXISTS (SELECT ssn FROM orders HAVING ssn > '')",
    "SELECT EXISTS (SELECT * FROM orders WHERE ssn > '')",
    "SELECT @x := ssn FROM orders",
    "SELECT ssn INTO @x FROM orders LIMIT 1",
    "SET @x = (SELECT ssn FROM orders LIMIT 1)",
    "DO (SELECT ssn FROM orders LIMIT 1)",
    "SHOW TABLES WHERE (SELECT ssn FROM orders LIMIT 1) <> ''",
    "VALUES ROW((SELECT ssn FROM orders LIMIT 1))",
    "VALUES ((SELECT ssn FROM orders LIMIT 1))",
    "HANDLER orders OPEN",
    "EXPLAIN FORMAT=JSON SELECT ssn FROM orders",
    "ANALYZE SELECT ssn FROM orders",
    "CHECKSUM TABLE orders",
    "SELECT pin FROM hidden",
    "SELECT p\u0130n FROM hidden",
    "SELECT hidden.p\u0130n FROM hidden",
    "SELECT P\u0131N FROM hidden",
    "SELECT \u017fsn FROM orders",
    "SELECT s\u017fn FROM orders",
    "SELECT \uff50\uff49\uff4e FROM hidden",
    "SELECT `pin ` FROM hidden",
    "SELECT _rowid FROM hidden",
    "SELECT hidden._rowid FROM hidden",
    "SELECT word FROM hidden WHERE _rowid > 5",
    "INSERT INTO notes (id, note) VALUES (50, ssn)",
    "INSERT INTO notes (id, note) SELECT 51, ssn FROM orders LIMIT 1",
    "INSERT INTO notes (id, note) TABLE hidden",
    "INSERT INTO notes (id, note) VALUES (52, (SELECT ssn FROM orders LIMIT 1))",
    "INSERT INTO notes (id, note) VALUES (53, 'x') RETURNING ssn",
    "INSERT INTO notes (id, note) VALUES (54, 'x') AS n (i, ssn) ON DUPLICATE KEY UPDATE note = notes.ssn",
    "INSERT INTO notes (id, note) VALUES (1, 'x') ON DUPLICATE KEY UPDATE ssn = 'y'",
    "INSERT INTO notes () VALUES ()",
    "UPDATE orders, notes SET total = 1, note = orders.ssn WHERE notes.id = 1",
    "UPDATE orders JOIN notes ON notes.id = 1 SET note = orders.ssn",
    "UPDATE orders SET total = 1 ORDER BY ssn LIMIT 1",
    "UPDATE orders SET total = (SELECT n.ssn FROM notes n LIMIT 1) WHERE id = 1",
    "UPDATE notes SET note = (SELECT ssn FROM orders LIMIT 1) WHERE id = 1",
    "UPDATE notes SET note = ssn",
    "CREATE TEMPORARY TABLE t SELECT ssn FROM orders",
    "SELECT ssn FROM v_totals, orders",
    "SELECT * FROM v_all",
    "EXECUTE IMMEDIATE 'SELECT ssn FROM orders'",
    "PREPARE s FROM 'SELECT ssn FROM orders'",
    "SELECT MAX(o.`ssn`) OVER () FROM orders o",
    "SELECT (SELECT GROUP_CONCAT(x) FROM (SELECT ssn x FROM orders) d)",
    "SELECT * FROM (SELECT id FROM orders) a JOIN LATERAL (SELECT ssn FROM orders b WHERE b.id=a.id) c",
    "SELECT id FROM orders WHERE 1 ORDER BY FIELD(ssn,'a')",
    "SELECT id AS total, ssn total FROM orders",
    "SELECT id total, ssn FROM orders",
    "SELECT id+ssn total FROM orders",
    "SELECT id-- x\n,ssn FROM orders",
    "SELECT id FROM orders o WHERE EXISTS(SELECT * FROM customers WHERE name<o.ssn)",
    "SELECT id FROM orders o WHERE EXISTS(SELECT 1 FROM customers WHERE name<ssn)",
    "SELECT id FROM orders o WHERE id IN (SELECT id FROM orders WHERE ssn>'0')",
    "SELECT NULLIF(ssn,1)ssn FROM orders",
    "SELECT date(ssn) FROM orders",
    "SELECT ssn ssn FROM orders",
    "SELECT ssn AS id FROM orders",
    "SELECT ssn year FROM orders",
    "SELECT id FROM orders GROUP BY ssn WITH ROLLUP",
    "SELECT id FROM orders GROUP BY id HAVING MAX(ssn)>''",
    "SELECT id FROM orders GROUP BY id HAVING ssn>''",
    "SELECT 1 ssn FROM orders HAVING ssn",
    "SELECT total AS t FROM orders WHERE ssn REGEXP '^0'",
    "(SELECT id FROM orders) ORDER BY ssn",
    "(SELECT id FROM orders) UNION (SELECT ssn FROM orders) ORDER BY 1",
    "SELECT id FROM orders UNION SELECT id FROM orders ORDER BY (SELECT MAX(ssn) FROM orders)",
    "SELECT CAST(ssn AS UNSIGNED) FROM orders",
    "SELECT ssn COLLATE utf8mb4_bin FROM orders",
    "SELECT CHAR(ssn USING utf8mb4) FROM orders",
    "SELECT POSITION('0' IN ssn) FROM orders",
    "SELECT WEIGHT_STRING(ssn AS CHAR(3)) FROM orders",
    "SELECT INSERT(ssn,1,0,'') FROM orders",
    "SELECT ROW(ssn,1)=ROW('a',1) FROM orders",
    "SELECT ANY_VALUE(ssn) FROM orders",
    "SELECT JSON_OBJECT('a',ssn) FROM orders",
    "SELECT orders.`ssn` FROM `orders`",
    "SELECT `orders`.`*` FROM orders",
    "SELECT shop.orders.* FROM orders",
    "SELECT shop.o.* FROM orders o",
    "SELECT id, shop . orders . ssn FROM orders",
    "SELECT o . ssn FROM orders o",
    "SELECT o./**/ssn FROM orders o",
    "SELECT o.ssn FROM customers, (orders o)",
    "SELECT ssn FROM (orders, customers)",
    "SELECT ssn FROM (orders JOIN customers ON 1)",
    "SELECT ssn FROM customers RIGHT JOIN orders ON 1",
    "SELECT ssn FROM customers STRAIGHT_JOIN orders",
    "UPDATE orders o, customers c SET o.total = LENGTH(o.ssn)",
    "UPDATE orders SET total=1, total = (ssn)",
    "UPDATE orders SET total = DEFAULT(ssn)",
    "UPDATE orders SET orders.ssn = 1",
    "UPDATE orders SET shop.orders.ssn = 1",
    "UPDATE orders AS x SET x.`SSN` = 1",
    "WITH d AS (SELECT 1) UPDATE orders SET total=1 WHERE ssn='0'",
    "INSERT INTO notes (id,note) SELECT * FROM (SELECT id, ssn FROM orders) q",
    "INSERT INTO notes SET id=1, note=(SELECT ssn FROM orders LIMIT 1)",
    "INSERT INTO notes SET ssn=1",
    "INSERT INTO notes (notes.ssn) VALUES (1)",
    "INSERT INTO notes (id, note) VALUES (1,'a') ON DUPLICATE KEY UPDATE note = VALUES(ssn)",
    "INSERT INTO notes (id, note) WITH q AS (SELECT ssn FROM orders) SELECT 900, ssn FROM q",
    "SET STATEMENT max_statement_time=1 FOR SELECT ssn FROM orders",
    "SELECT id FROM orders WHERE MATCH(ssn) AGAINST('x')",
    "SELECT id FROM orders WHERE id=1 AND @x:=ssn",
    "SELECT SUM(total) FILTER (WHERE ssn>'') FROM orders",
    "SELECT ssn FROM orders AS OF TIMESTAMP NOW()",
    "SELECT NEXT VALUE FOR ssn FROM orders",
    "EXPLAIN UPDATE orders SET ssn=1",
    "DESCRIBE SELECT ssn FROM orders",
    "SHOW COLUMNS FROM orders WHERE (SELECT MAX(ssn) FROM orders)>''",
    "CALL p_total((SELECT ssn FROM orders LIMIT 1))",
    "SELECT ssn FROM shop.orders WHERE 0 UNION ALL SELECT pin FROM hidden",
    "SELECT\nssn FROM orders",
    "SELECT\u00a0ssn FROM orders",
    "VALUES (1),((SELECT ssn FROM orders LIMIT 1))",
    "BEGIN NOT ATOMIC SELECT ssn FROM orders; END",
)


def outcome(connection: Connection[Any], statement: str) -> tuple[str, str]:
    """The rule that blocked it, "" where it passed, "server …" with the number where the server had something against it;
    and all that came back."""
    seen: list[object] = []
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
            while True:
                seen.append(cursor.fetchall())
                if not cursor.nextset():
                    return "", str(seen)
        except pymysql.MySQLError as error:
            number, text = error.args
            if number == 1227 and "dbgate: blocked by policy (rule: " in str(text):
                return str(text).partition("rule: ")[2].partition(",")[0], str(seen)
            return f"server {number}", f"{seen} {text}"
