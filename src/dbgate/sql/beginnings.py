"""Shapes of statements that neither read nor write rows: DROP TABLE, ALTER TABLE * DROP COLUMN, GRANT ALL.

Such a shape is the beginning of the statements that it means, for what follows has no end of forms. What may stand
between verb and object (OR REPLACE, TEMPORARY, DEFINER = …, IF EXISTS) counts only where the shape has it, and `*` is
any one name.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.wordset import word_set

ANY_NAME: Final = "\0name"

OBJECTS: Final = word_set(
    """TABLE VIEW PROCEDURE FUNCTION TRIGGER EVENT USER ROLE DATABASE INDEX SERVER SEQUENCE PACKAGE TABLESPACE LOGFILE
    RESOURCE INSTANCE PREPARE LIBRARY JSON SYNONYM CATALOG MATERIALIZED EXTERNAL"""
)
_DEFINES: Final = word_set("CREATE ALTER DROP")
# What may stand in front of an object's kind, or of what is shown, and does not change what is done to it.
_QUALIFIERS: Final = word_set(
    """OR REPLACE TEMPORARY UNIQUE FULLTEXT SPATIAL VECTOR ONLINE OFFLINE IGNORE AGGREGATE UNDO ALGORITHM UNDEFINED MERGE
    TEMPTABLE SQL SECURITY DEFINER INVOKER = FULL EXTENDED GLOBAL SESSION LOCAL NO_WRITE_TO_BINLOG"""
)
_NO_NAME: Final = word_set("( ) , ; =")


def checked(shape: tuple[str, ...]) -> tuple[str, ...]:
    """A shape of this kind, made ready for `begins`. ValueError where CREATE, ALTER or DROP is of no known object."""
    shape = _synonyms(shape)
    if shape[0] in _DEFINES:
        bare = _plain(shape)
        if len(bare) > 1 and bare[1] not in OBJECTS and bare[1] not in _QUALIFIERS:
            raise ValueError(
                f"{shape[0]} of what? Expected TABLE, VIEW, USER or the like, not {bare[1].lstrip('.')!r}"
            )
    return shape


def begins(shape: tuple[str, ...], items: tuple[str, ...]) -> bool:
    """Whether the statement of outline `items` begins as `shape` says."""
    items = _synonyms(items)
    return _begins(shape, items) or _begins(shape, _plain(items))


def _begins(shape: tuple[str, ...], items: tuple[str, ...]) -> bool:
    count = len(shape)
    if len(items) < count:
        return False
    for i in range(count):
        if not _is(shape[i], items[i]):
            if i == 2 and count == 3 and items[:2] == shape[:2]:
                return _listed(shape[2], items)  # DROP TABLE a, b drops b, too
            return False
    return True


def _listed(name: str, items: tuple[str, ...]) -> bool:
    for i in range(4, len(items), 2):
        if items[i - 1] != ",":
            return False
        if _is(name, items[i]):
            return True
    return False


def _is(part: str, item: str) -> bool:
    return part == item or (part == ANY_NAME and item not in _NO_NAME)


def _synonyms(items: tuple[str, ...]) -> tuple[str, ...]:
    if len(items) < 2 or items[0] == "SHOW":
        return items
    word = items[1]
    if word == "TABLES":
        word = "TABLE"
    elif word == "SCHEMA":
        word = "DATABASE"
    return (items[0], word, *items[2:]) if word != items[1] else items


def _plain(items: tuple[str, ...]) -> tuple[str, ...]:
    """Without qualifiers and IF [NOT] EXISTS."""
    count = len(items)
    i = 1
    while i < count and items[i] in _QUALIFIERS:
        if items[i] == "DEFINER" and i + 2 < count and items[i + 1] == "=":
            i += 3
            if i < count and items[i].startswith("@"):
                i += 1
            elif i + 1 < count and items[i] == "(" and items[i + 1] == ")":
                i += 2
        else:
            i += 1
    if i == count:
        return items
    rest = i + 1
    if rest < count and items[rest] == "IF":
        rest += 1
        if rest < count and items[rest] == "NOT":
            rest += 1
        if rest < count and items[rest] == "EXISTS":
            rest += 1
    return _synonyms((items[0], items[i], *items[rest:]))
