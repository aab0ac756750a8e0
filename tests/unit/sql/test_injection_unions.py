"""UNION: appended ones and honest ones."""

from __future__ import annotations

from dbgate.sql.injection_unions import COLUMN, COMPUTED, LITERAL, STAR, read_branch, union_probe
from tests.rows import rows
from tests.unit.sql.lexed import lexed


def why(text: str) -> str:
    tokens = lexed(text)
    return union_probe(tokens, 0, len(tokens))


@rows(
    "union",
    [
        "UNION SELECT 1,2,3",
        "UNION ALL SELECT NULL,NULL,NULL",
        "UNION SELECT 17,17,17",
        "UNION DISTINCT (SELECT 1,2,3)",
        "UNION SELECT 1,2",
        "UNION SELECT 1,'admin','x'",
        "UNION SELECT 5,-9,7 FROM u WHERE b",
        "UNION SELECT a,b,VERSION() FROM u",
        "UNION SELECT a,b,@@version FROM u",
        "UNION SELECT a,CURRENT_USER,c FROM u",
        "UNION SELECT a,b,CONCAT(c,0x7e7e7e) FROM u",
        "UNION SELECT 1,b,c FROM u",
        "UNION SELECT NULL,b,c FROM u ORDER BY 1",
        "UNION VALUES (1,2,3)",
        "UNION ALL VALUES ROW(1,'a',NULL)",
        "UNION SELECT * FROM (SELECT 1)x JOIN (SELECT 2)y JOIN (SELECT (3))z",
        "UNION ALL SELECT * FROM (SELECT 1)x, (SELECT 2)y, (SELECT 3)z WHERE 1",
        "UNION SELECT x.*, y.*, z.* FROM (SELECT 1)x, (SELECT 2)y, (SELECT 3)z",
        "UNION SELECT * FROM (VALUES ROW(1, 2, 3)) x",
        "EXCEPT SELECT NULL,NULL,NULL",
        "INTERSECT SELECT 1,2,3",
        "EXCEPT ALL SELECT 1,2",
    ],
)
def test_appended(union: str) -> None:
    assert why(f"SELECT a, b, c FROM t WHERE d=5 {union}")


def test_two_rows_where_one_value_is_wanted() -> None:
    assert why("SELECT a FROM t WHERE b = (SELECT 1 UNION SELECT 2)")
    assert why("SELECT a FROM t WHERE b = (SELECT CASE WHEN c THEN 1 ELSE (SELECT 1 UNION SELECT 2) END)")
    assert why("SELECT a FROM t WHERE IF(c, 1, (SELECT 1 UNION ALL SELECT 2))")


def test_appended_to_a_star_and_to_one_column() -> None:
    assert why("SELECT * FROM t WHERE d='x' UNION SELECT 1,b,c FROM u")
    assert why("SELECT a FROM t WHERE d='x' UNION SELECT 17")
    assert why("SELECT a FROM t WHERE d IN (5) UNION SELECT NULL FROM DUAL")


def test_behind_a_literal_in_parentheses() -> None:
    assert why("SELECT a, b FROM t WHERE (c=5) UNION SELECT 1, 'admin'")
    assert why("SELECT a, b FROM t WHERE ((c='x')) UNION SELECT 'a', 'b'")
    assert why("SELECT a, b FROM t WHERE (c=d) UNION SELECT 'a', 'b'") == ""


def test_a_union_ends_with_its_parenthesis() -> None:
    assert why("SELECT a FROM t WHERE b IN (SELECT c FROM u WHERE d=e UNION SELECT c FROM v) AND f=5") == ""
    assert why("SELECT a, b FROM t WHERE b IN (SELECT c FROM u WHERE d=5 UNION SELECT c, d FROM v)")


@rows(
    "text",
    [
        "SELECT a, NULL, b FROM t WHERE c = 5 UNION ALL SELECT a, d, NULL FROM u",
        "SELECT 1 UNION SELECT 2",
        "SELECT 1 n UNION ALL SELECT n + 1 FROM c",
        "SELECT 'x' AS k, a FROM t WHERE b=1 UNION ALL SELECT 'y', a FROM u WHERE b=1",
        "SELECT a, b FROM t WHERE c=1 UNION SELECT 0 AS a, 'All' AS b",
        "SELECT a, b FROM t WHERE c=1 UNION SELECT 0 a, 'All' b",
        "SELECT a, b FROM t UNION SELECT 0, 'All'",
        "SELECT a, b FROM t WHERE c=1 UNION SELECT a, NULL FROM u WHERE c=1",
        "SELECT a, b FROM t WHERE c=1 UNION SELECT 'Total', SUM(b) FROM t",
        "SELECT a, b FROM t WHERE c=d UNION SELECT a, b FROM u",
        "SELECT * FROM t WHERE c=1 UNION SELECT * FROM u",
        "SELECT t.* FROM t WHERE c=1 UNION SELECT u.* FROM u",
        "SELECT a FROM t WHERE c=b UNION VALUES (1)",
        "SELECT a FROM t UNION VALUES (1)",
        "SELECT * FROM t WHERE c=1 UNION SELECT * FROM (SELECT * FROM u) x",
        "SELECT * FROM t WHERE c=1 UNION SELECT * FROM (SELECT 1) x JOIN u",
        "SELECT * FROM t WHERE c=1 UNION SELECT *",
        "(SELECT a, b FROM t WHERE c=1) UNION (SELECT a, b FROM u WHERE c=1)",
        "SELECT a FROM t WHERE b IN (SELECT c FROM u) AND d=1",
        "SELECT a FROM t WHERE b=1 EXCEPT SELECT 3",
        "SELECT a FROM t WHERE b=1 INTERSECT SELECT a FROM u WHERE b=1",
        "SELECT a FROM t WHERE b IN (SELECT 1 UNION SELECT 2)",
        "SELECT a FROM t JOIN (SELECT 1 AS n UNION SELECT 2) x ON x.n = t.n",
        "SELECT a FROM t, (SELECT 1 UNION SELECT 2) x",
        "SELECT a FROM t WHERE b = (SELECT c FROM u UNION SELECT d FROM v)",
    ],
)
def test_honest(text: str) -> None:
    assert why(text) == ""


def test_a_branch_ends_with_the_next_one() -> None:
    tokens = lexed("SELECT a, b FROM t UNION SELECT c FROM u WHERE d=1; SELECT e")
    left = read_branch(tokens, 0, len(tokens))
    assert (left.end, len(left.kinds), left.has_where) == (6, 2, False)
    right = read_branch(tokens, 7, len(tokens))
    assert (right.end, len(right.kinds), right.has_where) == (len(tokens) - 3, 1, True)


def test_a_branch_is_read() -> None:
    tokens = lexed(
        "SELECT SQL_NO_CACHE a, 5, -5, NULL, _utf8'x', f(1), f(a), (SELECT b FROM t), 1+1, 'x' y, t.* INTO @v"
    )
    branch = read_branch(tokens, 0, len(tokens))
    assert branch.kinds == [
        COLUMN, LITERAL, LITERAL, LITERAL, LITERAL, COMPUTED, COLUMN, COLUMN, COMPUTED, LITERAL, STAR,
    ]  # fmt: skip
    assert branch.aliased and not branch.has_from and not branch.has_where
    other = read_branch(lexed("SELECT a FROM t WHERE b GROUP BY c;"), 0, 9)
    assert other.has_from and other.has_where
    assert not read_branch(lexed("SELECT 1 FROM DUAL"), 0, 4).has_from
    assert read_branch(lexed("SELECT 1 FROM"), 0, 3).has_from
    assert read_branch(lexed("SELECT @@a + b, @@a"), 0, 6).kinds == [COLUMN, COMPUTED]


def test_what_is_missing() -> None:
    assert why("SELECT a FROM t WHERE b=c UNION SELECT") == ""
    assert why("SELECT a, b FROM t WHERE b=c UNION SELECT a, ORDER BY b") == ""
    assert why("SELECT a FROM t WHERE b=5 UNION") == ""


def test_long_texts() -> None:
    items = ",".join("5" for _ in range(20000))
    assert (
        why(
            f"SELECT a, b, c, d, e, f FROM t WHERE c=d UNION SELECT a, 1, 2, 3, 4, 5 FROM u WHERE b IN ({items})"
        )
        == ""
    )
    deep = "(SELECT " * 300 + "1" + " UNION SELECT 1)" * 300
    assert why(f"SELECT {deep}") == "unions that are nested too deeply to follow"
