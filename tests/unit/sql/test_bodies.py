"""What the bodies of views, routines and triggers do, read from their definitions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql import bodies
from dbgate.sql.bodies import Definition, build
from dbgate.sql.catalog import FUNCTION, PROCEDURE, TRIGGER, VIEW, Body
from dbgate.sql.columns import TableColumns, resolve
from dbgate.sql.statement import MARIADB, MYSQL, ColumnNeed, Statement
from tests.rows import rows

from .contexts import shown

DYNAMIC = "it runs dynamic SQL whose text is not known beforehand"


def read(kind: int, text: str | None, mode: str = "", problem: str = "", flavour: int = MARIADB) -> Body:
    definition = Definition(kind, "shop", "X", text, mode, "root@localhost", problem=problem)
    version = 101106 if flavour == MARIADB else 90700
    catalog = build([definition], flavour, version, False)
    (body,) = catalog.bodies
    return body


def needs(body: Body) -> list[str]:
    return [shown(need) for need in body.needs]


def procedure(body: str, mode: str = "") -> Body:
    return read(PROCEDURE, f"CREATE DEFINER=`root`@`localhost` PROCEDURE `X`(IN n INT)\n{body}", mode)


def test_a_view() -> None:
    body = read(
        VIEW,
        "select `a`.`id` AS `id`,`shop`.`f`(1) AS `y` from (`shop`.`a` join `other`.`b`) where `a`.`x` <> '\\''",
    )
    assert needs(body) == ["SELECT shop.a", "SELECT other.b"]
    assert [ref.name for ref in body.functions] == ["f"]
    assert (body.kind, body.schema, body.name, body.definer) == (VIEW, "shop", "X", "root@localhost")
    assert (body.problem, body.dynamic) == ("", False)


def test_a_view_of_two_statements_is_none() -> None:
    assert read(VIEW, "select 1; select 2").problem == "more than one statement"


@rows("flavour", [MARIADB, MYSQL])
def test_routines_and_triggers(flavour: int) -> None:
    found = read(
        PROCEDURE,
        "CREATE DEFINER=`root`@`localhost` PROCEDURE `X`(in x enum('BEGIN','b'))\n    SQL SECURITY INVOKER\n"
        "BEGIN INSERT INTO log VALUES (x); CALL other(); IF x THEN DELETE FROM t WHERE id = f(x); END IF; END",
        flavour=flavour,
    )
    assert needs(found) == ["INSERT shop.log", "SELECT shop.t", "DELETE shop.t"] or needs(found) == [
        "INSERT shop.log",
        "DELETE shop.t",
    ]
    assert [ref.name for ref in found.calls] == ["other"]
    assert [ref.name for ref in found.functions] == ["f"]
    assert found.name == "x"  # routines' names have no case
    found = read(
        FUNCTION,
        "CREATE DEFINER=`r`@`%` FUNCTION `X`() RETURNS int(11)\n    DETERMINISTIC\nRETURN (SELECT max(a) FROM t)",
        flavour=flavour,
    )
    assert needs(found) == ["SELECT shop.t"]
    found = read(
        TRIGGER,
        "CREATE DEFINER=`r`@`%` TRIGGER `X` BEFORE INSERT ON `t` FOR EACH ROW"
        " SET NEW.a = (SELECT max(b) FROM other.s)",
        flavour=flavour,
    )
    assert needs(found) == ["SELECT other.s"]


def test_names_are_compared_as_the_server_does() -> None:
    made = [
        Definition(VIEW, "Shop", "V", "select 1 AS `1`"),
        Definition(
            TRIGGER, "Shop", "T", "CREATE TRIGGER T BEFORE INSERT ON Tab FOR EACH ROW SET @x = 1", table="Tab"
        ),
        Definition(PROCEDURE, "Shop", "P", "CREATE PROCEDURE P() INSERT INTO Tab VALUES (1)"),
    ]
    plain = build(made, MYSQL, 90700, False)
    assert [(one.schema, one.name, one.table) for one in plain.bodies] == [
        ("Shop", "V", ""),
        ("Shop", "p", ""),
        ("Shop", "T", "Tab"),
    ]
    folded = build(made, MYSQL, 90700, True, frozenset({"udf"}), frozenset({"pack"}))
    assert [(one.schema, one.name, one.table) for one in folded.bodies] == [
        ("shop", "v", ""),
        ("shop", "p", ""),
        ("shop", "T", "tab"),
    ]
    assert [shown(need) for one in folded.bodies for need in one.needs] == ["INSERT shop.tab"]
    assert (folded.folded, folded.loadable, folded.packages) == (True, {"udf"}, {"pack"})


def test_the_mode_under_which_it_was_made() -> None:
    text = """CREATE PROCEDURE "X"() SELECT "a" FROM "b" """
    assert needs(read(PROCEDURE, text, "ANSI_QUOTES")) == ["SELECT shop.b"]
    assert read(PROCEDURE, text, "ORACLE").problem != ""
    quoted = r"CREATE PROCEDURE X() SELECT 'a\' FROM b -- '"
    assert needs(read(PROCEDURE, quoted, "NO_BACKSLASH_ESCAPES")) == ["SELECT shop.b"]
    assert read(PROCEDURE, quoted).needs == ()


@rows(
    ("text", "problem"),
    [
        (None, "its definition is hidden from the catalog's account"),
        ("", "its definition is hidden from the catalog's account"),
        ("CREATE PROCEDURE X() SELECT 'a", "a quote that is not closed"),
        ("-- nothing", "its definition says nothing"),
        ("DROP PROCEDURE X", "a definition that is not understood"),
        ("SELECT 1", "a definition that is not understood"),
        ("CREATE PROCEDURE X() BEGIN FROBNICATE t; END", "a statement that is not known"),
        ("CREATE PROCEDURE X() SET sql_log_bin = 0", "variable sql_log_bin may not be set through the gateway"),
        ("CREATE PROCEDURE X() BEGIN DROP EVENT e; END", "it makes or drops a routine, trigger or event"),
        (
            "CREATE PROCEDURE X() BEGIN CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM x; END",
            "a routine that is defined inside another statement",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_followed(text: str | None, problem: str) -> None:
    found = read(PROCEDURE, text)
    assert found.problem == problem
    assert not found.dynamic


def test_the_readers_own_reason_comes_first() -> None:
    assert (
        read(PROCEDURE, None, problem="it is written in JAVASCRIPT").problem == "it is written in JAVASCRIPT"
    )


@rows(
    "body",
    [
        "BEGIN SET @s = t; PREPARE s FROM @s; EXECUTE s; END",
        "EXECUTE IMMEDIATE CONCAT('SELECT ', n)",
        "EXECUTE s",  # whatever the session has prepared
        "BEGIN PREPARE a FROM 'SELECT 1'; EXECUTE b; END",
        "EXECUTE IMMEDIATE 'SELECT 1; SELECT 2'",
        "EXECUTE IMMEDIATE 'PREPARE x FROM @y'",
        "EXECUTE IMMEDIATE 'DROP PROCEDURE p'",
        "EXECUTE IMMEDIATE 'SET sql_log_bin = 0'",
        "EXECUTE IMMEDIATE 'SELECT '''",
    ],
)
def test_dynamic_sql_that_is_not_known(body: str) -> None:
    found = procedure(body)
    assert (found.problem, found.dynamic) == (DYNAMIC, True)


def test_dynamic_sql_with_constant_text_is_followed_as_that_text() -> None:
    found = procedure(
        "BEGIN PREPARE s FROM 'SELECT f(a) FROM secret'; EXECUTE s; DEALLOCATE PREPARE s;"
        " EXECUTE IMMEDIATE CONCAT('CALL ', 'other()'); END"
    )
    assert needs(found) == ["SELECT shop.secret"]
    assert [ref.name for ref in found.functions] == ["f"]
    assert [ref.name for ref in found.calls] == ["other"]
    assert (found.problem, found.dynamic) == ("", False)


def test_columns_are_compared_as_the_server_does() -> None:
    seen = [("Shop", "Orders", "Id"), ("Shop", "Orders", "TOTAL"), ("Shop", "Users", "Id")]
    for folded, wanted in ((False, "Shop\0Orders"), (True, "shop\0orders")):
        columns = build([], MARIADB, 101106, folded, columns=seen).columns
        assert columns is not None
        assert columns.tables[wanted] == ("id", "total")
        assert len(columns.tables) == 2
    nothing = build([], MARIADB, 101106, False, columns=[]).columns
    assert nothing is not None and nothing.tables == {}
    assert build([], MARIADB, 101106, False).columns is None


@rows(
    ("body", "wanted"),
    [
        ("SELECT a FROM secret WHERE b", ["secret a b"]),
        ("BEGIN SELECT a FROM secret; UPDATE log SET x = y; END", ["log x y", "secret a"]),
        ("EXECUTE IMMEDIATE 'SELECT a FROM secret'", ["secret a"]),
        ("BEGIN SELECT b FROM secret; EXECUTE IMMEDIATE 'SELECT a FROM secret'; END", ["secret a b"]),
        ("BEGIN PREPARE s FROM 'UPDATE log SET x = 1'; EXECUTE s; END", ["log x"]),
        ("BEGIN SELECT a FROM secret; EXECUTE IMMEDIATE 'HANDLER log OPEN'; END", ["log *", "secret a"]),
        ("EXECUTE IMMEDIATE 'HANDLER log OPEN'", ["log *"]),
        ("BEGIN DECLARE c CURSOR FOR SELECT a FROM secret; OPEN c; END", ["secret a"]),
        ("IF (SELECT a FROM secret) THEN DELETE FROM log WHERE y; END IF", ["log y", "secret a"]),
    ],
)
def test_which_columns_a_body_touches(body: str, wanted: list[str]) -> None:
    found = procedure(body)
    assert found.problem == ""
    known = TableColumns({"shop\0secret": ("a", "b"), "shop\0log": ("x", "y")})
    told: dict[str, set[str]] = {}
    for one in resolve(Statement("", (), found.needs, columns=found.columns), known):
        told.setdefault(one.table, set()).update(one.read, one.written, "*" if one.everything else "")
    assert sorted(" ".join([table, *sorted(told[table])]) for table in told) == wanted


def test_which_columns_a_trigger_touches() -> None:
    text = "CREATE TRIGGER `x` BEFORE INSERT ON `secret` FOR EACH ROW INSERT INTO log (x) VALUES (NEW.a)"
    found = read(TRIGGER, text)
    known = TableColumns({"shop\0secret": ("a", "b"), "shop\0log": ("x", "y")})
    unit = Statement("", (), found.needs, columns=found.columns)
    assert resolve(unit, known) == (ColumnNeed("INSERT", "shop", "log", (), ("x",)),)


@rows(
    ("body", "defines"),
    [
        ("CREATE TEMPORARY TABLE x (a INT)", False),
        ("BEGIN DROP TEMPORARY TABLE IF EXISTS x; INSERT INTO t VALUES (1); END", False),
        ("BEGIN INSERT INTO t VALUES (1); DROP VIEW v; END", True),
        ("EXECUTE IMMEDIATE 'DROP VIEW v'", True),
        ("EXECUTE IMMEDIATE 'CREATE TEMPORARY TABLE x (a INT)'", False),
    ],
)
def test_bodies_that_may_change_the_catalog(body: str, defines: bool) -> None:
    found = procedure(body)
    assert (found.defines, found.problem) == (defines, "")


def test_built_ins_that_a_stored_function_may_stand_in_for() -> None:
    found = procedure("BEGIN SELECT POINT(1); EXECUTE IMMEDIATE 'SELECT polygon(1)'; END")
    assert sorted(ref.name for ref in found.stand_ins) == ["POINT", "POLYGON"]


def test_a_prepare_that_has_no_name() -> None:
    assert procedure("PREPARE").problem != ""


def test_a_defect_is_a_body_that_cannot_be_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("x")

    monkeypatch.setattr(bodies, "lex", fails)
    assert read(VIEW, "select 1").problem == "reading it failed: RuntimeError"


@given(st.sampled_from([VIEW, PROCEDURE]), st.text("aX1;'`(-# \n\\é", max_size=20))
def test_no_text_makes_it_fail(kind: int, text: str) -> None:
    whole = text if kind == VIEW else f"CREATE PROCEDURE p() BEGIN {text}; END"
    found = read(kind, whole)
    assert not found.problem.startswith("reading it failed"), found.problem
