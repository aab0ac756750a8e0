"""Constant conditions that words of the grammar hide, choices in ORDER BY, letters of a subquery, heavy work, and
comments that cut off nothing or stand behind a semicolon. All that they read is granted: only the detectors stop them."""

from __future__ import annotations

from typing import Final

from tests.attacks.case import Attack, attacks

TRUE: Final = [
    "(1,1)=(1,1)",
    "BINARY 1",
    "1 COLLATE utf8mb4_bin",
    "'a' COLLATE utf8mb4_bin = 'a'",
    "'a' SOUNDS LIKE 'a'",
    "1 MEMBER OF ('[1]')",
    "{d '2020-01-01'}",
    "{x 1}",
    "{fn PI()}",
    "INTERVAL 1 DAY + NOW()",
    "'2020-01-01' + INTERVAL 1 DAY",
    "EXTRACT(YEAR FROM '2020-01-01')",
    "TIMESTAMPDIFF(DAY, '2020-01-01', '2021-01-01')",
    "TRIM(BOTH ' ' FROM '1')",
    "CHAR(49 USING utf8mb4)",
    "DATE_ADD('2020-01-01', INTERVAL 1 DAY)",
    "(SELECT 1 FROM users LIMIT 1)",
    "(WITH x AS (SELECT 1 a) SELECT a FROM x)",
    "EXISTS (TABLE users)",
    "id IN (id, 0)",
    "name = name COLLATE utf8mb4_bin",
]
LETTERS: Final = [
    "(SELECT ASCII(SUBSTR(email,1,1)) FROM users WHERE id=1) > 64",
    "(SELECT ORD(MID(email,1,1)) FROM users LIMIT 1) BETWEEN 64 AND 127",
    "(SELECT LEFT(email,1) FROM users WHERE id=1) = 'a'",
    "(SELECT LENGTH(email) FROM users WHERE id=1) > 3",
]
STRINGS: Final = ["'' & 1 & ''", "'' | BINARY 1 + ''", "'' MOD 1e0 & ''", "'a' * id & ''"]
CHOICES: Final = [
    "(1=1)",
    "RAND(1=1)",
    "FIELD(1=1, 1)",
    "IF(1=1, id, name)",
    "(CASE WHEN (1=1) THEN id ELSE name END)",
    "(SELECT 1)",
    "id, (SELECT 1)",
    "IF((SELECT email FROM users LIMIT 1) LIKE 'a%', id, name)",
    "(CASE WHEN (SELECT email FROM users LIMIT 1) LIKE 'a%' THEN id ELSE name END)",
    "(SELECT email FROM users LIMIT 1)",
    "RAND((SELECT ASCII(SUBSTR(email,1,1)) FROM users LIMIT 1) > 64)",
]
HEAVY: Final = [
    "SELECT name FROM users WHERE id = 1 AND (SELECT COUNT(*) FROM users a, users b, users c)",
    "SELECT name FROM users WHERE id = 1 OR (SELECT COUNT(*) FROM users a JOIN users b CROSS JOIN users AS c) > 5",
    "SELECT name FROM users WHERE name RLIKE REPEAT('(a.*)+', 3)",
    "SELECT name FROM users WHERE id = 1 AND 'aaaa' REGEXP CONCAT(REPEAT('(a.*)+', 3), 'b')",
]
CUTS: Final = [
    "SELECT name FROM users WHERE id = 1 UNION SELECT email FROM users -- -",
    "SELECT name FROM users WHERE id = 1 UNION SELECT email FROM users#",
    "SELECT name FROM users WHERE id = 1; SELECT email FROM users -- ",
    "SELECT name FROM users WHERE name = 'ann'; -- ' AND age > 5",
    "SELECT name FROM users WHERE name = 'ann' OR name LIKE '%'; # ' LIMIT 1",
    "SELECT name FROM users WHERE (name = 'ann'); -- ') AND age > 5",
    "SELECT name FROM users WHERE id = 1 OR id > 0; -- AND age > 5 LIMIT 1",
    "UPDATE users SET note = 'x' WHERE id = 1 OR id > 0 -- -",
    "SELECT name FROM users ORDER BY id LIMIT 5 #",
]

CASES: list[Attack] = (
    attacks("injected_words.true", [f"SELECT name FROM users WHERE id = 999 OR {c}" for c in TRUE], deed=True)
    + attacks("injected_words.tail", [f"SELECT name FROM users WHERE name = 'z' || {c} LIMIT 3" for c in TRUE], deed=True)
    + attacks("injected_words.change", [f"UPDATE users SET age = 5 WHERE id = 999 OR {c}" for c in TRUE[:18]], deed=True)
    + attacks("injected_words.letters", [f"SELECT name FROM users WHERE id = 1 AND {c}" for c in LETTERS], deed=True)
    + attacks("injected_words.strings", [f"SELECT name FROM users WHERE name = {c}" for c in STRINGS], deed=True)
    + attacks("injected_words.order", [f"SELECT id, name FROM users ORDER BY {c}" for c in CHOICES], deed=True)
    + attacks("injected_words.desc", [f"SELECT id, name FROM users ORDER BY {c} DESC LIMIT 2" for c in CHOICES], deed=True)
    + attacks("injected_words.heavy", HEAVY, deed=True)
    + attacks("injected_words.cuts", CUTS, deed=True)
)  # fmt: skip
