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
from dbgate.sql.fold import (
    CALL,
    CASE,
    GROUP,
    SUBQUERY,
    TOP,
    Level,
    Operand,
    is_equality,
    numbers_over,
    only_itself,
    same_sides,
    shares_literal,
    small_truth,
)
from dbgate.sql.injection_calls import INFO
from dbgate.sql.injection_words import (
    TELLING,
    begins_with_one,
    between_strings,
    empty_not_in,
    names_nothing,
    null_test,
    strings_reckoned,
)
from dbgate.sql.tokens import BIT, IDENT, QUOTED, STRING, SYS_VAR, USER_VAR, WORD, Tokens
from dbgate.sql.wordset import word_set

DEEPEST: Final = 500  # parentheses; what people and programs write stays far below
TOO_DEEP: Final = "a condition that is nested too deeply to follow"

_CASTS: Final = word_set("CAST CONVERT")
_VALUES: Final = word_set("SET VALUES VALUE ORDER GROUP")
_FILTERS: Final = word_set("WHERE HAVING ON")
_CONDITIONS: Final = word_set("WHERE HAVING ON WHEN QUALIFY")
_CHAINS: Final = _CONDITIONS | word_set("SET")
# Functions whose first argument is a condition, so that a constant one there is a probe.
_CHOOSE: Final = word_set("ELT MAKE_SET")


def constant_condition(tokens: Tokens, first: int, end: int, pipes_concat: bool) -> str:
    """Why tokens [first, end) hold a tautology or another injected constant condition, or ""."""
    kinds = tokens.kinds
    words = tokens.words
    level = Level(TOP, "", first, "")
    stack: list[Level] = []
    # What a subquery or the server tells shows itself in a sum: there numbers in quotes are as bad as any text.
    plain = TELLING.isdisjoint(words[first + 1 : end])
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
            i += 1
            continue
        code = CODES.get(word, 0)
        if code == OPEN:
            if (
                level.clause == "ORDER"
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
                reason = _merge(level, inner)
                if reason:
                    return reason
        elif code == CONNECT:
            if word == "AND" and level.between:
                level.between = False
            elif word == "||" and (pipes_concat or level.clause not in _CONDITIONS):
                pass
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


def _merge(level: Level, inner: Level) -> str:
    """What a closed level was, for the operand around it. Returns a reason or ""."""
    operand = level.operand
    whole = inner.whole
    if inner.kind == SUBQUERY and inner.has_from:
        operand.constant = False
        operand.literals += 1
        if inner.has_where:
            operand.rows = True
        else:
            operand.queries = True
        return ""
    called = inner.kind != GROUP
    operand.absorb(whole, called)
    if inner.kind == CASE or (inner.kind == CALL and inner.name == "IF"):
        if whole.constant and whole.literals and whole.is_condition():
            if level.clause != "SELECT" or level.subquery:
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
        elif word == "WHERE" or word == "ON" or word == "USING" or word == "HAVING":
            level.has_where = True
    level.connector = ""
    level.between = False
    level.operands = 0
    level.leading = True
    level.operand = Operand(i + 1)


def _finish(tokens: Tokens, level: Level, at: int, following: str) -> str:
    """The current operand ends before token `at`; `following` is the connector there, or "". Returns a reason or ""."""
    operand = level.operand
    reason = ""
    if operand.start < at:
        if operand.compares >= 2 and operand.literals and level.clause in _CHAINS:
            # `name = 'a' = 'b'`, `name = 'x' RLIKE (…)`
            reason = "the result of a comparison with a literal is compared again"
        if not reason and operand.constant and operand.literals:
            reason = _judge(tokens, level, at, following)
        elif not reason and operand.rows and (level.connector in _ORS or following in _ORS):
            start = operand.start
            if (operand.compares == 1 and same_sides(tokens, start, at)) or (
                level.connector in _ORS and only_itself(tokens, start, at)
            ):
                reason = "a column is compared with itself beside OR"
        if not reason and not operand.rows and not operand.constant:
            reason = _judge_rowless(tokens, level)
        if not reason and level.ordered and not operand.rows:
            reason = _judge_order(level)
    level.whole.absorb(operand, False)
    level.before_start = operand.start
    level.before_end = at
    level.operands += 1
    level.leading = level.leading and operand.constant
    level.connector = following
    level.operand = Operand(at + 1)
    return reason


_ORS: Final = word_set("OR || XOR")


def _judge_order(level: Level) -> str:
    """An operand in ORDER BY or GROUP BY that is the same for all rows, and chooses. `CASE WHEN 1 = 2 THEN a END` is
    how templates choose a column."""
    operand = level.operand
    if operand.queries:
        return "ORDER BY a fact about a whole table"
    if operand.constant and operand.literals and operand.is_condition() and not operand.strings:
        return "" if level.kind == CASE else "ORDER BY chooses by a constant condition"
    return ""


def _judge_rowless(tokens: Tokens, level: Level) -> str:
    """An operand that is no constant but names no column: functions without arguments, subqueries of whole tables."""
    operand = level.operand
    if operand.facts:
        if level.connector and (level.clause in _CONDITIONS or level.clause in _VALUES):
            return f"a condition about the server alone behind {level.connector}"
        if level.clause == "ORDER" and (operand.called or level.kind == SUBQUERY):
            return "ORDER BY a fact about the server"
        if level.kind == GROUP and operand.is_condition() and level.clause in _CONDITIONS:
            return "a condition about the server alone"
    if level.clause not in _CONDITIONS:
        return ""
    if operand.queries:
        if level.operands == 1 and level.connector == "AND" and begins_with_one(tokens, level):
            return ""
        exists = "EXISTS" in tokens.words[operand.start : operand.start + 2]
        if level.connector and (exists or operand.is_condition() or level.connector in _ORS):
            return f"a condition about a whole table alone behind {level.connector}"
        return ""
    if level.connector in _ORS:
        return f"a condition that reads no row behind {level.connector}"
    return ""


def _judge(tokens: Tokens, level: Level, at: int, following: str) -> str:
    if not level.connector and not following:
        return _judge_alone(tokens, level, at)
    operand = level.operand
    start = operand.start
    condition = operand.is_condition()
    if not level.connector:
        if not condition:
            if operand.strings and not operand.called:
                return "a string literal is used as a condition"
            if not operand.small and (level.clause not in _CONDITIONS or operand.called):
                return "a constant is used as a condition"
            return ""
        if level.kind == GROUP or operand.small:
            return ""
        constants = numbers_over(tokens, start, at, 9) or level.clause not in _CONDITIONS
        return "a comparison of constants" if constants else ""
    if operand.small and not operand.called:
        if level.connector not in _ORS or empty_not_in(tokens, level):
            return ""
        if not (operand.negated or small_truth(tokens, start, at)):
            return ""
        return f"a condition that is always true behind {level.connector}"
    if (
        level.kind == GROUP
        and level.operands == 1
        and not following
        and level.connector in _ORS
        and is_equality(tokens, start, at)
        and shares_literal(tokens, start, at, level.before_start, level.before_end)
        and not same_sides(tokens, start, at)
    ):
        # (col = 'abc' OR 'abc' = 'all'): a template's "no filter".
        return ""
    holds = null_test(tokens, start, at)
    if holds and (level.connector == "AND" or holds == "FALSE"):
        return ""
    if level.leading and level.connector == "AND" and level.clause in _FILTERS and not operand.called:
        # WHERE 1=1 AND 2=2 AND col = …: nothing of a row stands before it, so there is no value that it could be behind.
        return "a comparison of constants" if numbers_over(tokens, start, at, 9) else ""
    if not condition and not operand.called and level.connector == "AND" and not operand.strings:
        return "" if level.kind == CALL else "a constant is used as a condition"
    return f"a condition of literals alone behind {level.connector}"


def _judge_alone(tokens: Tokens, level: Level, at: int) -> str:
    """A constant operand that is not joined to another."""
    operand = level.operand
    if not operand.is_condition():
        if level.clause == "ORDER" and operand.called and level.kind == TOP:
            return "ORDER BY a computed constant"
        return ""
    if level.kind == CALL:
        if level.argument == 0 and level.name in _CHOOSE:
            return f"{level.name} chooses by a constant condition"
        if level.argument == 0 and level.name == "IF" and numbers_over(tokens, operand.start, at, 9):
            return "IF chooses by a constant condition"
        return ""
    if level.clause == "HAVING" and operand.strings:
        return "a comparison of constants is the whole condition"
    if level.clause in ("SET", "VALUES", "VALUE") and operand.strings and operand.compares:
        return "a comparison of constants is a value"
    if level.clause in _CONDITIONS and level.kind != GROUP and numbers_over(tokens, operand.start, at, 9):
        return "a comparison of constants is the whole condition"
    return ""
