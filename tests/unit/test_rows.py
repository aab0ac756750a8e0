"""@rows, which many tables stand on: no row that fails is hidden by another."""

from __future__ import annotations

import inspect

import pytest

from tests.rows import rows


def test_every_row_runs_and_each_that_fails_is_named() -> None:
    ran: list[tuple[int, str]] = []

    @rows("number, word", [(1, "a"), (2, "b"), (3, "c"), pytest.param(4, "d")])
    def table(number: int, word: str) -> None:
        ran.append((number, word))
        if number == 1:
            pytest.fail("no")
        if number == 2:
            pytest.skip("not here")  # a row that is skipped would be one that nobody misses
        assert number != 4

    with pytest.raises(BaseExceptionGroup, match="3 of 4 rows") as caught:
        table()
    assert ran == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    notes = [error.__notes__[-1] for error in caught.value.exceptions]
    assert notes == [
        "in row 1: number=1, word='a'",
        "in row 2: number=2, word='b'",
        "in row 4: number=4, word='d'",
    ]


def test_tables_multiply_and_fixtures_come_through() -> None:
    ran: list[tuple[object, int, str]] = []

    @rows("left", [(1,), 2])
    @rows(["right"], [3, 4], ids=lambda value: f"<{value}>")
    def table(left: object, right: int, tmp_path: str) -> None:
        ran.append((left, right, tmp_path))
        assert (left, right) != (2, 4)

    assert list(inspect.signature(table).parameters) == ["tmp_path"]
    with pytest.raises(BaseExceptionGroup, match="1 of 2 rows") as caught:
        table(tmp_path="there")
    assert ran == [((1,), 3, "there"), ((1,), 4, "there"), (2, 3, "there"), (2, 4, "there")]
    (outer,) = caught.value.exceptions
    assert outer.__notes__ == ["in row 2: left=2"]
    assert isinstance(outer, BaseExceptionGroup) and outer.exceptions[0].__notes__ == ["in row 2: right=<4>"]


def test_a_table_that_does_not_fit_is_an_error_at_once() -> None:
    with pytest.raises(TypeError, match="a row has 1 values"):
        rows("a, b", [(1, 2), (3,)])
    with pytest.raises(TypeError, match="no rows"):
        rows("a", [])
