from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql.lexer import BULK, LONG, MAX_PIECES, lex
from dbgate.sql.statement import MARIADB, MYSQL, LexContext
from dbgate.sql.tokens import (
    BIT,
    COMMENT_BLOCK,
    COMMENT_CLOSE,
    COMMENT_HINT,
    COMMENT_LINE,
    COMMENT_OPEN,
    COMMENT_SKIPPED,
    HEX,
    IDENT,
    NUMBER,
    OP,
    PARAM,
    QUOTED,
    STRING,
    SYS_VAR,
    USER_VAR,
    WORD,
)
from tests.rows import rows
from tests.unit.sql.contexts import ANSI, LATIN1, MA, MY, RAW


def split(sql: str | bytes, ctx: LexContext = MA) -> list[tuple[int, str]]:
    tokens = lex(sql if isinstance(sql, bytes) else sql.encode(), ctx)
    assert tokens.error == "", (sql, tokens.error)
    return [(kind, raw.decode("latin-1")) for kind, raw in zip(tokens.kinds, tokens.raws, strict=True)]


@rows(
    ("sql", "tokens"),
    [
        ("1e0UNION", [(NUMBER, "1e0"), (WORD, "UNION")]),
        ("1.UNION", [(NUMBER, "1."), (WORD, "UNION")]),
        ("1.5e-3x", [(NUMBER, "1.5e-3"), (WORD, "x")]),
        ("1a", [(IDENT, "1a")]),
        ("1e", [(IDENT, "1e")]),
        ("1e+", [(IDENT, "1e"), (OP, "+")]),
        ("1e+5", [(NUMBER, "1e+5")]),
        ("0x4G", [(IDENT, "0x4G")]),
        ("0x", [(IDENT, "0x")]),
        ("0X41", [(IDENT, "0X41")]),
        ("0x41", [(HEX, "0x41")]),
        ("0b01", [(BIT, "0b01")]),
        ("0b12", [(IDENT, "0b12")]),
        ("x'41' b'1' X'' n'a' N'b'", [(HEX, "x'41'"), (BIT, "b'1'"), (HEX, "X''"), (STRING, "n'a'"), (STRING, "N'b'")]),
        (".5", [(NUMBER, ".5")]),
        ("a.5", [(IDENT, "a"), (OP, "."), (IDENT, "5")]),
        ("a.1e5", [(IDENT, "a"), (OP, "."), (IDENT, "1e5")]),
        ("a .5", [(WORD, "a"), (NUMBER, ".5")]),
        ("`a`.5b", [(QUOTED, "`a`"), (NUMBER, ".5"), (WORD, "b")]),
        ("`a`.b", [(QUOTED, "`a`"), (OP, "."), (IDENT, "b")]),
        ("a.select", [(IDENT, "a"), (OP, "."), (IDENT, "select")]),
        ("key.a", [(IDENT, "key"), (OP, "."), (IDENT, "a")]),
        ("a. select", [(WORD, "a"), (OP, "."), (WORD, "select")]),
        ("FROM .t", [(WORD, "FROM"), (OP, "."), (IDENT, "t")]),
        ("1..5", [(NUMBER, "1"), (OP, ".."), (NUMBER, "5")]),
        ("@a.b @'x' @`y` @", [(USER_VAR, "@a.b"), (USER_VAR, "@'x'"), (USER_VAR, "@`y`"), (USER_VAR, "@")]),
        ("@@a @@`b` @@global.c", [(SYS_VAR, "@@a"), (SYS_VAR, "@@`b`"), (SYS_VAR, "@@global"), (OP, "."), (IDENT, "c")]),
        ("'a''b' \"c\"", [(STRING, "'a''b'"), (STRING, '"c"')]),
        (r"'a\'b'", [(STRING, r"'a\'b'")]),
        ("a<=>b", [(WORD, "a"), (OP, "<=>"), (WORD, "b")]),
        ("a->>b->c", [(WORD, "a"), (OP, "->>"), (WORD, "b"), (OP, "->"), (WORD, "c")]),
        ("1--1", [(NUMBER, "1"), (OP, "-"), (OP, "-"), (NUMBER, "1")]),
        ("1-- 1", [(NUMBER, "1")]),
        ("1--\x011", [(NUMBER, "1")]),
        ("1--", [(NUMBER, "1")]),
        ("1 # x\n2", [(NUMBER, "1"), (NUMBER, "2")]),
        ("1 -- x\r2", [(NUMBER, "1")]),
        ("1/**/2", [(NUMBER, "1"), (NUMBER, "2")]),
        ("1 /* /* */ 2", [(NUMBER, "1"), (NUMBER, "2")]),
        ("8/2*3", [(NUMBER, "8"), (OP, "/"), (NUMBER, "2"), (OP, "*"), (NUMBER, "3")]),
        ("?", [(PARAM, "?")]),
        ("a||b&&c:=d!=e", [(WORD, "a"), (OP, "||"), (WORD, "b"), (OP, "&&"), (WORD, "c"), (OP, ":="), (WORD, "d"), (OP, "!="), (WORD, "e")]),
        ("\\N", [(WORD, "\\N")]),
        ("größe", [(IDENT, "grÃ¶Ã\x9fe")]),
        ("näme", [(IDENT, "nÃ¤me")]),
        ("a\x0bb\x0cc", [(WORD, "a"), (WORD, "b"), (WORD, "c")]),
    ],
)  # fmt: skip
def test_splits(sql: str, tokens: list[tuple[int, str]]) -> None:
    assert split(sql) == tokens


def test_modes() -> None:
    assert split('"a"', ANSI) == [(QUOTED, '"a"')]
    assert split(r"""'a\' 'b'""", RAW) == [(STRING, r"'a\'"), (STRING, "'b'")]
    assert split(r""""a\"""", ANSI) == [(QUOTED, '"a\\"')]


def test_white_space_of_latin1() -> None:
    assert split(b"UNION\xa0SELECT", LATIN1) == [(WORD, "UNION"), (WORD, "SELECT")]
    assert split(b"1--\xa0x", LATIN1) == [(NUMBER, "1")]
    assert split(b"caf\xe9", LATIN1) == [(IDENT, "caf\xe9")]


def test_words_are_upper_case() -> None:
    assert lex(b"SeLeCt foo", MA).words == ["SELECT", "FOO"]


@rows(
    "sql",
    [
        b"'a", b'"a', b"`a", b"N'a", b"@'a", b"@`a", b"@@`a", b"/* a", b"/*", b"/*/", b"@@", b"@@ x", b"1.e(", b".5e",
        b"1.5e+", b"x'4'", b"x'zz'", b"b'2'", b"x'41", b"\\", b"a\\b", b"a\0b", b"/*\0*/", b"-- \0", b"\x01", b"[a]",
        b"`a\xff`", b"a\xc3 b", b"\xf0", b"'a\\", b"'a\\'", b"'''", b"@a\xff",  b"SELECT s FROM.t", b"x WHERE.y",
    ],
)  # fmt: skip
def test_refused(sql: bytes) -> None:
    assert lex(sql, MA).error != ""


def test_bytes_inside_strings() -> None:
    assert split(b"'\xff\0'") == [(STRING, "'\xff\0'")]
    assert split(b"'\xff\0' /* \xff */") == [(STRING, "'\xff\0'")]


def test_character_sets_that_are_not_followed() -> None:
    assert lex(b"SELECT 1", LexContext(MARIADB, 101106, charset="gbk")).error != ""
    cyrillic = LexContext(MARIADB, 101106, charset="cp1251")
    assert split(b"'\xe0'", cyrillic) == [(STRING, "'\xe0'")]
    assert lex(b"\xe0", cyrillic).error != ""
    # Seen on MySQL 9: it opens t1.
    assert lex(b"SELECT 1 FROM `t1\xe1`", LexContext(MYSQL, 90700, charset="ujis")).error != ""
    assert lex("`\U0001f600`".encode(), MA).error != ""
    assert lex("`größe` '\U0001f600'".encode(), MA).error == ""
    assert lex("SELECT 1 AS `\U0001f600`, 2".encode(), MA).error == ""
    assert lex("SELECT 1 AS `\U0001f600`.a".encode(), MA).error != ""
    assert lex("SELECT 1 AS \U0001f600".encode(), MA).error != ""
    assert lex(b"`gr\xf6\xdfe`", LATIN1).error == ""


def test_dollars_of_mysql() -> None:
    assert lex(b"SELECT $$a$$", MY).error != ""
    assert lex(b"SELECT 'a$' AS a$b", MY).error == ""
    assert lex(b"SELECT $a", MA).error == ""


def test_comments() -> None:
    tokens = lex(b"/* a */ 1 -- b\n # c\n /*+ d */ /*!99999 e */ /*!50001 2 */", MA)
    assert [(c.kind, c.before) for c in tokens.comments] == [
        (COMMENT_BLOCK, 0),
        (COMMENT_LINE, 1),
        (COMMENT_LINE, 1),
        (COMMENT_HINT, 1),
        (COMMENT_SKIPPED, 1),
        (COMMENT_OPEN, 1),
        (COMMENT_CLOSE, 2),
    ]
    assert tokens.versioned


@rows(
    ("hint", "fine"),
    [
        (b"/*+ INDEX(`t` `i`) */", True),
        (b"/*+ SET_VAR(a='b') */", True),
        (b"/*+ A('*/ */", False),
        (b"/*+ A('\"' `b`) */", False),
    ],
)
def test_hints_with_quotes(hint: bytes, fine: bool) -> None:
    assert (lex(b"SELECT " + hint + b" 1", MY).error == "") == fine
    assert lex(b"SELECT /*+ don't */ 1", MA).error == ""
    assert lex(b"SELECT /*+ don't */ 1", LexContext(MARIADB, 120000)).error != ""


def test_bulk_texts_keep_the_first_of_many() -> None:
    rows = ",".join(f"({i}, 'it''s \\' x', NULL, -1.5e3, 0x41, _binary 'b', X'41')" for i in range(2000))
    tokens = lex(f"INSERT INTO t VALUES {rows} ON DUPLICATE KEY UPDATE a = 1".encode(), MA)
    assert tokens.folded and len(tokens) < 40
    assert tokens.words[-7:] == ["ON", "DUPLICATE", "KEY", "UPDATE", "A", "=", ""]
    items = ", ".join(f'"{i}"' for i in range(10000))
    assert len(lex(f"SELECT a FROM t WHERE b IN (0, {items}) AND c".encode(), MA)) == 12
    items = ", ".join(f"f({i})" for i in range(8000))
    assert not lex(f"SELECT {items}".encode(), MA).folded


@rows(
    "text", ["INSERT INTO t VALUES (?)" + ",(?)" * 65534, "DELETE FROM t WHERE a IN (?" + ", ?" * 65534 + ")"]
)
def test_bulk_texts_may_have_as_many_parameters_as_the_server_takes(text: str) -> None:
    tokens = lex(text.encode(), MY)
    assert (tokens.error, tokens.folded, tokens.kinds.count(PARAM)) == ("", True, 1)


def test_bulk_texts_under_ansi_quotes_keep_names() -> None:
    items = ", ".join(f'"c{i}"' for i in range(5000))
    assert not lex(f"SELECT {items}".encode(), ANSI).folded


def test_too_many_words() -> None:
    text = b"a " * (MAX_PIECES // 2 + 1)
    assert "words" in lex(text, MA).error
    assert len(text) > BULK


@rows("piece", [b"'", b"`", b"/*", b"/*!99999 ", b"'\\'", b"-", b"\\", b"(", b"x'", b"@'", b"1."])
def test_long_nonsense_is_quick(piece: bytes) -> None:
    lex(piece * 20000, MA)
    lex(piece * 20000, MY)


@given(
    st.lists(
        st.sampled_from(
            [b"'", b'"', b"`", b"/*", b"*/", b"/*!", b"/*!99999", b"/*M!50700", b"--", b" ", b"\n", b"#", b"\\", b"a", b"1",
             b".", b"e", b"x", b"@", b"(", b"\0", b"\xff", b"\xc3\xa9", b";", b"N", b"0x", b","]
        ),
        max_size=14,
    ).map(b"".join),
    st.sampled_from([MA, MY, ANSI, RAW, LATIN1, LexContext(MYSQL, 90700, no_backslash_escapes=True, ansi_quotes=True)]),
)  # fmt: skip
def test_any_bytes(text: bytes, ctx: LexContext) -> None:
    """Never raises; what is accepted lies in the text, in order, with only white space and comments between."""
    tokens = lex(text, ctx)
    if tokens.error:
        return
    covered = bytearray(len(text))
    for i in range(len(tokens)):
        assert text[tokens.starts[i] : tokens.end(i)] == tokens.raws[i]
        covered[tokens.starts[i] : tokens.end(i)] = b"\1" * len(tokens.raws[i])
    for comment in tokens.comments:
        covered[comment.start : comment.end] = b"\1" * (comment.end - comment.start)
    rest = bytes(byte for byte, seen in zip(text, covered, strict=True) if not seen)
    assert rest.strip(b"\t\n\v\f\r \xa0") == b""


def test_of_very_long_texts_only_rows_are_read() -> None:
    long = b"(1, 'some text')," * (LONG // 16)
    assert "no INSERT" in lex(b"SELECT 1 FROM t WHERE (a, b) IN (" + long + b"(2, 'x'))", MA).error
    assert lex(b" replace INTO t VALUES " + long + b"(2, 'x')", MA).error == ""


def test_a_word_that_touches_a_dot_is_a_name() -> None:
    tokens = lex(b"SELECT order.id, group.x FROM t AS `order`", MA)
    assert tokens.error == "" and "ORDER" not in tokens.words and "GROUP" not in tokens.words
    assert lex(b"SELECT s FROM.secret", MA).error != ""
