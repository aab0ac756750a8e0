"""The union_probe detector: a SELECT of constants, or of other columns, that was appended behind a value.

Honest unions have constants too: tags that tell the branches apart (`SELECT 'x' AS kind, id FROM a UNION ALL SELECT
'y', id FROM b`), rows made of constants only (number tables, recursive CTEs, "all" entries of drop-down lists) and NULL
for columns that one side lacks. An injected one is appended to a query that reads rows, directly behind a literal, and
must guess the number of columns: NULL,NULL,NULL or 1,2,3 or 4711,4711.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.injection_errors import INFO, called_name
from dbgate.sql.tokens import BIT, HEX, OP, STRING, SYS_VAR, WORD, Tokens
from dbgate.sql.wordset import word_set

SETS: Final = word_set("UNION EXCEPT INTERSECT")
# In front of a subquery that must have one row.
_SCALAR: Final = word_set("THEN ELSE = < > <= >= <> != <=> + - * /")
_ITEM_ENDS: Final = word_set(
    "FROM WHERE GROUP HAVING ORDER LIMIT INTO UNION INTERSECT EXCEPT FOR LOCK WINDOW PROCEDURE ;"
)
_MODIFIERS: Final = word_set(
    """ALL DISTINCT DISTINCTROW HIGH_PRIORITY STRAIGHT_JOIN SQL_SMALL_RESULT SQL_BIG_RESULT SQL_BUFFER_RESULT
    SQL_NO_CACHE SQL_CACHE SQL_CALC_FOUND_ROWS"""
)
_CONSTANT_WORDS: Final = word_set("NULL TRUE FALSE")
_ALIAS_ENDS: Final = word_set(") END")

# Kinds of an Item.
COLUMN: Final = 1  # reads something
LITERAL: Final = 2  # one literal, NULL
COMPUTED: Final = 3  # made of literals by functions or operators, or a fact about the server
STAR: Final = 4


_WORK: Final = 6  # how often a token may be read on the average


@final
class Branch:
    """One SELECT of a union. select: index of its SELECT; stop: index behind its select list; has_from, has_where: at
    its own level; kinds: of its items; aliased: some item has an alias; numbers: the literals that are numbers or
    NULL; facts: an item asks for a fact about the server; literal_before: it ends in a literal; end: index behind it."""

    def __init__(self, select: int) -> None:
        self.select = select
        self.stop = select
        self.end = select
        self.has_from = False
        self.has_where = False
        self.kinds: list[int] = []
        self.texts: list[bytes] = []
        self.aliased = False
        self.facts = False
        self.hexed = False


def union_probe(tokens: Tokens, first: int, end: int) -> str:
    """Why a UNION in [first, end) looks appended, or ""."""
    words = tokens.words
    depth_select: list[int] = [-1]
    work = 0
    i = first
    while i < end:
        word = words[i]
        if word == "(":
            depth_select.append(-1)
        elif word == ")":
            if len(depth_select) > 1:
                depth_select.pop()
        elif word == "SELECT":
            depth_select[-1] = i
        elif word in SETS and depth_select[-1] >= first:
            right = i + 1
            while right < end and (words[right] in _MODIFIERS or words[right] == "("):
                right += 1
            if right < end and words[right] == "SELECT":
                left_branch = read_branch(tokens, depth_select[-1], i)
                right_branch = read_branch(tokens, right, end)
                reason = _judge(tokens, left_branch, right_branch, i)
                work += right_branch.end - left_branch.select
                if work > _WORK * (end - first) + 10000:
                    return "unions that are nested too deeply to follow"
                if reason:
                    return reason
            elif right < end and words[right] == "VALUES":
                left_branch = read_branch(tokens, depth_select[-1], i)
                work += i - left_branch.select
                if left_branch.has_from and left_branch.has_where and _ends_in_literal(tokens, i):
                    return "UNION with rows of VALUES behind a literal"
        i += 1
    return ""


def _judge(tokens: Tokens, left: Branch, right: Branch, union: int) -> str:
    if not left.has_from:
        return "a value of two rows raises an error" if _two_rows(tokens, left, right) else ""
    count = len(right.kinds)
    known = STAR not in left.kinds and STAR not in right.kinds and not tokens.folded
    if known and count != len(left.kinds):
        return f"{tokens.words[union]} of {len(left.kinds)} and {count} columns"
    if not left.has_where or (
        count == 1 and tokens.words[union] != "UNION"
    ):  # EXCEPT SELECT 3 takes one value away
        # Without a condition there is no value behind which one could have been appended.
        return ""
    constants = sum([kind in (LITERAL, COMPUTED) for kind in right.kinds])
    if constants == count and not right.aliased:
        nulls = sum([text == b"NULL" for text in right.texts])
        if count > 1 and nulls == count:
            return "UNION with a row of NULL alone"
        numbers = [text for text in right.texts if text.isdigit()]
        if count > 1 and len(numbers) == count and (len(set(numbers)) == 1 or _counts_up(numbers)):
            return "UNION with a row of numbers"
        if count == 1 and not right.has_from and (nulls or numbers):
            return "UNION with a single constant"
        if not right.has_from and _ends_in_literal(tokens, union):
            return "UNION with a row of constants behind a literal"
        if right.has_from and left.kinds.count(COLUMN) == len(left.kinds) and (nulls + len(numbers)) == count:
            return "UNION with constants for all columns"
    if right.kinds.count(STAR) == count and _made_of_constants(tokens, right):
        return "UNION with a row of constants from derived tables"
    if right.facts or right.hexed:
        return "UNION that asks for facts about the server, or builds strings from hexadecimal"
    if (
        constants
        and not right.aliased
        and not right.has_where
        and _ends_in_literal(tokens, union)
        and not _fills_up(left, right)
    ):
        for i in range(count):
            if right.kinds[i] == LITERAL and not right.texts[i].startswith((b"'", b'"')):
                if STAR in left.kinds or (i < len(left.kinds) and left.kinds[i] == COLUMN):
                    return "UNION behind a literal, with constants in place of columns"
    return ""


def _two_rows(tokens: Tokens, left: Branch, right: Branch) -> bool:
    """`ELSE (SELECT 1 UNION SELECT 2)`: two constants where one value is wanted."""
    before = left.select - 2
    if right.has_from or before < 0 or tokens.words[before + 1] != "(" or COLUMN in left.kinds + right.kinds:
        return False
    words = tokens.words
    if words[before] in _SCALAR:
        return True
    return words[before] == "," and not left.aliased and "IF" in words[max(0, before - _NEAR) : before]


_NEAR: Final = 40  # tokens of the other arguments of an IF


def _fills_up(left: Branch, right: Branch) -> bool:
    """Whether each branch has a NULL where the other reads something: a UNION of unlike tables, written as one."""
    filled = False
    for i in range(min(len(left.kinds), len(right.kinds))):
        if left.kinds[i] == LITERAL and left.texts[i] == b"NULL" and right.kinds[i] == COLUMN:
            filled = True
    return filled


def _made_of_constants(tokens: Tokens, branch: Branch) -> bool:
    """`SELECT * FROM (SELECT 1) a JOIN (SELECT 2) b`: a row of constants without a comma."""
    words = tokens.words
    depth = 0
    for i in range(branch.stop, branch.end):
        word = words[i]
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif word == "FROM" or (not depth and word in ("JOIN", ",")):
            if depth or i + 2 >= branch.end or words[i + 1] != "(" or words[i + 2] not in _MADE:
                return False
    return branch.has_from


_MADE: Final = word_set("SELECT VALUES")


def _counts_up(numbers: list[bytes]) -> bool:
    return all(int(numbers[i]) - int(numbers[0]) == i for i in range(len(numbers)))


def _ends_in_literal(tokens: Tokens, union: int) -> bool:
    i = union - 1
    while i > 0 and tokens.words[i] == ")":
        i -= 1
    return STRING <= tokens.kinds[i] <= BIT


def read_branch(tokens: Tokens, select: int, end: int) -> Branch:
    """The SELECT at `select`, as far as it matters here."""
    words = tokens.words
    branch = Branch(select)
    i = select + 1
    while i < end and words[i] in _MODIFIERS:
        i += 1
    start = i
    depth = 0
    listed = True
    while i < end:
        word = words[i]
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
            if depth < 0:
                break
        elif not depth and word in _ITEM_ENDS:
            if listed:
                _add_item(tokens, branch, start, i)
                branch.stop = i
                listed = False
            if word == "FROM":
                branch.has_from = words[i + 1] != "DUAL" if i + 1 < end else True
            elif word == "WHERE" or word == "GROUP" or word == "HAVING":
                branch.has_where = True
            elif word in ("UNION", "INTERSECT", "EXCEPT", ";"):
                break
        elif listed and word == "," and not depth:
            _add_item(tokens, branch, start, i)
            start = i + 1
        i += 1
    if listed:
        _add_item(tokens, branch, start, i)
        branch.stop = i
    branch.end = i
    return branch


def _add_item(tokens: Tokens, branch: Branch, start: int, end: int) -> None:
    kinds = tokens.kinds
    words = tokens.words
    if start >= end:
        # Nothing between two commas: no server takes it.
        branch.kinds.append(COMPUTED)
        branch.texts.append(b"")
        return
    kind = LITERAL
    literals = 0
    for i in range(start, end):
        word = words[i]
        token = kinds[i]
        if word == "AS" and i > start:
            branch.aliased = True
            end = i
            break
        if STRING <= token <= BIT:
            literals += 1
            if token == HEX and len(tokens.raws[i]) > 6:
                branch.hexed = True
        elif word == "(":
            name = called_name(tokens, i)
            if name in INFO and i + 1 < end and words[i + 1] == ")":
                branch.facts = True
            if name:
                kind = max(kind, COMPUTED) if kind != COLUMN else COLUMN
        elif word == "*" and i == end - 1 and (i == start or words[i - 1] == "."):
            branch.kinds.append(STAR)
            branch.texts.append(b"*")
            return
        elif token == SYS_VAR:
            branch.facts = True
            kind = COMPUTED if kind != COLUMN else COLUMN
        elif word in _CONSTANT_WORDS:
            literals += 1
        elif token == OP:
            if word not in ("-", "+", ")", ","):
                kind = COMPUTED if kind != COLUMN else COLUMN
        elif (
            token == WORD
            and i + 1 < end
            and (words[i + 1] == "(" or (word.startswith("_") and kinds[i + 1] == STRING))
        ):
            continue
        elif token == WORD and word in INFO:
            branch.facts = True
        elif i == end - 1 and i > start and (literals or words[i - 1] in _ALIAS_ENDS) and kind != COLUMN:
            branch.aliased = True
            end = i
            break
        else:
            kind = COLUMN
    if kind == LITERAL and end - start > 2:
        kind = COMPUTED
    branch.kinds.append(kind)
    text = tokens.raws[start]
    if kind == LITERAL and end - start == 2:
        text = tokens.raws[start + 1]
    branch.texts.append(text.upper() if kind == LITERAL and words[start] == "NULL" else text)
