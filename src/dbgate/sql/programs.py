"""Stored programs and compound statements: every statement in the body is judged as if it were sent alone.

A body is cut at its semicolons and control words; each piece is scanned as a statement or as an expression. So a body
needs all that its statements need, whichever branch would run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dbgate.sql.facts import Facts
from dbgate.sql.modes import EXPR
from dbgate.sql.scan import Scanner
from dbgate.sql.tokens import IDENT, QUOTED, WORD, Tokens

# Words behind which a statement may begin.
_OPENERS: Final = frozenset(("THEN", "ELSE", "LOOP", "REPEAT", "BEGIN", "ATOMIC"))
# Words that begin a piece with an expression, or none, and no statement.
_CONTROL: Final = frozenset(
    [
        "IF",
        "ELSEIF",
        "CASE",
        "WHEN",
        "WHILE",
        "UNTIL",
        "RETURN",
        "DECLARE",
        "OPEN",
        "FETCH",
        "CLOSE",
        "ITERATE",
        "LEAVE",
        "END",
        "FOR",
        "GOTO",
        "EXIT",
        "CONTINUE",
    ]
)
_CHARACTERISTICS: Final = frozenset(
    [
        "COMMENT",
        "LANGUAGE",
        "SQL",
        "NOT",
        "DETERMINISTIC",
        "CONTAINS",
        "NO",
        "READS",
        "MODIFIES",
        "DATA",
        "SECURITY",
        "DEFINER",
        "INVOKER",
    ]
)
_COMPOUND: Final = frozenset(("IF", "CASE", "LOOP", "REPEAT", "WHILE", "FOR", "DECLARE"))

StatementScan = Callable[[Tokens, str, int, int, Facts], Facts]


def starts_compound(tokens: Tokens, i: int, hi: int) -> bool:
    """Whether a compound statement begins at i: BEGIN NOT ATOMIC, IF, CASE, a loop, or a label."""
    word = tokens.words[i]
    after = tokens.words[i + 1] if i + 1 < hi else ""
    if word == "BEGIN":
        return after not in ("", "WORK", ";")
    if after == ":" and tokens.kinds[i] in (WORD, IDENT, QUOTED):
        return True
    return word in _COMPOUND


def program(unit: Facts, i: int, hi: int, scan: StatementScan) -> None:
    """Judges the body in tokens [i, hi) and adds what it needs to `unit`."""
    tokens = unit.tokens
    words = tokens.words
    unit.creates_routine = True
    while i < hi and not unit.error:
        word = words[i]
        if word == ";" or word in _OPENERS or word == ":":
            i += 1
            continue
        if word == "END":  # END IF, END LOOP label …
            while i < hi and words[i] != ";":
                i += 1
            continue
        if i + 1 < hi and (words[i + 1] == ":" or (word == "NOT" and words[i + 1] == "ATOMIC")):
            i += 2
            continue
        end = i
        if word in _CONTROL:
            end = _control_end(tokens, i, hi)
            if word == "DECLARE" and "HANDLER" in words[i:end]:
                i = _handler_action(tokens, i, end)
                continue
            _expression(unit, i + 1, end)
            if end < hi and words[end] == "DO":  # of WHILE and FOR; a statement follows
                end += 1
        else:
            while end < hi and words[end] != ";":
                end += 1
            unit.absorb(scan(tokens, unit.schema, i, end, unit))
        i = end


def _control_end(tokens: Tokens, i: int, hi: int) -> int:
    """Where the expression of a control word ends: at THEN, DO, LOOP or the semicolon, outside CASE … END."""
    words = tokens.words
    cases = 0
    at = i + 1
    while at < hi:
        word = words[at]
        if word == ";":
            break
        if word == "CASE":
            cases += 1
        elif word == "END" and cases:
            cases -= 1
        elif word in ("THEN", "DO", "LOOP", "WHEN") and not cases:
            break
        at += 1
    return at


def _handler_action(tokens: Tokens, i: int, end: int) -> int:
    """DECLARE … HANDLER FOR conditions action: the index of the action."""
    words = tokens.words
    while i < end and words[i] != "FOR":
        i += 1
    i += 1
    while i < end:
        if words[i] == "NOT":
            i += 2
        elif words[i] == "SQLSTATE":
            i += 3 if i + 1 < end and words[i + 1] == "VALUE" else 2
        else:
            i += 1
        if i < end and words[i] == ",":
            i += 1
        else:
            break
    return i


def _expression(unit: Facts, lo: int, hi: int) -> None:
    scanner = Scanner(unit)
    scanner.run(lo, hi, EXPR)
    scanner.finish()


def routine_body(unit: Facts, i: int, hi: int, what: str, scan: StatementScan) -> None:
    """A routine's, trigger's or event's definition behind its name (or table): skips the head, judges the body."""
    tokens = unit.tokens
    words = tokens.words
    depth = 0
    if what == "TRIGGER":  # FOR EACH ROW [FOLLOWS | PRECEDES other]
        i += 3
        if i < hi and words[i] in ("FOLLOWS", "PRECEDES"):
            _, _, i = unit.dotted(i + 1, hi)
    while i < hi:
        word = words[i]
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif not depth and (word in _BODY_STARTS or (word in ("AS", "IS"))):
            break
        i += 1
    if i < hi and words[i] in ("AS", "IS"):
        i += 1
    if what == "EVENT" or (i < hi and words[i] == "DO" and what != "TRIGGER"):
        if i < hi and words[i] == "DO":
            i += 1
    program(unit, i, hi, scan)


_BODY_STARTS: Final = frozenset(
    [
        "BEGIN",
        "SELECT",
        "INSERT",
        "REPLACE",
        "UPDATE",
        "DELETE",
        "SET",
        "CALL",
        "RETURN",
        "IF",
        "CASE",
        "LOOP",
        "WHILE",
        "REPEAT",
        "DO",
        "WITH",
        "PREPARE",
        "EXECUTE",
        "CREATE",
        "DROP",
        "ALTER",
        "TRUNCATE",
        "SIGNAL",
        "FOR",
        "DECLARE",
        "LOAD",
        "HANDLER",
        "KILL",
        "FLUSH",
        "GRANT",
        "REVOKE",
        "RENAME",
        "LOCK",
        "SHOW",
        "ANALYZE",
        "OPTIMIZE",
    ]
)
