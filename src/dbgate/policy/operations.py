"""The operations that a policy grants or blocks, as bits: a set of them is one int."""

from __future__ import annotations

from typing import Final

from dbgate.sql import facts

OPERATIONS: Final[tuple[str, ...]] = facts.OPERATIONS

OPERATION_BITS: Final[dict[str, int]] = {name: 1 << number for number, name in enumerate(OPERATIONS)}
ALL_OPERATIONS: Final = (1 << len(OPERATIONS)) - 1
# Beside the operations' bits: some right, but on some columns only. No operation is granted by it.
PARTLY: Final = ALL_OPERATIONS + 1

REPLACE_BIT: Final = OPERATION_BITS["REPLACE"]
# A REPLACE deletes the old row and inserts the new one, so both rights together are as good as REPLACE.
REPLACE_PARTS: Final = OPERATION_BITS["INSERT"] | OPERATION_BITS["DELETE"]

# What can be granted on columns. Everything else touches whole rows, or what tables are.
BY_COLUMN: Final = ("SELECT", "INSERT", "UPDATE")

# Operations that are granted without a table, so that only allowed_operations counts. LOAD and LOCK need further
# rights on the tables that they touch.
WITHOUT_TABLE: Final = frozenset(
    (
        "CALL",
        "LOAD",
        "LOCK",
        "SHOW",
        "USE",
        "SET",
        "TRANSACTION",
        "PREPARE",
        "EXECUTE",
        "GRANT",
        "REVOKE",
        "ADMIN",
    )
)


def operations_mask(names: list[str]) -> int:
    """The bits of `names` (upper case; "*" = all). KeyError for an unknown name: the loader has refused those."""
    mask = 0
    for name in names:
        mask |= ALL_OPERATIONS if name == "*" else OPERATION_BITS[name]
    return mask


def mask_allows(mask: int, operation: str) -> bool:
    """Whether rights `mask` hold `operation`. An operation nobody knows is never held, not even by "*"."""
    bit = OPERATION_BITS.get(operation, 0)
    if mask & bit:
        return True
    return bit == REPLACE_BIT and mask & REPLACE_PARTS == REPLACE_PARTS
