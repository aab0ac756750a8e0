"""Views, routines and triggers before a server, and a gateway that reads their definitions."""

from __future__ import annotations

from typing import Any

import pymysql
from pymysql.connections import Connection

from tests.servers.furnish import furnish
from tests.servers.gateway import Gateway
from tests.servers.mariadb import MariaDB
from tests.servers.mysql import MySQL

POLICY = """
version: 1
global: {default_schema: shop}
access_control:
  - name: clerk
    user: clerk
    allowed_tables: [users, orders, audit, v_users, v_secret, v_on_view, v_function, v_orders, v_change, late]
    allowed_operations: [SELECT, INSERT, UPDATE, DELETE, CALL]
    allowed_functions: [f_users, f_secret, f_unknown]
  - name: maker
    user: maker
    allowed_tables: ["shop.*"]
    allowed_operations: ["*"]
    allowed_functions: ["*"]
procedure_control: {block_create_alter: false, mode: blacklist, blacklist: [p_black]}
sql_rules: {injection: {detectors: []}}
"""


WORLD = [
    "CREATE DATABASE shop",
    "USE shop",
    "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(40))",
    "CREATE TABLE orders (id INT PRIMARY KEY, user_id INT)",
    "CREATE TABLE audit (note VARCHAR(80))",
    "CREATE TABLE payroll (salary INT)",
    "CREATE TABLE late (id INT PRIMARY KEY)",
    "INSERT INTO users VALUES (1, 'ann')",
    "INSERT INTO orders VALUES (1, 1)",
    "INSERT INTO payroll VALUES (4711)",
    "CREATE VIEW v_users AS SELECT id, name FROM users",
    "CREATE VIEW v_secret AS SELECT salary FROM payroll",
    "CREATE VIEW v_on_view AS SELECT * FROM v_secret",
    "CREATE VIEW v_orders AS SELECT id, user_id FROM orders",
    "CREATE VIEW v_change AS SELECT name FROM users",
    "CREATE FUNCTION f_users() RETURNS INT DETERMINISTIC READS SQL DATA RETURN (SELECT COUNT(*) FROM users)",
    "CREATE FUNCTION f_secret() RETURNS INT DETERMINISTIC READS SQL DATA RETURN (SELECT MAX(salary) FROM payroll)",
    # a string that information_schema shows with its escapes undone: what is behind it must not be hidden by that
    "CREATE FUNCTION f_quotes() RETURNS INT DETERMINISTIC READS SQL DATA"
    " RETURN (SELECT '''' IS NULL OR MAX(salary) FROM payroll WHERE '''' <> 'x')",
    "CREATE VIEW v_function AS SELECT f_secret() AS s",
    "CREATE PROCEDURE p_order(IN n INT) BEGIN INSERT INTO orders VALUES (n, 1); CALL p_note('order'); END",
    "CREATE PROCEDURE p_note(IN t VARCHAR(40)) INSERT INTO audit VALUES (t)",
    "CREATE PROCEDURE p_secret() SELECT salary FROM payroll",
    "CREATE PROCEDURE p_wraps() BEGIN IF 1 THEN CALL p_secret(); END IF; END",
    "CREATE PROCEDURE p_dynamic(IN t TEXT) BEGIN SET @s = t; PREPARE s FROM @s; EXECUTE s; DEALLOCATE PREPARE s; END",
    "CREATE PROCEDURE p_constant() BEGIN PREPARE s FROM 'SELECT name FROM users'; EXECUTE s; DEALLOCATE PREPARE s; END",
    "CREATE PROCEDURE p_constant_secret() BEGIN PREPARE s FROM 'SELECT salary FROM payroll'; EXECUTE s; END",
    "CREATE PROCEDURE p_round(IN n INT) BEGIN IF n > 0 THEN CALL p_round(n - 1); END IF; END",
    "CREATE PROCEDURE p_black() SELECT 1",
    "CREATE PROCEDURE p_to_black() CALL p_black()",
    "CREATE PROCEDURE p_quotes() SELECT '''', salary FROM payroll WHERE '''' <> 'x'",
    "CREATE TRIGGER t_order AFTER INSERT ON orders FOR EACH ROW INSERT INTO audit VALUES ('inserted')",
    "CREATE TRIGGER t_leak BEFORE UPDATE ON users FOR EACH ROW SET NEW.name = (SELECT MAX(salary) FROM payroll)",
]


class World:
    """A server with the schema shop, and a gateway with its catalog. root: past the gateway."""

    def __init__(self, server: MariaDB | MySQL, gateway: Gateway, root: Connection[Any]) -> None:
        self.server = server
        self.gateway = gateway
        self.root = root

    def as_user(self, name: str) -> Connection[Any]:
        return self.gateway.connect(user=name, password="pw", database="shop")

    def direct(self, *statements: str) -> None:
        with self.root.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def count(self, table: str) -> int:
        with self.root.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM shop.{table}")
            row = cursor.fetchone()
            assert row is not None
            return int(row[0])


def make(server: MariaDB | MySQL) -> Connection[Any]:
    """The databases and accounts, and a connection past any gateway."""
    # a name that is built-in, and yet this is what the server calls (docs/threat-model.md)
    built_in = "md5" if isinstance(server, MySQL) else "point"
    function = (
        f"CREATE FUNCTION {built_in}(x INT) RETURNS INT DETERMINISTIC READS SQL DATA"
        " RETURN (SELECT MAX(salary) FROM payroll)"
    )
    return furnish(server, (*WORLD, function), ("clerk", "maker"), ("blind",))


def verdict(connection: Connection[Any], statement: str) -> str:
    """The rule that blocked it, "" where it passed."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
            while True:
                cursor.fetchall()
                if not cursor.nextset():
                    return ""
        except pymysql.MySQLError as error:
            number, text = error.args
            assert number == 1227 and "dbgate: blocked by policy (rule: " in text, error
            return str(text).partition("rule: ")[2].partition(",")[0]


def connected(world: World) -> Connection[Any] | None:
    try:
        return world.as_user("clerk")
    except pymysql.MySQLError:
        return None
