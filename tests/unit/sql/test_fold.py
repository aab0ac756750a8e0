"""What is known of constant operands."""

from __future__ import annotations

from dbgate.sql.fold import (
    GROUP,
    Level,
    Operand,
    lists_itself,
    numbers_over,
    only_itself,
    same_sides,
    small_truth,
)
from dbgate.sql.tokens import NUMBER, STRING
from tests.rows import rows
from tests.unit.sql.lexed import lexed


@rows(
    ("text", "truth"),
    [
        ("1=1", True),
        ("0 = 1", False),
        ("(1 != 1)", False),
        ("1 <> 0", True),
        ("TRUE", True),
        ("FALSE", False),
        ("true = 1", True),
        ("0", False),
        ("NULL", False),
        ("1 = NULL", False),
        ("1 = 1 DESC", True),
    ],
)
def test_small_truth(text: str, truth: bool) -> None:
    tokens = lexed(text)
    assert small_truth(tokens, 0, len(tokens)) is truth


@rows(
    ("text", "same"),
    [
        ("id=id", True),
        ("ID = id", True),
        ("(5=5)", True),
        ("t.a = t.a", True),
        ("'a' LIKE 'a'", True),
        ("'a'='b'", False),
        ("a = b", False),
        ("a < a", False),
        ("a = b + 1", False),
        ("a < a + 1", False),
        ("a + 1 = b", False),
        ("lower(a) = lower(a)", False),
        ("? = ?", False),
    ],
)
def test_same_sides(text: str, same: bool) -> None:
    tokens = lexed(text)
    assert same_sides(tokens, 0, len(tokens)) is same


@rows(
    ("text", "alone"),
    [
        ("id IN (id)", True),
        ("NOT t.id <> T.`id`", True),
        ("id BETWEEN id AND id + 5", True),
        ("id COLLATE utf8mb4_bin = id", True),
        ("id", False),
        ("id = 5", False),
        ("t.id = u.id", False),
        ("id = 'id'", False),
        ("id - id = '0'", True),
        ("id >= id AND id <= id", True),
        ("id > 5 AND id < 9", False),
        ("id BETWEEN 5 AND 9 AND id <> 7", False),
        ("id - id = @a", False),
        ("id(1) = id", False),
        ("id IS NULL", False),
        ("id + id IN (x)", False),
        (" + ".join(["id"] * 100), False),
    ],
)
def test_only_itself(text: str, alone: bool) -> None:
    tokens = lexed(text)
    assert only_itself(tokens, 0, len(tokens)) is alone


def test_one_column_may_be_written_with_and_without_its_table() -> None:
    for text, alone, found in (
        ("id = users.id", True, True),
        ("shop.users.id = `id`", True, True),
        ("id = users.id", False, False),
        ("a.id = b.id", True, False),
        ("id = users.age", True, False),
    ):
        tokens = lexed(text)
        assert only_itself(tokens, 0, len(tokens), alone) is found, text


def test_a_literal_in_a_list_of_itself() -> None:
    for text, found in (
        ("1 IN (id, 1)", True),
        ("'a' IN ('a', name)", True),
        ("5 IN (id, age)", False),
        ("id IN (id, 1)", False),
        ("1 = (id, 1)", False),
        ("1 IN (1)", False),
    ):
        tokens = lexed(text)
        assert lists_itself(tokens, 0, len(tokens)) is found, text


def test_numbers_over() -> None:
    for text, over in (
        ("17=18", True),
        ("17=3", False),
        ("17='a'", False),
        ("17=1.5", False),
        ("NULL=NULL", False),
    ):
        tokens = lexed(text)
        assert numbers_over(tokens, 0, len(tokens), 9) is over


def test_an_operand_knows_what_is_in_it() -> None:
    operand = Operand(0)
    operand.literal(NUMBER, b"1")
    operand.compare("=")
    assert operand.small and operand.is_condition()
    operand.compare("<")
    assert not operand.small
    other = Operand(0)
    other.literal(STRING, b"'a'")
    assert not other.small and other.strings == 1 and not other.is_condition()
    operand.absorb(other, True)
    assert operand.constant and operand.called and operand.strings == 1 and operand.literals == 2
    other.facts = True
    operand.absorb(Operand(0), True)
    assert not operand.constant and not operand.facts
    operand.absorb(other, False)
    assert operand.facts
    number = Operand(0)
    number.literal(NUMBER, b"7")
    assert not number.small and number.strings == 0
    truth = Operand(0)
    truth.literal(NUMBER, b"0")
    truth.compare("LIKE")
    assert not truth.small and truth.compares == 1
    level = Level(GROUP, "", 3, "WHERE")
    assert level.operand.start == 3 and level.whole is not level.operand


def test_long_operands_are_not_read_again() -> None:
    tokens = lexed("=".join("1" for _ in range(400)))
    end = len(tokens)
    assert small_truth(tokens, 0, end)
    assert not same_sides(tokens, 0, end)
    assert not numbers_over(tokens, 0, end, 0)
    assert not lists_itself(tokens, 0, end)
