"""The tables that a query reads and the functions it calls, clause by clause."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql.facts import Facts
from dbgate.sql.lexer import lex
from dbgate.sql.modes import EXPR
from dbgate.sql.scan import Scanner
from dbgate.sql.statement import LexContext
from tests.rows import rows
from tests.unit.sql.contexts import MA, MY, error, needs, one

U = "SELECT shop.users"
S = "SELECT shop.secret"
O = "SELECT shop.orders"  # noqa: E741


@rows(
    ("sql", "expected"),
    [
        # Names.
        ("SELECT * FROM users", U),
        ("select*from`users`", U),
        ("SELECT * FROM shop.users", U),
        ("SELECT * FROM `shop` . `users`", U),
        ("SELECT * FROM other.users", "SELECT other.users"),
        ("SELECT * FROM .users", U),
        ("SELECT(s)FROM(secret)", S),
        ("SELECT 1e0FROM secret", S),
        ("SELECT \\N,s FROM secret", S),
        ("SELECT * FROM INFORMATION_SCHEMA.TABLES", "SELECT information_schema.TABLES"),
        ("SELECT 1 FROM shop.dual", "SELECT shop.dual"),
        ("SELECT 1 FROM DUAL WHERE 1", ""),
        # Lists and joins.
        ("SELECT * FROM users, secret", f"{S}; {U}"),
        ("SELECT * FROM users u, orders AS o", f"{O}; {U}"),
        ("SELECT * FROM users JOIN secret", f"{S}; {U}"),
        ("SELECT * FROM users STRAIGHT_JOIN secret ON a = b", f"{S}; {U}"),
        ("SELECT * FROM users LEFT JOIN (orders, secret) ON 1 = 1", f"{O}; {S}; {U}"),
        ("SELECT * FROM users a JOIN orders USING (id), secret", f"{O}; {S}; {U}"),
        ("SELECT * FROM users JOIN orders ON a = b, secret", f"{O}; {S}; {U}"),
        ("SELECT * FROM users JOIN orders ON a = b JOIN secret", f"{O}; {S}; {U}"),
        ("SELECT * FROM ((users))", U),
        ("SELECT * FROM {oj users LEFT OUTER JOIN secret ON 1}", f"{S}; {U}"),
        ("SELECT * FROM {x secret}", S),
        ("SELECT {d '2020-01-01'}, {fn NOW()}, {x (SELECT s FROM secret)}", S),
        ("SELECT * FROM users PARTITION (p0, p1) u, secret", f"{S}; {U}"),
        ("SELECT * FROM users USE INDEX (a), secret", f"{S}; {U}"),
        ("SELECT * FROM users USE INDEX FOR JOIN (a), secret", f"{S}; {U}"),
        ("SELECT * FROM users IGNORE INDEX FOR ORDER BY (a) JOIN secret", f"{S}; {U}"),
        ("SELECT * FROM users FOR SYSTEM_TIME AS OF NOW(), secret", f"{S}; {U}"),
        ("SELECT * FROM users FOR SYSTEM_TIME ALL USE INDEX FOR JOIN (a), secret", f"{S}; {U}"),
        ("SELECT * FROM users FOR SYSTEM_TIME ALL IGNORE KEY FOR GROUP BY (a) JOIN secret", f"{S}; {U}"),
        ("SELECT * FROM users FOR SYSTEM_TIME FROM '1' TO '2', secret", f"{S}; {U}"),
        ("SELECT * FROM users FOR SYSTEM_TIME ALL JOIN secret FOR UPDATE", f"{S}; {U}"),
        ("SELECT * FROM users FOR UPDATE OF secret", U),
        ("SELECT 1 FOR UPDATE", ""),
        # Derived tables, subqueries, unions.
        ("SELECT * FROM (SELECT * FROM secret) AS t (a)", S),
        ("SELECT * FROM users, LATERAL (SELECT * FROM secret) x", f"{S}; {U}"),
        ("SELECT * FROM ((SELECT 1) UNION (SELECT s FROM secret)) x", S),
        ("SELECT (SELECT s FROM secret)", f"{S}"),
        ("SELECT 1 FROM users WHERE a IN (SELECT s FROM secret)", f"{S}; {U}"),
        ("SELECT 1 FROM users WHERE EXISTS (TABLE secret)", f"{S}; {U}"),
        ("SELECT 1 FROM users WHERE a > SOME (SELECT s FROM secret)", f"{S}; {U}"),
        ("SELECT 1 FROM users ORDER BY (SELECT s FROM secret) LIMIT 1", f"{S}; {U}"),
        ("(SELECT 1 FROM users) UNION ALL (SELECT s FROM secret) ORDER BY 1", f"{S}; {U}"),
        ("SELECT 1 FROM users EXCEPT SELECT 1 FROM secret", f"{S}; {U}"),
        ("SELECT 1 FROM users INTERSECT (SELECT 1 FROM secret)", f"{S}; {U}"),
        ("TABLE secret", S),
        ("SELECT * FROM (TABLE secret) t", S),
        ("SELECT * FROM (VALUES (1), (2)) v, secret", S),
        ("VALUES ((SELECT s FROM secret))", f"{S}"),
        # FROM that is no clause.
        ("SELECT EXTRACT(YEAR FROM a), TRIM(LEADING 'x' FROM b), SUBSTRING(c FROM 1 FOR 2) FROM users", U),
        ("SELECT EXTRACT(YEAR FROM (SELECT s FROM secret))", f"{S}"),
        ("SELECT NTH_VALUE(a, 1) FROM FIRST OVER () FROM users", U),
        ("SELECT NTH_VALUE(a, 1) FROM LAST RESPECT NULLS OVER w FROM users WINDOW w AS (ORDER BY a)", U),
        ("SELECT f(a) FROM last", "SELECT shop.last; fn shop.f"),
        ("SELECT SUM(a) FROM first x", "SELECT shop.first"),
        # INTO.
        ("SELECT s INTO @a FROM secret", S),
        ("SELECT * FROM users INTO OUTFILE '/tmp/x'", f"{U}; bare LOAD"),
        ("SELECT * INTO DUMPFILE '/tmp/x' FROM users", f"{U}; bare LOAD"),
        # Words that some versions take for names.
        ("SELECT * FROM users window, secret", f"{S}; {U}"),
        ("SELECT * FROM users JOIN orders ON window = 1, secret", f"{O}; {S}; {U}"),
        ("SELECT * FROM users WINDOW w AS (ORDER BY (SELECT s FROM secret))", f"{S}; {U}"),
        ("SELECT * FROM users intersect, secret", f"{S}; {U}"),
        ("SELECT SUM(a) OVER (PARTITION BY (SELECT s FROM secret)) FROM users", f"{S}; {U}"),
        # Functions.
        ("SELECT f(1)", "bare SELECT; fn shop.f"),
        ("SELECT `f`(1), a.g(2), h (3)", "bare SELECT; fn a.g; fn shop.f; fn shop.h"),
        ("SELECT COUNT(*), IF(a, 1, 2), LEFT(a, 1), `concat`(a) FROM users", U),
        ("SELECT count (1)", "bare SELECT; fn shop.count"),
        ("SELECT count/**/(1)", "bare SELECT; fn shop.count"),
        ("SELECT `count`(1)", "bare SELECT; fn shop.count"),
        ("SELECT 1f(1)", "bare SELECT; fn shop.1f"),
        ("SELECT LOAD_FILE('x')", "bare LOAD; bare SELECT"),
        ("SELECT `load_file`('x')", "bare LOAD; bare SELECT"),
        ("SELECT BINLOG_GTID_POS('x', 4), `binlog_gtid_pos`('x', 4)", "bare ADMIN; bare SELECT"),
        ("SELECT SLEEP(1)", "bare SELECT"),
        ("SELECT `sleep`(1)", "bare SELECT"),
        ("SELECT NEXT VALUE FOR s, PREVIOUS VALUE FOR b.t", "INSERT shop.s; SELECT b.t; bare SELECT"),
        ("SELECT NEXTVAL(s), LASTVAL(t), SETVAL(b.u, 1)", "INSERT b.u; INSERT shop.s; SELECT shop.t; bare SELECT"),
        ("SELECT next FROM users next", U),
        ("SELECT MATCH(a) AGAINST ('x'), MATCH a AGAINST ('x') FROM users", U),
        ("SELECT CONVERT(a, DATETIME(6)), CAST(a AS DATETIME(6)), CAST(a AS CHAR(3)) FROM users", U),
        ("SELECT DATETIME(6)", ""),
        ("SELECT * FROM users PROCEDURE ANALYSE(1, (SELECT s FROM secret))", f"{S}; {U}"),
        ("SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$', NESTED PATH '$' COLUMNS (b INT PATH '$'))) j", ""),
        ("SELECT * FROM JSON_TABLE((SELECT s FROM secret), '$' COLUMNS (a VARCHAR(3) PATH '$')) j, users", f"{S}; {U}"),
        ("SELECT columns(1)", "bare SELECT; fn shop.columns"),
        ("SELECT a AS b, c 'd', e AS 'f', `g` AS `h` FROM users", U),
        ("SELECT @a := 1, @@global.x, @@y", "bare SELECT"),
        ("SELECT a.b.c, t.* FROM users t", U),
    ],
)  # fmt: skip
def test_mariadb(sql: str, expected: str) -> None:
    if expected == S and not sql.startswith(("SELECT * FROM", "select", "SELECT(", "SELECT 1e0", "TABLE")):
        assert S in needs(sql)
    else:
        assert needs(sql) == expected


@rows(
    ("sql", "expected"),
    [
        ("SELECT a FROM users QUALIFY f(a) = 1", f"{U}; fn shop.f"),
        ("SELECT a FROM users qualify, secret", f"{S}; {U}"),
        ("SELECT nextval(secret)", "bare SELECT; fn shop.nextval"),
        ("SELECT a FROM users returning, secret", f"{S}; {U}"),
        ("SELECT a->'$.b', a->>'$.c' FROM users", U),
    ],
)
def test_mysql(sql: str, expected: str) -> None:
    assert needs(sql, MY) == expected


@rows(
    ("sql", "expected"),
    [
        ("WITH t AS (SELECT * FROM users) SELECT * FROM t", U),
        ("WITH t AS (SELECT * FROM users) (SELECT * FROM t)", U),
        ("WITH `t` (a, b) AS (SELECT * FROM users) SELECT * FROM t, secret", f"{S}; {U}"),
        ("WITH t AS (VALUES (1)) VALUES (2)", ""),
        ("WITH t AS (SELECT 1) TABLE t", ""),
        ("SELECT * FROM users WITH", U),
        ("SELECT a FROM users GROUP BY a WITH ROLLUP", U),
        ("UPDATE users u SET u.a = 1, b = f(2) WHERE `c` = 1", "UPDATE shop.users; fn shop.f"),
        ("UPDATE users SET .a.b = 1", "UPDATE shop.users"),
        (
            "INSERT INTO users VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)",
            "INSERT shop.users; UPDATE shop.users",
        ),
        (
            "INSERT INTO users WITH secret AS (SELECT 1) SELECT 1 ON DUPLICATE KEY UPDATE a = (SELECT s FROM secret)",
            f"INSERT shop.users; {S}; UPDATE shop.users",
        ),
        ("UPDATE users SET a = 1 WHERE b = 2 ORDER BY a LIMIT 1", "UPDATE shop.users"),
        ("INSERT INTO users VALUE (1)", "INSERT shop.users"),
        ("CREATE TABLE t (a INT DEFAULT (NEXTVAL(s)), b INT CHECK (f(b)))", "CREATE shop.t; INSERT shop.s"),
        ("ALTER VIEW v AS TABLE secret", f"ALTER shop.v; {S}"),
        (
            "INSERT INTO users SELECT `a` `b` FROM orders AS `c` JOIN secret `d`",
            f"INSERT shop.users; {O}; {S}",
        ),
        ("CREATE TABLE t AS (TABLE secret)", f"CREATE shop.t; {S}"),
        ("DO 1 UNION SELECT s FROM secret", S),
        ("SELECT * FROM users AS a, `orders` `b` JOIN secret AS `c`", f"{O}; {S}; {U}"),
        ("SELECT 'a' 'b' AS `c`, `d`.`e` FROM users", U),
        ("SELECT `a`.`f`(1)", "bare SELECT; fn a.f"),
        ("SELECT {fn `f`(1)}, (a) b, MATCH (a) AGAINST ('b')", "bare SELECT"),
        ("INSERT INTO users SET a = 1 FOR UPDATE", "INSERT shop.users"),
    ],
)
def test_other_verbs(sql: str, expected: str) -> None:
    assert expected in needs(sql)


@rows(
    "sql",
    [
        "WITH t AS (SELECT 1), 1 SELECT 1", "WITH t AS (SELECT 1) 'x'", "WITH t AS (SELECT 1) x", "UPDATE a SET 1 = 2",
        "WITH t AS SELECT 1", "WITH t (a) SELECT 1", "WITH t AS (SELECT 1) INSERT INTO a VALUES (1)",
    ],
)  # fmt: skip
def test_refused_lists(sql: str) -> None:
    assert error(sql) != ""


def test_built_ins_that_may_be_stored_functions() -> None:
    for sql, ctx in (
        ("SELECT point(1)", MA),
        ("SELECT `point`(1)", MA),
        ("SELECT Md5 (1)", MY),
        ("DO SHA1(1)", MY),
    ):
        assert [ref.schema for ref in one(sql, ctx).stand_ins] == ["shop"]
        assert one(sql, ctx).functions == ()
    assert one("SELECT md5(1)", MA).stand_ins == ()


def test_ignore_space() -> None:
    spacey = LexContext(MA.flavour, MA.version, ignore_space=True)
    assert needs("SELECT count (1)", spacey) == ""
    assert needs("SELECT count/**/(1)", spacey) == "bare SELECT; fn shop.count"


@rows(
    "sql",
    [
        "SELECT * FROM", "SELECT * FROM (", "SELECT * FROM ()", "SELECT * FROM users,", "SELECT * FROM 'users'",
        "SELECT * FROM ?", "SELECT * FROM @a", "SELECT * FROM users JOIN", "SELECT * FROM WHERE", "SELECT * FROM =",
        "SELECT 1)", "SELECT (1", "SELECT * FROM a.b.c", "SELECT a.b.c()", "SELECT {1}", "SELECT * FROM {1 a}",
        "SELECT * FROM users FROM secret", "SELECT * FROM users,,secret", "SELECT * FROM ON t", "SELECT * FROM window users",
        "SELECT * FROM a USE INDEX (b), IGNORE INDEX (c)", "VALUES 1 FROM x", "SELECT * FROM JOIN a",
        "SELECT * FROM FOR a", "TABLE", "SELECT * FROM (TABLE )", "SELECT * FROM NEXT VALUE FOR a",
    ],
)  # fmt: skip
def test_refused(sql: str) -> None:
    assert error(sql) != ""


def test_names_that_may_be_columns() -> None:
    assert one("SELECT Id, u.`Name`, f(a) AS b FROM users u WHERE `x` = 1 AND 1c = 2").identifiers == (
        "1c", "a", "b", "id", "name", "u", "x",
    )  # fmt: skip


def test_depth_costs_nothing() -> None:
    assert needs("SELECT " + "(" * 9000 + "SELECT s FROM secret" + ")" * 9000).startswith(S)


@given(
    st.lists(
        st.sampled_from(
            ["SELECT", "FROM", "JOIN", "users", "secret", "(", ")", ",", "ON", "WHERE", "UNION", "WITH", "AS", "t", ".", "f", "(", "1", "'x'", "@a", "FOR", "TABLE", "VALUES", "INTO", "SET", "NEXT", "VALUE", "USING", "PARTITION", "{", "oj", "}", "LATERAL", "JSON_TABLE", "`q`", "=", "ORDER", "BY", "WINDOW", "QUALIFY", "EXCEPT", "RECURSIVE", "CYCLE", "SYSTEM_TIME"]
        ),
        max_size=16,
    ),
    st.sampled_from([MA, MY]),
)  # fmt: skip
def test_any_words(words: list[str], ctx: LexContext) -> None:
    """Never raises; what is refused says why."""
    facts = Facts(lex(" ".join(words).encode(), ctx), ctx, "shop")
    scanner = Scanner(facts)
    scanner.run(0, len(facts.tokens), EXPR)
    scanner.finish()
    assert facts.statement() is not None


def test_tables_whose_words_older_servers_take_for_names() -> None:
    assert needs("SELECT * FROM users, LATERAL (SELECT * FROM secret) x", MY) == f"{S}; {U}"
    assert needs("SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) j, users", MY) == U
