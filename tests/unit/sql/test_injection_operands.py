"""What is said of one operand of a condition, in the statements that it stands in."""

from __future__ import annotations

from dbgate.sql.fold import GROUP, TOP, Level
from dbgate.sql.injection_conditions import constant_condition
from dbgate.sql.injection_operands import judged
from tests.rows import rows
from tests.unit.sql.lexed import lexed


def why(text: str, pipes: bool = False) -> str:
    tokens = lexed(text)
    return constant_condition(tokens, 0, len(tokens), pipes)


@rows(
    "tail",
    [
        "FOR UPDATE",
        "FOR SHARE",
        "FOR UPDATE SKIP LOCKED",
        "LOCK IN SHARE MODE",
        "FETCH FIRST 5 ROWS ONLY",
        "INTO @x",
        "PROCEDURE ANALYSE()",
        "GROUP BY a WITH ROLLUP",
        "LIMIT 5",
    ],
)
def test_what_follows_a_condition_hides_nothing(tail: str) -> None:
    for condition in ("1=1", "NOT 0", "2>1", "(SELECT 1)"):
        assert why(f"SELECT a FROM t WHERE b = 1 OR {condition} {tail}")
        assert not why(f"SELECT a FROM t WHERE b = 1 OR c > 1 {tail}")


@rows(
    "condition",
    [
        "id = t.id",
        "(id, b) = (id, b)",
        "ROW(id, 1) = ROW(id, 1)",
        "1 IN (id, 1)",
        "EXISTS (SELECT 1 FROM t WHERE 1=1)",
        "EXISTS (SELECT 1 FROM t WHERE id=id)",
        "EXISTS (SELECT 1 FROM t HAVING 1)",
        "SUBSTRING('12' FROM 1 FOR 1)",
    ],
)
def test_true_for_every_row(condition: str) -> None:
    assert why(f"SELECT a FROM t WHERE b = 1 OR {condition}")


@rows(
    "condition",
    [
        "TRIM(note) = ''",
        "TRIM(note)",
        "EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id)",
        "EXISTS (SELECT 1 FROM u JOIN v USING (id))",
        "1 IN (id, a)",
        "(id, b) = (1, 2)",
        "EXTRACT(YEAR FROM d) = 2024",
        "EXISTS (SELECT 1 FROM u WHERE u.t_id = 5 AND id = t.id)",
    ],
)
def test_about_rows(condition: str) -> None:
    assert not why(f"SELECT a FROM t WHERE b = 1 OR {condition}")


@rows(
    "order",
    [
        "(SELECT a LIKE 'x%' FROM t WHERE id = 1)",
        "IF((SELECT a FROM t WHERE id = 1) LIKE 'x%', b, c)",
        "IF(EXISTS (SELECT 1 FROM t WHERE id = 1), b, c)",
        "IF(DATABASE() = 'x' AND 1, b, c)",
    ],
)
def test_orders_that_are_the_same_for_all_rows(order: str) -> None:
    assert why(f"SELECT a FROM t ORDER BY {order}")
    assert why(f"SELECT a FROM t GROUP BY {order}")


@rows(
    "order",
    [
        "(SELECT COUNT(*) FROM u WHERE u.t_id = t.id)",
        "(SELECT MAX(x) FROM u WHERE t_id = t.id AND k = 'y') DESC",
        "id = (SELECT v FROM u WHERE k = 'first') DESC",
        "FIELD(id, 3, 1), a IN (1, 2)",
        "IF(EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id), 0, 1)",
    ],
)
def test_orders_that_depend_on_the_row(order: str) -> None:
    assert not why(f"SELECT a FROM t ORDER BY {order}")


@rows(
    ("values", "injected"),
    [
        ("IF('12' = '', NULL, '12')", False),
        ("CASE WHEN '' = '' THEN NULL ELSE '' END", False),
        ("IF('a' IS NULL, 1, 2)", False),
        ("IF(1 = 1, 1, 2)", True),
        ("CASE WHEN 2 > 1 THEN 1 END", True),
        ("'' = VERSION() = ''", True),
        ("'' < (SELECT 1) < ''", True),
        ("'a' || (SELECT 1) || 'b'", True),
        ("'a' || name || 'b' AND 1", False),
    ],
)
def test_values_that_are_stored(values: str, injected: bool) -> None:
    assert bool(why(f"INSERT INTO t (a) VALUES ({values})")) is injected
    assert bool(why(f"UPDATE t SET a = {values} WHERE id = 1")) is injected


def test_texts_are_joined_where_pipes_join_them() -> None:
    assert not why("UPDATE t SET a = 'n-' || (SELECT MAX(b) FROM u WHERE c = 1) || '-x' WHERE id = 1", True)
    assert why("UPDATE t SET a = '' || (SELECT MAX(b) FROM u WHERE c = 1) || '' WHERE id = 1", True)


def test_templates() -> None:
    assert not why("SELECT a FROM t WHERE (a LIKE '%x%' OR 'x' = '') AND (b IN (1, 2) OR -1 IN (1, 2))")
    assert not why("SELECT a FROM t WHERE b = 1 AND (a = 'new' OR a = 'paid' OR 'all' = 'new')")
    assert not why("SELECT a FROM t WHERE CAST(NULL AS CHAR) IS NULL OR a = CAST(NULL AS CHAR)")
    assert why("SELECT a FROM t WHERE (id = 1 OR 1 = 2 - 1)")
    assert why("SELECT a FROM t WHERE (id = 1 OR 1 = '1')")
    assert why("SELECT a FROM t WHERE (a = 'x' OR 'x' = 'x ')")


@rows(
    "text",
    [
        "SELECT a FROM t ORDER BY (SELECT COUNT(*) FROM u)",
        "SELECT a FROM t ORDER BY 1=1",
        "SELECT a FROM t WHERE b = 1 AND VERSION() > 5",
        "SELECT a FROM t ORDER BY LENGTH(DATABASE()) > 3",
        "SELECT a FROM t WHERE (USER() = 'x')",
        "SELECT a FROM t WHERE b = 1 OR EXISTS (SELECT 1 FROM u)",
        "SELECT a FROM t WHERE b = 1 OR NOW()",
        "SELECT a FROM t WHERE 'x' AND b = 1",
        "SELECT a FROM t WHERE LENGTH('x') AND b = 1",
        "SELECT a FROM t WHERE 17 = 17 AND b = 1",
        "SELECT a FROM t WHERE b = 1 OR 1 = 1",
        "SELECT a FROM t WHERE b = 1 OR 1 = 1 AND c = 2",
        "SELECT a FROM t WHERE 1 = 1 AND 17 = 17",
        "SELECT a FROM t WHERE b = 1 AND 17",
        "SELECT a FROM t WHERE b = 1 AND 'a' = 'a'",
        "SELECT a FROM t WHERE b = 'x' = 'y'",
        "SELECT a FROM t WHERE b = 1 OR c = c",
        "SELECT a FROM t ORDER BY CONCAT('a')",
        "SELECT a FROM t WHERE b = ELT(1 = 1, 2)",
        "SELECT a FROM t WHERE b = IF(17 = 17, c, 2)",
        "SELECT a FROM t GROUP BY b HAVING 'a' = 'a'",
        "INSERT INTO t (a) VALUES ('x' = 'y')",
        "SELECT a FROM t WHERE 17 = 17",
    ],
)
def test_constants_where_a_value_was_expected(text: str) -> None:
    assert why(text)


@rows(
    "text",
    [
        "SELECT a FROM t WHERE 1 = 1 AND EXISTS (SELECT 1 FROM u)",
        "SELECT a FROM t WHERE b = 1 AND (SELECT MAX(c) FROM u)",
        "SELECT (SELECT COUNT(*) FROM u) FROM t WHERE b = 1 AND NOW()",
        "SELECT a FROM t ORDER BY CASE WHEN 1 = 1 THEN a END",
        "SELECT a FROM t WHERE 1 AND b = 1",
        "SELECT a FROM t WHERE 1 = 0 OR b = 1",
        "SELECT a FROM t WHERE ('x' = '' OR b = 'x')",
        "SELECT a FROM t WHERE b = 1 AND 1 = 1",
        "SELECT a FROM t WHERE b NOT IN (NULL) OR (1 = 1)",
        "SELECT a FROM t WHERE b = 1 OR 1 = 0",
        "SELECT a FROM t WHERE b = 1 OR 'x' IS NULL",
        "SELECT a FROM t WHERE 1 = 1 AND 2 = 2 AND b = 1",
        "SELECT a FROM t WHERE b = f(1 AND 2)",
        "SELECT a FROM t WHERE b = IF(1 = 0, c, d)",
        "SELECT a FROM t WHERE b IN (1, 2)",
        "SELECT a FROM t WHERE f(2 = 3, b)",
        "SELECT a FROM t WHERE 1 = 1",
    ],
)
def test_constants_that_builders_write(text: str) -> None:
    assert why(text) == ""


def test_an_operand_of_nothing_is_nothing() -> None:
    tokens = lexed("a = 1")
    assert judged(tokens, Level(TOP, "", 0, "WHERE"), 3, "") == ""
    assert judged(tokens, Level(GROUP, "", 0, "ORDER"), 3, "") == ""
