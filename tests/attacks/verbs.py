"""Every verb that reads, writes, runs, locks, describes, exports or administers and that the policy does not give."""

from __future__ import annotations

from tests.attacks.case import Attack, Step, attacks

WRITES: list[Step | tuple[Step, ...]] = [
    "DELETE FROM users", "DELETE FROM users WHERE 1", "DELETE users FROM users", "DELETE FROM users USING users",
    "DELETE u FROM users u JOIN orders o ON o.user_id = u.id", "DELETE u, o FROM users u, orders o",
    "DELETE QUICK FROM users", "DELETE LOW_PRIORITY IGNORE FROM users", "DELETE FROM users ORDER BY id LIMIT 100",
    "DELETE FROM users RETURNING *", "DELETE secret FROM secret, users", "DELETE FROM u USING secret AS u", "WITH q AS (SELECT 1) DELETE FROM users",
    "DELETE FROM secret", "DELETE FROM shop.secret", "DELETE FROM vault.users", "DELETE users FROM vault.users",
    "TRUNCATE users", "TRUNCATE TABLE users", "TRUNCATE secret", "DROP TABLE users", "DROP TABLE IF EXISTS users, secret",
    "DROP TABLES secret", "DROP TEMPORARY TABLE IF EXISTS users", "DROP VIEW v_secret", "DROP DATABASE vault", "DROP SCHEMA vault",
    "DROP DATABASE IF EXISTS shop", "DROP INDEX ft ON products", "DROP PROCEDURE sp_evil", "DROP FUNCTION f_secret",
    "UPDATE secret SET s = 'x'", "UPDATE shop.secret SET s = 'x'", "UPDATE LOW_PRIORITY secret SET s = 'x'", "UPDATE IGNORE secret SET s = 'x'",
    "UPDATE users, secret SET secret.s = 'x'", "UPDATE users u, secret x SET x.s = 'x' WHERE u.id = 1", "UPDATE vault.users SET name = 'x'",
    "UPDATE secret users SET users.s = 'x'", "UPDATE users u JOIN secret s SET s.s = 'x'", "UPDATE v_secret SET s = 'x'",
    "UPDATE (users JOIN secret) SET s = 'x'", "UPDATE vault.users users SET users.name = 'x'", "UPDATE vault . users SET name = 'x'",
    "INSERT INTO secret VALUES (9, 'x', 1)", "INSERT INTO vault.users (id, name) VALUES (9, 'x')", "INSERT secret SET id = 9",
    "INSERT INTO secret SELECT 9, 'x', 1", "INSERT INTO `secret` () VALUES ()", "INSERT INTO v_secret VALUES (8, 'x', 1)",
    "INSERT IGNORE secret VALUES (9, 'x', 1)", "INSERT DELAYED INTO secret VALUES (9, 'x', 1)", "REPLACE INTO secret VALUES (1, 'x', 1)",
    "REPLACE secret VALUES (1, 'x', 1)", "REPLACE INTO users (id, name) VALUES (1, 'gone')", "REPLACE users SET id = 1", "REPLACE INTO secret SELECT 1, 'x', 1",
    "INSERT INTO vault.users (id) VALUES (1) ON DUPLICATE KEY UPDATE name = 'x'",
    "CREATE TABLE loot AS SELECT * FROM users", "CREATE TABLE loot SELECT * FROM secret", "CREATE TABLE loot LIKE secret", "CREATE TABLE loot (LIKE secret)",
    "CREATE TABLE loot (a INT)", "CREATE TABLE IF NOT EXISTS loot (a INT)", "CREATE OR REPLACE TABLE users (a INT)", "CREATE TABLE vault.loot (a INT)",
    ("CREATE TEMPORARY TABLE t AS SELECT * FROM secret", "SELECT * FROM t"), ("CREATE TEMPORARY TABLE users AS SELECT * FROM secret", "SELECT * FROM users"),
    ("CREATE TEMPORARY TABLE orders SELECT * FROM secret", "TABLE orders"),
    "CREATE VIEW loot AS SELECT 1", "CREATE OR REPLACE VIEW loot AS SELECT * FROM secret", "CREATE ALGORITHM=MERGE SQL SECURITY DEFINER VIEW loot AS SELECT s FROM secret",
    "ALTER VIEW v_secret AS SELECT 1", "CREATE DATABASE loot", "CREATE SCHEMA loot", "CREATE INDEX i ON users (name)", "CREATE UNIQUE INDEX i ON users (id)",
    "CREATE FULLTEXT INDEX i ON users (name)", "ALTER TABLE users ADD COLUMN hacked INT", "ALTER TABLE users RENAME TO users2", "ALTER TABLE users ADD INDEX z (age)",
    "ALTER TABLE secret RENAME loot", "ALTER IGNORE TABLE users DROP COLUMN note", "ALTER DATABASE vault CHARACTER SET latin1", "ALTER TABLE users ENGINE=MyISAM, ADD hacked INT",
    "RENAME TABLE secret TO loot", "RENAME TABLE users TO u2", "RENAME TABLE vault.users TO shop.loot", "RENAME TABLES secret TO loot, users TO secret",
    "CREATE PROCEDURE loot() SELECT 1", "CREATE FUNCTION loot() RETURNS INT RETURN 1", "CREATE OR REPLACE FUNCTION loot() RETURNS INT RETURN 1",
    "CREATE DEFINER=root@localhost PROCEDURE loot() SELECT 1", "CREATE TRIGGER loot BEFORE INSERT ON users FOR EACH ROW SET NEW.name = 'x'",
    "CREATE EVENT loot ON SCHEDULE EVERY 1 DAY DO SELECT 1", "CREATE AGGREGATE FUNCTION loot RETURNS STRING SONAME 'udf.so'", "ALTER PROCEDURE sp_ok COMMENT 'x'; DROP PROCEDURE sp_ok",
    "CREATE SEQUENCE loot", "DROP SEQUENCE seq_secret", "ALTER SEQUENCE seq_secret RESTART 5", "CREATE SERVER loot FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1')",
]

READS: list[Step | tuple[Step, ...]] = [
    "CALL sp_evil", "CALL sp_evil()", "CALL shop.sp_evil()", "CALL `sp_evil`()", "CALL shop . sp_evil ()", "CALL/**/sp_evil", "call Sp_EVIL()",
    "CALL vault.sp_ok()", "CALL sp_arg((SELECT s FROM secret LIMIT 1))", "CALL sp_ok(1); CALL sp_evil()", "{CALL sp_evil()}",
    "SELECT f_secret()", "SELECT shop.f_secret()", "SELECT `f_secret`()", "SELECT f_secret ()", "SELECT f_secret/**/()", "SELECT vault.f_vault(1)", "SELECT `vault`.`f_vault`(1)",
    "SELECT vault . f_vault ( 1 )", "SELECT id FROM users WHERE name <> f_secret() AND EXTRACTVALUE(1, CONCAT(0x7e, f_secret()))", "UPDATE users SET name = f_secret(); SELECT name FROM users",
    "INSERT INTO users (name) VALUES (f_secret()); SELECT name FROM users", "SET @x = f_secret(); SELECT @x", "DO f_secret()", "CALL sp_ok(f_secret())", "SELECT name FROM users ORDER BY f_secret(), EXTRACTVALUE(1, CONCAT(0x7e, f_secret()))",
    "SHOW VARIABLES WHERE EXTRACTVALUE(1, CONCAT(0x7e, f_secret()))",
    ("HANDLER secret OPEN", "HANDLER secret READ FIRST"), ("HANDLER shop.secret OPEN AS h", "HANDLER h READ FIRST"), ("HANDLER secret OPEN AS users", "HANDLER users READ NEXT"),
    ("HANDLER secret OPEN; HANDLER secret READ `PRIMARY` FIRST",), "CHECKSUM TABLE secret", "CHECKSUM TABLES users, secret",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE users (name)", "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE users (name)", "LOAD DATA INFILE '/etc/passwd' INTO TABLE secret", "LOAD XML INFILE '/etc/passwd' INTO TABLE users",
    "SELECT LOAD_FILE('/etc/passwd')", "SELECT load_file ('/etc/passwd')", "SELECT `load_file`('/etc/passwd')", "SELECT LOAD_FILE(0x2f6574632f706173737764)", "SELECT HEX(LOAD_FILE('/etc/passwd'))",
    "SELECT name FROM users INTO OUTFILE '/tmp/dbgate_attack_1'", "SELECT name INTO OUTFILE '/tmp/dbgate_attack_2' FROM users", "SELECT 'x' INTO DUMPFILE '/tmp/dbgate_attack_3'",
    "(SELECT name FROM users) UNION (SELECT 'a') INTO OUTFILE '/tmp/dbgate_attack_4'", "TABLE users INTO OUTFILE '/tmp/dbgate_attack_5'", "VALUES ROW(1) INTO OUTFILE '/tmp/dbgate_attack_6'",
    "DESCRIBE secret", "DESC secret", "EXPLAIN secret", "DESC secret s", "SHOW CREATE TABLE secret", "SHOW COLUMNS FROM secret", "SHOW FULL COLUMNS FROM secret IN shop", "SHOW FIELDS FROM secret", "SHOW INDEX FROM secret",
    "SHOW KEYS IN secret", "SHOW CREATE VIEW v_secret", "SHOW CREATE PROCEDURE sp_evil", "SHOW CREATE FUNCTION f_secret", "SHOW CREATE DATABASE vault", "SHOW TABLES FROM vault", "SHOW TABLES IN mysql", "SHOW TABLE STATUS FROM vault",
    "SHOW TABLES", "SHOW DATABASES", "SHOW SCHEMAS", "SHOW PROCEDURE STATUS", "SHOW FUNCTION STATUS", "SHOW EVENTS FROM vault", "SHOW TRIGGERS", "SHOW OPEN TABLES", "SHOW PROCESSLIST", "SHOW FULL PROCESSLIST", "SHOW GRANTS", "SHOW GRANTS FOR root@localhost",
    "SHOW CREATE USER app", "SHOW MASTER STATUS", "SHOW BINARY LOGS", "SHOW BINLOG EVENTS", "SHOW SLAVE STATUS", "SHOW REPLICA STATUS", "SHOW ENGINE INNODB STATUS", "SHOW PLUGINS", "SHOW PRIVILEGES", "SHOW PROFILES", "SHOW EXPLAIN FOR 1",
    "SHOW CREATE SEQUENCE seq_secret", "SHOW CREATE TRIGGER x", "SHOW CREATE EVENT x", "SHOW TABLE TYPES; SELECT s FROM secret",
    "SELECT * FROM information_schema.tables", "SELECT * FROM INFORMATION_SCHEMA.COLUMNS", "SELECT * FROM `information_schema`.`tables`", "SELECT * FROM mysql.user", "SELECT user, host FROM mysql . user", "SELECT * FROM performance_schema.threads", "SELECT * FROM sys.version",
    "SELECT * FROM Information_Schema.processlist", "SELECT (SELECT COUNT(*) FROM information_schema.tables)", ":db information_schema", ":db mysql", ":db vault", ("USE vault", "SELECT name FROM users"), (":db vault", "SELECT name FROM users"), ("USE `vault`; SELECT name FROM users",), ("USE mysql", "SELECT user FROM user"), ("USE information_schema", "SELECT * FROM tables"),
    ("USE vault;", "SELECT name FROM users"), ("/*!USE vault*/", "SELECT name FROM users"), ("USE shop; USE vault; SELECT name FROM users",),
    "SELECT NEXT VALUE FOR seq_secret", "SELECT NEXTVAL(seq_secret)", "SELECT seq_secret.nextval", "SELECT PREVIOUS VALUE FOR seq_secret", "SELECT LASTVAL(shop.seq_secret)", "SELECT SETVAL(seq_secret, 100)", "INSERT INTO users (id) VALUES (NEXTVAL(seq_secret)); SELECT MAX(id) FROM users", "SELECT * FROM seq_secret",
    "EXPLAIN SELECT s FROM secret", "EXPLAIN FORMAT=JSON SELECT s FROM secret", "EXPLAIN EXTENDED SELECT s FROM secret", "ANALYZE SELECT s FROM secret", "ANALYZE FORMAT=JSON SELECT s FROM secret", "EXPLAIN ANALYZE SELECT s FROM secret", "DESCRIBE SELECT s FROM secret", "EXPLAIN DELETE FROM users", "ANALYZE DELETE FROM users", "ANALYZE UPDATE secret SET s = 'x'", "EXPLAIN UPDATE secret SET s = 'x'", "EXPLAIN FOR CONNECTION 1", "EXPLAIN INSERT INTO secret SELECT * FROM secret", "EXPLAIN FORMAT=TREE SELECT s FROM secret", "EXPLAIN TABLE secret",
    "EXPLAIN SELECT * FROM (SELECT EXTRACTVALUE(1, CONCAT(0x7e, s)) FROM secret) AS d", "HELP 'x'; SELECT s FROM secret",
]

RUNS: list[Step | tuple[Step, ...]] = [
    ("PREPARE p FROM 'SELECT s FROM secret'", "EXECUTE p"), ("SET @q = 'SELECT s FROM secret'", "PREPARE p FROM @q", "EXECUTE p"), "EXECUTE IMMEDIATE 'SELECT s FROM secret'", "EXECUTE IMMEDIATE CONCAT('SELECT s FR', 'OM secret')",
    ("SET @q = 0x53454c45435420732046524f4d20736563726574", "EXECUTE IMMEDIATE @q"), ("PREPARE p FROM 'SELECT name FROM users'", "EXECUTE p", "PREPARE p FROM 'SELECT s FROM secret'; EXECUTE p"), "EXECUTE IMMEDIATE 'SELECT s FROM secret WHERE id = ?' USING 1", ("PREPARE p FROM 'DELETE FROM users'", "EXECUTE p"),
    "PREPARE p FROM 'SELECT s FROM secret'; EXECUTE p; DEALLOCATE PREPARE p", "/*!EXECUTE*/ IMMEDIATE 'SELECT s FROM secret'",
    ":prepare SELECT s FROM secret", ":prepare SELECT s FROM secret WHERE id = 1 OR 1", ":prepare DELETE FROM users", ":prepare SELECT name FROM users UNION SELECT s FROM secret", ":prepare CALL sp_evil()", ":prepare UPDATE secret SET s = 1",
    "BEGIN NOT ATOMIC SELECT s FROM secret; END", "BEGIN NOT ATOMIC DELETE FROM users; END", "IF 1 THEN SELECT s FROM secret; END IF", "CASE WHEN 1 THEN SELECT s FROM secret; END CASE", "FOR i IN 1..1 DO SELECT s FROM secret; END FOR", "WHILE (SELECT COUNT(*) FROM users) > 0 DO DELETE FROM users; END WHILE", "LOOP DELETE FROM users; END LOOP", "x: LOOP SELECT s FROM secret; LEAVE x; END LOOP",
    "BEGIN NOT ATOMIC EXECUTE IMMEDIATE 'SELECT s FROM secret'; END", "BEGIN NOT ATOMIC DECLARE c CURSOR FOR SELECT s FROM secret; DECLARE v TEXT; OPEN c; FETCH c INTO v; SELECT v; END", "REPEAT DELETE FROM users; UNTIL 1 END REPEAT", "BEGIN NOT ATOMIC DECLARE x TEXT DEFAULT (SELECT s FROM secret LIMIT 1); SELECT x; END",
    "SET STATEMENT max_statement_time=5 FOR DELETE FROM users", "SET STATEMENT max_statement_time=(SELECT id FROM secret LIMIT 1) FOR SELECT 1", "SET max_statement_time = (SELECT id FROM secret LIMIT 1)", "SET STATEMENT sql_select_limit=1 FOR UPDATE secret SET s='x'",
]

ADMIN: list[Step | tuple[Step, ...]] = [
    "CREATE USER evil1 IDENTIFIED BY 'x'", "CREATE USER IF NOT EXISTS evil2", "CREATE OR REPLACE USER evil3", "CREATE ROLE evil4", "DROP USER evil_victim", "ALTER USER evil_victim IDENTIFIED BY 'other'", "RENAME USER evil_victim TO evil5", "GRANT ALL ON *.* TO evil_victim WITH GRANT OPTION", "GRANT SELECT ON shop.users TO evil6 IDENTIFIED BY 'x'", "GRANT PROXY ON root TO evil_victim", "REVOKE ALL ON *.* FROM evil_victim", "REVOKE INSERT ON *.* FROM evil_victim", "SET PASSWORD = PASSWORD('app_pw')", "SET PASSWORD FOR evil_victim = PASSWORD('app_pw')", "SET PASSWORD = 'app_pw'", "SET ROLE NONE", "SET DEFAULT ROLE NONE", "GRANT evil4 TO evil_victim", "DROP ROLE evil4",
    "SET GLOBAL general_log = 1", "SET GLOBAL max_connections = 99", "SET @@GLOBAL.max_connections = 98", "SET @@global.general_log := 1", "SET autocommit = 1, GLOBAL max_connections = 97", "SET GLOBAL sql_mode = 'ANSI_QUOTES'; SET GLOBAL sql_mode = DEFAULT; SET GLOBAL max_connections = 96", "SET PERSIST max_connections = 95", "SET PERSIST_ONLY max_connections = 94", "SET @@PERSIST.max_connections = 93", "/*!SET GLOBAL max_connections = 92*/", "RESET PERSIST", "SET SESSION sql_log_bin = 0", "SET sql_log_bin = 0", "SET SESSION sql_log_off = 1", "SET @a = 1, @@global.max_connections = 91", "SET GLOBAL init_connect = 'SELECT 1'; SET GLOBAL init_connect = ''", "SET pseudo_thread_id = 5", "SET timestamp = 1", "SET gtid_domain_id = 5", "SET session_track_schema = 0", "SET session_track_system_variables = ''", "SET resultset_metadata = NONE", "SET SESSION gtid_next = 'AUTOMATIC'",
    "KILL 999999", "KILL QUERY 999999", "KILL CONNECTION 999999", "KILL USER nobody", "KILL CONNECTION_ID() + 99999", "FLUSH PRIVILEGES", "FLUSH TABLES", "FLUSH LOGS", "FLUSH STATUS", "FLUSH TABLES WITH READ LOCK; UNLOCK TABLES", "FLUSH LOCAL HOSTS", "FLUSH NO_WRITE_TO_BINLOG TABLES users", "RESET QUERY CACHE", "RESET MASTER", "RESET SLAVE", "PURGE BINARY LOGS BEFORE NOW()", "CHANGE MASTER TO MASTER_HOST='127.0.0.1'", "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1'", "START SLAVE", "STOP SLAVE", "STOP REPLICA", "BINLOG 'x'", "INSTALL PLUGIN x SONAME 'x.so'", "INSTALL SONAME 'x'", "UNINSTALL PLUGIN x", "INSTALL COMPONENT 'x'", "CACHE INDEX users IN hot", "LOAD INDEX INTO CACHE users", "ANALYZE TABLE users", "OPTIMIZE TABLE users", "CHECK TABLE users", "REPAIR TABLE users", "ANALYZE LOCAL TABLE secret", "CHECK TABLE secret", "CREATE TABLESPACE t ADD DATAFILE 't.ibd'", "DROP TABLESPACE t", "ALTER INSTANCE ROTATE INNODB MASTER KEY", "CLONE LOCAL DATA DIRECTORY '/tmp/x'", "IMPORT TABLE FROM '/tmp/x'", "RESTART", "LOCK INSTANCE FOR BACKUP; UNLOCK INSTANCE", "BACKUP STAGE START; BACKUP STAGE END", "BACKUP LOCK users; BACKUP UNLOCK", "LOCK TABLES secret READ; UNLOCK TABLES", "LOCK TABLES users WRITE; UNLOCK TABLES", "LOCK TABLE users READ; UNLOCK TABLES", "XA START 'x'; XA END 'x'; XA ROLLBACK 'x'", "XA RECOVER", "CREATE RESOURCE GROUP g TYPE = USER", "SET RESOURCE GROUP g", "SIGNAL SQLSTATE '45000'; SELECT s FROM secret", "GET DIAGNOSTICS @n = NUMBER; SELECT s FROM secret", "CREATE SPATIAL REFERENCE SYSTEM 1 NAME 'x' DEFINITION 'x'", "SHOW AUTHORS; SELECT s FROM secret", "SHUTDOWN WAIT FOR ALL REPLICAS", "SHUTDOWN",
]

CASES: list[Attack] = attacks("write", WRITES) + attacks("read", READS) + attacks("run", RUNS) + attacks("admin", ADMIN)
