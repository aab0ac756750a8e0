"""The world that attacks are tried in: a server with things to steal and things to break, and a user who may do little.

The account `app` could do anything on the server; the policy lets it SELECT, INSERT and UPDATE four tables of one
schema and CALL one procedure. What must never come back carries CANARY; what must never change is in `fingerprint`.
"""

from __future__ import annotations

from typing import Any

CANARY = "CANARY-5d41-9f"

POLICY = """
version: 1
global: {mode: enforce, default_schema: shop}
access_control:
  - name: app
    user: app
    source_ip: 127.0.0.0/8
    allowed_tables: [shop.users, shop.orders, shop.items, shop.products]
    allowed_operations: [SELECT, INSERT, UPDATE, CALL]
procedure_control: {mode: whitelist, whitelist: [shop.sp_ok]}
data_protection: {max_result_rows: 10000, block_schema_access: true}
"""

COMMON = f"""
DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS vault; DROP DATABASE IF EXISTS loot; DROP DATABASE IF EXISTS `SHOP`;
CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE DATABASE vault CHARACTER SET utf8mb4; CREATE DATABASE `SHOP` CHARACTER SET utf8mb4;
CREATE TABLE shop.users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100), email VARCHAR(200), age INT, note TEXT);
CREATE TABLE shop.orders (id INT PRIMARY KEY AUTO_INCREMENT, user_id INT, total DECIMAL(10,2), status VARCHAR(20), created DATETIME);
CREATE TABLE shop.items (id INT PRIMARY KEY AUTO_INCREMENT, order_id INT, sku VARCHAR(40), qty INT, doc JSON);
CREATE TABLE shop.products (id INT PRIMARY KEY, sku VARCHAR(40), price DECIMAL(10,2), FULLTEXT KEY ft (sku));
CREATE TABLE shop.secret (id INT PRIMARY KEY, s VARCHAR(100), user_id INT);
CREATE TABLE vault.`keys` (id INT PRIMARY KEY, s VARCHAR(100), name VARCHAR(100));
CREATE TABLE vault.users (id INT PRIMARY KEY, name VARCHAR(100), email VARCHAR(200), age INT, note TEXT);
CREATE VIEW shop.v_secret AS SELECT * FROM shop.secret;
INSERT INTO shop.users (id, name, email, age) VALUES (1,'ann','ann@x',30),(2,'bob','bob@x',40),(3,'eve','eve@x',50);
INSERT INTO shop.orders VALUES (1,1,10.5,'new','2024-01-01'),(2,1,20,'paid','2024-02-01'),(3,2,5,'new','2024-03-01');
INSERT INTO shop.items VALUES (1,1,'a',2,'{{}}'),(2,1,'b',1,'[1,2]'),(3,2,'a',9,'null');
INSERT INTO shop.products VALUES (1,'a',1.5),(2,'b',2.5);
INSERT INTO shop.secret VALUES (1,'{CANARY}',1),(2,'{CANARY}',2);
INSERT INTO vault.`keys` VALUES (1,'{CANARY}','{CANARY}');
INSERT INTO vault.users VALUES (1,'{CANARY}','{CANARY}',1,'{CANARY}');
CREATE TABLE shop.secret_p (id INT PRIMARY KEY, s VARCHAR(100)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (5), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO shop.secret_p VALUES (1,'{CANARY}'),(7,'{CANARY}');
CREATE PROCEDURE shop.sp_ok(IN a INT) SELECT id, name FROM shop.users WHERE id = a;
CREATE PROCEDURE shop.sp_evil() SELECT s FROM shop.secret;
CREATE PROCEDURE shop.sp_arg(IN a VARCHAR(200)) SELECT a;
CREATE FUNCTION shop.f_secret() RETURNS VARCHAR(100) READS SQL DATA RETURN (SELECT s FROM shop.secret LIMIT 1);
CREATE FUNCTION vault.f_vault(a INT) RETURNS VARCHAR(100) READS SQL DATA RETURN (SELECT s FROM vault.`keys` LIMIT 1);
"""

COMMON += """
CREATE FUNCTION shop.md5(a INT) RETURNS VARCHAR(100) READS SQL DATA RETURN (SELECT s FROM shop.secret LIMIT 1);
CREATE FUNCTION shop.`now`() RETURNS VARCHAR(100) READS SQL DATA RETURN (SELECT s FROM shop.secret LIMIT 1);
CREATE FUNCTION shop.`count`(a INT) RETURNS VARCHAR(100) READS SQL DATA RETURN (SELECT s FROM shop.secret LIMIT 1);
CREATE FUNCTION shop.users() RETURNS VARCHAR(100) READS SQL DATA RETURN (SELECT s FROM shop.secret LIMIT 1);
CREATE PROCEDURE shop.users() SELECT s FROM shop.secret;
CREATE PROCEDURE vault.sp_ok(IN a INT) SELECT s FROM vault.`keys`;
CREATE PROCEDURE shop.`sp_ok.x`() SELECT s FROM shop.secret"""

# Forbidden names that are easily taken for something else. Views, because those are made fast.
ODD = {
    "shop": [
        "USERS",
        "status",
        "user",
        "data",
        "end",
        "begin",
        "offset",
        "value",
        "date",
        "1a",
        "0x1",
        "1e5",
        "1",
        "$x",
        "s\u00e9cret",
        "u\u017fers",
        "shop.users",
        "a b",
        "a``b",
        ";",
        "--",
        "/*",
        "*/",
        "'",
        '"',
        "users;",
        "users\\",
        "users\u00a0",
        "*",
        "%",
        "user?",
    ],
    "vault": [
        "select",
        "from",
        "where",
        "values",
        "dual",
        "set",
        "union",
        "join",
        "order",
        "lateral",
        "json_table",
        "orders",
    ],
    "SHOP": ["users", "orders", "USERS"],
}

MARIADB_ONLY = [
    "CREATE SEQUENCE shop.seq_secret START WITH 7777001",
    "CREATE TABLE shop.secret_v (id INT PRIMARY KEY, s VARCHAR(100)) WITH SYSTEM VERSIONING",
    f"INSERT INTO shop.secret_v VALUES (1, '{CANARY}')",
    "CREATE TABLE shop.secret_t (id INT, s VARCHAR(100), a DATE, b DATE, PERIOD FOR app (a, b))",
    f"INSERT INTO shop.secret_t VALUES (1, '{CANARY}', '2020-01-01', '2030-01-01')",
    "SET sql_mode = 'ORACLE'",
    "CREATE PACKAGE shop.pkg AS FUNCTION f RETURN VARCHAR2(100); PROCEDURE p; END",
    "CREATE PACKAGE BODY shop.pkg AS FUNCTION f RETURN VARCHAR2(100) AS BEGIN RETURN (SELECT s FROM shop.secret LIMIT 1); END;"
    " PROCEDURE p AS BEGIN SELECT s FROM shop.secret; END; END",
    "SET sql_mode = DEFAULT",
]

# What an attack that worked may have left behind.
GLOBALS = [
    "SET GLOBAL general_log = 0",
    "SET GLOBAL max_connections = 477",
    "SET GLOBAL init_connect = ''",
    "SET GLOBAL read_only = 0",
    "SET GLOBAL event_scheduler = 0",
    "SET GLOBAL time_zone = 'SYSTEM'",
    "SET GLOBAL log_output = 'FILE'",
    "SET GLOBAL local_infile = 1",
    "SET GLOBAL general_log_file = 'general.log'",
    "SET GLOBAL slow_query_log_file = 'slow.log'",
]


def build(connection: Any, mariadb: bool) -> None:
    """(Re)make the world through a connection of PyMySQL that has every right and autocommit."""
    with connection.cursor() as cursor:
        cursor.execute("SET GLOBAL sql_mode = DEFAULT")
        cursor.execute("SET SESSION sql_mode = DEFAULT")
        cursor.execute("SELECT user, host FROM mysql.user WHERE user LIKE 'evil%'")
        for name, host in cursor.fetchall():
            cursor.execute(f"DROP USER '{name}'@'{host}'" if host else f"DROP ROLE {name}")
        cursor.execute("DROP SERVER IF EXISTS loot")
        cursor.execute("CREATE USER evil_victim@'%' IDENTIFIED BY 'x'")
        cursor.execute("GRANT SELECT ON *.* TO evil_victim")
        if not mariadb:
            cursor.execute("SET GLOBAL log_bin_trust_function_creators = 1")
        for statement in COMMON.split(";\n"):
            for part in (
                [statement] if "PROCEDURE" in statement or "INSERT" in statement else statement.split("; ")
            ):
                if part.strip():
                    cursor.execute(part)
        for schema, names in ODD.items():
            for name in names:
                cursor.execute(f"CREATE VIEW `{schema}`.`{name}` AS SELECT id, s, s AS name FROM shop.secret")
        for statement in MARIADB_ONLY if mariadb else ():
            cursor.execute(statement)
        for statement in GLOBALS:
            cursor.execute(statement)
        if not mariadb:
            cursor.execute("RESET PERSIST")


def refill(connection: Any) -> None:
    """The first rows of the four tables that the user may write, and no others."""
    with connection.cursor() as cursor:
        for table in ("users", "orders", "items", "products"):
            cursor.execute(f"DELETE FROM shop.{table}")
        for statement in COMMON.split(";\n"):
            if statement.startswith(
                tuple(f"INSERT INTO shop.{t}" for t in ("users", "orders", "items", "products"))
            ):
                cursor.execute(statement)


def fingerprint(connection: Any) -> tuple[object, ...]:
    """What an attack must not change, as one comparable value. `shop` tables that the user may write count by rows
    removed only: the attacks here never write them by right."""
    out: list[object] = []
    with connection.cursor() as cursor:
        for sql in (
            "SELECT COUNT(*), MAX(s) FROM shop.secret",
            "SELECT COUNT(*), MAX(s) FROM vault.`keys`",
            "SELECT COUNT(*), MAX(name) FROM vault.users",
            "SELECT COUNT(*) > 2 FROM shop.users",
            "SELECT COUNT(*) > 2 FROM shop.orders",
            "SELECT table_schema, table_name, table_type FROM information_schema.tables "
            "WHERE table_schema NOT IN ('mysql','sys','information_schema','performance_schema') ORDER BY 1, 2",
            "SELECT table_schema, table_name, column_name, column_type FROM information_schema.columns "
            "WHERE table_schema IN ('shop', 'vault') ORDER BY 1, 2, ordinal_position, 3",
            "SELECT table_name, index_name FROM information_schema.statistics WHERE table_schema = 'shop' ORDER BY 1, 2",
            "SELECT table_name, partition_name FROM information_schema.partitions WHERE table_schema = 'shop' ORDER BY 1, 2",
            "SELECT routine_schema, routine_name, routine_type FROM information_schema.routines "
            "WHERE routine_schema <> 'sys' ORDER BY 1, 2, 3",
            "SELECT trigger_schema, trigger_name FROM information_schema.triggers WHERE trigger_schema <> 'sys' ORDER BY 1, 2",
            "SELECT event_schema, event_name FROM information_schema.events ORDER BY 1, 2",
            "SELECT schema_name FROM information_schema.schemata ORDER BY 1",
            "SELECT user, host FROM mysql.user ORDER BY 1, 2",
            "SELECT grantee, privilege_type FROM information_schema.user_privileges WHERE grantee NOT LIKE '%mysql.%' ORDER BY 1, 2",
            "SELECT @@GLOBAL.general_log, @@GLOBAL.max_connections, @@GLOBAL.sql_mode, @@GLOBAL.event_scheduler, @@GLOBAL.read_only",
            "SELECT Server_name FROM mysql.servers ORDER BY 1",
        ):
            try:
                cursor.execute(sql)
                out.append(tuple(sorted(cursor.fetchall(), key=repr)))  # in no collation
            except Exception as error:
                out.append((sql, str(error)))
    return tuple(out)
