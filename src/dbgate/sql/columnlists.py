"""Lists of columns that an INSERT, REPLACE or UPDATE writes, as the tokens that name them."""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.tokens import QUOTED, WORD, Tokens

_QUERIES: Final = ("SELECT", "(", "VALUES", "TABLE", "WITH")


@final
class ColumnList:
    """columns: the token of each column's own name; known: there is a list, and it is understood."""

    def __init__(self, columns: list[int], known: bool) -> None:
        self.columns = columns
        self.known = known


def last_part(tokens: Tokens, i: int) -> int:
    """The token of a column's own name, where the name that begins at token i has parts with dots between."""
    words = tokens.words
    if i < len(words) and words[i] == ".":
        i += 1
    while i + 2 < len(words) and words[i + 1] == "." and WORD <= tokens.kinds[i + 2] <= QUOTED:
        i += 2
    return i


def _named(tokens: Tokens, i: int, hi: int) -> bool:
    return i < hi and WORD <= tokens.kinds[i] <= QUOTED


def behind_list(tokens: Tokens, i: int, hi: int) -> int:
    """The token behind the parentheses that open at token i."""
    words = tokens.words
    while i < hi and words[i] != ")":
        i += 1
    return min(i + 1, hi)


def inserted(tokens: Tokens, i: int, hi: int) -> ColumnList:
    """What an INSERT whose table's name ends before token i says about columns: a list, or SET. An empty list is none:
    MySQL asks for all columns then."""
    words = tokens.words
    if i < hi and words[i] == "SET":
        return assigned(tokens, i + 1, hi)
    if i + 1 >= hi or words[i] != "(" or words[i + 1] in _QUERIES:
        return ColumnList([], False)
    columns: list[int] = []
    while True:
        i = last_part(tokens, i + 1)
        if not _named(tokens, i, hi) or i + 1 >= hi:
            return ColumnList([], False)
        columns.append(i)
        i += 1
        if words[i] != ",":
            return ColumnList(columns, words[i] == ")")


def assigned(tokens: Tokens, i: int, hi: int) -> ColumnList:
    """The columns of `a = expression, b = …` from token i on, up to RETURNING or ON DUPLICATE KEY UPDATE."""
    words = tokens.words
    columns: list[int] = []
    while True:
        i = last_part(tokens, i)
        if not _named(tokens, i, hi) or i + 1 >= hi or words[i + 1] not in ("=", ":="):
            return ColumnList([], False)
        columns.append(i)
        depth = 0
        while i < hi and (depth or words[i] != ","):
            word = words[i]
            if word == "(":
                depth += 1
            elif word == ")":
                depth -= 1
            elif depth == 0 and (
                word == "RETURNING" or (word == "ON" and words[i + 1 : i + 2] == ["DUPLICATE"])
            ):
                return ColumnList(columns, True)
            i += 1
        if i >= hi:
            return ColumnList(columns, True)
        i += 1


def row_names(tokens: Tokens, i: int, hi: int) -> list[str]:
    """MySQL's INSERT … VALUES (…) AS name: what the new rows are called, among other names behind AS."""
    words = tokens.words
    return [
        tokens.name(at + 1)
        for at in range(i, hi - 1)
        if words[at] == "AS" and WORD <= tokens.kinds[at + 1] <= QUOTED
    ]
