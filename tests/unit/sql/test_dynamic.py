from __future__ import annotations

from dbgate.sql.analyze import analyze
from dbgate.sql.dynamic import fold_text
from dbgate.sql.lexer import lex
from dbgate.sql.memory import Memory
from tests.rows import rows
from tests.unit.sql.contexts import MA


def fold(expression: str, pipes: bool = False) -> bytes | None:
    tokens = lex(expression.encode(), MA)
    assert tokens.error == ""
    return fold_text(tokens, 0, len(tokens), pipes)


@rows(
    ("expression", "text"),
    [
        ("'SELECT 1'", b"SELECT 1"),
        ("'SEL' 'ECT'", b"SELECT"),
        ("0x53454C454354", b"SELECT"),
        ("x'5345'", b"SE"),
        ("b'01010011'", b"S"),
        ("CONCAT('a', 'b', CONCAT('c'))", b"abc"),
        ("CHAR(83, 69)", b"SE"),
        ("CHAR(21317)", b"SE"),
        ("UNHEX('5345')", b"SE"),
        ("FROM_BASE64('U0U=')", b"SE"),
        ("REVERSE('ES')", b"SE"),
        ("LOWER('se')", b"se"),
        ("UPPER('SE')", b"SE"),
        ("REPLACE('xSE', 'x', '')", b"SE"),
        ("CONCAT('a' 'b')", b"ab"),
    ],
)
def test_folds(expression: str, text: bytes) -> None:
    assert fold(expression) == text


def test_variables_that_are_known() -> None:
    memory = Memory()
    memory.follow(analyze(b"SET @s = 'SEL', @t = 'x'", MA, "shop").statements, MA.key, False)
    for expression, text in (
        ("@s", b"SEL"),
        ("CONCAT(@S, 'ECT')", b"SELECT"),
        ("@u", None),
        ("@s := 'x'", None),
    ):
        tokens = lex(expression.encode(), MA)
        assert fold_text(tokens, 0, len(tokens), False, memory) == text


def test_what_becomes_long() -> None:
    """A short text must not cost the worker its memory, or its time."""
    grown = "'aaaaaaaaaa'"
    for _ in range(12):
        grown = f"REPLACE({grown}, 'a', 'aaaaaaaaaa')"
    assert fold(grown) is None
    assert fold("REPLACE('" + "a" * 300 + "', 'a', '" + "b" * 300 + "')") is None
    memory = Memory()
    memory.texts["s"] = b"x" * 60_000
    for expression in ("CONCAT(@s, @s)", "CONCAT(" + ", ".join(["@s"] * 5000) + ")"):
        tokens = lex(expression.encode(), MA)
        assert fold_text(tokens, 0, len(tokens), False, memory) is None


def test_how_much_one_text_makes_be_read() -> None:
    """Each PREPARE has the same 60,000 bytes read again."""
    text = b"SET @s = 'SELECT 1" + b" " * 60_000 + b"'" + b"; PREPARE p FROM @s" * 10
    folded = [unit.folded is not None for unit in analyze(text, MA, "shop").statements]
    assert folded == [False, True, True] + [False] * 8


def test_pipes() -> None:
    assert fold("'a' || 'b'", True) == b"ab"
    assert fold("'a' || 'b'") is None


@rows(
    "expression",
    [
        "", "@a", "x", "CONCAT('a', @b)", "CONCAT('a'", "CONCAT()", "CONCAT(,'a')", "'a', 'b'", "'a')", "1", "CHAR(-1)", "CHAR('a')",
        "CHAR(200)", "CHAR(9999999999)", "UNHEX('zz')", "FROM_BASE64('!')", "REVERSE('a', 'b')", "REPLACE('a', 'b')", "REPLACE('a', '', 'b')",
        "'a' CONCAT('b')", "0x41 'b'", "LEFT('a', 1)", "'ä'", "LOWER(0x5345)", "LOWER('SE')", "UPPER('se')", "(SELECT 'a')", "CONCAT ", "'a' ||",
    ],
)  # fmt: skip
def test_does_not_fold(expression: str) -> None:
    assert fold(expression, True) is None


def test_a_long_literal_does_not_fold() -> None:
    for size, folds in ((1000, True), (70_000, False)):
        tokens = lex(b"'" + b"x" * size + b"'", MA)
        assert (fold_text(tokens, 0, 1, False) is not None) is folds
