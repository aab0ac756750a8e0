from __future__ import annotations

from dbgate.sql.statement import LexContext
from tests.rows import rows
from tests.unit.sql.contexts import MA, MY, error, needs, one

I = "INSERT shop.users"  # noqa: E741
D = "DELETE shop.users"
W = "UPDATE shop.users"
S = "SELECT shop.secret"
O = "SELECT shop.orders"  # noqa: E741


@rows(
    ("sql", "expected"),
    [
        ("INSERT INTO users VALUES (1)", I),
        ("INSERT LOW_PRIORITY IGNORE users (a, b) VALUES (1, 2), (3, 4)", I),
        ("INSERT INTO users PARTITION (p0) (a) VALUE (1)", I),
        ("INSERT INTO users SET a = (SELECT s FROM secret)", f"{I}; {S}"),
        ("INSERT INTO users SELECT * FROM secret", f"{I}; {S}"),
        ("INSERT INTO users (a) (SELECT * FROM secret)", f"{I}; {S}"),
        ("INSERT INTO users TABLE secret", f"{I}; {S}"),
        ("INSERT INTO users WITH t AS (SELECT * FROM secret) SELECT * FROM t", f"{I}; {S}"),
        ("INSERT INTO users VALUES (1) ON DUPLICATE KEY UPDATE a = 1", f"{I}; {W}"),
        ("INSERT INTO users VALUES (1) RETURNING a", f"{I}; SELECT shop.users"),
        ("INSERT INTO users SELECT * FROM secret JOIN orders ON a = b ON DUPLICATE KEY UPDATE a = 1, b = 2", f"{I}; {O}; {S}; {W}"),
        ("REPLACE INTO users VALUES (1)", "REPLACE shop.users"),
        ("REPLACE users SELECT * FROM secret", f"REPLACE shop.users; {S}"),
        ("UPDATE users SET a = 1", W),
        ("UPDATE LOW_PRIORITY IGNORE users u SET u.a = 1 WHERE b = 2", W),
        ("UPDATE users SET a = (SELECT s FROM secret)", f"{S}; {W}"),
        ("UPDATE users u JOIN orders o ON u.a = o.a SET u.b = o.b", f"{O}; {W}"),
        ("UPDATE users u, orders o SET o.b = u.b, u.c = 1", f"UPDATE shop.orders; {W}"),
        ("UPDATE users, orders SET users.b = 1", f"{O}; {W}"),
        ("UPDATE users, orders SET shop.users.b = 1", f"{O}; {W}"),
        ("UPDATE users, orders SET .users.b = 1", f"{O}; {W}"),
        ("UPDATE users, other.users SET other.users.b = 1", "SELECT shop.users; UPDATE other.users"),
        ("UPDATE users, other.users SET users.b = 1", f"UPDATE other.users; {W}"),
        ("UPDATE users, other.users u SET shop.users.a = 1, other.u.b = 1", f"UPDATE other.users; {W}"),
        ("UPDATE users, other.users SET shop.users.a = 1", f"SELECT other.users; {W}"),
        ("UPDATE users, orders o SET o.a = 1, o.b = 2", "SELECT shop.users; UPDATE shop.orders"),
        ("UPDATE users, orders SET b = 1", f"UPDATE shop.orders; {W}"),
        ("UPDATE users u, orders SET x.b = 1", f"UPDATE shop.orders; {W}"),
        ("UPDATE secret users, orders SET users.b = 1", f"{O}; UPDATE shop.secret"),
        ("UPDATE (users) SET a = 1", W),
        ("UPDATE users JOIN (SELECT * FROM secret) t SET users.a = t.a", f"{S}; {W}"),
        ("UPDATE users FOR PORTION OF p FROM '1' TO '2' SET a = 1", W),
        ("WITH t AS (SELECT * FROM secret) UPDATE users, t SET users.a = t.a", f"{S}; {W}"),
        ("DELETE FROM users", D),
        ("DELETE LOW_PRIORITY QUICK IGNORE FROM users u WHERE a = 1", D),
        ("DELETE FROM users WHERE a IN (SELECT s FROM secret) RETURNING a", f"{D}; {S}; SELECT shop.users"),
        ("DELETE HISTORY FROM users BEFORE SYSTEM_TIME '1'", D),
        ("DELETE quick FROM users quick", D),
        ("DELETE quick, o FROM users quick, orders o", f"DELETE shop.orders; {D}"),
        ("DELETE quick.* FROM users quick", D),
        ("DELETE IGNORE history FROM secret, users history", f"{D}; {S}"),
        ("DELETE history, o FROM secret, users history, orders o", f"DELETE shop.orders; {D}; {S}"),
        ("DELETE u FROM users u JOIN secret", f"{D}; {S}"),
        ("DELETE shop.users.*, o FROM users, orders o", f"DELETE shop.orders; {D}"),
        ("DELETE users.*, o FROM users, orders o", f"DELETE shop.orders; {D}"),
        ("DELETE FROM users, o USING users, orders o JOIN secret", f"DELETE shop.orders; {D}; {S}"),
        ("DELETE users FROM users u", f"{D}"),
        ("DELETE secret FROM users secret", D),
        ("DELETE x FROM users, orders", f"DELETE shop.orders; {D}; DELETE shop.x"),
        ("DELETE other.users FROM users, other.users", "DELETE other.users; SELECT shop.users"),
        ("DELETE u FROM users u, (SELECT * FROM secret) t", f"{D}; {S}"),
        ("WITH t AS (SELECT * FROM secret) DELETE u FROM users u, t", f"{D}; {S}"),
        ("WITH users AS (SELECT 1) DELETE FROM users", D),
        ("WITH users AS (SELECT 1) DELETE users, o FROM users, orders o", "DELETE shop.orders"),
        ("WITH users AS (SELECT 1) DELETE x FROM users, orders o", "DELETE shop.orders; DELETE shop.x"),
        ("WITH users AS (SELECT 1) UPDATE users, orders o SET users.a = 1, b = 2", "UPDATE shop.orders"),
        ("CALL sp(1, (SELECT s FROM secret), f(2))", f"{S}; bare CALL; call shop.sp; fn shop.f"),
        ("CALL `Other`.`sp`", "bare CALL; call Other.sp"),
        ("DO 1", ""),
        ("DO (SELECT s FROM secret)", S),
        ("DO SLEEP(1)", "bare SELECT"),
        ("HANDLER users OPEN AS x", "HANDLER shop.users; SELECT shop.users"),
        ("HANDLER users CLOSE", "HANDLER shop.users; SELECT shop.users"),
        ("HANDLER secret READ FIRST", f"HANDLER shop.secret; {S}"),
        ("HANDLER users READ `i` = (1) WHERE a = (SELECT s FROM secret)", f"HANDLER shop.users; {S}; SELECT shop.users"),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE users", f"{I}; bare LOAD"),
        ("LOAD DATA INFILE 'x' REPLACE INTO TABLE users FIELDS TERMINATED BY ',' SET a = (SELECT s FROM secret)",
         f"REPLACE shop.users; {S}; bare LOAD"),
        ("LOAD XML INFILE 'x' INTO TABLE users ROWS IDENTIFIED BY '<a>'", f"{I}; bare LOAD"),
        ("LOAD INDEX INTO CACHE users INDEX (a), other.orders IGNORE LEAVES",
         "any shop.users; any other.orders; bare ADMIN"),
    ],
)  # fmt: skip
def test_needs(sql: str, expected: str) -> None:
    assert set(needs(sql).split("; ")) == set(expected.split("; "))


def test_local_infile() -> None:
    assert one("LOAD DATA LOCAL INFILE 'x' INTO TABLE users").local_infile
    assert not one("LOAD DATA INFILE 'x' INTO TABLE users").local_infile


@rows(
    ("sql", "unfiltered"),
    [
        ("UPDATE users SET a = 1", ("UPDATE",)),
        ("UPDATE users SET a = 1 WHERE 1 = 1", ("UPDATE",)),
        ("UPDATE users SET a = 1 WHERE b = 1", ()),
        ("UPDATE users SET a = 1 WHERE 1 ORDER BY a LIMIT 5", ("UPDATE",)),
        ("UPDATE users SET a = 1 LIMIT 1", ("UPDATE",)),
        ("DELETE FROM users", ("DELETE",)),
        ("DELETE FROM users WHERE id = 5 LIMIT 1", ()),
        ("DELETE FROM users WHERE TRUE RETURNING id", ("DELETE",)),
        ("DELETE u FROM users u JOIN orders o ON u.a = o.a", ("DELETE",)),
        ("DELETE u FROM users u JOIN orders o ON u.a = o.a WHERE o.b = 1", ()),
        ("SELECT 1", ()),
    ],
)
def test_unfiltered(sql: str, unfiltered: tuple[str, ...]) -> None:
    assert one(sql).unfiltered == unfiltered


def test_folded_names() -> None:
    folding = LexContext(MY.flavour, MY.version, fold_names=True)
    assert needs("UPDATE Users U, Orders SET u.a = 1", folding) == f"{O}; {W}"
    assert needs("UPDATE Users U, Orders SET u.a = 1", MA) == "UPDATE shop.Orders; UPDATE shop.Users"


def test_history_is_a_name_in_mysql() -> None:
    assert needs("DELETE history FROM secret, users history", MY) == f"{D}; {S}"


def test_returning_is_a_name_in_mysql() -> None:
    assert needs("INSERT INTO users (returning) VALUES (1)", MY) == I


@rows(
    "sql",
    [
        "INSERT", "UPDATE users", "UPDATE users WHERE a = 1", "UPDATE a, b SET", "UPDATE a, b SET .", "UPDATE (SELECT 1) t SET a = 1",
        "DELETE users", "DELETE FROM users, orders", "DELETE FROM", "DELETE a", "DELETE FROM 1", "CALL", "CALL sp 1",
        "HANDLER users", "HANDLER 1", "HANDLER users SEEK", "LOAD FILE 'x'", "LOAD", "LOAD DATA INFILE 'x' INTO users",
        "LOAD DATA INFILE 'x' INTO TABLE users SELECT 1", "LOAD INDEX", "UPDATE 1 SET a = 1",
    ],
)  # fmt: skip
def test_refused(sql: str) -> None:
    assert error(sql) != ""


def test_new_rows_by_name() -> None:
    sql = "INSERT INTO users (a) VALUES (1) AS n ON DUPLICATE KEY UPDATE b = n.a"
    assert needs(sql, MY) == "INSERT shop.users; UPDATE shop.users"
    assert one(sql, MY).columns != one(sql.replace("n.a", "m.a"), MY).columns
