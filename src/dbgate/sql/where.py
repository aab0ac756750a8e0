"""Whether a WHERE can be false: what require_where asks of UPDATE and DELETE.

Constants are folded (1=1, 'a'='a' OR …, NOT 0, TRUE); an operand that names no column is a constant of unknown value;
a column compared with itself counts as always true. One pass, a stack for the parentheses.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.functions import RESERVED
from dbgate.sql.injection_words import names_nothing
from dbgate.sql.tokens import BIT, HEX, LONG_STRING, NUMBER, OP, QUOTED, STRING, WORD, Tokens

_FILTERS: Final = 0  # depends on a row
_TRUE: Final = 1
_FALSE: Final = 2
_FIXED: Final = 3  # a constant, but which?

# Tokens of an operand in which a column is looked for. An operand that names none in its first few dozen tokens is no
# honest filter, and reading nested ones to their ends at every level would take forever.
_LONG: Final = 48
_COMPARE: Final = ("=", "<=>", "<", ">", "<=", ">=", "<>", "!=", "LIKE")
_CONSTANT_WORDS: Final = frozenset(
    ("TRUE", "FALSE", "NULL", "NOT", "AND", "OR", "XOR", "IS", "IN", "LIKE", "BETWEEN", "END")
)


def _either(left: int, right: int) -> int:
    if left == _TRUE or right == _TRUE:
        return _TRUE
    if left == _FALSE:
        return right
    if right == _FALSE:
        return left
    return _FIXED if left == _FIXED or right == _FIXED else _FILTERS


def _both(left: int, right: int) -> int:
    if left == _FALSE or right == _FALSE:
        return _FALSE
    if left == _TRUE:
        return right
    if right == _TRUE:
        return left
    return _FILTERS if left == _FILTERS or right == _FILTERS else _FIXED


def _number(tokens: Tokens, i: int) -> float:
    """The value of a literal as the servers compare it with a number."""
    if tokens.kinds[i] in (HEX, BIT):
        return float(int.from_bytes(tokens.string(i)[:8], "big"))
    text = tokens.raws[i] if tokens.kinds[i] == NUMBER else tokens.string(i)
    end = 0
    text = text.strip()
    while end < len(text) and text[end] in b"0123456789.eE+-" and end < 40:
        end += 1
    while end:
        try:
            return float(text[:end])
        except ValueError:
            end -= 1
    return 0.0


def _literal(tokens: Tokens, i: int) -> bool:
    return tokens.kinds[i] in (NUMBER, STRING, HEX, BIT) and len(tokens.raws[i]) <= LONG_STRING


def _atom(tokens: Tokens, lo: int, hi: int, reserved: frozenset[str]) -> int:
    """An operand of AND, OR without parentheses of its own kind."""
    if hi - lo == 1:
        if _literal(tokens, lo):
            return _TRUE if _number(tokens, lo) else _FALSE
        if tokens.words[lo] == "TRUE":
            return _TRUE
        if tokens.words[lo] in ("FALSE", "NULL"):
            return _FALSE
    middle = (lo + hi) // 2
    if hi - lo < _LONG and (hi - lo) % 2 == 1 and tokens.words[middle] in _COMPARE:
        if hi - lo == 3 and _literal(tokens, lo) and _literal(tokens, hi - 1):
            return _compare(tokens, lo, tokens.words[middle], hi - 1)
        if tokens.raws[lo:middle] == tokens.raws[middle + 1 : hi]:
            return _TRUE if tokens.words[middle] in ("=", "<=>", "<=", ">=", "LIKE") else _FALSE
    for i in range(lo, min(hi, lo + _LONG)):
        kind = tokens.kinds[i]
        if kind == WORD and (tokens.words[i] in reserved or names_nothing(tokens, i, "")):
            continue
        if WORD <= kind <= QUOTED and tokens.words[i - 1] != "COLLATE":
            return _FILTERS
    return _FIXED


def _compare(tokens: Tokens, one: int, operator: str, other: int) -> int:
    if tokens.kinds[one] == STRING and tokens.kinds[other] == STRING:
        left, right = tokens.string(one).lower(), tokens.string(other).lower()
        if operator == "LIKE":
            return _TRUE if left == right or right.strip(b"%") == b"" else _FIXED
        order = (left > right) - (left < right)
    else:
        if operator == "LIKE":
            return _FIXED
        first, second = _number(tokens, one), _number(tokens, other)
        order = (first > second) - (first < second)
    holds = (
        (operator in ("=", "<=>") and order == 0)
        or (operator == "<" and order < 0)
        or (operator == ">" and order > 0)
        or (operator == "<=" and order <= 0)
        or (operator == ">=" and order >= 0)
        or (operator in ("<>", "!=") and order != 0)
    )
    return _TRUE if holds else _FALSE


def filters(tokens: Tokens, lo: int, hi: int, flavour: int, pipes_concat: bool) -> bool:
    """Whether the condition in tokens [lo, hi) can be false for some row (or is false for all)."""
    reserved = RESERVED[flavour] | _CONSTANT_WORDS
    # Per open frame: value of the finished OR operands, of the finished AND operands, and whether NOT waits.
    ors: list[int] = [_FALSE]
    ands: list[int] = [_TRUE]
    nots: list[bool] = [False]
    starts: list[int] = [lo]  # where the current operand starts; -1 when a parenthesis gave its value
    values: list[int] = [_FILTERS]
    xors: list[bool] = [False]  # whether XOR joins the operands read so far
    groups: list[bool] = [True]  # whether the frame is a group of conditions, not part of an operand
    between = 0
    case = 0
    i = lo
    while i <= hi:
        word = tokens.words[i] if i < hi else ")"
        top = len(ors) - 1
        if word == "(" and tokens.kinds[i] == OP:
            group = groups[top] and starts[top] == i
            ors.append(_FALSE)
            ands.append(_TRUE)
            nots.append(False)
            starts.append(i + 1)
            values.append(_FILTERS)
            xors.append(False)
            groups.append(group)
        elif (
            groups[top]
            and not case
            and (i == hi or word in (")", "AND", "OR", "XOR", "&&") or (word == "||" and not pipes_concat))
        ):
            if word == "AND" and between:
                between -= 1
                i += 1
                continue
            value = values[top] if starts[top] < 0 else _atom(tokens, starts[top], i, reserved)
            if nots[top] and value in (_TRUE, _FALSE):
                value = _FALSE if value == _TRUE else _TRUE
            nots[top] = False
            ands[top] = _both(ands[top], value)
            starts[top] = i + 1
            if word == "XOR":
                xors[top] = True
            elif word not in ("AND", "&&"):
                if xors[top] and ands[top] != _FILTERS:
                    ands[top] = _FIXED
                xors[top] = False
                ors[top] = _either(ors[top], ands[top])
                ands[top] = _TRUE
            if word == ")" and i < hi:
                if not top:
                    return True
                value = ors.pop()
                ands.pop()
                nots.pop()
                starts.pop()
                values.pop()
                xors.pop()
                groups.pop()
                top -= 1
                after = tokens.words[i + 1] if i + 1 < hi else ")"
                if after in (")", "AND", "OR", "XOR", "&&", "||"):
                    starts[top] = -1
                    values[top] = value
        elif word == ")" and top:
            for stack in (ors, ands, starts, values):
                stack.pop()
            nots.pop()
            xors.pop()
            groups.pop()
        elif word == "CASE":
            case += 1
        elif word == "END" and case:
            case -= 1
        elif word == "BETWEEN":
            between += 1
        elif (word == "NOT" or word == "!") and starts[top] == i and groups[top]:
            nots[top] = not nots[top]
            starts[top] = i + 1
        i += 1
    return ors[0] in (_FILTERS, _FALSE)
