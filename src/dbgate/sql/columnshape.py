"""The numbers of a ColumnUses: how they are laid out, packed and unpacked.

In order, each an index of ColumnUses.names where a name is meant:
- how many queries, and for each: 2 * (number of the query around it + 1, or 0 for none) + 1 where the link is loose
- how many sources, and for each six: operation, schema, table, what it is called here (in lower case), the query that
  it stands in, and whether the statement touches all of its columns
- how many other names stand for rows (derived tables, common table expressions), and those
- then each use: flags, query, and, where QUALIFIED, the qualifier; the column's name (`*` for all)

A query is a SELECT, VALUES or TABLE, each arm of a UNION, or what of a statement has tables of its own.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.statement import ColumnUses

# Flags of a use.
LOOSE: Final = 1  # of the queries around too, whatever is found in its own
QUALIFIED: Final = 2
WRITTEN: Final = 4

SOURCE: Final = 6  # numbers of a source
EVERY: Final = "*"
_MOST: Final = 0xFFFF


def pack(names: dict[str, int], numbers: list[int]) -> ColumnUses | None:
    """names: each with its index, in that order. None where a number is too large: then nothing is known."""
    most = max(numbers)
    if most < 256:
        shape = b"\x01" + bytes(numbers)
    elif most <= _MOST:
        wide: list[int] = [2]
        for number in numbers:
            wide.append(number >> 8)
            wide.append(number & 255)
        shape = bytes(wide)
    else:
        return None
    return ColumnUses(tuple(names), shape)


def unpack(shape: bytes) -> list[int]:
    """The numbers that were packed."""
    if shape[0] == 1:
        return list(shape[1:])
    numbers: list[int] = []
    for i in range(1, len(shape), 2):
        numbers.append(shape[i] << 8 | shape[i + 1])
    return numbers


def combine(parts: list[ColumnUses]) -> ColumnUses | None:
    """The uses of several statements as those of one, as the body of a routine has them."""
    names: dict[str, int] = {}
    queries: list[int] = []
    sources: list[int] = []
    others: list[int] = []
    uses: list[int] = []
    for part in parts:
        numbers = unpack(part.shape)
        mine = [names.setdefault(name, len(names)) for name in part.names]
        first = len(queries)
        at = 1 + numbers[0]
        for link in numbers[1:at]:
            queries.append(link + 2 * first if link > 1 else link)
        end = at + 1 + SOURCE * numbers[at]
        at += 1
        while at < end:
            for name in numbers[at : at + 4]:
                sources.append(mine[name])
            sources.append(numbers[at + 4] + first)
            sources.append(numbers[at + 5])
            at += SOURCE
        end = at + 1 + numbers[at]
        for name in numbers[at + 1 : end]:
            others.append(mine[name])
        at = end
        while at < len(numbers):
            flags = numbers[at]
            uses.append(flags)
            uses.append(numbers[at + 1] + first)
            at += 2
            if flags & QUALIFIED:
                uses.append(mine[numbers[at]])
                at += 1
            uses.append(mine[numbers[at]])
            at += 1
    numbers = [len(queries), *queries, len(sources) // SOURCE, *sources, len(others), *others, *uses]
    return pack(names, numbers)
