"""What words mean to the tautology detector."""

from __future__ import annotations

from dbgate.sql.condition_codes import ARITHMETIC, BETWEEN, CASES, CODES, COMPARE, CONNECT, IS, NOT


def test_each_word_has_one_meaning() -> None:
    assert CODES["AND"] == CODES["&&"] == CODES["XOR"] == CONNECT
    assert CODES["LIKE"] == CODES["<=>"] == CODES["IN"] == COMPARE
    assert (CODES["NOT"], CODES["BETWEEN"], CODES["IS"], CODES["CASE"]) == (NOT, BETWEEN, IS, CASES)
    assert CODES["DIV"] == CODES["~"] == ARITHMETIC
    assert "NAME" not in CODES
