"""The current schema through every door: an unqualified allowed name must never mean the same name elsewhere."""

from __future__ import annotations

from tests.attacks.case import Attack, Step, attacks

SCHEMA: list[Step | tuple[Step, ...]] = [
    ("USE vault", "SELECT name FROM users"),
    ("USE `vault`", "SELECT name FROM users"),
    ("USE vault;", "SELECT name FROM users"),
    ("use vault", "SELECT name FROM users"),
    ("USE/**/vault", "SELECT name FROM users"),
    ("/*!USE*/ vault", "SELECT name FROM users"),
    ("/*!USE vault*/", "SELECT name FROM users"),
    ("USE /*!vault*/", "SELECT name FROM users"),
    (":db vault", "SELECT name FROM users"),
    ("SELECT 1; USE vault", "SELECT name FROM users"),
    ("USE shop; USE vault", "SELECT name FROM users"),
    ("USE vault; SELECT 1", "SELECT name FROM users"),
    ("USE vault; SELECT nothing FROM nowhere", "SELECT name FROM users"),
    ("USE vault # x", "SELECT name FROM users"),
    ("USE vault -- x", "SELECT name FROM users"),
    ("USE SHOP", "SELECT name FROM users"),
    (":db SHOP", "SELECT name FROM users"),
    ("USE vault; USE nosuch", "SELECT name FROM users"),
    ("SET @a = 1; USE vault", "SELECT name FROM users"),
    ("BEGIN; USE vault", "SELECT name FROM users"),
    ("USE vault\n;\n", "SELECT name FROM users"),
    ("\nUSE vault", "SELECT name FROM users"),
    (":prepare USE vault", "SELECT name FROM users"),
    ("USE vault", "TABLE users"),
    ("USE `vault`", "TABLE users"),
    ("USE vault;", "TABLE users"),
    ("USE vault", "SELECT name FROM orders"),
    ("USE SHOP", "SELECT name FROM orders"),
    ("USE vault", "UPDATE users SET name = 'x'"),
    ("USE vault", "INSERT INTO users (id) VALUES (99)"),
    ("USE vault", "SELECT f_vault(1)"),
    ("USE vault", "CALL sp_ok(1)"),
    (":db vault", "CALL sp_ok(1)"),
    ("USE vault", "SELECT s FROM `keys`"),
    ("USE vault", ":prepare SELECT name FROM users"),
    ("USE vault", "EXPLAIN SELECT name FROM users", "SELECT name FROM users"),
    ("USE vault; SELECT name FROM users",),
    ("SELECT 1; USE vault; SELECT name FROM users",),
    ("USE vault; UPDATE users SET name = 'x'",),
    ("USE shop; SELECT 1; USE vault; TABLE users",),
    ("USE vault; USE shop; SELECT s FROM secret",),
    ("/*!USE vault*/; SELECT name FROM users",),
    ("USE vault; CALL sp_ok(1)",),
    ("USE vault/*;*/;SELECT name FROM users",),
    ("USE vault; SET @x = (SELECT name FROM users LIMIT 1); SELECT @x",),
    ("USE vault; DO (SELECT @x := name FROM users LIMIT 1); SELECT @x",),
    ("USE SHOP", "SELECT s FROM users"),
    ("USE SHOP; SELECT s FROM users",),
    (":db SHOP", "SELECT s FROM users"),
    ("USE `SHOP`", "SELECT s FROM USERS"),
    (":db vault", ":db shop", "SELECT name FROM vault.users"),
    ("USE vault", "USE shop", "SELECT s FROM secret"),
    ("USE vault", ":reset", "SELECT name FROM users"),
    (":db vault", ":reset", "SELECT name FROM users"),
    ("DROP DATABASE shop", "CREATE DATABASE shop", "SELECT 1"),
    ("DROP DATABASE SHOP", "USE vault", "SELECT name FROM users"),
    ("CREATE DATABASE loot; USE loot", "SELECT 1"),
]

NO_SCHEMA: list[Step | tuple[Step, ...]] = [
    ("SELECT name FROM users", "SELECT name FROM vault.users"),
    ("USE vault", "SELECT name FROM users"),
    (":db vault", "SELECT name FROM users"),
    ("SELECT s FROM secret", "SELECT s FROM shop.secret"),
    ("SELECT name FROM vault.users",),
    ("SELECT s FROM SHOP.users",),
    ("USE vault; SELECT name FROM users",),
    ("SELECT vault.f_vault(1)",),
    ("SELECT shop.f_secret()",),
    ("CALL shop.sp_evil()",),
    ("CALL vault.sp_ok(1)",),
    ("UPDATE vault.users SET name = 'x'",),
    ("WITH users AS (SELECT 1) SELECT name FROM vault.users",),
    ("SELECT s FROM (SELECT s FROM shop.secret) users",),
    ("SET @x = (SELECT s FROM shop.secret LIMIT 1); SELECT @x",),
    ("TABLE vault.users",),
    ("SELECT table_name FROM information_schema.tables", "TABLE vault.users"),
    ("DELETE FROM shop.users",),
    ("INSERT INTO shop.secret VALUES (9, 'x', 1)",),
    ("DROP TABLE shop.secret",),
    ("SELECT s FROM shop.secret AS users",),
    ("USE shop", "SELECT s FROM secret"),
    (":db shop", "SELECT s FROM secret"),
    ("USE shop; SELECT s FROM secret",),
]

VAULT_LOGIN: list[Step | tuple[Step, ...]] = [
    ("SELECT name FROM users",),
    ("TABLE users",),
    ("SELECT s FROM `keys`",),
    ("SELECT f_vault(1)",),
    ("CALL sp_ok(1)",),
    ("UPDATE users SET name = 'x'",),
]

CAPS_LOGIN: list[Step | tuple[Step, ...]] = [
    ("SELECT s FROM users",),
    ("TABLE users",),
    ("SELECT s FROM USERS",),
    ("SELECT name FROM orders",),
]

MYSQL_LOGIN: list[Step | tuple[Step, ...]] = [
    ("SELECT s FROM shop.secret",),
    ("SELECT user FROM user", "SELECT s FROM shop.secret"),
]

CASES: list[Attack] = (
    attacks("schemas.schema", SCHEMA)
    + attacks("schemas.no-schema", NO_SCHEMA, schema=None)
    + attacks("schemas.vault-login", VAULT_LOGIN, schema="vault")
    + attacks("schemas.caps-login", CAPS_LOGIN, schema="SHOP")
    + attacks("schemas.mysql-login", MYSQL_LOGIN, schema="mysql")
)
