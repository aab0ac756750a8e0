"""What is said of one finished operand of a condition: whether it is a constant, or about no row, where a value was
expected. `injection_conditions` walks the tokens and asks for each operand.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.fold import (
    CALL,
    CASE,
    GROUP,
    SUBQUERY,
    TOP,
    Level,
    lists_itself,
    numbers_over,
    only_itself,
    same_sides,
    small_truth,
)
from dbgate.sql.injection_templates import no_filter
from dbgate.sql.injection_words import begins_with_one, empty_not_in, null_test
from dbgate.sql.tokens import Tokens
from dbgate.sql.wordset import word_set

CONDITIONS: Final = word_set("WHERE HAVING ON WHEN QUALIFY")
_VALUES: Final = word_set("SET VALUES VALUE ORDER GROUP")
_FILTERS: Final = word_set("WHERE HAVING ON")
_CHAINS: Final = CONDITIONS | word_set("SET VALUES VALUE")
# Functions whose first argument is a condition, so that a constant one there is a probe.
_CHOOSE: Final = word_set("ELT MAKE_SET")


def judged(tokens: Tokens, level: Level, at: int, following: str) -> str:
    """Why the operand of `level` that ends before token `at` looks injected, or "". following: the connector there, or ""."""
    operand = level.operand
    start = operand.start
    if operand.compares >= 2 and operand.literals and level.clause in _CHAINS:
        # `name = 'a' = 'b'`, `name = 'x' RLIKE (…)`
        return "the result of a comparison with a literal is compared again"
    reason = ""
    if operand.constant and operand.literals:
        reason = _judge(tokens, level, at, following)
    elif operand.rows and (level.connector in _ORS or following in _ORS):
        if (operand.compares == 1 and same_sides(tokens, start, at)) or (
            level.connector in _ORS
            and (only_itself(tokens, start, at, not level.subquery) or lists_itself(tokens, start, at))
        ):
            reason = "a column is compared with itself beside OR"
    if not reason and not operand.rows and not operand.constant:
        reason = _judge_rowless(tokens, level)
    if not reason and level.ordered:
        reason = _judge_order(level)
    return reason


_ORS: Final = word_set("OR || XOR")


def _judge_order(level: Level) -> str:
    """An operand in ORDER BY or GROUP BY that is the same for all rows, and chooses. `CASE WHEN 1 = 2 THEN a END` is
    how templates choose a column."""
    operand = level.operand
    if operand.rows:
        return "ORDER BY another row, the same for all" if operand.elsewhere and not operand.columns else ""
    if operand.queries:
        return "ORDER BY a fact about a whole table"
    if operand.constant and operand.literals and operand.is_condition() and not operand.strings:
        return "" if level.kind == CASE else "ORDER BY chooses by a constant condition"
    return ""


def _judge_rowless(tokens: Tokens, level: Level) -> str:
    """An operand that is no constant but names no column: functions without arguments, subqueries of whole tables."""
    operand = level.operand
    if operand.facts:
        if level.connector and (level.clause in CONDITIONS or level.clause in _VALUES):
            return f"a condition about the server alone behind {level.connector}"
        if level.ordered and (operand.called or level.kind == SUBQUERY):
            return "ORDER BY a fact about the server"
        if level.kind == GROUP and operand.is_condition() and level.clause in CONDITIONS:
            return "a condition about the server alone"
    if level.clause not in CONDITIONS:
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
            if not operand.small and (level.clause not in CONDITIONS or operand.called):
                return "a constant is used as a condition"
            return ""
        if level.kind == GROUP or operand.small:
            return ""
        constants = numbers_over(tokens, start, at, 9) or level.clause not in CONDITIONS
        return "a comparison of constants" if constants else ""
    if operand.small and not operand.called:
        if level.connector not in _ORS or empty_not_in(tokens, level):
            return ""
        if not (operand.negated or small_truth(tokens, start, at)):
            return ""
        return f"a condition that is always true behind {level.connector}"
    if (
        level.kind == GROUP
        and level.operands >= 1
        and not following
        and level.connector in _ORS
        and no_filter(tokens, start, at, level.whole.start, level.before_end)
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
    if level.clause in CONDITIONS and level.kind != GROUP and numbers_over(tokens, operand.start, at, 9):
        return "a comparison of constants is the whole condition"
    return ""
