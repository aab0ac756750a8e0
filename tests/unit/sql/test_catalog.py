"""What statements reach through the names in them: closure, cycles, and what is not known."""

from __future__ import annotations

from dbgate.sql.analyze import analyze, command
from dbgate.sql.bodies import Definition, build
from dbgate.sql.catalog import (
    FUNCTION,
    PROCEDURE,
    TRIGGER,
    VIEW,
    Behind,
    Body,
    Catalog,
    known_columns,
    may_change,
    reached,
    unfolded,
)
from dbgate.sql.columns import TableColumns, resolve
from dbgate.sql.statement import MARIADB, MYSQL, ColumnNeed, LexContext
from tests.rows import rows

from .contexts import MA, shown


def view(name: str, query: str, schema: str = "shop") -> Definition:
    return Definition(VIEW, schema, name, query, definer="root@%")


def routine(kind: int, name: str, body: str, schema: str = "shop") -> Definition:
    word = "PROCEDURE" if kind == PROCEDURE else "FUNCTION"
    returns = "" if kind == PROCEDURE else " RETURNS INT"
    return Definition(
        kind, schema, name, f"CREATE {word} {name}(){returns} {body}", definer="root@%", invoker=name == "inv"
    )


def trigger(name: str, table: str, body: str, *events: str) -> Definition:
    text = f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW {body}"
    return Definition(TRIGGER, "shop", name, text, table=table, events=events)


WORLD = build(
    [
        view("v1", "select `shop`.`secret`.`x` AS `x` from `shop`.`secret`"),
        view("v2", "select `v1`.`x` AS `x` from `shop`.`v1`"),
        view("v3", "select `shop`.`f`() AS `f`,`shop`.`udf`(1) AS `g`,`sys`.`h`() AS `h`"),
        view("round", "select `shop`.`back`.`x` AS `x` from `shop`.`back`"),
        view("back", "select `shop`.`round`.`x` AS `x` from `shop`.`round`"),
        routine(FUNCTION, "f", "RETURN (SELECT max(x) FROM secret)"),
        routine(FUNCTION, "inv", "RETURN 1"),
        routine(PROCEDURE, "p", "BEGIN CALL q(); UPDATE t SET a = f() WHERE b; END"),
        routine(PROCEDURE, "q", "BEGIN IF 1 THEN CALL p(); END IF; CALL sys.x(); END"),
        routine(PROCEDURE, "lost", "CALL gone()"),
        routine(PROCEDURE, "a", "SELECT 1", "pack"),
        trigger("on_insert", "t", "INSERT INTO log VALUES (1)", "INSERT"),
        trigger("on_delete", "t", "CALL lost()", "DELETE"),
        trigger("on_both", "u", "SET @x = (SELECT 1 FROM v2)", "INSERT", "UPDATE"),
        view("vt", "select `shop`.`t`.`a` AS `a` from `shop`.`t`"),
    ],
    MARIADB,
    101106,
    False,
    frozenset({"udf"}),
    frozenset({"pack"}),
)


def behind(sql: str, catalog: Catalog = WORLD, ctx: LexContext = MA, schema: str = "shop") -> list[Behind]:
    analysis = analyze(sql.encode(), ctx, schema)
    assert analysis.error == ""
    return list(reached(catalog, analysis))


def paths(sql: str) -> list[str]:
    """Each without the words on whose rights it runs with."""
    return sorted(
        one.path.replace(" (definer root@%)", "").replace(" (definer unknown)", "") for one in behind(sql)
    )


def test_what_has_nothing_behind_it() -> None:
    for sql in (
        "SELECT 1",
        "SELECT * FROM t",
        "SHOW CREATE VIEW v1",
        "DROP VIEW v1",
        "SET @x = 1",
        "SELECT md5('x')",
    ):
        assert behind(sql) == []
    assert reached(None, analyze(b"SELECT * FROM v1", MA, "shop")) == ()


@rows(
    ("sql", "wanted"),
    [
        ("SELECT * FROM v1", ["view shop.v1"]),
        ("HANDLER v1 OPEN", ["view shop.v1"]),
        ("SELECT * FROM shop.v2, v2", ["view shop.v2", "view shop.v2 > view shop.v1"]),
        ("SELECT * FROM other.v2", []),
        ("SELECT * FROM `round`", ["view shop.round", "view shop.round > view shop.back"]),
        (
            "SELECT * FROM v3",
            ["view shop.v3", "view shop.v3", "view shop.v3", "view shop.v3 > function shop.f"],
        ),
        ("SELECT F()", ["function shop.f"]),
        ("SELECT udf(1), sys.h()", []),
        (
            "CALL P()",
            [
                "procedure shop.p",
                "procedure shop.p > function shop.f",
                "procedure shop.p > procedure shop.q",
            ],
        ),
        ("CALL sys.diagnostics()", []),
        ("INSERT INTO t VALUES (1)", ["trigger shop.on_insert"]),
        ("UPDATE t SET a = 1", []),
        (
            "REPLACE INTO t VALUES (1)",
            [
                "trigger shop.on_delete",
                "trigger shop.on_delete > procedure shop.lost",
                "trigger shop.on_delete > procedure shop.lost > procedure shop.gone",
                "trigger shop.on_insert",
            ],
        ),
        ("INSERT INTO vt VALUES (1)", ["view shop.vt", "view shop.vt > trigger shop.on_insert"]),
        (
            "INSERT INTO u VALUES (1) ON DUPLICATE KEY UPDATE a = 1",
            [
                "trigger shop.on_both",
                "trigger shop.on_both > view shop.v2",
                "trigger shop.on_both > view shop.v2 > view shop.v1",
            ],
        ),
        ("EXECUTE IMMEDIATE 'SELECT * FROM v1'", ["view shop.v1"]),
    ],
)  # fmt: skip
def test_the_way_to_what_is_behind(sql: str, wanted: list[str]) -> None:
    assert paths(sql) == wanted


def test_who_writes_through_a_view_may_write_its_tables() -> None:
    (one,) = behind("DELETE FROM v1")
    assert [shown(need) for need in one.unit.needs] == ["SELECT shop.secret", "DELETE shop.secret"]
    assert one.unit.operations == ("DELETE", "SELECT")
    assert one.unit.session  # it needs no right of its own
    assert [shown(need) for need in behind("SELECT x FROM v1")[0].unit.needs] == ["SELECT shop.secret"]


def test_which_columns_a_body_names_and_that_a_write_through_it_is_to_all_of_them() -> None:
    known = TableColumns({"shop\0secret": ("x", "y")})
    (one,) = behind("SELECT * FROM v1")
    assert resolve(one.unit, known) == (ColumnNeed("SELECT", "shop", "secret", ("x",)),)
    (one,) = behind("UPDATE v1 SET x = 1")
    assert resolve(one.unit, known) == (
        ColumnNeed("SELECT", "shop", "secret", ("x",)),
        ColumnNeed("UPDATE", "shop", "secret", (), (), True),
    )


def test_columns_are_those_of_a_server_that_compares_names_alike() -> None:
    columns = TableColumns({"shop\0t": ("a",)})
    catalog = Catalog((), columns=columns)
    analysis = analyze(b"SELECT a FROM t", MA, "shop")
    assert known_columns(catalog, analysis) is columns
    assert known_columns(Catalog(()), analysis) is None
    assert known_columns(None, analysis) is None
    assert known_columns(Catalog((), folded=True, columns=columns), analysis) is None


def test_whose_rights_the_server_checks() -> None:
    assert behind("SELECT f()")[0].path == "function shop.f (definer root@%)"
    assert behind("SELECT inv()")[0].path == "function shop.inv (runs with its invoker's rights)"


@rows(
    ("sql", "path", "problem"),
    [
        ("SELECT nobody(1)", "function shop.nobody", "it is not in the catalog"),
        ("CALL nobody()", "procedure shop.nobody", "it is not in the catalog"),
        ("CALL pack.a()", "procedure pack.a", "pack may be a package"),
        ("SELECT Pack.f()", "function Pack.f", "Pack may be a package"),
    ],
)
def test_routines_that_are_not_known(sql: str, path: str, problem: str) -> None:
    (one,) = behind(sql)
    assert (one.path, one.problem, one.dynamic) == (path, problem, False)
    assert one.kind == (PROCEDURE if sql.startswith("CALL") else FUNCTION)
    (one,) = behind("SELECT nobody(1)", schema="")
    assert one.path == "function nobody"


def test_functions_of_which_only_the_name_is_known_are_judged_by_it() -> None:
    names = [ref.name for one in behind("SELECT * FROM v3") for ref in one.unit.functions]
    assert sorted(names) == ["h", "udf"]


@rows(
    ("sql", "blocked"),
    [
        ("SELECT * FROM t", True),
        ("INSERT INTO t VALUES (1)", True),
        ("SELECT f()", True),
        ("CALL p()", True),
        ("SET @x = 1", False),
        ("SELECT 1 FROM mysql.user", False),  # judged by name, catalog or not
        ("DROP TABLE t", False),
    ],
)
def test_without_one_that_was_read_nothing_can_be_followed(sql: str, blocked: bool) -> None:
    found = behind(sql, Catalog((), missing="the server is gone"))
    assert [one.problem for one in found] == ["there is no catalog: the server is gone"] * blocked


def test_a_server_that_compares_names_otherwise() -> None:
    folding = LexContext(MARIADB, 101106, fold_names=True)
    (one,) = behind("SELECT * FROM T", ctx=folding)
    assert one.problem == "there is no catalog: it was read from a server that compares names otherwise"


def test_a_defect_is_something_that_cannot_be_followed() -> None:
    broken = Body(VIEW, "shop", "v", needs=("no need",))  # type: ignore[arg-type]
    (one,) = behind("SELECT * FROM v", Catalog((broken,)))
    assert one.problem.startswith("what stands behind its names cannot be told: ")


def test_labels() -> None:
    assert Body(VIEW, "s", "v").label() == "view s.v"
    assert Body(TRIGGER, "s", "t").runs_as() == "definer unknown"


@rows(
    ("sql", "changes"),
    [
        ("SELECT 1", False),
        ("INSERT INTO t VALUES (1)", False),
        ("TRUNCATE t", False),
        ("CREATE TABLE x (a INT)", False),
        ("CREATE TEMPORARY TABLE x (a INT)", False),
        ("CREATE UNIQUE INDEX i ON t (a)", False),
        ("DROP TEMPORARY TABLE x", False),
        ("DROP INDEX i ON t", False),
        ("ALTER TABLE t ADD a INT", False),
        ("PREPARE s FROM 'DROP VIEW v'", False),
        ("EXECUTE IMMEDIATE 'CREATE TABLE x (a INT)'", False),
        ("CREATE OR REPLACE TABLE x (a INT)", True),
        ("CREATE VIEW v AS SELECT 1", True),
        ("ALTER VIEW v AS SELECT 1", True),
        ("ALTER TABLE t RENAME TO u", True),
        ("ALTER TABLE t ADD PERIOD FOR p (a, b)", True),
        ("RENAME TABLE t TO u", True),
        ("DROP TABLE t", True),
        ("DROP DATABASE x", True),
        ("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @x = 1", True),
        ("DROP PROCEDURE p", True),
        ("EXECUTE IMMEDIATE @x", True),
        ("EXECUTE IMMEDIATE 'DROP VIEW v'", True),
        ("BEGIN NOT ATOMIC DROP VIEW v; END", True),
    ],
)
def test_what_may_change_it(sql: str, changes: bool) -> None:
    analysis = analyze(sql.encode(), MA, "shop")
    assert analysis.error == ""
    assert [may_change(statement) for statement in analysis.statements] == [changes]
    found = command("drop_db", "x", MA, "shop")
    assert may_change(found.statements[0])


@rows(
    ("sql", "changes"),
    [
        ("SELECT 1", False),
        ("TRUNCATE t", False),
        ("CREATE TEMPORARY TABLE x (a INT)", False),
        ("CREATE UNIQUE INDEX i ON t (a)", False),
        ("DROP INDEX i ON t", False),
        ("PREPARE s FROM 'ALTER TABLE t ADD a INT'", False),
        ("CREATE TABLE x (a INT)", True),
        ("CREATE TABLE x LIKE t", True),
        ("CREATE TABLE x SELECT * FROM t", True),
        ("ALTER TABLE t ADD a INT", True),
        ("ALTER TABLE t DROP COLUMN a", True),
        ("ALTER TABLE t RENAME COLUMN a TO b", True),
        ("ALTER IGNORE TABLE t ADD COLUMN a INT", True),
        ("EXECUTE IMMEDIATE 'ALTER TABLE t ADD a INT'", True),
        ("BEGIN NOT ATOMIC ALTER TABLE t ADD a INT; END", True),
        ("DROP TABLE t", True),
        ("CREATE VIEW v AS SELECT 1", True),
    ],
)
def test_what_may_change_columns(sql: str, changes: bool) -> None:
    analysis = analyze(sql.encode(), MA, "shop")
    assert analysis.error == ""
    assert [may_change(statement, True) for statement in analysis.statements] == [changes]


def test_bodies_that_may_change_columns() -> None:
    made = [
        routine(PROCEDURE, "p", "ALTER TABLE t ADD a INT"),
        routine(PROCEDURE, "q", "SELECT 1"),
        routine(PROCEDURE, "lost", "EXECUTE s"),
    ]
    catalog = build(made, MARIADB, 101106, False)
    found = [behind(f"CALL {name}()", catalog)[0] for name in ("p", "q", "lost")]
    assert [(one.defines, one.alters) for one in found] == [(False, True), (False, False), (True, True)]


def test_what_cannot_be_followed_may_change_it() -> None:
    catalog = build(
        [routine(PROCEDURE, "p", "EXECUTE s"), routine(PROCEDURE, "q", "SELECT 1")], MARIADB, 101106, False
    )
    assert [one.defines for one in behind("CALL p()", catalog) + behind("CALL q()", catalog)] == [True, False]


def test_built_ins_for_which_the_server_takes_a_stored_function() -> None:
    made = [
        routine(FUNCTION, "md5", "RETURN (SELECT max(x) FROM secret)"),
        routine(FUNCTION, "point", "RETURN 1"),
        view("v", "select md5(1) AS `x`"),
    ]
    mysql = LexContext(MYSQL, 90704)
    catalog = build(made, MYSQL, 90704, False)
    for sql in ("SELECT MD5(1)", "SELECT `Md5`(1)", "SET @x = md5(2)", "DO md5(3)"):
        assert [one.path for one in behind(sql, catalog, mysql)] == ["function shop.md5 (definer root@%)"]
    assert [one.path for one in behind("SELECT x FROM v", catalog, mysql)] == [
        "view shop.v (definer root@%)",
        "view shop.v (definer root@%) > function shop.md5 (definer root@%)",
    ]
    assert behind("SELECT point(1, 2), sha1(1)", catalog, mysql) == []
    assert behind("SELECT md5(1)", catalog, mysql, "other") == []
    assert behind("SELECT md5(1)", catalog, LexContext(MYSQL, 80400)) == []
    catalog = build(made, MARIADB, 101106, False)
    assert [one.path for one in behind("SELECT POINT(1)", catalog)] == [
        "function shop.point (definer root@%)"
    ]
    assert behind("SELECT md5(1)", catalog) == []


def test_statements_of_dynamic_sql_come_behind_theirs() -> None:
    analysis = analyze(b"SELECT 2; EXECUTE IMMEDIATE 'DELETE FROM t'", MA, "shop")
    assert [unit.verb for unit in unfolded(analysis.statements)] == ["SELECT", "EXECUTE", "DELETE"]
