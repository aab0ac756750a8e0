"""What query builders, templates and drivers make of honest work: constants in front of a filter, ranges behind OR,
numbers that PHP's PDO sends in quotes, unlike tables padded for a UNION, characters written as numbers."""

from __future__ import annotations

from tests.attacks.case import Attack, Step, attacks

CONSTANTS: list[Step | tuple[Step, ...]] = [
    "SELECT id FROM users WHERE 1=1 AND 2=2 AND name = 'ann'",
    "SELECT id FROM users WHERE 1=1 AND 1=1 AND 3=3",
    "SELECT id FROM users WHERE (1=1) AND (2=2) AND (name = 'ann')",
    "SELECT id FROM users WHERE 1=1 AND '1'='1' AND name = 'ann'",
    "SELECT id FROM users WHERE TRUE AND 1=1 AND 2=2 AND age > 3",
    "SELECT u.id FROM users u JOIN orders o ON 1=1 AND 2=2 AND o.user_id = u.id",
    "SELECT age, COUNT(*) FROM users GROUP BY age HAVING 1=1 AND 2=2 AND COUNT(*) > 0",
    "UPDATE users SET note = 'x' WHERE 1=1 AND 2=2 AND id = 1",
    "SELECT GET_LOCK('dbgate-honest', 1) FROM DUAL",
]

RANGES: list[Step | tuple[Step, ...]] = [
    "SELECT id FROM users WHERE name = 'x' OR (age > 5 AND age < 60)",
    "SELECT id FROM users WHERE name = 'x' OR age > 5 AND age < 60",
    "SELECT id FROM users WHERE name = 'x' OR (users.age <> 5 AND users.age <> 7)",
    "SELECT id FROM users WHERE name = 'x' OR NOT (age >= 30 AND age <= 40)",
    "SELECT id FROM users WHERE (age >= 1 AND age <= 3) OR (age >= 5 AND age <= 35) OR (age >= 45 AND age <= 50)",
    "SELECT id FROM users WHERE name = 'x' OR (age BETWEEN 5 AND 60 AND age > 7)",
    # mydumper's chunks
    "SELECT * FROM users WHERE `id` IS NULL OR ( 1 <= `id` AND `id` <= 100)",
    ":prepare SELECT id FROM users WHERE ? = ? OR name = ?",
]

QUOTED_NUMBERS: list[Step | tuple[Step, ...]] = [
    "SELECT id FROM orders WHERE total BETWEEN '10' - '5.5' AND '10' + '5.5'",
    "SELECT id, (total * '100' / '3') AS pct FROM orders WHERE total > '5' * '1.2'",
    "SELECT id FROM orders WHERE (total - '10.5') * (total - '10.5') < '9' * '3' ORDER BY id LIMIT 3",
    "SELECT id, 3959 * ACOS(COS(RADIANS('37.38')) * COS(RADIANS(total)) * COS(RADIANS(total) - RADIANS('-122.08')) + SIN(RADIANS('37.38')) * SIN(RADIANS(total))) AS d FROM orders HAVING d < '25000'",
    "UPDATE orders SET total = total * '2' + '1.5' - '1' WHERE id = '1'",
    "UPDATE orders SET total = (total + '1.5') * '2' WHERE id = '1'",
    "INSERT INTO orders (user_id, total) VALUES ('1', '2' * '3.5' + '1')",
    "SELECT id FROM orders WHERE total % '10' = '0'",
]

PADDED: list[Step | tuple[Step, ...]] = [
    "SELECT id, NULL, name FROM users WHERE age = 30 UNION ALL SELECT id, total, NULL FROM orders",
    "SELECT id, NULL AS total, name FROM users WHERE age = 30 UNION ALL SELECT id, total, NULL FROM orders ORDER BY 1",
]

CHARACTERS: list[Step | tuple[Step, ...]] = [
    "SELECT id FROM users WHERE name = CHAR(97, 110, 110)",
    "SELECT id FROM users WHERE note LIKE CHAR(37, 9, 37)",
    "UPDATE users SET note = CHAR(97, 98, 99) WHERE id = 1",
    "INSERT INTO users (name, note) VALUES (CONCAT('a', CHAR(10), 'b'), CHAR(72, 101, 108, 108, 111 USING utf8mb4))",
    "SELECT CHAR(97, 98, 99) AS abc, id FROM users",
    "SELECT GROUP_CONCAT(name SEPARATOR 0x1D) FROM users",
    "SELECT GROUP_CONCAT(CONCAT(name, 0x3a, email) SEPARATOR 0x7c) FROM users",
    "SELECT id FROM users WHERE id IN (SELECT id FROM (SELECT GROUP_CONCAT(id SEPARATOR 0x1F) AS id FROM users) x)",
]

PARAMETERS: list[Step | tuple[Step, ...]] = [
    # Entity Framework, its parameters written out by the driver
    "SELECT `c`.`id` FROM `users` AS `c` WHERE (`c`.`name` = 'ann') OR (`c`.`name` IS NULL AND ('ann' IS NULL))",
    "SELECT `c`.`id` FROM `users` AS `c` WHERE (`c`.`name` = NULL) OR (`c`.`name` IS NULL AND (NULL IS NULL))",
    "SELECT `e`.`id` FROM `users` AS `e` WHERE ((`e`.`name` = 'ann') AND (NOT ((`e`.`name` IS NULL) OR ('ann' IS NULL)))) OR ((`e`.`name` IS NULL) AND ('ann' IS NULL))",
    "SELECT `e`.`id` FROM `users` AS `e` WHERE `e`.`age` > 3 AND 5 IS NOT NULL",
    "SELECT `c`.`id` FROM `users` AS `c` WHERE (`c`.`age` > 5) AND (('an' LIKE '') OR (LOCATE('an', `c`.`name`) > 0))",
    "SELECT `c`.`id` FROM `users` AS `c` WHERE ('' = '') OR (LEFT(`c`.`name`, CHAR_LENGTH('')) = '')",
    "SELECT id FROM users WHERE name = 'ann' IS TRUE",
    "SELECT id FROM users WHERE (age = 30) IS NOT NULL AND (name = 'ann') IS NOT FALSE",
]

ORDERS: list[Step | tuple[Step, ...]] = [
    "SELECT id FROM users u ORDER BY EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id) DESC, id",
    "SELECT id FROM users u ORDER BY IF(EXISTS (SELECT NULL FROM orders o WHERE o.user_id = u.id AND o.total > 5), 0, 1)",
    "SELECT id FROM users u ORDER BY NOT EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)",
]

CASES: list[Attack] = (
    attacks("builders.constants", CONSTANTS)
    + attacks("builders.ranges", RANGES)
    + attacks("builders.numbers", QUOTED_NUMBERS)
    + attacks("builders.padded", PADDED)
    + attacks("builders.characters", CHARACTERS)
    + attacks("builders.parameters", PARAMETERS)
    + attacks("builders.orders", ORDERS)
)
