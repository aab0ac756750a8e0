"""Detectors that look at the server's own schemas: read beside an application's rows, or joined to keep it busy.

A statement that is about them (a tool, a driver, monitoring) has them in its own FROM. A probe reads them in a subquery
or in another branch of a UNION, while the statement itself is about rows of the application.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.tokens import IDENT, NUMBER, QUOTED, SYS_VAR, WORD, Tokens
from dbgate.sql.wordset import word_set

_SCHEMAS: Final = word_set("INFORMATION_SCHEMA PERFORMANCE_SCHEMA MYSQL SYS")
_COMPARES: Final = word_set("= < > <= >= <> != <=> LIKE RLIKE REGEXP BETWEEN")
_OPENERS: Final = word_set("FROM JOIN INTO UPDATE ,")


def system_table(tokens: Tokens, i: int) -> bool:
    """Whether token i is a system schema that qualifies a table."""
    if i + 2 >= len(tokens) or tokens.words[i + 1] != ".":
        return False
    kind = tokens.kinds[i]
    if kind not in (WORD, IDENT, QUOTED) or (i and tokens.words[i - 1] == "."):
        return False
    return tokens.name(i).upper() in _SCHEMAS


def metadata_beside_rows(tokens: Tokens, first: int, end: int) -> str:
    """Why the statement reads the server's own tables or variables beside rows of its own, or ""."""
    words = tokens.words
    depth = 0
    rows = False  # its own tables are the application's
    settled = False
    union = False
    for i in range(first, end):
        word = words[i]
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif word == "UNION":
            union = True
        elif word == "." or not word:
            if tokens.kinds[i] == SYS_VAR:
                if settled and rows and _compared(tokens, i, end):
                    return "a server variable is compared in a condition"
            elif rows and (depth or union) and system_table(tokens, i) and words[i - 1] in _OPENERS:
                return f"{tokens.name(i)}.{tokens.name(i + 2)} is read beside the statement's own rows"
        if not depth and not settled and word in ("FROM", "INTO", "UPDATE") and i + 1 < end:
            target = i + 1
            while target < end and words[target] in _MODIFIERS:
                target += 1
            if words[target] != "(" and target < end:
                settled = True
                rows = not system_table(tokens, target)
    return ""


_MODIFIERS: Final = word_set("LOW_PRIORITY HIGH_PRIORITY DELAYED IGNORE QUICK TABLE")


def _compared(tokens: Tokens, i: int, end: int) -> bool:
    words = tokens.words
    following = i + 1
    while following + 1 < end and words[following] == ".":
        following += 2
    return following < end and words[following] in _COMPARES


_LINKS: Final = word_set(", JOIN CROSS INNER NATURAL STRAIGHT_JOIN")
_CONDITIONS: Final = word_set("WHERE ON USING")
_NO_ALIAS: Final = _LINKS | _CONDITIONS
_TOO_OFTEN: Final = 3
COUNTERS: Final = word_set("COUNT SUM MIN MAX AVG")
_CLAUSES: Final = word_set("GROUP HAVING ORDER LIMIT UNION )")


def counted_product(tokens: Tokens, first: int, end: int) -> str:
    """`SELECT COUNT(*) FROM t a, t b, t c` without a condition: a number that nobody needs, and a long time. In a
    subquery three tables are enough, whichever they are."""
    words = tokens.words
    selects = 0
    for i in range(first, end):
        if words[i] == "SELECT":
            selects += 1
        if words[i] != "FROM" or words[i - 1] != ")":
            continue
        before = words[max(first, i - 8) : i]
        nested = selects > 1 and not COUNTERS.isdisjoint(before)
        if not nested and "COUNT" not in before:
            continue
        names: dict[str, int] = {}
        most = 0
        at = i + 1
        while at < end and WORD <= tokens.kinds[at] <= QUOTED and words[at] not in _CONDITIONS:
            name = tokens.name(at).lower()
            at += 1
            while at + 1 < end and words[at] == ".":
                name = tokens.name(at + 1).lower()
                at += 2
            names[name] = names.get(name, 0) + 1
            most = max(most, names[name])
            if at < end and words[at] == "AS":
                at += 1
            if at < end and WORD <= tokens.kinds[at] <= QUOTED and words[at] not in _NO_ALIAS:
                at += 1
            if at >= end or words[at] not in _LINKS:
                break
            while at < end and words[at] in _LINKS:
                at += 1
        if most < _TOO_OFTEN and (not nested or sum(names.values()) < _TOO_OFTEN):
            continue
        if at >= end or words[at] not in _CONDITIONS or _always(tokens, at + 1, end):
            return "tables are joined without a condition, and counted"
    return ""


def _always(tokens: Tokens, start: int, end: int) -> bool:
    """Whether the condition at `start` is a number, or one compared with itself, and nothing more."""
    if start >= end or tokens.kinds[start] != NUMBER:
        return False
    after = start + 1
    if after + 1 < end and tokens.words[after] == "=" and tokens.raws[after + 1] == tokens.raws[start]:
        after += 2
    return after >= end or tokens.words[after] in _CLAUSES


def heavy_join(tokens: Tokens, first: int, end: int) -> str:
    """`FROM information_schema.columns A, information_schema.columns B`: nothing joins them but the time it takes."""
    words = tokens.words
    last = ""
    for i in range(first, end):
        if words[i] in ("FROM", ",", "JOIN") and i + 1 < end and system_table(tokens, i + 1):
            name = tokens.name(i + 3).upper() if i + 3 < end else ""
            if name and name == last and words[i] == ",":
                return f"{name.lower()} of the server is joined with itself"
            last = name
    return ""
