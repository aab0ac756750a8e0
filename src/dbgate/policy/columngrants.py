"""Grants that are limited to some columns of their tables."""

from __future__ import annotations

from typing import Final, final

from dbgate.policy.operations import mask_allows


@final
class ColumnGrant:
    """One grant by columns. mask: its operations (operations.operations_mask); columns: their names in lower case;
    line: where the file lists them. Which tables it is about is in the Rights that have its number."""

    def __init__(self, mask: int, columns: set[str], line: int) -> None:
        self.mask = mask
        self.columns = columns
        self.line = line


NO_COLUMNS: Final[frozenset[str]] = frozenset()


@final
class ColumnGrants:
    """All grants by columns of one access rule, by their numbers. reachable: the operations that they grant."""

    def __init__(self) -> None:
        self.reachable = 0
        self._grants: dict[int, ColumnGrant] = {}

    def add(self, number: int, mask: int, columns: list[str], line: int) -> None:
        """Grant `mask` on `columns`; a number that is known gets further columns."""
        self.reachable |= mask
        known = self._grants.get(number)
        if known is None:
            self._grants[number] = ColumnGrant(mask, set(columns), line)
        else:
            known.columns.update(columns)

    def line(self, numbers: list[int], operation: str) -> int:
        """The line of the first grant among `numbers` (of one table) that is about `operation`; -1 where none is."""
        for number in sorted(numbers):
            grant = self._grants[number]
            if mask_allows(grant.mask, operation):
                return grant.line
        return -1

    def columns(self, numbers: list[int], operation: str) -> frozenset[str]:
        """The columns on which the grants `numbers` (of one table) grant `operation`."""
        found = NO_COLUMNS
        for number in numbers:
            grant = self._grants[number]
            if mask_allows(grant.mask, operation):
                found = found | grant.columns
        return found
