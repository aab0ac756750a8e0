"""Constant operands: what a condition is made of, as far as the injection detectors need to know.

An operand is what stands between two connectors (AND, OR, XOR) or clause words, at one level of parentheses. It is
constant when nothing in it depends on a row: only literals, operators, and functions of literals.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.tokens import BIT, NUMBER, PARAM, QUOTED, STRING, WORD, Tokens
from dbgate.sql.wordset import word_set

# Kinds of a Level.
TOP: Final = 0
GROUP: Final = 1  # ( expression ), a list, a row
CALL: Final = 2  # arguments of a function
SUBQUERY: Final = 3
CASE: Final = 4  # CASE … END

# Operands longer than these are not read again: what builders and templates write is short, and an attacker could nest
# them so that reading each level anew would take forever.
_LONG: Final = 64
_LONG_NEIGHBOUR: Final = 256

_SMALL: Final = frozenset((b"0", b"1"))
_PLAIN_COMPARES: Final = word_set("= <> !=")
_AROUND: Final = word_set("( ) ASC DESC")
_OWN: Final = word_set(
    "+ - * / % ^ | & << >> ~ DIV MOD NOT ! = < > <= >= <> != <=> LIKE RLIKE REGEXP IN BETWEEN AND ( ) , BINARY"
)


@final
class Operand:
    """What is known of the operand that is being read. start: index of its first token."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.constant = True
        self.literals = 0
        self.strings = 0
        self.compares = 0  # comparisons at its own level
        self.nested = 0  # comparisons within parentheses in it
        self.small = True  # made of 0, 1, TRUE, FALSE, NULL, and of =, <>, != only
        self.called = False  # a function is called in it
        self.negated = False  # NOT or ! is in it
        # A column, a parameter or a variable is in it, or a subquery that may depend on them
        self.rows = False
        self.queries = False  # a subquery that reads a whole table is in it
        self.facts = False  # a fact about the server is in it: @@version, USER()
        self.reckoned = 0  # string literals beside arithmetic operators
        self.joined = 0  # string literals beside ||
        self.columns = 0  # names of columns in it, subqueries left out
        self.elsewhere = False  # a subquery of other rows, that does not depend on the one it stands beside

    def is_condition(self) -> bool:
        """Whether it compares something."""
        return self.compares + self.nested > 0

    def literal(self, kind: int, raw: bytes) -> None:
        """Take a literal token in."""
        self.literals += 1
        if kind == STRING:
            self.strings += 1
            self.small = False
        elif raw not in _SMALL:
            self.small = False

    def compare(self, word: str) -> None:
        """Take a comparison operator in."""
        self.compares += 1
        if word not in _PLAIN_COMPARES:
            self.small = False

    def absorb(self, inner: Operand, called: bool) -> None:
        """Take in what a parenthesis held."""
        if not inner.constant or (called and not inner.literals):
            self.constant = False
        self.literals += inner.literals
        self.strings += inner.strings
        self.nested += inner.compares + inner.nested
        self.small = self.small and inner.small and not called
        self.called = self.called or called or inner.called
        self.negated = self.negated or inner.negated
        self.rows = self.rows or inner.rows
        self.queries = self.queries or inner.queries
        self.facts = self.facts or inner.facts
        self.columns += inner.columns
        self.elsewhere = self.elsewhere or inner.elsewhere


@final
class Level:
    """One level of parentheses (or of CASE) on the stack. name: of the function that is called, upper case."""

    def __init__(self, kind: int, name: str, start: int, clause: str) -> None:
        self.kind = kind
        self.name = name
        self.clause = clause
        self.argument = 0  # commas so far
        self.connector = ""  # the one before the current operand
        self.before_start = -1  # the operand before it, as a range of tokens
        self.before_end = -1
        self.operands = 0  # finished ones of the current chain
        self.leading = True  # all of those are constant
        self.between = False  # the next AND belongs to BETWEEN
        self.typed = False  # what follows within a CAST or CONVERT is a type or a character set
        self.assigned = False  # the = of an assignment has been seen
        self.has_from = False
        self.has_where = False  # a condition of it depends on rows
        self.linked = False  # … and compares two columns
        self.subquery = False  # it is a subquery, or in one
        self.ordered = False  # it is in an ORDER BY or GROUP BY, and not in a clause of a subquery there
        self.operand = Operand(start)
        self.whole = Operand(start)  # everything at this level, for the one around it


def small_truth(tokens: Tokens, start: int, end: int) -> bool:
    """The truth of a `small` operand: `1=1`, `0 = 1`, `(1 != 1)`, `TRUE`, `0`. NULL anywhere: not true.
    A long one counts as true: nobody honest writes it."""
    if end - start > _LONG:
        return True
    words = tokens.words
    left = -1
    operator = ""
    for i in range(start, end):
        word = words[i]
        if word in _AROUND:
            continue
        if tokens.kinds[i] == NUMBER:
            value = 1 if tokens.raws[i] == b"1" else 0
        elif word == "TRUE" or word == "FALSE":
            value = 1 if word == "TRUE" else 0
        elif word in _PLAIN_COMPARES:
            operator = word
            continue
        else:  # of rows, BINARY and the like builders write none
            return word != "NULL" and word != "UNKNOWN"
        if not operator:
            left = value
        else:
            left = int((left == value) == (operator == "="))
            operator = ""
    return left == 1


def same_sides(tokens: Tokens, start: int, end: int) -> bool:
    """Whether a comparison has the same tokens on both sides: `id=id`, `'a' = 'a'`, `(5=5)`."""
    if end - start > _LONG_NEIGHBOUR:
        return False
    words = tokens.words
    middle = (start + end) // 2
    rows = words[start] in _ROWS and words[middle] == "=" and words[middle - 1] == ")"  # (id, 1) = (id, 1)
    while not rows and end - start > 2 and words[start] == "(" and words[end - 1] == ")":
        start += 1
        end -= 1
    if "CASE" in words[start:end] or PARAM in tokens.kinds[start:end]:
        return False
    if (end - start) % 2 == 0 or words[middle] not in _SAME or ("(" in words[start:end] and not rows):
        return False
    for i in range(middle - start):
        left = tokens.raws[start + i]
        right = tokens.raws[middle + 1 + i]
        if left != right and left.lower() != right.lower():
            return False
    return True


def only_itself(tokens: Tokens, start: int, end: int, alone: bool = False) -> bool:
    """Whether [start, end) is about one column that stands there twice or more, beside literals: `id IN (id)`,
    `NOT id <> id`, `id BETWEEN id AND id`, `id - id = 0`. Behind an AND it must do so again: `id > 5 AND id < 9` is a
    range. alone: outside of subqueries, where `id = users.id` names one column twice."""
    if end - start > _LONG:
        return False
    words = tokens.words
    name = ""
    count = 0
    between = 0
    i = start
    while i < end:
        kind = tokens.kinds[i]
        word = words[i]
        if word == "COLLATE":
            i += 2
            continue
        if word == "AND" and not between:
            if count < 2:
                return False
            name = ""
            count = 0
        elif word == "AND" or word == "BETWEEN":
            between += 1 if word == "BETWEEN" else -1
        elif WORD <= kind <= QUOTED and word not in _OWN:
            found = tokens.name(i).lower()
            while i + 2 < end and words[i + 1] == ".":
                i += 2
                found += "." + tokens.name(i).lower()
            if i + 1 < end and words[i + 1] == "(":
                return False
            if name and found != name and not (alone and f".{found}".endswith(f".{name.rpartition('.')[2]}")):
                return False
            if name and "." in name and "." in found and found != name:
                return False
            name = found
            count += 1
        elif kind != NUMBER and kind != STRING and word not in _OWN:
            return False
        i += 1
    return count > 1


_SAME: Final = word_set("= <=> LIKE <= >= RLIKE REGEXP IN")
_ROWS: Final = word_set("( ROW")


def lists_itself(tokens: Tokens, start: int, end: int) -> bool:
    """Whether [start, end) is a literal IN a list of it and of columns: `1 IN (id, 1)`."""
    words = tokens.words
    if not 5 < end - start <= _LONG or words[start + 1] != "IN" or not STRING <= tokens.kinds[start] <= BIT:
        return False
    return tokens.raws[start] in tokens.raws[start + 2 : end]


def numbers_over(tokens: Tokens, start: int, end: int, limit: int) -> bool:
    """Whether all literals in [start, end) are whole numbers above `limit`: sentinels of templates are small."""
    if end - start > _LONG:
        return False
    found = False
    for i in range(start, end):
        kind = tokens.kinds[i]
        if kind == NUMBER:
            raw = tokens.raws[i]
            if not raw.isdigit() or len(raw) > 18 or int(raw) <= limit:
                return False
            found = True
        elif kind == STRING:
            return False
    return found
