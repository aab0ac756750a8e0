"""Constant conditions in front of a clause, behind a template's own, in what is stored; orders by another row; errors that
show what the server or a subquery tells. All that they read is granted: only the detectors stop them."""

from __future__ import annotations

from typing import Final

from tests.attacks.case import Attack, attacks

TAILS: Final = [
    "FOR UPDATE",
    "FOR SHARE",
    "FOR UPDATE SKIP LOCKED",
    "LOCK IN SHARE MODE",
    "FETCH FIRST 5 ROWS ONLY",
    "INTO @x",
    "GROUP BY name WITH ROLLUP",
    "HAVING name > ''",
]
TRUE: Final = ["1=1", "NOT 0", "'a'='a'", "(SELECT 1)", "NOW()"]
TEMPLATES: Final = [
    "(id = 1 OR 1=2-1)",
    "(id = 1 OR 1='1')",
    "(id = 1 OR 1=1.0)",
    "(id = 1 OR 1=TRUE)",
    "(id = 1 OR 1=ANY(SELECT 1))",
    "(name = 'x' OR 'x'='x ')",
    "(name = 'x' OR 'x' IN ('x', 'y'))",
]
ITSELF: Final = [
    "id = users.id",
    "`users`.id = id",
    "(id, name) = (id, name)",
    "ROW(id, 1) = ROW(id, 1)",
    "1 IN (id, 1)",
    "EXISTS (SELECT 1 FROM users WHERE 1=1)",
    "EXISTS (SELECT 1 FROM orders WHERE id=id)",
    "SUBSTRING('12' FROM 1 FOR 1)",
]
ORDERS: Final = [
    "(SELECT name LIKE 'a%' FROM users WHERE id = 1)",
    "(SELECT IF(email LIKE 'a%', 1, 2) FROM users WHERE id = 1)",
    "IF((SELECT email FROM users WHERE id = 1) LIKE 'a%', id, name)",
    "IF(EXISTS (SELECT 1 FROM users WHERE id = 1 AND email LIKE 'a%'), id, name)",
    "(CASE WHEN (SELECT email FROM users WHERE id = 1) > 'a' THEN id ELSE name END)",
]
STORED: Final = [
    "INSERT INTO users (name, note) VALUES ('' << (SELECT MAX(id) FROM orders) << '', 'x')",
    "INSERT INTO users (name, note) VALUES ('9' DIV (SELECT MAX(id) FROM orders) DIV '1', 'x')",
    "INSERT INTO users (name, note) VALUES ('' = VERSION() = '', 'x')",
    "INSERT INTO users (name, note) VALUES ('' < (SELECT email FROM users u LIMIT 1) < '', 'x')",
    "INSERT INTO users (name, note) VALUES ('' || (SELECT COUNT(*) FROM orders) || '', 'x')",
]
ERRORS: Final = [
    "SELECT name FROM users WHERE id = 1 AND !(SELECT * FROM (SELECT USER())x)-~0 IS NULL",
    "SELECT name FROM users WHERE id = (SELECT CASE WHEN (email LIKE 'z%') THEN (SELECT 1 UNION SELECT 2) ELSE 1 END FROM users u WHERE id = 1)",
    "SELECT name FROM users WHERE id = 1 AND (SELECT 1 FROM orders GROUP BY CONCAT(status, ROUND(RAND(0))) HAVING MIN(0)) IS NULL",
    "SELECT name FROM users WHERE id = 1 AND (SELECT SUM(a.id) FROM users a, orders b, items c)",
    "SELECT name FROM users WHERE id = 1 AND (SELECT COUNT(*) FROM users a, users b, users c WHERE 1)",
    "SELECT name FROM users WHERE id = 1 OR STRING_TO_VECTOR(USER()) IS NULL",
    "SELECT name FROM users WHERE id = 999 OR EXTRACTVALUE(name, '/a') = UPDATEXML('<a/>', CURRENT_USER, 'b')",
]
SETS: Final = [
    "SELECT name, email FROM users WHERE id = 1 EXCEPT SELECT NULL, NULL",
    "SELECT name, email FROM users WHERE id = 1 INTERSECT SELECT 1, 2",
    "SELECT name, email FROM users WHERE id = 1 UNION SELECT a.*, b.* FROM (SELECT 1) a, (SELECT 2) b",
    "SELECT name, email FROM users WHERE id = 1 UNION SELECT * FROM (VALUES ROW(1, 2)) a",
]
CUTS: Final = [
    "SELECT name FROM users WHERE name = 'ann' OR name > ''\n-- ' AND age > 5",
    "SELECT name FROM users WHERE (id = 1 OR id > 0)\n# ) AND age > 5",
]

CASES: list[Attack] = (
    attacks(
        "tails.tail",
        [f"SELECT name FROM users WHERE id = 999 OR {c} {t}" for c in TRUE for t in TAILS],
        deed=True,
    )
    + attacks("tails.templates", [f"SELECT name FROM users WHERE {c}" for c in TEMPLATES], deed=True)
    + attacks("tails.itself", [f"SELECT name FROM users WHERE id = 999 OR {c}" for c in ITSELF], deed=True)
    + attacks("tails.order", [f"SELECT id, name FROM users ORDER BY {c}" for c in ORDERS], deed=True)
    + attacks("tails.stored", STORED, deed=True)
    + attacks("tails.errors", ERRORS, deed=True)
    + attacks("tails.sets", SETS, deed=True)
    + attacks("tails.cuts", CUTS, deed=True)
)
