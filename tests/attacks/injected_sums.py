"""The twins of honest_builders that are injected: constants behind a value, a column against itself in parentheses, sums
of texts, unions that fill up one side only, characters as numbers where another statement's text is built."""

from __future__ import annotations

from tests.attacks.case import Attack, Step, attacks

CONSTANTS: list[Step | tuple[Step, ...]] = [
    "SELECT name FROM users WHERE id = 1 AND 2=2",
    "SELECT name FROM users WHERE id = 1 AND 1=1 AND 2=2",
    "SELECT name FROM users WHERE id = 1 AND (1=1 AND 2=2)",
    "SELECT name FROM users WHERE name = 'ann' AND '1'='1'",
    "SELECT name FROM users WHERE id = 1 OR 1=1 AND 2=2",
    "SELECT name FROM users WHERE id = 1 OR (1=1 AND 2=2)",
    "SELECT name FROM users WHERE 1=1 AND 2=2 OR 3=3",
    "SELECT name FROM users WHERE 4321=4321 AND 8765=8765",
    "SELECT name FROM users WHERE 1=1 AND id = 1 AND 2=2",
]

ITSELF: list[Step | tuple[Step, ...]] = [
    "SELECT name FROM users WHERE name = '' OR (id=id AND id=id)",
    "SELECT name FROM users WHERE name = '' OR (id=id OR id=5)",
    "SELECT name FROM users WHERE name = '' OR (id=id OR name='x')",
    "SELECT name FROM users WHERE name = '' OR (id - id = 0 AND id <= id)",
    "SELECT name FROM users WHERE name = '' OR (id BETWEEN id AND id AND age <=> age)",
    "SELECT name FROM users WHERE name = '' OR NOT (id <> id)",
    "SELECT name FROM users WHERE name = '' OR id - id = '0'",
    "SELECT name FROM users WHERE name = '' OR (id - id = '0' AND id * 0 <= id)",
]

SUMS: list[Step | tuple[Step, ...]] = [
    "SELECT name FROM users WHERE name = '0'+'0'",
    "SELECT name FROM users WHERE name = ('0'-'0')",
    "SELECT name FROM users WHERE name IN ('0'+'0')",
    "SELECT name FROM users WHERE name IN ('a', '0'*'1')",
    "SELECT name FROM users WHERE name = '1'^'1'",
    "SELECT name FROM users WHERE name = 'a'+'b'",
    "INSERT INTO users (name) VALUES ('1'+(SELECT COUNT(*) FROM orders)+'1')",
    "INSERT INTO users (name) VALUES (''+(SELECT MAX(total) FROM orders)+'')",
    "INSERT INTO users (name) VALUES ('1'+LENGTH(DATABASE())+'1')",
    "UPDATE users SET note = '1'+(SELECT MAX(total) FROM orders)+'1' WHERE id = 1",
]

FILLED: list[Step | tuple[Step, ...]] = [
    "SELECT id, name FROM users WHERE age = 30 UNION ALL SELECT email, NULL FROM users",
    "SELECT id, name, 0 FROM users WHERE age = 30 UNION ALL SELECT email, NULL, 1 FROM users",
    "SELECT id, name FROM users WHERE age = 30 UNION SELECT 1, CHAR(97, 98, 99)",
    "SELECT id, name FROM users WHERE age = 30 UNION SELECT id, CONCAT(name, 0x3a, email) FROM users",
    "SELECT name FROM users WHERE id = (SELECT CONCAT(name, 0x7e, email) FROM users LIMIT 1)",
    "SELECT name FROM users WHERE CONCAT(name, CHAR(58, 58, 58)) > 'a'",
    "SELECT name FROM users WHERE id = 1 AND MASTER_POS_WAIT('x', 4, 1) IS NULL",
]

TESTED: list[Step | tuple[Step, ...]] = [
    "SELECT name FROM users WHERE id = 1 IS NOT NULL",
    "SELECT name FROM users WHERE id = 1 IS NULL IS NULL",
    "SELECT name FROM users WHERE id = 1 IS FALSE",
    "SELECT name FROM users WHERE id = 0x31 IS NOT NULL",
    "SELECT name FROM users WHERE name = 'ann' IS NOT TRUE",
    "SELECT name FROM users WHERE id = 1 OR NULL IS NULL",
    "SELECT name FROM users WHERE id = 1 OR 'a' IS NOT NULL",
    "SELECT name FROM users WHERE id = 1 OR ((5) IS NOT NULL)",
]

ORDERS: list[Step | tuple[Step, ...]] = [
    "SELECT name FROM users ORDER BY EXISTS (SELECT 1)",
    "SELECT name FROM users ORDER BY EXISTS (SELECT 1 FROM dual WHERE 5=5)",
    "SELECT name FROM users ORDER BY EXISTS (SELECT 1 FROM orders)",
    "SELECT name FROM users ORDER BY (SELECT 1 FROM orders LIMIT 1)",
]

CASES: list[Attack] = (
    attacks("sums.constants", CONSTANTS, deed=True)
    + attacks("sums.itself", ITSELF, deed=True)
    + attacks("sums.sums", SUMS, deed=True)
    + attacks("sums.filled", FILLED, deed=True)
    + attacks("sums.tested", TESTED, deed=True)
    + attacks("sums.orders", ORDERS, deed=True)
)
