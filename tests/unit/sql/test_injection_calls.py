"""Functions that are known by name."""

from __future__ import annotations

from dbgate.sql.injection_calls import suspicious_calls
from dbgate.sql.injection_errors import called_name
from tests.rows import rows
from tests.unit.sql.lexed import lexed


def found(text: str) -> list[str]:
    tokens = lexed(text)
    return [detector for detector, _ in suspicious_calls(tokens, 0, len(tokens))]


@rows(
    ("text", "detector"),
    [
        ("SELECT SLEEP(5)", "time_delay"),
        ("SELECT mariadb_schema.sleep(5)", "time_delay"),
        ("SELECT BENCHMARK(1, 1)", "time_delay"),
        ("SELECT a FROM t WHERE GET_LOCK('a', 5)", "time_delay"),
        ("UPDATE t SET a = GET_LOCK('a', 5)", "time_delay"),
        ("SELECT LOAD_FILE('a')", "file_access"),
        ("SELECT a FROM t INTO OUTFILE 'x'", "file_access"),
        ("CREATE FUNCTION f RETURNS INT SONAME 'x.so'", "file_access"),
        ("SELECT a FROM t PROCEDURE ANALYSE((SELECT 1), 1)", "metadata_probe"),
        ("SELECT a FROM t PROCEDURE ANALYSE(EXTRACTVALUE(RAND(), b))", "metadata_probe"),
        ("SELECT EXTRACTVALUE(1, '/a')", "metadata_probe"),
        ("SELECT EXTRACTVALUE(f(a, b), CONCAT('~', c))", "metadata_probe"),
        ("SELECT UPDATEXML(a, CASE WHEN 1 THEN 2 END, 1)", "metadata_probe"),
        ("SELECT EXTRACTVALUE(CONCAT(1))", "metadata_probe"),
        ("SELECT EXP(~(SELECT 1))", "metadata_probe"),
        ("SELECT NAME_CONST(VERSION(), 1)", "metadata_probe"),
        ("SELECT UUID_TO_BIN(CONCAT('x', DATABASE()))", "metadata_probe"),
        ("SELECT JSON_KEYS((SELECT a FROM t))", "metadata_probe"),
        ("SELECT POLYGON((SELECT a FROM t))", "metadata_probe"),
        ("SELECT POINT((SELECT a FROM t), 1)", "metadata_probe"),
        ("SELECT GTID_SUBSET(CONCAT('x', a), 1)", "metadata_probe"),
        ("SELECT ST_LATFROMGEOHASH((SELECT a FROM t))", "metadata_probe"),
        ("SELECT JSON_ARRAY_APPEND((SELECT a FROM t), VERSION())", "metadata_probe"),
        ("SELECT COUNT(*), CONCAT(a, FLOOR(RAND(0)*2)) x FROM t GROUP BY x", "metadata_probe"),
        ("SELECT a FROM t WHERE ORD(MID(b, 1, 1)) > 64", "metadata_probe"),
        ("SELECT a FROM t WHERE ASCII((SELECT b FROM u)) = 64", "metadata_probe"),
        ("SELECT a FROM t WHERE ORD(@@version)", "metadata_probe"),
        ("SELECT a FROM t WHERE LENGTH(DATABASE()) > 5", "metadata_probe"),
        ("SELECT a FROM t WHERE (LENGTH(CURRENT_USER)) > 5", "metadata_probe"),
        ("SELECT a FROM t WHERE (SELECT SUBSTR(b, 1, 1) FROM u) = 'a'", "metadata_probe"),
        ("SELECT a FROM t WHERE (SELECT ASCII(SUBSTR(b, 1, 1)) FROM u WHERE id=1) > 64", "metadata_probe"),
        ("SELECT a FROM t WHERE (SELECT LENGTH(b) FROM u) > 5", "metadata_probe"),
        ("SELECT a FROM t WHERE (SELECT LEFT(b, 1) FROM u) LIKE 'a'", "metadata_probe"),
        ("SELECT a FROM t WHERE b RLIKE CONCAT(REPEAT('(a.*)+', 30), 'b')", "time_delay"),
        ("SELECT a FROM t WHERE b REGEXP RPAD('(a', 99999, '.*')", "time_delay"),
        ("SELECT (SELECT WSREP_SYNC_WAIT_UPTO_GTID('x', 1))", "time_delay"),
        ("SELECT a FROM t WHERE b > CONCAT(CHAR(97, 98, 99), c)", "metadata_probe"),
        ("SELECT a FROM t WHERE b IN (CHAR(97, 98, 99))", "metadata_probe"),
        ("SELECT a FROM t WHERE b IN (CHAR(97, 98, 99 USING latin1))", "metadata_probe"),
        ("SELECT 1 UNION SELECT CHAR(97, 98, 99) FROM t", "metadata_probe"),
        ("INSERT INTO t SELECT CHAR(97, 98, 99) FROM u", "metadata_probe"),
        ("SELECT a FROM t WHERE MASTER_POS_WAIT('x', 4)", "time_delay"),
        ("SELECT MASTER_POS_WAIT('x', 4, 10)", "time_delay"),
        ("SELECT 1 UNION SELECT CONCAT(a, 0x3a, b) FROM t", "metadata_probe"),
        ("SELECT a FROM t ORDER BY (SELECT CONCAT('x', DATABASE(), 'y'))", "metadata_probe"),
        ("SELECT a FROM t WHERE VERSION() LIKE '5%'", "metadata_probe"),
        ("SELECT a FROM t WHERE b = VERSION()", "metadata_probe"),
        ("SELECT a FROM t WHERE 'x' = DATABASE()", "metadata_probe"),
        ("SELECT a FROM t WHERE USER() = 'root'", "metadata_probe"),
    ],
)
def test_suspicious(text: str, detector: str) -> None:
    assert detector in found(text)


@rows(
    "text",
    [
        "SELECT GET_LOCK('a', 5)",
        "SELECT GET_LOCK('a', 5) FROM DUAL",
        "SELECT CHAR(97, 98, 99) FROM t",
        "SELECT CONCAT(a, 0x3a, b) FROM t",
        "SELECT GROUP_CONCAT(a SEPARATOR 0x1D) FROM t WHERE b IN (SELECT CONCAT(c, 0x1F) FROM u)",
        "SELECT a FROM t WHERE b = CHAR(97, 98, 99)",
        "SELECT a FROM t WHERE b IN (CHAR(c, d, e))",
        "UPDATE t SET a = CHAR(97, 98, 99)",
        "INSERT INTO t VALUES (1, CHAR(97, 98, 99))",
        "DO RELEASE_LOCK('a')",
        "SELECT a FROM t WHERE RELEASE_LOCK('a')",
        "SELECT sleep FROM t",
        "SELECT EXTRACTVALUE(doc, '/a/b'), UPDATEXML(doc, '/a', '<b/>') FROM t",
        "SELECT EXP(a), FLOOR(RAND() * 5), FLOOR(a) FROM t GROUP BY b",
        "SELECT NAME_CONST('a', 1)",
        "SELECT POINT(1, 2), JSON_KEYS(a), POLYGON(LINESTRING(POINT(0,0))) FROM t",
        "SELECT GTID_SUBSET('a', @@gtid_executed)",
        "SELECT UUID_TO_BIN('x'), JSON_ARRAY_APPEND(a, '$', 1) FROM t",
        "SELECT ASCII(a), LENGTH(a) FROM t WHERE LENGTH(a) > 5 AND ASCII(a) = 3",
        "SELECT SUBSTR(a, 1, 1) FROM t WHERE SUBSTR(a, 1, 1) = 'x'",
        "SELECT (SELECT SUBSTR(a, 1, 1) FROM t)",
        "SELECT LEFT((SELECT a FROM t), 5)",
        "SELECT a FROM t WHERE ORD(LEFT(b, 1)) > 64",
        "SELECT a FROM t WHERE (SELECT LEFT(u.b, 1) FROM u WHERE u.x = t.x) = 'a'",
        "SELECT REPEAT('-', 10), RPAD(a, 5, ' '), SPACE(3) FROM t WHERE b REGEXP 'x' AND c = REPEAT('x', 3)",
        "SELECT CHAR(10), CHAR(a, b, c) FROM t",
        "SELECT CHAR(97, 98, 99), CONCAT(VERSION(), 0x3a3a), SUBSTRING(@@version, 1, 3) >= '5.7', VERSION() LIKE '8%'",
        "SELECT CONCAT(a, 0x0a), CONCAT(0x41, 'b'), CONCAT(_utf8 0x41, a) FROM t",
        "SELECT (SELECT CONCAT('x', a) FROM t), (SELECT CONCAT(a, DATABASE()))",
        "SELECT VERSION(), DATABASE()",
        "SELECT a FROM t WHERE b = DATABASE() AND c = USER() AND f(VERSION(), 1) = 2",
        "SELECT a FROM t PROCEDURE ANALYSE(1, 2)",
        "SELECT a INTO @x FROM t",
    ],
)
def test_harmless(text: str) -> None:
    assert found(text) == []


def test_called_name() -> None:
    tokens = lexed("f((a), b) (c")
    assert called_name(tokens, 1) == "F"
    assert called_name(tokens, 2) == ""
    assert called_name(tokens, 0) == ""
    assert called_name(lexed("`Sleep`(1)"), 1) == "SLEEP"


def test_unbalanced_and_deeply_nested_calls() -> None:
    assert found("SELECT ASCII(MID((SELECT a FROM t") == ["metadata_probe"]
    assert found("SELECT a) WHERE b = SLEEP(1)") == ["time_delay"]
    deep = "LENGTH(" * 2000 + "a" + ")" * 2000
    assert found(f"SELECT {deep}") == ["metadata_probe"]


@rows(
    "text",
    [
        "SELECT a FROM t WHERE b = 1 AND !(SELECT * FROM (SELECT USER())x)-~0",
        "SELECT a FROM t WHERE b = (SELECT(!x-~0)FROM(SELECT(SELECT USER())x)a)",
        "SELECT a FROM t WHERE b = ~0 + (SELECT 1)",
        "SELECT a FROM t WHERE b AND (SELECT 1 FROM u GROUP BY CONCAT(a, ROUND(RAND(0))) HAVING MIN(0))",
        "SELECT a FROM t WHERE b AND (SELECT 1 FROM u GROUP BY CONCAT(a, CEIL(RAND(0) * 2)))",
        "SELECT a FROM t WHERE b AND (SELECT 1 FROM u GROUP BY CONCAT(f(a), (CEIL(RAND() * 2))))",
        "SELECT a FROM t WHERE ASCII(SUBSTR(b, 1, 1)) > 64",
        "SELECT ASCII((SELECT b FROM u)) > 64 FROM t",
    ],
)
def test_numbers_that_tell(text: str) -> None:
    assert found(text) == ["metadata_probe"]


@rows(
    "text",
    [
        "SELECT a & ~0 FROM t WHERE b = (SELECT 1)",
        "SELECT a FROM t LIMIT 5, ~0",
        "SELECT a - ~0 FROM t",
        "SELECT a - ~1 FROM t WHERE b IN (SELECT c FROM u)",
        "SELECT a ~",
        "SELECT CONCAT(a, ROUND(AVG(b))) FROM t GROUP BY a",
        "SELECT FLOOR(RAND() * 10) AS b, COUNT(*), CONCAT('x', MAX(id)) FROM t GROUP BY b",
        "SELECT CONCAT(a, b), (ROUND(RAND() * 10)) AS c FROM t GROUP BY c",
        "SELECT CASE WHEN ASCII(SUBSTR(name, 1, 1)) BETWEEN 65 AND 90 THEN 'A-Z' ELSE '0-9' END FROM t",
        "SELECT ORD(MID(name, 2, 1)) > 96 FROM t",
    ],
)
def test_numbers_that_do_not(text: str) -> None:
    assert found(text) == []
