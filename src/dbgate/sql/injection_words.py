"""Words within a condition that name no column, string literals that arithmetic is done on, and what builders write.

To the tautology detector a word is a column unless it is known to be something else: `'a' SOUNDS LIKE 'a'`,
`1 COLLATE utf8mb4_bin`, `{d '2024-01-01'}` and `NOW() + INTERVAL 1 DAY` depend on no row.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.condition_codes import ARITHMETIC, CODES
from dbgate.sql.fold import Level
from dbgate.sql.injection_errors import INFO
from dbgate.sql.tokens import BIT, NUMBER, STRING, WORD, Tokens
from dbgate.sql.wordset import word_set

_TYPES: Final = word_set("DATE TIME TIMESTAMP")
_UNITS: Final = word_set(
    """MICROSECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR SECOND_MICROSECOND MINUTE_MICROSECOND MINUTE_SECOND
    HOUR_MICROSECOND HOUR_SECOND HOUR_MINUTE DAY_MICROSECOND DAY_SECOND DAY_MINUTE DAY_HOUR YEAR_MONTH SQL_TSI_SECOND
    SQL_TSI_MINUTE SQL_TSI_HOUR SQL_TSI_DAY SQL_TSI_WEEK SQL_TSI_MONTH SQL_TSI_QUARTER SQL_TSI_YEAR"""
)
# Functions whose first argument is, or begins with, a word of the grammar.
_WORD_FIRST: Final = word_set("EXTRACT TIMESTAMPDIFF TIMESTAMPADD GET_FORMAT TRIM")
_ENDS: Final = word_set("BOTH LEADING TRAILING")  # of a TRIM; else its first word is a column
_BEFORE: Final = word_set("{ COLLATE USING")
_PAIRS: Final = {"SOUNDS": "LIKE", "MEMBER": "OF"}
# What tells of other rows, or of the server.
TELLING: Final = INFO | word_set("SELECT")
_LITTLE: Final = 40  # tokens between INTERVAL and its unit


def names_nothing(tokens: Tokens, i: int, call: str) -> bool:
    """Whether the unquoted word at i is no column: a function's name, an introducer (`_utf8'a'`), the
    type of a literal (`DATE '2024-01-01'`), a part of an operator or of a function's own syntax. call: the function in
    whose arguments it stands, or ""."""
    words = tokens.words
    following = words[i + 1] if i + 1 < len(words) else ""
    if following == "(":
        return True
    word = words[i]
    if (
        following == ""
        and i + 1 < len(words)
        and tokens.kinds[i + 1] == STRING
        and (word.startswith("_") or word in _TYPES)
    ):
        return True
    if word in _PAIRS:
        return following == _PAIRS[word]
    before = words[i - 1] if i else ""
    if before in _BEFORE or word == "INTERVAL" or (word == "OF" and before == "MEMBER"):
        return True
    if call in _WORD_FIRST and before == "(":
        return call != "TRIM" or word in _ENDS
    return word in _UNITS and ends_interval(tokens, i)


def ends_interval(tokens: Tokens, i: int) -> bool:
    """Whether the word at i is the unit of an INTERVAL: `INTERVAL 1 DAY`, `INTERVAL (a + 1) DAY`."""
    words = tokens.words
    j = i - 1
    if j > 0 and words[j] == ")":
        depth = 0
        while j > 0 and i - j < _LITTLE:
            depth += (words[j] == ")") - (words[j] == "(")
            if not depth:
                break
            j -= 1
    j -= 1
    if j >= 0 and (words[j] == "-" or words[j] == "+"):
        j -= 1
    return j >= 0 and words[j] == "INTERVAL"


def between_strings(tokens: Tokens, i: int, first: int, end: int, plain: bool = False) -> bool:
    """Whether the operator at i is in 'a' - 'b', or 'a' - 0 - 'b'. plain: strings that hold numbers may be numbers."""
    if i - 1 < first or i + 1 >= end or tokens.kinds[i - 1] != STRING:
        return False
    if tokens.kinds[i + 1] == STRING:
        return not (plain and _sent_as_text(tokens, i - 1, i) and _sent_as_text(tokens, i + 1, i))
    return (
        i + 3 < end
        and tokens.kinds[i + 1] == NUMBER
        and tokens.kinds[i + 3] == STRING
        and CODES.get(tokens.words[i + 2], 0) == ARITHMETIC
    )


def strings_reckoned(tokens: Tokens, i: int, first: int, end: int, plain: bool = False) -> int:
    """How many string literals stand beside the arithmetic operator at i, the one in front counted only where no
    other operator has counted it: `'' & 1 & ''` has two. `'2024-01-01' + INTERVAL …` is a date. plain: as above."""
    if _joins_text(tokens, i, first, end):
        return 0
    count = 0
    if i > first and tokens.kinds[i - 1] == STRING and CODES.get(tokens.words[i - 2], 0) != ARITHMETIC:
        count = 0 if plain and _sent_as_text(tokens, i - 1, i) else 1
    if i + 1 < end:
        if tokens.words[i + 1] == "INTERVAL":
            return 0
        if tokens.kinds[i + 1] == STRING and not (plain and _sent_as_text(tokens, i + 1, i)):
            count += 1
    return count


def joins_strings(tokens: Tokens, i: int, concat: bool) -> int:
    """How many string literals stand beside the || at i, the one in front counted where no other || has counted it.
    concat: || joins texts, so that only empty ones are strange."""
    count = 0
    if tokens.kinds[i - 1] == STRING and tokens.words[i - 2] != "||" and _strange(tokens, i - 1, concat):
        count = 1
    if i + 1 < len(tokens) and tokens.kinds[i + 1] == STRING and _strange(tokens, i + 1, concat):
        count += 1
    return count


def _strange(tokens: Tokens, i: int, concat: bool) -> bool:
    return not concat or len(tokens.raws[i]) == 2


_RECKONS: Final = word_set("+ - * / % DIV MOD")
_LIST: Final = word_set("( ,")
_SAME_AS: Final = word_set("= <=> <> != LIKE IN RLIKE REGEXP NOT")


def _sent_as_text(tokens: Tokens, i: int, operator: int) -> bool:
    """Whether the string at i is a number that a driver has put into quotes, as PHP's PDO does with every value of
    `total * ? + ?`. Where the whole is compared for equality, a text was expected: `name = '0' + '0'`."""
    words = tokens.words
    at = min(i, operator) - 1
    while at > 0 and i - at < _LITTLE and (words[at] in _LIST or STRING <= tokens.kinds[at] <= NUMBER):
        at -= 1
    if words[operator] not in _RECKONS or words[at] in _SAME_AS:
        return False
    text = tokens.string(i)
    if len(text) > _LITTLE:
        return False
    digits = text[1:] if text[:1] in (b"-", b"+") else text
    whole, dot, rest = digits.partition(b".")
    return whole.isdigit() and (rest.isdigit() or not dot)


def _joins_text(tokens: Tokens, i: int, first: int, end: int) -> bool:
    """Whether the operator at i is the second + of `'json_valid(`' + LOWER(c.name) + '`)'`, as Django asks after the
    constraints of MariaDB: a function between texts, neither of which is empty as an injected one would be."""
    words = tokens.words
    kinds = tokens.kinds
    if words[i] != "+" or i + 1 >= end or kinds[i + 1] != STRING or words[i - 1] != ")":
        return False
    depth = 0
    j = i - 1
    while j > first and i - j < _LITTLE:
        depth += (words[j] == ")") - (words[j] == "(")
        if not depth:
            break
        j -= 1
    if depth or j - 3 < first or words[j - 2] != "+" or kinds[j - 3] != STRING or kinds[j - 1] != WORD:
        return False
    return TELLING.isdisjoint(words[j:i]) and len(tokens.raws[j - 3]) > 2 and len(tokens.raws[i + 1]) > 2


def empty_not_in(tokens: Tokens, level: Level) -> bool:
    """Whether the operand before is `x NOT IN (NULL)` or `(x, y) NOT IN ((NULL, NULL))`: with `OR (1 = 1)` behind it,
    that is SQLAlchemy's NOT IN of an empty list."""
    words = tokens.words
    i = level.before_end - 1
    while i > level.before_start and words[i] in _EMPTY:
        i -= 1
    return i > level.before_start and words[i - 1 : i + 1] == ["NOT", "IN"] and i + 3 < level.before_end


_EMPTY: Final = word_set("( ) , NULL")


def begins_with_one(tokens: Tokens, level: Level) -> bool:
    """Whether the operand before is the `1=1` of a builder: a value behind which something was put it is not."""
    before = level.before_start
    return tokens.words[before : level.before_end] == ["", "=", ""] and tokens.kinds[before] == NUMBER


def null_test(tokens: Tokens, start: int, end: int) -> str:
    """ "TRUE" or "FALSE" where [start, end) is `'a' IS NULL` or `NULL IS NOT NULL` and the like, else "": Entity Framework
    writes so of a parameter that may be NULL, `(x = 'a') OR ((x IS NULL) AND ('a' IS NULL))`."""
    words = tokens.words
    while end - start > 2 and words[start] == "(" and words[end - 1] == ")":
        start += 1
        end -= 1
    if end - start not in (3, 4) or words[start + 1] != "IS" or words[end - 1] != "NULL":
        return ""
    negated = end - start == 4
    if negated and words[start + 2] != "NOT":
        return ""
    if words[start] != "NULL" and not STRING <= tokens.kinds[start] <= BIT:
        return ""
    return "TRUE" if (words[start] == "NULL") != negated else "FALSE"
