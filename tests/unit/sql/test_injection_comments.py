"""Comments that cut off the rest of a statement, and those that people write."""

from __future__ import annotations

from dbgate.sql.injection_comments import LONGEST, truncation
from tests.rows import rows
from tests.unit.sql.lexed import lexed


def why(text: str) -> str:
    tokens = lexed(text)
    return truncation(tokens, 0, len(tokens))


@rows(
    "text",
    [
        "SELECT a FROM t WHERE b='x' -- ' AND c=1",
        "SELECT a FROM t WHERE b='x'#'",
        "SELECT a FROM t WHERE b=5 -- ) ORDER BY c",
        "SELECT a FROM t WHERE b=5 -- AND c=1",
        "SELECT a FROM t WHERE b=5 -- x LIMIT 10",
        "SELECT a FROM t WHERE b=5 -- order by `c`",
        "SELECT a FROM t WHERE b='x' -- ' AND c=1\n LIMIT 5",
        "SELECT/**/a/**/FROM t",
        "SELECT a FROM t WHERE b=5 /*!50000UNION*/ SELECT 1",
        "SELECT a FROM t WHERE b=5 -- -",
        "SELECT a FROM t WHERE b BETWEEN 1 AND 9 -- AND 50",
        "SELECT a FROM t WHERE b=5#",
        "SELECT a FROM t LIMIT 5 -- +",
        "SELECT a FROM t WHERE b='x' UNION SELECT c FROM u -- ",
        "SELECT a FROM t WHERE b=5; -- -",
        "SELECT a FROM t WHERE b='x'\n-- ' AND c=1",
        "SELECT a FROM t WHERE (b=5\n# ) AND c=1",
        "SELECT a FROM t WHERE b=5 -- \n -- ' AND c=1",
        "SELECT a FROM information_schema.tables, t WHERE b=5 -- AND c=1",
        "SELECT 1 /*!UNION*/ SELECT 2",
    ],
)
def test_injected(text: str) -> None:
    assert why(text)


@rows(
    "text",
    [
        "SELECT a FROM t -- name: GetUser",
        "SELECT a FROM t # the user's orders and (maybe) more",
        "SELECT a FROM t -- users' orders by date",
        "SELECT a FROM t -- app='web',trace='1'",
        "SELECT a -- it's 'the key\n FROM t",
        "/* '; */ SELECT a FROM t /* ) */",
        "SELECT /**/ a FROM t",
        "SELECT 1 --",
        "SELECT a FROM t WHERE b=5 -- and five more of them",
        "SELECT a FROM t #",
        "SELECT a FROM t WHERE b=5\n--\n",
        "SELECT a FROM t WHERE b=5; -- all of them",
        "-- -\nSELECT a FROM t WHERE b=5",
        "SELECT a/**/FROM t",
        "SELECT /*!40001 SQL_NO_CACHE */ a FROM t",
        "/*!40101 SET NAMES utf8 */",
        "SELECT /*+ MAX_EXECUTION_TIME(5) */ a FROM t",
        "SELECT a FROM t WHERE b=5\n-- AND c=1",
        "SELECT a FROM t\n  -- WHERE b = 'x'\n  -- ORDER BY c\n\t# LIMIT 10\n",
        "SELECT a FROM t;\n\n-- SELECT a FROM u WHERE b = 1;",
        "SELECT a FROM information_schema.key_column_usage k WHERE b = 'x' /*!50116 AND c = 'y' */ ORDER BY a",
    ],
)
def test_honest(text: str) -> None:
    assert why(text) == ""


def test_comments_of_other_statements_do_not_count() -> None:
    tokens = lexed("SELECT 1 -- ' AND x=1\n; SELECT 2")
    assert truncation(tokens, 0, 2)
    assert truncation(tokens, 3, 5) == ""
    tokens = lexed("SELECT 1; SELECT 2 -- ' AND x=1")
    assert truncation(tokens, 0, 2) == ""
    assert truncation(tokens, 3, 5)


def test_a_semicolon_before_the_comment() -> None:
    tokens = lexed("SELECT 1 FROM t WHERE a='x'; -- ' AND x=1")
    assert truncation(tokens, 0, tokens.words.index(";"))
    tokens = lexed("SELECT 1; SELECT 2 #")
    assert truncation(tokens, 0, 2) == ""
    assert truncation(tokens, 3, 5)


def test_long_comments_are_looked_at_in_part() -> None:
    assert why("SELECT 1 -- " + "x" * LONGEST + "'") == ""
