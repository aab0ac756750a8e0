"""The detectors together: attacks are hit, honest statements are not, and each has its own name and reason."""

from __future__ import annotations

from dbgate.sql.injection import DETECTORS, detect
from dbgate.sql.lexer import lex
from dbgate.sql.statement import Detection, LexContext
from tests.rows import rows
from tests.unit.sql.honest import HONEST
from tests.unit.sql.injected import injected
from tests.unit.sql.lexed import CTX, lexed


def hits(text: str, ctx: LexContext = CTX) -> list[Detection]:
    tokens = lexed(text, ctx)
    found: list[Detection] = []
    first = 0
    for i in range(len(tokens) + 1):
        if i == len(tokens) or tokens.words[i] == ";":
            found += detect(tokens, first, i, ctx)
            first = i + 1
    return found


def names(text: str) -> list[str]:
    return [hit.detector for hit in hits(text)]


@rows("text", HONEST)
def test_honest_statements_pass(text: str) -> None:
    assert [(hit.detector, hit.reason) for hit in hits(text)] == []


def test_attacks_are_hit() -> None:
    # What does not lex is refused before any detector.
    missed = [text for text in injected() if not lex(text.encode(), CTX).error and not hits(text)]
    assert missed == []


@rows(
    ("text", "detector"),
    [
        ("SELECT a FROM t WHERE b=1 AND (SELECT COUNT(*) FROM t x, t y, t z)", "time_delay"),
        ("SELECT a FROM t WHERE b='x' OR 'a'='a'", "tautology"),
        ("SELECT a, b FROM t WHERE c=1 UNION SELECT NULL, NULL", "union_probe"),
        ("SELECT a FROM t WHERE b=SLEEP(5)", "time_delay"),
        ("SELECT `sleep` /* */ (5)", "time_delay"),
        ("SELECT a FROM t WHERE b=1; DROP TABLE t", "stacked"),
        ("SELECT a FROM t WHERE b='x' -- ' AND c=1", "comment_truncation"),
        ("SELECT a FROM t WHERE b=LOAD_FILE('/etc/passwd')", "file_access"),
        ("SELECT a FROM t WHERE EXTRACTVALUE(1, CONCAT('~', VERSION()))", "metadata_probe"),
    ],
)
def test_each_detector_has_its_attack(text: str, detector: str) -> None:
    found = hits(text)
    assert detector in [hit.detector for hit in found]
    assert all(hit.detector in DETECTORS and hit.reason and "\n" not in hit.reason for hit in found)


def test_one_hit_a_detector_in_the_order_of_the_policy() -> None:
    text = "SELECT a FROM t WHERE b='x' OR 'a'='a' OR 'b'='b' OR SLEEP(1) OR SLEEP(2) -- ' AND c"
    assert names(text) == ["tautology", "time_delay", "comment_truncation"]


def test_nothing_in_nothing() -> None:
    assert detect(lexed(""), 0, 0, CTX) == ()


@rows(
    "text",
    [
        "INSERT INTO t VALUES ('x'); DROP TABLE t",
        "UPDATE t SET a='x'; GRANT ALL ON *.* TO x",
        "DELETE FROM t WHERE a='x'; SET GLOBAL general_log='ON'",
        "INSERT INTO t VALUES ('x'); CREATE USER y",
        "SELECT a FROM t WHERE b='x'; SET PASSWORD = 'y'",
        "SELECT a FROM t WHERE b=5; INSERT INTO t VALUES (1)",
    ],
)
def test_changes_appended_to_a_query(text: str) -> None:
    assert names(text) == ["stacked"]


@rows(
    "text",
    [
        "SELECT 1; DROP TABLE t",
        "SELECT a FROM t WHERE b=5; SET @x=1",
        "INSERT INTO t VALUES (1); CREATE TABLE u (a INT)",
        "CREATE TABLE u (a INT); DROP TABLE t",
    ],
)
def test_batches_and_scripts_pass(text: str) -> None:
    assert names(text) == []


def test_system_tables_in_subqueries() -> None:
    assert names(
        "SELECT a FROM t WHERE b=1 AND (SELECT COUNT(*) FROM information_schema.tables x WHERE y=1) > 1"
    ) == ["metadata_probe"]
    heavy = "SELECT a FROM t WHERE b=(SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b)"
    assert names(heavy) == ["time_delay", "metadata_probe"]
    assert names("SELECT a FROM t WHERE b=1 AND @@version LIKE '5%'") == ["tautology", "metadata_probe"]
    assert names("SELECT a FROM t WHERE @@version LIKE '5%'") == ["metadata_probe"]
    assert names("UPDATE t SET a=1 WHERE b=1 AND a > 1 OR c < 2") == []


def test_two_comparisons_are_looked_at() -> None:
    assert names("SELECT a FROM t WHERE b=''=''") == ["tautology"]
    assert names("SELECT a FROM t WHERE b>''<''") == ["tautology"]
    assert names("SELECT a FROM t WHERE b=''-''") == ["tautology"]
    assert names("INSERT INTO t VALUES (''-'')") == ["tautology"]


def test_a_select_of_no_rows_has_no_condition() -> None:
    assert not hits("SELECT (1 OR 2), 1 XOR 0, 'a' LIKE 'b' OR 'a' LIKE 'a', NULL IS NULL OR 1")
    assert hits("SELECT 1 OR 2 FROM t")
    assert hits("SELECT 1 WHERE 1=1 OR 2>1")
    assert hits("DO 1 OR SLEEP(5)")
