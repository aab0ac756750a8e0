"""Operations as bits."""

from __future__ import annotations

import pytest

from dbgate.policy.operations import (
    ALL_OPERATIONS,
    BY_COLUMN,
    OPERATION_BITS,
    OPERATIONS,
    PARTLY,
    mask_allows,
    operations_mask,
)
from tests.rows import rows


def test_every_operation_has_its_own_bit() -> None:
    assert len(set(OPERATION_BITS.values())) == len(OPERATIONS) == 23
    assert operations_mask(["*"]) == ALL_OPERATIONS == sum(OPERATION_BITS.values())


def test_a_mask_holds_what_it_was_made_of() -> None:
    mask = operations_mask(["SELECT", "UPDATE"])
    assert [name for name in OPERATIONS if mask_allows(mask, name)] == ["SELECT", "UPDATE"]


@rows(
    ("names", "granted"),
    [
        (["REPLACE"], True),
        (["INSERT", "DELETE"], True),
        (["INSERT"], False),
        (["DELETE"], False),
        (["*"], True),
    ],
)
def test_replace_is_itself_or_insert_and_delete(names: list[str], granted: bool) -> None:
    assert mask_allows(operations_mask(names), "REPLACE") is granted


def test_replace_is_neither_insert_nor_delete() -> None:
    assert not mask_allows(operations_mask(["REPLACE"]), "INSERT")
    assert not mask_allows(operations_mask(["REPLACE"]), "DELETE")


def test_an_operation_nobody_knows_is_never_granted() -> None:
    assert not mask_allows(ALL_OPERATIONS, "FROBNICATE")
    with pytest.raises(KeyError):
        operations_mask(["FROBNICATE"])


def test_a_right_on_some_columns_is_no_operation() -> None:
    assert PARTLY & ALL_OPERATIONS == 0
    assert not any(mask_allows(PARTLY, name) for name in OPERATIONS)
    assert set(BY_COLUMN) <= set(OPERATIONS)
