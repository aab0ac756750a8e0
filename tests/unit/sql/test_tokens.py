from __future__ import annotations

from dbgate.sql.lexer import lex
from dbgate.sql.tokens import COMMENT_LINE, Comment, Tokens, unescape
from tests.rows import rows
from tests.unit.sql.contexts import ANSI, MA, RAW


@rows(
    ("sql", "name"),
    [
        ("abc", "abc"), ("`a``b`", "a`b"), ("@x", "x"), ("@'a b'", "a b"), ('@"q"', "q"), ("@`t`", "t"), ("@@v", "v"),
        ("@@`v`", "v"), ("@", ""), ("`größe`", "größe"),
    ],
)  # fmt: skip
def test_names(sql: str, name: str) -> None:
    tokens = lex(sql.encode(), MA)
    assert tokens.error == ""
    assert tokens.name(0) == name


def test_a_name_in_double_quotes() -> None:
    assert lex(b'"a""b"', ANSI).name(0) == 'a"b'


@rows(
    ("sql", "value"),
    [
        ("'abc'", b"abc"), ("'a''b'", b"a'b"), (r"'a\'b\n\0\%\q'", b"a'b\n\0\\%q"), ("N'x'", b"x"), ("n'y'", b"y"),
        ("0x4142", b"AB"), ("0x141", b"\x01A"), ("x'4142'", b"AB"), ("b'01000001'", b"A"), ("0b1000001", b"A"),
        ("b''", b""), ('"a\\"b"', b'a"b'), (r"'\\'", b"\\"),
    ],
)  # fmt: skip
def test_values(sql: str, value: bytes) -> None:
    assert lex(sql.encode(), MA).string(0) == value


def test_values_without_escapes() -> None:
    assert lex(rb"'a\'", RAW).string(0) == b"a\\"
    assert unescape(b"a\\", b"'", True) == b"a\\"


def test_places() -> None:
    tokens = lex(b"a  bc", MA)
    assert len(tokens) == 2
    assert (tokens.starts[1], tokens.end(1)) == (3, 5)


def test_empty() -> None:
    tokens = Tokens(b"", "utf-8", True)
    assert len(tokens) == 0 and tokens.error == ""
    assert repr(Comment(COMMENT_LINE, 1, 2, 3)) == "Comment(2, 1, 2, 3)"
