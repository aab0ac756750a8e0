"""Constant conditions: which are probes, which are written by query builders and templates."""

from __future__ import annotations

from dbgate.sql.injection_conditions import TOO_DEEP, constant_condition
from tests.rows import rows
from tests.unit.sql.lexed import lexed


def why(text: str, pipes: bool = False) -> str:
    tokens = lexed(text)
    return constant_condition(tokens, 0, len(tokens), pipes)


@rows(
    "condition",
    [
        "a=1 OR 1=1",
        "a=1 OR 1",
        "a=1 OR NOT 1=0",
        "a=1 OR 2>1",
        "a=1 XOR 1",
        "a=1 || 1=1",
        "a=1 AND 17=17",
        "a=1 AND 17",
        "a=1 AND 'a'='b'",
        "a='x' OR '1'",
        "'x' AND a=1",
        "a=1 OR (1=1)",
        "a=1 OR (5)",
        "a=1 OR 1.0=1",
        "a=1 OR 0x41=0x41",
        "a=1 OR ASCII('a')=97",
        "a=1 OR (SELECT 1)=1",
        "a=1 OR EXISTS(SELECT 1)",
        "a=1 OR b=b",
        "a=1 OR _utf8'a'='a'",
        "a=1 OR 'a' LIKE 'a' ESCAPE '!'",
        "a=1 OR 5 BETWEEN 1 AND 9",
        "a=1 OR -1",
        "a=1 OR ~0",
        "a=1 OR 2-1",
        "a=1 OR 1 DIV 1",
        "a=1 OR CURRENT_DATE",
        "a=1 OR @@version",
        "a=1 OR @@session.sql_mode",
        "a=1 OR @x:=1",
        "a=1 OR (@x:='y')",
        "a=1 OR DATE '2024-01-01'",
        "a=1 OR (SELECT 1 FROM DUAL)",
        "a=1 OR CAST('1' AS UNSIGNED)",
        "a=1 OR CAST(1 AS DECIMAL(5,2))",
        "a=1 OR CONVERT(1, SIGNED)",
        "a=1 OR CONVERT('1' USING utf8mb4)",
        "a=1 OR NOT b<>b",
        "a=1 OR b IN (b)",
        "a=1 OR (b=b AND c<=>c)",
        "a=1 OR (b=b OR c=2)",
        "a=1 IS NOT NULL",
        "a=1 OR NULL IS NULL",
        "a=1 OR ('x' IS NOT NULL)",
        "1=1 AND 2=2 OR 3=3",
        "1=1 AND a=1 AND 2=2",
        "1=1 AND 17=17",
        "a = '0'+'0'",
        "a IN ('x', '0'+'0')",
        "a > '1'+(SELECT b FROM u)+'1'",
        "a > '1' + LENGTH(DATABASE()) + '1'",
        "a > '1'|'1'",
        "a > 'x' * 'y'",
        "a=1 OR b BETWEEN b AND b",
        "a=1 OR t.b - T.B = 0",
        "a=1 OR b DIV b",
        "a=1 AND VERSION()",
        "a=1 AND @@hostname",
        "a=1 AND INSTR(DATABASE(), 's')",
        "a=1 AND LOWER(DATABASE()) = 'shop'",
        "a=1 AND IF(DATABASE() = 'shop', 1, 0)",
        "a=1 AND CAST(VERSION() AS JSON)",
        "a=1 AND ST_LATFROMGEOHASH(USER())",
        "a=1 AND POLYGON(CURRENT_USER)",
        "a=1 AND (SELECT USER())",
        "a=1 ORDER BY b AND USER() LIKE 'a%'",
        "a=1 ORDER BY VERSION()",
        "a=1 ORDER BY ELT(CRC32(LPAD((SELECT DATABASE()), 1, 1)) > 64, 5)",
        "a=1 ORDER BY (SELECT IF(USER() LIKE 'a%', 1, 2))",
        "a=(CRC32(USER()) != 110) * 5",
        "a=1 ORDER BY b OR 1=1 DESC",
        "a='x'='x'",
        "a='x' IS NOT NULL",
        "a='x'-'y'",
        "a='x'-0-'y'",
        "a=1 OR NOW()",
        "a=1 OR CURRENT_DATE > '2000-01-01'",
        "a=1 AND (SELECT COUNT(*) FROM t) > 0",
        "a=1 AND EXISTS(SELECT * FROM t)",
        "ASCII('a') AND a=1",
        "a=1 AND ELT(1=1, 5)",
        "a=IF(17=17, b, c)",
        "a=IF(1=1, 1, 0)",
        "a=CASE WHEN 1=1 THEN 1 ELSE 0 END",
        "a=CASE WHEN (17=17) THEN b END",
        "17=17",
        "(a=1 OR 1=1)",
        "(a=1 OR 1 IS NOT NULL)",
        "(a=1 OR b=2 OR 'x'='y')",
        "a=1 ORDER BY b AND 2=2",
        "a=1 ORDER BY (SELECT 1)",
        "a=1 ORDER BY (SELECT (5))",
        "a=1 ORDER BY (SELECT NULL FROM u)",
        "a=1 ORDER BY -5 OR b",
        "a=1 GROUP BY b HAVING 'a'='a'",
        "a=1 OR (1,1)=(1,1)",
        "a=1 OR BINARY 1",
        "a=1 OR 1 COLLATE utf8mb4_bin",
        "a=1 OR 'a' COLLATE `utf8mb4_bin` = 'a'",
        "a=1 OR 'a' SOUNDS LIKE 'a'",
        "a=1 OR 1 MEMBER OF ('[1]')",
        "a=1 OR {d '2020-01-01'}",
        "a=1 OR {x 1}",
        "a=1 OR {fn PI()}",
        "a=1 OR INTERVAL 1 DAY + NOW()",
        "a=1 OR '2020-01-01' + INTERVAL 1 DAY",
        "a=1 OR EXTRACT(YEAR FROM '2020-01-01')",
        "a=1 OR TIMESTAMPDIFF(DAY, '2020-01-01', '2021-01-01')",
        "a=1 OR TRIM(BOTH ' ' FROM '1')",
        "a=1 OR CHAR(49 USING utf8mb4)",
        "a=1 OR (SELECT 1 FROM t LIMIT 1)",
        "a=1 OR (WITH x AS (SELECT 1 b) SELECT b FROM x)",
        "a=1 OR EXISTS(TABLE t)",
        "a=1 OR b IN (b, 0)",
        "a=1 OR b = b COLLATE utf8mb4_bin",
        "a='' & 1 & ''",
        "a='' | BINARY 1 + ''",
        "a='' MOD 1e0 & ''",
        "a=1 ORDER BY (1=1)",
        "a=1 ORDER BY RAND(1=1)",
        "a=1 ORDER BY FIELD(1=1, 1)",
        "a=1 ORDER BY IF(1=1, b, c)",
        "a=1 ORDER BY (CASE WHEN (1=1) THEN b ELSE c END)",
        "a=1 ORDER BY IF((SELECT b FROM t LIMIT 1) LIKE 'a%', b, c)",
        "a=1 ORDER BY (SELECT b FROM t LIMIT 1)",
        "a=1 GROUP BY (1=1)",
        "a=1 AND EXISTS (SELECT 1 FROM u)",
        "a=1 AND 1=1 AND EXISTS (SELECT 1 FROM u)",
        "'a'='a' AND EXISTS (SELECT 1 FROM u)",
        "a=1 QUALIFY b=1 OR 2>1",
    ],
)
def test_probes(condition: str) -> None:
    assert why(f"SELECT a FROM t WHERE {condition}")


@rows(
    "condition",
    [
        "1=1",
        "1=1 AND a=1",
        "1=1 AND 2=2 AND a=1",
        "(1=1) AND (2=2) AND (a=1)",
        "1=1 AND '1'='1' AND a=1",
        "a=1 OR (b > 5 AND b < 9)",
        "a=1 OR (b BETWEEN 5 AND 9 AND b <> 7)",
        "? = ? OR a=1",
        "(a='x') OR ((a IS NULL) AND ('x' IS NULL))",
        "a=1 OR NULL IS NOT NULL",
        "a=1 AND 5 IS NOT NULL",
        "a='x' IS TRUE",
        "a BETWEEN '10' - '5.5' AND '10' + '5.5'",
        "a > b * '2' + '1.5' - '-3'",
        "a > ('1' + b) % '10'",
        "0 = 1",
        "1",
        "a=1 AND 1=1",
        "a=1 AND 1 = 0",
        "a=1 AND (1 != 1)",
        "a=1 AND TRUE",
        "a=1 AND NULL",
        "a=1 OR 1=0",
        "(a NOT IN (NULL) OR (1 = 1))",
        "('x' = 'all' OR a='x')",
        "('' = '' OR a='')",
        "(a='x' OR 'x'='all')",
        "(a=5 OR 5 IS NULL)",
        "(NULL IS NULL OR a=NULL)",
        "a BETWEEN 1 AND 5 AND b=2",
        "a=1 AND 'x' IN (b, c)",
        "a=1 OR b=c",
        "a=1 OR b=-1",
        "a=1 OR b IN (b, c)",
        "a=1 OR t.b BETWEEN u.b AND v.b",
        "a=1 OR b=b(1)",
        "a=1 OR b BETWEEN c AND c + 5",
        "a=1 OR date = CURRENT_DATE",
        "a=1 OR CAST(b AS UNSIGNED) > 5",
        "a=1 OR CONVERT(b, CHAR(10)) = 'x'",
        "a=1 OR b = CONVERT('x' USING utf8mb4)",
        "a=1 OR b = @x",
        "a=1 OR @x IS NULL",
        "a=1 OR b = DATABASE()",
        "a=1 AND b LIKE CONCAT(CURRENT_USER(), '%')",
        "a=1 AND (b = USER() OR c = CURRENT_USER)",
        "((a, b) NOT IN (NULL, NULL) OR a=1)",
        "((a, b) NOT IN ((NULL, NULL)) OR (1 = 1))",
        "1=1 AND EXISTS (SELECT 1 FROM u)",
        "a=1 ORDER BY (SELECT NULL) LIMIT 5",
        "a=1 QUALIFY ROW_NUMBER() OVER (ORDER BY b) = 1",
        "a=1 OR day = 5 AND year > 2000",
        "a=1 OR b > NOW() - INTERVAL 1 DAY",
        "a=1 OR b COLLATE utf8mb4_bin = 'x'",
        "a=1 OR b = BINARY 'x'",
        "a=1 OR EXTRACT(YEAR FROM b) = 2024",
        "a=1 OR b = '2024-01-01' + INTERVAL 1 DAY",
        "a=b + '1'",
        "a=1 ORDER BY CASE WHEN 1 = 2 THEN b END, CASE WHEN 'x' = 'y' THEN c END",
        "a=1 ORDER BY (SELECT MAX(b) FROM u WHERE u.x = t.x AND 1=1)",
        "a=1 ORDER BY ROW_NUMBER() OVER (ORDER BY (SELECT NULL))",
        "a=1 ORDER BY b = 5 DESC, b COLLATE utf8mb4_bin",
        "a=1 OR EXISTS (SELECT 1 FROM u WHERE u.x = t.x)",
        "a=1 AND b > @@max_join_size",
        "a=1 ORDER BY b || c || 'x'",
        "a=1 ORDER BY b = @x, b > @@max_join_size",
        "a = IF(DATABASE() IS NULL, 'x', DATABASE())",
        "a=1 OR t.b=u.b",
        "a=1 OR (SELECT MAX(b) FROM u WHERE u.a=t.a) > 5",
        "a=1 AND EXISTS(SELECT 1 FROM u JOIN v ON u.a=v.a)",
        "a=1 AND DATE('2024-01-01') < b",
        "a=1 ORDER BY b=5 DESC",
        "a=1 ORDER BY CASE WHEN 'x'='y' THEN b ELSE c END",
        "a IS TRUE AND (b='x') IS NOT NULL",
        "a=IF(5=0, b, c)",
        "CASE WHEN a=1 THEN b=1 ELSE TRUE END",
        "a=1 AND FIND_IN_SET('x', 'x,y')",
        "a=1 OR ? = ''",
        "a=1 OR @x = 1",
    ],
)
def test_what_builders_and_templates_write(condition: str) -> None:
    assert why(f"SELECT a FROM t WHERE {condition}") == ""


def test_values_and_assignments() -> None:
    assert why("UPDATE t SET a='x' AND 17=17 WHERE b=1")
    assert why("UPDATE t SET a='x'='y' WHERE b=1")
    assert why("INSERT INTO t (a) VALUES ('x' OR SLEEP(1))")
    assert why("INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a='x' OR 'a'='a'")
    assert why("INSERT INTO t (a) VALUES ('x' LIKE 'y')")
    assert why("UPDATE t SET a=IF(a>1,2,3), b=c>5 WHERE d=1") == ""
    assert why("UPDATE t SET a=1 AND b=2 WHERE c=3") == ""
    assert why("INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a=VALUES(a), b=b+1") == ""
    assert why("SELECT a FROM t WHERE b=1 FOR UPDATE") == ""


def test_a_subquery_of_a_whole_table_may_stand_first() -> None:
    assert why("SELECT a FROM t WHERE (SELECT COUNT(*) FROM u)") == ""
    assert why("SELECT a FROM t WHERE EXISTS (SELECT b FROM u) AND a=1") == ""


def test_select_lists() -> None:
    assert why("SELECT a=1 AND b=2, IF(5=0, 1, 2), CASE WHEN 1=1 THEN 1 END FROM t") == ""
    assert why("SELECT (SELECT CASE WHEN 5=5 THEN 1 ELSE 2 END)")
    assert why("SELECT 17=17 AND a")
    assert why("SELECT a=b=5 FROM t") == ""
    assert why("SELECT a=5=0, b='x'='y' FROM t ORDER BY c=5=1") == ""


def test_orders_by_whether_there_are_rows() -> None:
    assert why("SELECT a FROM t ORDER BY EXISTS (SELECT 1 FROM u WHERE u.a = t.a) DESC") == ""
    assert why("SELECT a FROM t ORDER BY EXISTS (SELECT 1)")
    assert why("SELECT a FROM t ORDER BY EXISTS (SELECT 1 FROM DUAL)")
    assert why("SELECT a FROM t ORDER BY (SELECT 1 FROM u WHERE u.a = t.a)")


def test_pipes() -> None:
    assert why("SELECT a FROM t WHERE b='x' || 'y'")
    assert why("SELECT a FROM t WHERE b='x' || 'y'", pipes=True) == ""
    assert why("SELECT 'x' || 'y' FROM t") == ""


def test_unbalanced_parentheses_and_quoted_functions() -> None:
    assert why("SELECT a FROM t WHERE (b=1 OR 2=2")
    assert why("SELECT a FROM t WHERE b=1) OR (c=1") == ""
    assert why("SELECT a FROM t WHERE b=1 OR `ascii`('a')=97")
    assert why("SELECT a.end FROM t a WHERE end=1 AND a.x=2") == ""
    assert why("SELECT SUM(a) OVER w FROM t WHERE b=1 AND `f`(b)=2 WINDOW w AS (PARTITION BY c)") == ""


def test_depth_has_a_limit() -> None:
    assert why("SELECT a FROM t WHERE " + "(" * 400 + "a=b" + ")" * 400) == ""
    assert why("SELECT a FROM t WHERE " + "(" * 600 + "a=b" + ")" * 600) == TOO_DEEP
    assert why("SELECT a FROM t WHERE " + "CASE WHEN " * 600 + "a=b" + " THEN 1 END" * 600) == TOO_DEEP


def test_values_that_are_stored() -> None:
    assert why("INSERT INTO t (a) VALUES ('' || (SELECT 1) || '')")
    assert why("INSERT INTO t (a) VALUES (IF('12' = '', NULL, '12'))") == ""
    assert why("INSERT INTO t (a) VALUES (IF(2 > 1, NULL, '12'))")


def test_a_column_that_is_called_like_a_fact() -> None:
    for name in ("version", "user", "schema"):
        assert why(f"UPDATE t SET a = a * '2' + '3', {name} = '4' WHERE {name} = '3'") == ""
    assert why("UPDATE t SET a = a * '2' + '3', b = VERSION()")
    assert why("UPDATE t SET a = '1' + (SELECT c FROM u WHERE d = 1) + '3'")
