"""Whether an analysis may be reused for texts that differ only in their literals.

A list of the places where a literal's value cannot matter, not of those where it can: whatever is not known to be
harmless is sensitive. Harmless are literals that are compared with or assigned to a column, items of literal lists and
rows, LIMIT, INTERVAL, results of CASE, items of a select list, arguments of plain functions. So SET, dynamic SQL, stored
programs, KILL, file paths, arguments of SLEEP, and predicates of nothing but literals keep their values.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.digest import MAX_KEYED, PATTERNS
from dbgate.sql.statement import LexContext
from dbgate.sql.tokens import IDENT, NUMBER, QUOTED, STRING, WORD, Tokens
from dbgate.sql.wordset import word_set

_VERBS: Final = frozenset({"SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "("})

# What may follow a literal, so that it is the whole operand.
_ENDS: Final = word_set(
    """) , ; AND OR XOR && || ORDER GROUP LIMIT HAVING WHERE FOR THEN ELSE END WHEN OFFSET UNION INTERSECT EXCEPT AS ON
    FROM ASC DESC RETURNING LOCK JOIN LEFT RIGHT INNER CROSS NATURAL STRAIGHT_JOIN SET"""
)
_CONNECTS: Final = word_set("AND OR XOR && ||")
_COMPARES: Final = word_set("= < > <= >= <> != <=> LIKE RLIKE REGEXP")
_ARITHMETIC: Final = word_set("+ - * / % DIV MOD")
# What may stand before a column that a literal is compared with, so that the column is the whole left operand.
_LEADS: Final = word_set(
    "( , WHERE AND OR XOR && || NOT ON SET HAVING WHEN UPDATE SELECT DISTINCT BINARY CASE BY"
)
_BEFORE_CONNECT: Final = _COMPARES | _ARITHMETIC | word_set("BETWEEN AND")
_MINUS_LEADS: Final = _COMPARES | word_set("( , BETWEEN AND THEN ELSE SELECT DISTINCT")

# Words that are no column: constants, parts of expressions, functions that need no parentheses.
_NO_COLUMN: Final = word_set(
    """TRUE FALSE NULL UNKNOWN NOT AND OR XOR IN IS LIKE BETWEEN BINARY DEFAULT CASE WHEN THEN ELSE END EXISTS ANY ALL
    SOME ROW INTERVAL DIV MOD RLIKE REGEXP MATCH AGAINST DISTINCT SELECT FROM WHERE HAVING ON SET BY AS ESCAPE COLLATE
    MAXVALUE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURRENT_ROLE LOCALTIME LOCALTIMESTAMP UTC_DATE
    UTC_TIME UTC_TIMESTAMP SYSDATE USER VALUES VALUE LIMIT OFFSET USING"""
)

# Functions whose literal arguments nobody looks at (neither the scanner nor a detector).
_PLAIN_FUNCTIONS: Final = word_set(
    """CONCAT CONCAT_WS COALESCE IFNULL NULLIF DATE_FORMAT TIME_FORMAT STR_TO_DATE ROUND FORMAT JSON_EXTRACT
    JSON_UNQUOTE JSON_VALUE JSON_CONTAINS JSON_OBJECT JSON_ARRAY JSON_SET LEFT RIGHT LOWER UPPER TRIM LPAD RPAD REPLACE
    GREATEST LEAST FIELD FIND_IN_SET DATE_ADD DATE_SUB TIMESTAMPDIFF TIMESTAMPADD DATEDIFF DATE TIME YEAR MONTH DAY
    COUNT SUM MAX MIN AVG GROUP_CONCAT NOW FROM_UNIXTIME UNIX_TIMESTAMP CONVERT_TZ ABS CHAR_LENGTH LENGTH LAG LEAD
    NTILE"""
)

_LONGEST_OPERAND: Final = 200  # tokens of a parenthesis that is looked through

_PLAIN: Final = 0  # a parenthesis around an expression, a column list, a subquery
_LIST: Final = 1  # its literal items are harmless
_SUBSELECT: Final = 2  # directly within: the select list of a subquery


def shareable(text: bytes, tokens: Tokens, ctx: LexContext) -> bool:
    """Whether the analysis of `text` holds for every text with the same `fast_digest` under the same context."""
    if (
        len(text) > MAX_KEYED
        or tokens.error
        or tokens.versioned
        or not len(tokens)
        or tokens.words[0] not in _VERBS
    ):
        return False
    cut = _cut_tokens(text, tokens, ctx)
    if cut is None:
        return False
    return _harmless(tokens, cut)


def _cut_tokens(text: bytes, tokens: Tokens, ctx: LexContext) -> list[bool] | None:
    """Which tokens the fast pattern cuts out; None where it cuts something that is no whole literal token."""
    starts = tokens.starts
    kinds = tokens.kinds
    count = len(starts)
    cut = [False] * count
    i = 0
    for match in PATTERNS[ctx.ansi_quotes * 2 + ctx.no_backslash_escapes].finditer(text):
        start = match.end(1)
        end = match.end()
        if start == end:
            continue
        while i < count and starts[i] < start:
            i += 1
        if i >= count or starts[i] != start or tokens.end(i) != end or kinds[i] not in (STRING, NUMBER):
            return None
        cut[i] = True
    return cut


def _harmless(tokens: Tokens, cut: list[bool]) -> bool:
    words = tokens.words
    count = len(words)
    stack: list[int] = []
    # Where branches are joined, a row of numbers may be a guess at columns, depending on the numbers.
    union = "UNION" in words
    inside = _SUBSELECT if words[0] != "INSERT" and words[0] != "REPLACE" else _PLAIN
    closed = _PLAIN  # what the last ")" closed
    filtering = False  # behind a WHERE, HAVING or ON
    # In the SET of UPDATE or INSERT, where `a = 1 AND b` makes the literal an operand of AND.
    assigning = False
    for i in range(count):
        word = words[i]
        if cut[i]:
            if union and inside == _SUBSELECT and tokens.kinds[i] == NUMBER:
                return False
            if not _harmless_at(tokens, i, inside, assigning, len(stack) > 0, filtering):
                return False
        elif word == "(":
            stack.append(inside)
            inside = _opened(tokens, i, closed)
        elif word == ")":
            if not stack:
                return False
            closed = inside
            inside = stack.pop()
        elif word == "INTO":
            # SELECT … INTO hands values to variables and files; only INSERT INTO is plain.
            before = words[i - 1] if i else ""
            if before not in _INSERT_WORDS:
                return False
        elif word == ":=" or word == "PROCEDURE" or (word == ";" and i != count - 1):
            return False
        elif word == "SET" or word == "UPDATE":
            assigning = True
        elif word == "SELECT":
            inside = _SUBSELECT
        elif word == "HAVING" or word == "ON":
            filtering = True
        elif word == "FROM" or word == "WHERE":
            assigning = assigning and len(stack) > 0
            filtering = filtering or word == "WHERE"
            if inside == _SUBSELECT:
                inside = _PLAIN
    return True


_INSERT_WORDS: Final = frozenset({"INSERT", "REPLACE", "IGNORE", "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY"})


def _opened(tokens: Tokens, i: int, closed: int) -> int:
    words = tokens.words
    before = words[i - 1] if i else ""
    following = words[i + 1] if i + 1 < len(words) else ""
    if following == "SELECT":
        return _SUBSELECT
    if before == "IN":
        j = i - 2
        if j >= 0 and words[j] == "NOT":
            j -= 1
        return _LIST if _is_column(tokens, j) else _PLAIN
    if before == "VALUES" or before == "VALUE":
        return _LIST
    if before == ",":
        return _LIST if closed == _LIST and i >= 2 and words[i - 2] == ")" else _PLAIN
    if i and tokens.kinds[i - 1] == WORD and before in _PLAIN_FUNCTIONS:
        return _LIST
    return _PLAIN


def _reads_from(tokens: Tokens, i: int) -> bool:
    """Whether the subquery in whose select list token i is has a FROM: else it is a constant itself."""
    words = tokens.words
    depth = 0
    for j in range(i, min(len(words), i + _LONGEST_OPERAND)):
        word = words[j]
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
            if depth < 0:
                return False
        elif word == "FROM" and not depth:
            return True
    return False


def _harmless_at(tokens: Tokens, i: int, inside: int, assigning: bool, nested: bool, filtering: bool) -> bool:
    words = tokens.words
    count = len(words)
    following = words[i + 1] if i + 1 < count else ";"
    p = i - 1  # not negative: the first token is the verb
    if words[p] == "-" and p >= 1 and words[p - 1] in _MINUS_LEADS:
        p -= 1
    before = words[p]
    if before == "INTERVAL":
        return i + 1 < count and tokens.kinds[i + 1] == WORD and (i + 2 >= count or words[i + 2] in _ENDS)
    if following not in _ENDS:
        return False
    if following in _CONNECTS and (assigning or before not in _BEFORE_CONNECT):
        # It may be an operand of AND by itself: a constant condition.
        return False
    if before in _COMPARES or before == "BETWEEN":
        j = p - 1
        if j >= 0 and words[j] == "NOT":
            j -= 1
        return _is_column(tokens, j)
    if before == "AND":
        # The upper end of BETWEEN literal AND literal.
        j = p - 2
        if j >= 1 and words[j] == "-":
            j -= 1
        return j >= 1 and words[j] == "BETWEEN" and tokens.kinds[p - 1] in (NUMBER, STRING)
    if before == "," or before == "(":
        if inside == _LIST:
            return True
        if before == ",":
            if inside == _SUBSELECT:
                return not nested or _reads_from(tokens, i)
            return p >= 2 and words[p - 2] == "LIMIT"
        return False
    if before == "LIMIT" or before == "OFFSET":
        return True
    if before == "THEN" or before == "ELSE":
        # In a condition it may be one of two sides that are compared as they are written: CASE … END = CASE … END.
        return not filtering
    if before == "SELECT" or before == "DISTINCT":
        return inside == _SUBSELECT and (not nested or _reads_from(tokens, i))
    if before in _ARITHMETIC:
        return _is_column(tokens, p - 1)
    return False


def _is_column(tokens: Tokens, j: int) -> bool:
    """Whether an operand that ends at token j is a column by itself, or a parenthesis or call with one in it."""
    words = tokens.words
    if words[j] == ")":
        return _holds_column(tokens, j)
    if not _is_name(tokens, j):
        return False
    j -= 1
    while j >= 1 and words[j] == ".":
        j -= 2
    return j < 0 or words[j] in _LEADS or words[j] in _ARITHMETIC or words[j] in _COMPARES


def _is_name(tokens: Tokens, j: int) -> bool:
    kind = tokens.kinds[j]
    if kind == WORD:
        return tokens.words[j] not in _NO_COLUMN
    return kind in (IDENT, QUOTED)


def _holds_column(tokens: Tokens, close: int) -> bool:
    """Whether the parenthesis that ends at `close` holds a column, or is COUNT(*)."""
    words = tokens.words
    depth = 0
    found = False
    j = close
    while j >= 0:
        if close - j > _LONGEST_OPERAND:
            return False
        word = words[j]
        if word == ")":
            depth += 1
        elif word == "(":
            depth -= 1
            if not depth:
                break
        elif word == "SELECT":
            return False
        elif word == "*":
            found = found or (words[j + 1] == ")" and words[j - 1] == "(")
        elif _is_name(tokens, j) and words[j + 1] != "(":
            found = True
        j -= 1
    if not found or depth:
        return False
    # What stands before the parenthesis (and its function's name) must begin the operand.
    j -= 1
    if j >= 0 and _is_name(tokens, j):
        j -= 1
    return j < 0 or words[j] in _LEADS or words[j] in _ARITHMETIC or words[j] in _COMPARES
