"""Where literals are harmless, and the property that the second cache level rests on."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql.analyze import analyze
from dbgate.sql.digest import fast_digest
from dbgate.sql.lexer import lex
from dbgate.sql.slots import shareable
from dbgate.sql.statement import LexContext
from tests.rows import rows
from tests.unit.sql.honest import HONEST
from tests.unit.sql.injected import injected
from tests.unit.sql.lexed import ANSI, CTX, NO_ESCAPES
from tests.unit.sql.sharing import facts, variant


def shares(text: str, ctx: LexContext = CTX) -> bool:
    raw = text.encode()
    return shareable(raw, lex(raw, ctx), ctx)


@rows(
    "text",
    [
        "SELECT a FROM t WHERE b=1",
        "SELECT a FROM t WHERE b = -1 AND `c` <> 'x' OR t.d >= 5",
        "SELECT a FROM t WHERE b LIKE 'x%' AND c NOT LIKE 'y' AND NOT d RLIKE 'z'",
        "SELECT a FROM t WHERE b BETWEEN 1 AND 5 AND c NOT BETWEEN -1 AND -5",
        "SELECT a FROM t WHERE b IN (1, 2) AND c NOT IN ('x')",
        "SELECT a FROM t WHERE COUNT(*) > 5 AND LOWER(b) = 'x' AND (c + d) = 5",
        "SELECT a FROM t LIMIT 5, 10",
        "SELECT a FROM t LIMIT 5 OFFSET 10",
        "SELECT 'x' AS k, 5, a FROM t",
        "SELECT DISTINCT 5, a",
        "SELECT CONCAT(a, 'x', 5), a + 1, a * 2 FROM t",
        "SELECT CASE WHEN a = 1 THEN 'x' ELSE 5 END FROM t",
        "SELECT a FROM t WHERE b > NOW() - INTERVAL 5 DAY",
        "SELECT a FROM t WHERE b IN (SELECT c FROM u WHERE d = 5)",
        "INSERT INTO t (a) VALUES (1, 'x'), (-2, 'y')",
        "INSERT INTO t SET a = 1, b = 'x'",
        "INSERT IGNORE INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 5, b = b + 1",
        "UPDATE t SET a = 1, b = 'x' WHERE c = 5 LIMIT 5",
        "DELETE FROM t WHERE a = 1;",
        "SELECT 'x' AS k, a FROM t UNION SELECT 'y', a FROM u WHERE b = 5",
        "(SELECT a FROM t WHERE b = 1) UNION (SELECT a FROM u WHERE b = 2)",
        "WITH x AS (SELECT a FROM t WHERE b = 5) SELECT a FROM x",
        "SELECT a /* plain */ FROM t WHERE b = 1 -- plain",
        "SELECT a FROM t JOIN u ON u.b = 5 LEFT JOIN v ON v.c <> 'x' INNER JOIN w ON w.d BETWEEN 1 AND 5 CROSS JOIN y",
        "UPDATE t JOIN u ON u.b = 5 SET t.a = 'x' WHERE t.c = 5",
        "SELECT a FROM t",
        "SELECT EXISTS(SELECT 1 AS a, f(b), 5 FROM t WHERE c = 5)",
        "UPDATE t SET a = CASE id WHEN b THEN 5 ELSE 6 END WHERE id IN (1, 2)",
    ],
)
def test_harmless(text: str) -> None:
    assert shares(text)


@rows(
    "text",
    [
        "",
        "SET a = 1",
        "KILL 5",
        "CALL p(1)",
        "PREPARE s FROM 'x'",
        "SELECT a FROM t WHERE 1 = 1",
        "SELECT a FROM t WHERE 1",
        "SELECT a FROM t WHERE b = 1 OR 5",
        "SELECT a FROM t WHERE b = 1 = 1",
        "SELECT a FROM t WHERE b = 'x' 'y'",
        "SELECT a FROM t WHERE b = 'x' COLLATE utf8mb4_bin",
        "SELECT a FROM t WHERE 'x' COLLATE utf8mb4_bin = 'x'",
        "SELECT a FROM t WHERE TRUE = 1",
        "SELECT a FROM t WHERE NULL IN (1, 2)",
        "SELECT a FROM t WHERE 1 NOT IN (1, 2)",
        "SELECT a FROM t WHERE (1) = (1)",
        "SELECT a FROM t WHERE ASCII('a') = 97",
        "SELECT a FROM t WHERE (SELECT 1) = 1",
        "SELECT a FROM t WHERE DATABASE() = 'x'",
        "SELECT a FROM t WHERE CURRENT_USER = 'x'",
        "SELECT a FROM t WHERE 1 BETWEEN 1 AND 2",
        "SELECT a FROM t WHERE b = 1 + 1",
        "SELECT SLEEP(5)",
        "SELECT a FROM t WHERE LOAD_FILE('x')",
        "SELECT IF(1, a, b)",
        "SELECT 5 INTO @x",
        "SELECT @x := 5",
        "SELECT a FROM t INTO OUTFILE 'x'",
        "SELECT a FROM t PROCEDURE ANALYSE(1)",
        "SELECT a; SELECT b",
        "SELECT /*! 1 */",
        "SELECT a /* 'x' */",
        "SELECT a -- 5",
        "SELECT a FROM t WHERE b = x'41' AND c = N'x'",
        "SELECT @'x'",
        "SELECT a FROM t ORDER BY 1, 2",
        "SELECT 1 AND a",
        "SELECT a FROM t WHERE b > NOW() - INTERVAL 5",
        "UPDATE t SET a = 1 AND b = 2",
        "SELECT a)",
        "SELECT a FROM t WHERE b = (SELECT 5, " + "c, " * 300 + "d FROM u)",
        "SELECT a FROM t WHERE f(" + "a, " * 300 + "a) = 5",
        "SELECT f(a, 5)",
        "UPDATE t SET a = (SELECT x FROM y WHERE z = 1), b = 1 AND c",
        "DELETE FROM t WHERE INTERVAL 1 DAY + a = INTERVAL 1 DAY + a",
        "DELETE FROM t WHERE CASE WHEN a THEN 1 END = CASE WHEN a THEN 1 END",
        "SELECT a FROM t WHERE b = (SELECT 1)",
        "SELECT a FROM t WHERE b = (SELECT 1, f(c)) + (SELECT f(a), 5 + b)",
        "SELECT a, b FROM t WHERE c = d UNION SELECT 5, 9",
        "'x'",
    ],
)
def test_sensitive(text: str) -> None:
    assert not shares(text)


def check(text: bytes, ctx: LexContext, choose: random.Random) -> bool:
    """The property, for one text: → whether it says anything about it."""
    key = fast_digest(text, ctx)
    if key is None:
        return False
    analysis = analyze(text, ctx, "shop")
    if not analysis.shared:
        return False
    other = variant(text, ctx, choose)
    assert fast_digest(other, ctx) == key, (text, other)
    assert facts(analyze(other, ctx, "shop")) == facts(analysis), (text, other)
    return True


def test_variants_share_their_facts() -> None:
    choose = random.Random(5)
    texts = HONEST + choose.sample(injected(), 150)
    assert sum(check(text.encode(), CTX, choose) for text in texts) > 60


OPERANDS = st.sampled_from(
    ["a", "t.b", "`c`", "1", "0", "'x'", "''", "\"y\"", "-5", "1.5", "1e0", ".5", "0x41", "x'41'", "N'x'", "_utf8'x'", "'a' 'b'",
     "NULL", "TRUE", "NOW()", "COUNT(*)", "LOWER(a)", "(a)", "(1)", "(SELECT 1)", "SLEEP(1)", "CONCAT(a,'x')", "@v", "?",
     "IF(1=1,2,3)", "CASE WHEN a=1 THEN 2 ELSE 3 END", "INTERVAL 1 DAY + a", "a COLLATE utf8mb4_bin", "ROW(1,2)"]
)  # fmt: skip
OPERATORS = st.sampled_from(
    [
        "=",
        "<>",
        ">",
        " LIKE ",
        " IN ",
        " NOT IN ",
        "+",
        "-",
        " AND ",
        " OR ",
        " IS ",
        " DIV ",
        "||",
        " REGEXP ",
    ]
)
CONDITIONS = st.recursive(
    st.builds("".join, st.tuples(OPERANDS, OPERATORS, OPERANDS)),
    lambda inner: st.one_of(
        st.builds("{} AND {}".format, inner, inner),
        st.builds("{} OR {}".format, inner, inner),
        st.builds("({})".format, inner),
        st.builds("NOT {}".format, inner),
        st.builds("a BETWEEN {} AND {}".format, OPERANDS, OPERANDS),
        st.builds("a IN ({}, {})".format, OPERANDS, OPERANDS),
    ),
    max_leaves=5,
)
STATEMENTS = st.one_of(
    st.builds(
        "SELECT {}, {} FROM t WHERE {} ORDER BY {} LIMIT 5".format, OPERANDS, OPERANDS, CONDITIONS, OPERANDS
    ),
    st.builds(
        "SELECT a FROM t WHERE {} UNION SELECT {} FROM u WHERE {}".format, CONDITIONS, OPERANDS, CONDITIONS
    ),
    st.builds(
        "SELECT a, b, c FROM t WHERE a={} UNION ALL SELECT {}, {}, {}".format,
        OPERANDS,
        OPERANDS,
        OPERANDS,
        OPERANDS,
    ),
    st.builds("SELECT a FROM t WHERE {} GROUP BY a HAVING {}".format, CONDITIONS, CONDITIONS),
    st.builds("UPDATE t SET a={}, b={} WHERE {}".format, OPERANDS, CONDITIONS, CONDITIONS),
    st.builds(
        "INSERT INTO t (a, b) VALUES ({}, {}), ({}, {})".format, OPERANDS, OPERANDS, OPERANDS, OPERANDS
    ),
    st.builds("INSERT INTO t (a) VALUES ({}) ON DUPLICATE KEY UPDATE a={}".format, OPERANDS, CONDITIONS),
    st.builds("DELETE FROM t WHERE {} LIMIT {}".format, CONDITIONS, OPERANDS),
)


@given(STATEMENTS, st.sampled_from([CTX, ANSI, NO_ESCAPES]), st.randoms(use_true_random=False))
def test_texts_with_one_key_do_the_same(text: str, ctx: LexContext, choose: random.Random) -> None:
    check(text.encode(), ctx, choose)


def test_a_literal_that_is_none_for_the_lexer() -> None:
    # What the pattern takes for a string is a hexadecimal literal here, and a name's part there.
    assert not shares("SELECT a FROM t WHERE b = x'41'")
    assert not shares("SELECT a FROM t WHERE b = @'c'")
    assert not shares("5")
    assert not shares("SELECT 1 LIKE 5")
