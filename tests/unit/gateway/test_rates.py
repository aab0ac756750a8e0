"""Counts under a key, seen by other workers and never mixed with another key's."""

from __future__ import annotations

import os

import pytest

from dbgate.gateway import rates
from dbgate.gateway.rates import Ledger


def test_each_sees_what_the_others_spent() -> None:
    fd = Ledger.create(3)
    one, two, three = (Ledger(os.dup(fd), row, 3) for row in range(3))
    assert one("app@10.0.0.1", 0) == 0
    for _ in range(5):
        one("app@10.0.0.1", 1)
    two("app@10.0.0.1", 2)
    assert one("app@10.0.0.1", 0) == 2
    assert two("app@10.0.0.1", 0) == 5
    assert three("app@10.0.0.1", 0) == 7
    assert three("app@10.0.0.2", 0) == 0
    three("\udcff@10.0.0.2", 1)
    os.close(fd)


def test_keys_that_meet_in_one_cell_are_not_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "CELLS", 1)
    fd = Ledger.create(2)
    one, two = Ledger(fd, 0, 2), Ledger(os.dup(fd), 1, 2)
    one("a", 3)
    two("b", 4)
    assert one("b", 0) == 4
    assert one("a", 0) == 0
    one("b", 1)  # takes the cell over
    assert two("a", 0) == 0
    assert two("b", 0) == 1
    os.close(fd)


def test_places_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_REMEMBERED", 2)
    fd = Ledger.create(1)
    ledger = Ledger(fd, 0, 1)
    for number in range(10):
        ledger(f"user{number}", 1)
    assert len(ledger._places) <= 2
    os.close(fd)


def test_totals_and_values_of_ones_own() -> None:
    fd = Ledger.create(2)
    one, two = Ledger(fd, 0, 2), Ledger(fd, 1, 2)
    assert [one.total("a", 1), two.total("a", 2), one.total("a", 1)] == [1, 3, 4]
    assert one.largest("b") == 0
    one.put("b", 7)
    two.put("b", 5)
    assert (one.largest("b"), two.largest("b"), one("b", 0)) == (7, 7, 5)
    two.clear_row(0)
    assert (two.largest("b"), one.total("a", 0)) == (5, 2)
    os.close(fd)
