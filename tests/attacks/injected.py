"""Conditions, branches and statements appended to a value: all that they read is granted, so only the detectors stop them."""

from __future__ import annotations

from typing import Final

from tests.attacks.case import Attack, attacks

# What is put behind a value. Each is accepted by one of the servers at least in one place.
ALWAYS_TRUE: Final = [
    "OR 1=1",
    "OR 1",
    "OR true",
    "OR NOT false",
    "OR 2>1",
    "OR -1",
    "OR ~0",
    "OR 3-2",
    "OR 1 DIV 1",
    "OR 1<<1",
    "OR !0",
    "OR 0x31",
    "OR 1.5",
    "|| 1=1",
    "OR 'a' LIKE 'a'",
    "OR 5 BETWEEN 1 AND 9",
    "OR 1 IN (1, 2)",
    "OR ROW(1, 2) = ROW(1, 2)",
    "OR id=id",
    "OR id <=> id",
    "OR id IN (id)",
    "OR NOT id <> id",
    "OR id BETWEEN id AND id",
    "OR id - id = 0",
    "OR id DIV id",
    "OR CURRENT_DATE",
    "OR DATE '2024-01-01'",
    "OR NOW()",
    "OR PI() > 3",
    "OR @@version",
    "OR @a := 1",
    "OR (@a := 'x')",
    "OR (SELECT 1)",
    "OR (SELECT 1 FROM dual)",
    "OR EXISTS (SELECT 1)",
    "OR CAST('1' AS UNSIGNED)",
    "OR CONVERT(1, SIGNED)",
    "OR CASE WHEN 1=1 THEN 1 ELSE 0 END",
    "OR IF(1=1, 1, 0)",
    "OR COALESCE(NULL, 1)",
    "OR LENGTH('a')",
]
PROBES: Final = [
    "AND VERSION() LIKE '1%'",
    "AND VERSION()",
    "AND @@hostname",
    "AND SUBSTR(VERSION(), 1, 1) > 0",
    "AND ASCII(SUBSTR(DATABASE(), 1, 1)) > 64",
    "AND INSTR(DATABASE(), 's')",
    "AND LOCATE('s', DATABASE())",
    "AND LOWER(DATABASE()) = 'shop'",
    "AND DATABASE() IN ('shop')",
    "AND STRCMP(DATABASE(), 'a')",
    "AND CRC32(USER()) > 0",
    "AND IF(DATABASE() = 'shop', 1, 0)",
    "AND CONV(HEX(DATABASE()), 16, 10) > 1",
    "AND (SELECT USER()) LIKE 'a%'",
    "AND CONVERT(VERSION() USING utf8mb4) > 1",
    "AND JSON_VALUE(VERSION(), '$') IS NULL",
    "AND INET6_NTOA(VERSION()) IS NULL",
    "AND JSON_VALID(USER()) = 0",
    "AND (SELECT COUNT(*) FROM orders) > 0",
    "AND 'ann' IN (SELECT name FROM users)",
    "AND SLEEP(0.01) = 0",
    "AND (SELECT * FROM (SELECT SLEEP(0.01)) x) = 0",
    "AND GET_LOCK('x', 0)",
    "AND BENCHMARK(10, MD5(1)) = 0",
]
UNIONS: Final = [
    "UNION SELECT 1,2",
    "UNION SELECT NULL,NULL",
    "UNION ALL SELECT 1,VERSION()",
    "UNION SELECT 'a','b'",
    "UNION SELECT 0x61,0x62",
    "UNION SELECT @@version,1",
    "UNION SELECT * FROM (SELECT 1) a JOIN (SELECT 2) b",
    "UNION SELECT * FROM (SELECT 1) a, (SELECT 2) b",
    "UNION VALUES (1,2)",
    "UNION ALL VALUES ROW(1,2)",
    "UNION DISTINCT (SELECT USER(), DATABASE())",
]
STACKED: Final = [
    "; UPDATE users SET age = 99",
    "; INSERT INTO users (name) VALUES ('x')",
    "; CALL sp_ok(1)",
    "; SELECT SLEEP(0.01)",
]
ORDERS: Final = [
    "AND 2=2",
    "AND VERSION() LIKE '1%'",
    "OR 1=1 DESC",
    ", (SELECT IF(USER() LIKE 'a%', 1, 2))",
    ", ELT(CRC32(LPAD((SELECT DATABASE()), 1, 1)) > 64, 5)",
    ", (CASE WHEN 17=17 THEN id ELSE age END)",
]

CONDITIONS: Final = ALWAYS_TRUE + PROBES

NUMBER: Final = [f"SELECT name, email FROM users WHERE id = 1 {p}" for p in CONDITIONS + UNIONS + STACKED]
TAIL: Final = [f"SELECT name, email FROM users WHERE id = 1 {p} AND age > 5 LIMIT 3" for p in CONDITIONS]
GROUP: Final = [f"SELECT name, email FROM users WHERE (age > 5 AND id = 1 {p})" for p in CONDITIONS]
STRING: Final = [f"SELECT name, email FROM users WHERE name = 'ann' {p} -- '" for p in CONDITIONS + UNIONS]
CHANGE: Final = [f"UPDATE users SET age = 5 WHERE id = 1 {p}" for p in CONDITIONS]
ORDER: Final = [f"SELECT name, email FROM users WHERE age > 5 ORDER BY name {p}" for p in ORDERS]

CASES: list[Attack] = (
    attacks("injected.number", NUMBER, deed=True)
    + attacks("injected.tail", TAIL, deed=True)
    + attacks("injected.group", GROUP, deed=True)
    + attacks("injected.string", STRING, deed=True)
    + attacks("injected.change", CHANGE, deed=True)
    + attacks("injected.order", ORDER, deed=True)
)
