from __future__ import annotations

from dbgate.sql.lexer import lex
from dbgate.sql.programs import starts_compound
from tests.rows import rows
from tests.unit.sql.contexts import MA, error, needs, one

S = "SELECT shop.secret"
D = "DELETE shop.users"
P = "bare CREATE; visible CREATE shop"


@rows(
    ("sql", "expected"),
    [
        ("CREATE PROCEDURE p (IN a INT, OUT b VARCHAR(10)) SELECT s INTO b FROM secret", f"{P}; {S}"),
        ("CREATE PROCEDURE p () COMMENT 'x' READS SQL DATA BEGIN SELECT s FROM secret; DELETE FROM users; END", f"{P}; {S}; {D}"),
        ("CREATE PROCEDURE p () BEGIN DECLARE x INT DEFAULT (SELECT s FROM secret); SET x = 1; END", f"{P}; {S}"),
        ("CREATE PROCEDURE p () BEGIN DECLARE c CURSOR FOR SELECT s FROM secret; OPEN c; FETCH c INTO x; CLOSE c; END", f"{P}; {S}"),
        ("CREATE PROCEDURE p () BEGIN DECLARE EXIT HANDLER FOR NOT FOUND, SQLSTATE VALUE '02000', SQLSTATE '1', 1062 DELETE FROM users; END",
         f"{P}; {D}"),
        ("CREATE PROCEDURE p () BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN DELETE FROM users; END; END", f"{P}; {D}"),
        ("CREATE PROCEDURE p () IF (SELECT 1 FROM secret) THEN DELETE FROM users; ELSEIF 1 THEN SELECT 1; ELSE DO 1; END IF", f"{P}; {S}; {D}"),
        ("CREATE PROCEDURE p () CASE x WHEN 1 THEN DELETE FROM users; WHEN (SELECT s FROM secret) THEN DO 1; END CASE", f"{P}; {S}; {D}"),
        ("CREATE PROCEDURE p () IF CASE WHEN 1 THEN 2 END THEN DELETE FROM users; END IF", f"{P}; {D}"),
        ("CREATE PROCEDURE p () l: LOOP DELETE FROM users; LEAVE l; END LOOP l", f"{P}; {D}"),
        ("CREATE PROCEDURE p () WHILE EXISTS (SELECT 1 FROM secret) DO DELETE FROM users; END WHILE", f"{P}; {S}; {D}"),
        ("CREATE PROCEDURE p () REPEAT DELETE FROM users; UNTIL (SELECT s FROM secret) END REPEAT", f"{P}; {S}; {D}"),
        ("CREATE FUNCTION f () RETURNS INT RETURN (SELECT s FROM secret)", f"{P}; {S}"),
        ("CREATE FUNCTION f () RETURNS INT DETERMINISTIC RETURN g(1)", f"{P}; fn shop.g"),
        ("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW FOLLOWS y INSERT INTO secret VALUES (NEW.a)",
         "bare CREATE; CREATE shop.t; INSERT shop.secret"),
        ("CREATE TRIGGER x BEFORE DELETE ON t FOR EACH ROW BEGIN SET NEW.a = 1, @b = 2; DELETE FROM users; END",
         f"bare CREATE; CREATE shop.t; {D}"),
        ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY COMMENT 'x' DO DELETE FROM users", f"{P}; {D}"),
        ("CREATE EVENT e ON SCHEDULE AT '1' ENABLE DO BEGIN DELETE FROM users; END", f"{P}; {D}"),
        ("ALTER EVENT e DO DELETE FROM users", f"bare ALTER; visible ALTER shop; {D}"),
        ("BEGIN NOT ATOMIC DELETE FROM users; END", D),
        ("BEGIN NOT ATOMIC IF 1 THEN BEGIN NOT ATOMIC DELETE FROM users; END; END IF; END", D),
        ("CREATE PROCEDURE vault.p () SELECT s FROM secret", "SELECT vault.secret; bare CREATE; visible CREATE vault"),
        ("CREATE TRIGGER vault.x AFTER UPDATE ON t FOR EACH ROW DELETE FROM users",
         "CREATE vault.t; DELETE vault.users; bare CREATE"),
        ("CREATE PROCEDURE p () SELECT 1; DELETE FROM users", f"{P}; {D}"),
        ("CREATE PROCEDURE p () BEGIN CALL q(); END", f"{P}; bare CALL; call shop.q"),
        ("CREATE PROCEDURE p () BEGIN SET x = 5; SET a = b; END", P),
        ("CREATE PROCEDURE p () BEGIN SET @@max_connections = 5; END", f"{P}; bare SET"),
        ("CREATE PROCEDURE p () BEGIN SET a.b = 5; END", f"{P}; bare SET"),
        ("BEGIN NOT ATOMIC SELECT s FROM secret; DELETE FROM users; END", f"{S}; {D}"),
        ("IF 1 THEN DELETE FROM users; END IF", D),
        ("FOR r IN (SELECT s FROM secret) DO DELETE FROM users; END FOR", f"{S}; {D}"),
        ("l: BEGIN DELETE FROM users; END l", D),
    ],
)  # fmt: skip
def test_bodies(sql: str, expected: str) -> None:
    statement = one(sql)
    assert statement.creates_routine
    assert set(needs(sql).split("; ")) - {"bare SELECT"} == set(expected.split("; "))


def test_bodies_with_as() -> None:
    assert set(needs("CREATE FUNCTION f () RETURNS INT AS BEGIN DELETE FROM users; END").split("; ")) == {
        D,
        *P.split("; "),
    }


def test_what_a_body_does_besides() -> None:
    body = one("CREATE PROCEDURE p () BEGIN EXECUTE IMMEDIATE x; SET sql_mode = 'ORACLE'; END")
    assert body.dynamic == "EXECUTE IMMEDIATE" and body.session_state != ""
    assert one("CREATE PROCEDURE p () BEGIN DELETE FROM users; END").unfiltered == ("DELETE",)


@rows(
    "sql",
    [
        "CREATE PROCEDURE p () BEGIN CREATE PROCEDURE q () SELECT 1; END", "CREATE PROCEDURE p () BEGIN xyz; END",
        "BEGIN NOT ATOMIC SELECT (; END", "IF (1 THEN SELECT 1; END IF",
    ],
)  # fmt: skip
def test_refused(sql: str) -> None:
    assert error(sql) != ""


@rows(
    ("sql", "compound"),
    [
        ("BEGIN", False),
        ("BEGIN WORK", False),
        ("BEGIN;", False),
        ("BEGIN NOT ATOMIC", True),
        ("x: LOOP", True),
        ("IF 1", True),
        ("SELECT 1", False),
    ],
)
def test_starts(sql: str, compound: bool) -> None:
    tokens = lex(sql.encode(), MA)
    assert starts_compound(tokens, 0, len(tokens)) == compound
