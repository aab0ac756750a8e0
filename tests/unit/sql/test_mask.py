"""What the log may show: literals and secrets never, in any statement form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql.lexer import lex
from dbgate.sql.mask import CUT_MARK, LIMIT, mask, masked_literals
from dbgate.sql.statement import MYSQL, LexContext
from tests.rows import rows
from tests.unit.sql.lexed import ANSI, CTX

SECRET = "s3cr3t"


def masked(text: str | bytes, ctx: LexContext = CTX) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return mask(raw, lex(raw, ctx))


def with_literals(text: str, ctx: LexContext = CTX) -> str:
    return masked_literals(text.encode(), lex(text.encode(), ctx))


@rows(
    ("text", "shown"),
    [
        ("SELECT a FROM t  WHERE b='x' AND c=-5", "SELECT a FROM t WHERE b=? AND c=-?"),
        ("SELECT 0x41, x'41', b'1', N'x', _utf8'x', 1e5, .5", "SELECT ?, ?, ?, ?, _utf8?, ?, ?"),
        ("SELECT a -- 'x' secret\n/* y */ FROM t # z", "SELECT a FROM t"),
        ("SELECT `a`, b.c, @d, @@e", "SELECT `a`, b.c, @d, @@e"),
        ("/*!50001 SELECT 1 */", "SELECT ?"),
        ("SELECT ?", "SELECT ?"),
        ("GRANT SELECT ON a.* TO 'x'@'%'", "GRANT SELECT ON a.* TO ?@'%'"),
        ("UPDATE u SET password = old_password", "UPDATE u SET password = old_password"),
        ("", ""),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


FORMS = [
    "SET PASSWORD = '{}'",
    "SET PASSWORD = PASSWORD('{}')",
    "SET PASSWORD FOR 'a'@'b' = '{}' REPLACE '{}'",
    "CREATE USER a IDENTIFIED BY '{}'",
    "CREATE USER a@h IDENTIFIED BY PASSWORD '{}', b IDENTIFIED BY '{}'",
    "CREATE USER a IDENTIFIED WITH p BY '{}'",
    "CREATE USER a IDENTIFIED WITH p AS '{}'",
    "CREATE USER a IDENTIFIED VIA p USING '{}' OR q USING PASSWORD('{}')",
    "ALTER USER a IDENTIFIED BY '{}' REPLACE '{}' RETAIN CURRENT PASSWORD",
    "ALTER USER USER() IDENTIFIED BY '{}'",
    "GRANT ALL ON *.* TO a IDENTIFIED BY '{}' WITH GRANT OPTION",
    "CHANGE MASTER TO MASTER_HOST='h', MASTER_PASSWORD='{}'",
    "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD='{}'",
    "START REPLICA USER='a' PASSWORD='{}'",
    "START GROUP_REPLICATION USER='a', PASSWORD='{}'",
    "CLONE INSTANCE FROM 'a'@'h':3306 IDENTIFIED BY '{}'",
    "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'a', PASSWORD '{}')",
    "ALTER SERVER s OPTIONS (PASSWORD '{}')",
    "CREATE TABLE t (a INT) ENGINE=FEDERATED CONNECTION='mysql://a:{}@h/d/t'",
    "SELECT PASSWORD('{}'), OLD_PASSWORD('{}')",
    "SELECT AES_ENCRYPT(a, '{}') FROM t",
    "SET GLOBAL some_password = '{}'",
    "SET @a = '{}'",
    "SELECT @a := '{}'",
    "SELECT '{}' INTO @a",
    "PREPARE s FROM 'ALTER USER a IDENTIFIED BY ''{}'''",
    "EXECUTE IMMEDIATE CONCAT('x', '{}')",
    "INSERT INTO users (name, password) VALUES ('a', '{}')",
    "UPDATE users SET api_key='{}' WHERE id=1",
    "CREATE PROCEDURE p() ALTER USER a IDENTIFIED BY '{}'",
    "SELECT a FROM t; SET PASSWORD = '{}'",
    "SELECT a -- '{}'",
    "SET PASSWORD = '{}",
    "CREATE USER a IDENTIFIED BY '{}\\'",
]


@rows("form", FORMS)
def test_no_form_shows_its_secret(form: str) -> None:
    text = form.replace("{}", SECRET)
    for ctx in (CTX, LexContext(MYSQL, 90700)):
        assert SECRET not in masked(text, ctx)
        assert SECRET not in with_literals(text, ctx)


@rows(
    "text",
    [
        'CREATE USER a IDENTIFIED BY "s3cr3t"',
        "CREATE USER a IDENTIFIED BY s3cr3t",
        "CREATE USER a IDENTIFIED BY `s3cr3t`",
        "CREATE USER a IDENTIFIED BY correct s3cr3t staple",
        "ALTER USER a IDENTIFIED WITH p AS s3cr3t",
        "SET PASSWORD = s3cr3t",
        "SET PASSWORD FOR a = s3cr3t",
        "SET PASSWORD FOR a = PASSWORD(s3cr3t)",
        "CHANGE MASTER TO MASTER_PASSWORD = s3cr3t",
        "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (PASSWORD s3cr3t)",
    ],
)
def test_a_forgotten_quote_shows_nothing(text: str) -> None:
    for ctx in (CTX, ANSI):
        assert SECRET not in masked(text, ctx)
        assert SECRET not in with_literals(text, ctx)


def test_words_of_account_statements_stay() -> None:
    text = "ALTER USER a IDENTIFIED BY RANDOM PASSWORD PASSWORD EXPIRE"
    assert masked(text) == text


def test_literals_stay_where_nothing_is_secret() -> None:
    assert with_literals("SELECT a FROM t WHERE b='x' -- c") == "SELECT a FROM t WHERE b='x'"
    assert with_literals("") == ""


@rows(
    ("text", "shown"),
    [
        ("SELECT a FROM t WHERE b='x", "SELECT a FROM t WHERE b=?"),
        ("SELECT a1, 5 FROM t WHERE b='it''s secret' and c = 'y", "SELECT a1, ? FROM t WHERE b=? and ?"),
        ("SELECT my_token, b, c FROM `t", "SELECT my_token? FROM ?"),
        ("ALTER USER a IDENTIFIED BY x /*", "ALTER USER a IDENTIFIED BY ?"),
        ("SELECT a /* s3cr3t", "SELECT a ?"),
    ],
)
def test_what_does_not_lex_is_masked_carefully(text: str, shown: str) -> None:
    assert lex(text.encode(), CTX).error
    assert masked(text) == shown
    assert with_literals(text) == shown


def test_length_is_bounded() -> None:
    long = "SELECT " + ", ".join(f"c{n}" for n in range(5000))
    assert len(masked(long)) == LIMIT + len(CUT_MARK) and masked(long).endswith(CUT_MARK)
    broken = "SELECT '" + " SELECT" * 9000
    assert len(masked(broken)) <= LIMIT + len(CUT_MARK) and masked(broken).endswith(CUT_MARK)
    assert masked("SELECT '" + "a b" * 20000).endswith(CUT_MARK)


def test_long_lists_are_shown_by_their_beginning() -> None:
    rows = ",".join("(5,'x')" for _ in range(9000))
    assert masked(f"INSERT INTO t VALUES {rows}") == "INSERT INTO t VALUES (?,?), ..."
    items = ",".join("12345" for _ in range(9000))
    assert masked(f"SELECT a FROM t WHERE b IN ({items})") == "SELECT a FROM t WHERE b IN (?, ...)"


def test_bytes_that_are_no_text() -> None:
    assert masked(b"SELECT `\xff`", LexContext(2, 101106, "latin1")) == "SELECT `ÿ`"
    assert masked(b"SELECT \xff '") == "SELECT \\xff ?"


@given(st.binary(max_size=80), st.sampled_from([b"", b"'", b"IDENTIFIED BY '", b"/*"]))
def test_any_bytes(text: bytes, before: bytes) -> None:
    raw = before + text
    tokens = lex(raw, CTX)
    mask(raw, tokens).encode("utf-8")
    masked_literals(raw, tokens).encode("utf-8")
