"""What programs make of inputs that may be empty, documents and paths into them, letters, conditions that people have
taken out in comments, and orders and conditions by rows that belong to the row."""

from __future__ import annotations

from tests.attacks.case import Attack, Step, attacks

INPUTS: list[Step | tuple[Step, ...]] = [
    "SELECT id FROM users WHERE name = '' OR name IS NULL OR TRIM(note) = ''",
    "SELECT id FROM users WHERE age > 90 OR TRIM(name) IN ('ann', 'bob') OR TRIM(BOTH ' ' FROM email) = ''",
    "SELECT id FROM users WHERE (name LIKE '%ann%' OR 'ann' = '') AND (age = 30 OR 30 = 0)",
    "SELECT id FROM users WHERE (name LIKE CONCAT('%', 'ann', '%') OR 'ann' = '') AND (id = 1 OR 1 = -1)",
    "SELECT id FROM orders WHERE (status IN ('new', 'paid') OR 'all' IN ('new', 'paid'))",
    "SELECT id FROM orders WHERE (user_id IN (1, 2) OR -1 IN (1, 2)) AND (status = 'new' OR 'new' = 'all')",
    "SELECT id FROM orders WHERE user_id = 1 AND (status = 'new' OR status = 'paid' OR 'all' = 'new')",
    "SELECT id FROM users WHERE (name = '김' OR '김' = '') AND (name = 'x' OR 'x' IS NULL)",
    "SELECT id FROM users WHERE CAST(NULL AS CHAR) IS NULL OR name = CAST(NULL AS CHAR)",
    "INSERT INTO orders (user_id, total, status, created) VALUES (1, IF('12' = '', NULL, '12'), NULLIF('', ''), IF('' = '', NULL, '2024-01-01'))",
    "INSERT INTO orders (user_id, total) VALUES (1, CASE WHEN '5' = '' THEN NULL ELSE '5' END)",
    "UPDATE orders SET status = IF('paid' = '', NULL, 'paid'), total = IF(NULL IS NULL, 1, 2) WHERE id = 1",
    "UPDATE orders AS version SET total = total * '2' + '3' WHERE version.id = '1'",
    "INSERT INTO users (name, email) SELECT * FROM (SELECT 'neo', 'neo@x') AS tmp WHERE NOT EXISTS (SELECT name FROM users WHERE name = 'neo') LIMIT 1",
]

DOCUMENTS: list[Step | tuple[Step, ...]] = [
    "SELECT ExtractValue(note, CONCAT('/list/item[', age, ']')) FROM users",
    "SELECT UpdateXML(note, '/a/b', CONCAT('<b>', name, '</b>')) FROM users",
    "UPDATE users SET note = UpdateXML('<a><b/></a>', '/a/b', CONCAT('<b>', 'x', '</b>')) WHERE id = 1",
    "UPDATE items SET doc = JSON_ARRAY_APPEND('[]', '$', (SELECT name FROM users WHERE id = 1)) WHERE id = 1",
    "SELECT name, CASE WHEN ASCII(SUBSTR(name, 1, 1)) BETWEEN 65 AND 90 THEN 'A-Z' ELSE 'a-z' END AS c FROM users",
    "SELECT ORD(SUBSTRING(name, 2, 1)) > 96 AS small FROM users",
    "SELECT CONCAT(status, ROUND(AVG(total))) FROM orders GROUP BY status",
]

COMMENTS: list[Step | tuple[Step, ...]] = [
    "SELECT id FROM users\nWHERE age > 18\n-- AND name = 'x'",
    "SELECT id FROM users\nWHERE age > 18\n-- AND name = 'x'\n-- ORDER BY id\n-- LIMIT 10",
    "SELECT id FROM users\nWHERE age > 18\n  # AND (name = 'x' OR name = 'y')\n",
    "SELECT id FROM users\n-- WHERE age > 18",
    "SELECT id FROM users;\n\n-- the second one:\n-- SELECT id FROM orders WHERE id = 1;",
    "SELECT id\n-- , name\nFROM users\n-- LEFT JOIN orders ON orders.user_id = users.id\nWHERE 1=1\n-- AND age = 3\nAND id > 0",
]

ROWS: list[Step | tuple[Step, ...]] = [
    "SELECT id FROM users ORDER BY (SELECT COUNT(*) FROM orders WHERE orders.user_id = users.id AND status <> 'void') DESC, id",
    "SELECT id FROM users u ORDER BY IF(EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.total > 5), 0, 1), id",
    "SELECT id FROM users ORDER BY id = (SELECT user_id FROM orders WHERE id = 3) DESC, id",
    "SELECT u.id FROM users u WHERE u.age = 99 OR EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)",
    "SELECT id FROM users WHERE age = 99 OR 30 IN (age, id)",
    "SELECT id FROM users WHERE name = 'ann' OR age = 40 FOR UPDATE",
    "SELECT id FROM users WHERE name = 'ann' OR age > 35 ORDER BY id FETCH FIRST 2 ROWS ONLY",
    "SELECT user_id FROM orders WHERE status = 'new' EXCEPT SELECT 3",
    "SELECT id FROM users WHERE id IN (SELECT 1 UNION SELECT 2)",
    "SELECT (SELECT COUNT(*) FROM users), (SELECT SUM(total) FROM orders), (SELECT MAX(price) FROM products)",
]

CASES: list[Attack] = (
    attacks("inputs.inputs", INPUTS)
    + attacks("inputs.documents", DOCUMENTS)
    + attacks("inputs.comments", COMMENTS)
    + attacks("inputs.rows", ROWS)
)
