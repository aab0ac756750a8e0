"""Functions whose errors show a computed argument to the client: where such an argument tells of the server or of rows.

A path that is put together from a column (`CONCAT('/list/item[', n, ']')`), new content of a document, a value that is
appended to a list are honest: they are in no error, or hold nothing but what the statement reads anyway.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.tokens import BIT, IDENT, NUMBER, QUOTED, STRING, WORD, Tokens
from dbgate.sql.wordset import word_set

INFO: Final = word_set("DATABASE SCHEMA USER CURRENT_USER SESSION_USER SYSTEM_USER VERSION CURRENT_ROLE")
ERRORS: Final = word_set(
    """EXTRACTVALUE UPDATEXML GTID_SUBSET GTID_SUBTRACT JSON_KEYS NAME_CONST UUID_TO_BIN BIN_TO_UUID POLYGON POINT
    MULTIPOINT LINESTRING MULTILINESTRING MULTIPOLYGON GEOMETRYCOLLECTION ST_LATFROMGEOHASH ST_LONGFROMGEOHASH
    ST_POINTFROMGEOHASH STRING_TO_VECTOR TO_VECTOR EXP JSON_ARRAY_APPEND"""
)
JOINS: Final = word_set("CONCAT CONCAT_WS GROUP_CONCAT")


def called_name(tokens: Tokens, opening: int) -> str:
    """The upper case name of the function whose "(" is at `opening`, "" where it is none."""
    if not opening:
        return ""
    kind = tokens.kinds[opening - 1]
    if kind == WORD:
        return tokens.words[opening - 1]
    if kind in (QUOTED, IDENT):
        return tokens.name(opening - 1).upper()
    return ""


def asks_server(tokens: Tokens, start: int, end: int) -> bool:
    """Whether [start, end) calls a function that tells a fact about the server, or who is logged in."""
    words = tokens.words
    for i in range(start, end):
        if words[i] in INFO and (words[i] == "CURRENT_USER" or (i + 1 < len(words) and words[i + 1] == "(")):
            return True
    return False


def reads_secret(tokens: Tokens, start: int, end: int) -> bool:
    """Whether [start, end) holds a subquery or asks the server for a fact."""
    if "SELECT" in tokens.words[start:end] or asks_server(tokens, start, end):
        return True
    return any([raw.startswith(b"@@") for raw in tokens.raws[start:end]])  # noqa: C419


def computes(tokens: Tokens, start: int, end: int) -> bool:
    """Whether [start, end) calls a function or holds a subquery."""
    words = tokens.words
    for i in range(start, end):
        word = words[i]
        if word == "SELECT" or word == "CASE":
            return True
        if word == "(" and i > start and called_name(tokens, i):
            return True
    return False


def shows_error(tokens: Tokens, name: str, opening: int, close: int) -> bool:
    """Whether an argument of the function `name` of ERRORS, whose parentheses are at opening and close, is one that an
    error would show."""
    words = tokens.words
    start = opening + 1
    nested = "SELECT" in words[start:close]
    if name == "EXP":
        return nested or "~" in words[start:close]
    if name in ("EXTRACTVALUE", "UPDATEXML"):
        return _shows_path(tokens, start, close)
    if name == "NAME_CONST":
        return tokens.kinds[start] != STRING or computes(tokens, start, close)
    if name in ("UUID_TO_BIN", "BIN_TO_UUID"):
        joined = called_name(tokens, start + 1) in JOINS and reads_secret(tokens, start, close)
        return joined or asks_server(tokens, start, close)
    if name == "POINT":
        return nested
    if name == "JSON_KEYS" or name.startswith(("POLY", "MULTI", "LINE", "GEOM")):
        return words[start] == "(" and nested
    if name == "JSON_ARRAY_APPEND":
        path, behind = _second_argument(tokens, start, close)
        return nested and reads_secret(tokens, path, behind)
    return called_name(tokens, start + 1) in JOINS or nested or asks_server(tokens, start, close)


def _shows_path(tokens: Tokens, start: int, close: int) -> bool:
    """Whether the path of an EXTRACTVALUE or UPDATEXML is computed from more than columns."""
    if tokens.kinds[start] == NUMBER:
        return True
    path, behind = _second_argument(tokens, start, close)
    if reads_secret(tokens, path, behind):
        return True
    if not computes(tokens, path, behind):
        return False
    # CONCAT('/list/item[', n, ']') of a column's document
    built = called_name(tokens, path + 1) in JOINS and tokens.kinds[path + 2] == STRING
    if built and WORD <= tokens.kinds[start] <= QUOTED and not STRING <= tokens.kinds[start] <= BIT:
        return not tokens.string(path + 2).startswith(b"/")
    return True


def _second_argument(tokens: Tokens, start: int, close: int) -> tuple[int, int]:
    """Where the second argument begins and ends; all of them where there is but one."""
    words = tokens.words
    depth = 0
    second = start
    for i in range(start, close):
        word = words[i]
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif word == "," and not depth:
            if second > start:
                return second, i
            second = i + 1
    return second, close
