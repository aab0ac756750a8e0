"""The tautology detector: conditions that do not depend on a row, put where a value was expected.

Query builders write such conditions too, always in a few forms: `1=1`, `0 = 1`, `true` (numbers other than 0 and 1 are
never theirs), first in a WHERE, or behind AND. Templates write `('abc' = 'all' OR col = 'abc')`: constant and first in
a parenthesis of its own, where an injected text cannot begin. Those pass; what an attack needs does not look so, since
it begins behind a literal and must join itself to what stands before it.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.condition_codes import (
    ARITHMETIC,
    BETWEEN,
    BRANCH,
    CASES,
    CLAUSE,
    CLOSE,
    CODES,
    COMMA,
    COMPARE,
    CONNECT,
    CONSTANT,
    END,
    IS,
    NILADIC,
    NOT,
    OPEN,
    PROBES,
)
from dbgate.sql.fold import CALL, CASE, GROUP, SUBQUERY, TOP, Level, Operand, same_sides
from dbgate.sql.injection_errors import INFO, asks_server
from dbgate.sql.injection_operands import CONDITIONS, judged
from dbgate.sql.injection_templates import asks_for_empty
from dbgate.sql.injection_words import (
    TELLING,
    between_strings,
    joins_strings,
    names_nothing,
    strings_reckoned,
)
from dbgate.sql.tokens import BIT, IDENT, QUOTED, STRING, SYS_VAR, USER_VAR, WORD, Tokens
from dbgate.sql.wordset import word_set

DEEPEST: Final = 500  # parentheses; what people and programs write stays far below
TOO_DEEP: Final = "a condition that is nested too deeply to follow"

_CASTS: Final = word_set("CAST CONVERT")
_STORED: Final = word_set("SET VALUES VALUE")
_LIMITS: Final = word_set("WHERE HAVING ON USING")


def constant_condition(tokens: Tokens, first: int, end: int, pipes_concat: bool) -> str:
    """Why tokens [first, end) hold a tautology or another injected constant condition, or ""."""
    kinds = tokens.kinds
    words = tokens.words
    level = Level(TOP, "", first, "")
    stack: list[Level] = []
    # What a subquery or the server tells shows itself in a sum: there numbers in quotes are as bad as any text.
    plain = (
        TELLING.isdisjoint(words[first + 1 : end])
        or (  # a column may be called version
            "SELECT" not in words[first + 1 : end] and not asks_server(tokens, first + 1, end)
        )
    )
    i = first
    while i < end:
        word = words[i]
        kind = kinds[i]
        operand = level.operand
        if not word:
            if STRING <= kind <= BIT:
                operand.literal(kind, tokens.raws[i])
            elif kind == SYS_VAR:
                operand.constant = False
                operand.facts = True
                while i + 2 < end and words[i + 1] == ".":
                    i += 2
            elif (kind != QUOTED or i + 1 == end or words[i + 1] != "(") and words[i - 1] != "COLLATE":
                operand.constant = False
                # An assigned value says what a variable is worth.
                operand.rows = operand.rows or kind != USER_VAR or i + 1 == end or words[i + 1] != ":="
                if kind in (QUOTED, IDENT) and (i + 1 == end or words[i + 1] != "."):
                    operand.columns += 1
            i += 1
            continue
        code = CODES.get(word, 0)
        if code == OPEN:
            if (
                level.ordered
                and i + 2 < end
                and words[i + 1] == "SELECT"
                and (STRING <= kinds[i + 2] <= BIT or words[i + 2] == "NULL")
                and level.kind != CALL
                and not (words[i - 1] == "EXISTS" and words[i + 3] == "FROM" and words[i + 4] != "DUAL")
            ):
                if words[i + 2 : i + 4] == ["NULL", ")"]:  # written where a standard demands an order
                    operand.constant = False
                    operand.rows = True
                    i += 4
                    continue
                return "ORDER BY a subquery of a constant"
            if len(stack) >= DEEPEST:
                return TOO_DEEP
            stack.append(level)
            level = _open(tokens, i, first, level)
        elif code == CLOSE or (code == END and level.kind == CASE):
            reason = _finish(tokens, level, i, "")
            if reason:
                return reason
            if stack:
                inner = level
                level = stack.pop()
                reason = _merge(tokens, level, inner)
                if reason:
                    return reason
        elif code == CONNECT:
            if word == "AND" and level.between:
                level.between = False
            elif word == "||" and (pipes_concat or level.clause not in CONDITIONS):
                if not plain and level.clause in _STORED:
                    operand.joined += joins_strings(tokens, i, pipes_concat)
                    if operand.joined > 1:
                        return "texts are joined around what a subquery or the server tells"
            else:
                reason = _finish(tokens, level, i, word)
                if reason:
                    return reason
        elif code == COMPARE:
            if level.clause == "SET" and word == "=" and not level.assigned and level.kind == TOP:
                level.assigned = True
                level.operand = Operand(i + 1)
            else:
                operand.compare(word)
        elif code in (COMMA, CLAUSE, BRANCH):
            reason = _finish(tokens, level, i, "")
            if reason:
                return reason
            _turn(tokens, level, i, code)
        elif code == CASES:
            if len(stack) >= DEEPEST:
                return TOO_DEEP
            stack.append(level)
            level = _inner(CASE, "", i + 1, level)
        elif code == NOT:
            operand.negated = True
        elif code == BETWEEN:
            level.between = True
            operand.compare(word)
        elif code == IS:
            if operand.compares and STRING <= kinds[i - 1] <= BIT and words[i + 1 : i + 2] != ["TRUE"]:
                return "a comparison with a literal is tested with IS"
            operand.compare(word)
            operand.compares -= 1
            operand.nested += 1
        elif code == ARITHMETIC:
            operand.small = False
            operand.reckoned += strings_reckoned(tokens, i, first, end, plain)
            if operand.reckoned > 1 or (kind != WORD and between_strings(tokens, i, first, end, plain)):
                return "arithmetic on string literals"
        elif code == CONSTANT:
            operand.literals += 1
        elif code == 0 and kind == WORD and not names_nothing(tokens, i, level.name):
            if level.kind == CALL and level.name in _CASTS and (level.typed or word == "AS"):
                level.typed = True
                i += 1
                continue
            operand.constant = False
            if word not in NILADIC:
                operand.rows = True
                if i + 1 == end or words[i + 1] != ".":
                    operand.columns += 1
            elif word in INFO:
                operand.facts = True
        i += 1
    reason = _finish(tokens, level, end, "")
    while not reason and stack:
        level = stack.pop()
        reason = _finish(tokens, level, end, "")
    return reason


def _inner(kind: int, name: str, start: int, outer: Level) -> Level:
    level = Level(kind, name, start, "SELECT" if kind == SUBQUERY else outer.clause)
    level.subquery = kind == SUBQUERY or outer.subquery
    level.ordered = outer.ordered
    return level


def _open(tokens: Tokens, i: int, first: int, level: Level) -> Level:
    following = tokens.words[i + 1] if i + 1 < len(tokens) else ""
    if following == "SELECT" or following == "WITH" or following == "TABLE":
        inner = _inner(SUBQUERY, "SELECT", i + 1, level)
        inner.has_from = following == "TABLE"
        return inner
    if i > first:
        kind = tokens.kinds[i - 1]
        word = tokens.words[i - 1]
        if kind == WORD and word not in CODES:
            return _inner(CALL, word, i + 1, level)
        if kind in (QUOTED, IDENT):
            return _inner(CALL, tokens.name(i - 1).upper(), i + 1, level)
    return _inner(GROUP, "", i + 1, level)


def _merge(tokens: Tokens, level: Level, inner: Level) -> str:
    """What a closed level was, for the operand around it. Returns a reason or ""."""
    operand = level.operand
    whole = inner.whole
    if inner.kind == SUBQUERY and inner.has_from:
        operand.constant = False
        operand.literals += 1
        if inner.has_where:
            operand.rows = True
            operand.elsewhere = operand.elsewhere or not inner.linked
        else:
            operand.queries = True
        return ""
    called = inner.kind != GROUP
    operand.absorb(whole, called)
    if inner.kind == CASE or (inner.kind == CALL and inner.name == "IF"):
        if whole.constant and whole.literals and whole.is_condition():
            if level.clause in _STORED and asks_for_empty(tokens, whole.start):
                pass
            elif level.clause != "SELECT" or level.subquery:
                return "IF or CASE of nothing but constants"
    if called and inner.name not in PROBES:
        operand.constant = False
    if called and inner.name in INFO:
        operand.facts = True
    return ""


def _turn(tokens: Tokens, level: Level, i: int, code: int) -> None:
    """Begin anew behind a comma, a clause word or a branch of CASE."""
    word = tokens.words[i]
    if code == COMMA:
        level.argument += 1
        level.typed = level.name in _CASTS
        level.assigned = False
    elif code == BRANCH:
        level.clause = word
    elif word == "BY" or (word == "UPDATE" and level.clause != "DUPLICATE"):
        pass
    elif level.kind == CALL and level.name in _CASTS:
        level.typed = True
    else:
        level.clause = "SET" if word == "UPDATE" else word
        level.assigned = False
        level.ordered = (word == "ORDER" or word == "GROUP") and level.kind != CALL
        if word == "FROM":
            level.has_from = tokens.words[i + 1 : i + 2] != ["DUAL"]
    level.connector = ""
    level.between = False
    level.operands = 0
    level.leading = True
    level.operand = Operand(i + 1)


def _finish(tokens: Tokens, level: Level, at: int, following: str) -> str:
    """The current operand ends before token `at`; `following` is the connector there, or "". Returns a reason or ""."""
    operand = level.operand
    reason = judged(tokens, level, at, following) if operand.start < at else ""
    if (
        operand.rows
        and level.kind == SUBQUERY
        and level.clause in _LIMITS
        and not same_sides(tokens, operand.start, at)
    ):
        level.has_where = True
        level.linked = level.linked or operand.columns > 1
    level.whole.absorb(operand, False)
    level.before_start = operand.start
    level.before_end = at
    level.operands += 1
    level.leading = level.leading and operand.constant
    level.connector = following
    level.operand = Operand(at + 1)
    return reason
