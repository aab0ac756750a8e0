"""Detectors that know functions by name: time_delay, file_access, and the extraction functions of metadata_probe.

A function is a name, quoted or not, directly before "(" (white space and comments do not matter to tokens), also with
a schema before it: MariaDB has its built-ins under `mariadb_schema` too.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.injection_errors import (
    ERRORS,
    INFO,
    JOINS,
    called_name,
    computes,
    reads_secret,
    shows_error,
)
from dbgate.sql.tokens import BIT, HEX, NUMBER, OP, PARAM, STRING, Tokens
from dbgate.sql.wordset import word_set

TIME: Final = word_set(
    """SLEEP BENCHMARK MASTER_POS_WAIT SOURCE_POS_WAIT MASTER_GTID_WAIT WAIT_FOR_EXECUTED_GTID_SET
    WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS WSREP_SYNC_WAIT_UPTO_GTID"""
)
LOCK: Final = word_set("GET_LOCK IS_FREE_LOCK IS_USED_LOCK RELEASE_LOCK RELEASE_ALL_LOCKS")
FILE: Final = word_set(
    "LOAD_FILE SYS_EXEC SYS_EVAL SYS_GET SYS_BINEVAL SYS_BINEEXEC XP_CMDSHELL LIB_MYSQLUDF_SYS_INFO"
)
_CHARACTERS: Final = word_set("ORD ASCII")
_CUTS: Final = word_set("MID SUBSTR SUBSTRING HEX LENGTH CHAR_LENGTH CHARACTER_LENGTH BIT_LENGTH LEFT RIGHT")
_SLICES: Final = word_set("MID SUBSTR SUBSTRING")
_PARTS: Final = word_set("MID SUBSTR SUBSTRING LEFT RIGHT LENGTH CHAR_LENGTH CHARACTER_LENGTH BIT_LENGTH")
_GROWS: Final = word_set("REPEAT RPAD LPAD SPACE")
_ROUNDS: Final = word_set("FLOOR ROUND CEIL CEILING TRUNCATE")

SUSPECTS: Final = (
    TIME
    | LOCK
    | FILE
    | ERRORS
    | _CHARACTERS
    | _CUTS
    | JOINS
    | INFO
    | _GROWS
    | _ROUNDS
    | word_set("~ CHAR OUTFILE DUMPFILE ANALYSE SONAME")
)

_COMPARES: Final = word_set("= < > <= >= <> != <=> LIKE RLIKE REGEXP BETWEEN IN")


@final
class _Scope:
    """One statement's tokens [first, end) and what several calls want to know of it. closes: for each "(" the index of
    its ")" (`end` where there is none), by distance from first."""

    def __init__(self, tokens: Tokens, first: int, end: int) -> None:
        self.tokens = tokens
        self.first = first
        self.end = end
        words = tokens.words[first:end]
        froms = words.count("FROM")
        self.has_from = froms > 1 or (froms == 1 and words[words.index("FROM") + 1 :] != ["DUAL"])
        # Where the statement's own select list ends: nothing can stand there behind a value.
        self.listed = first
        if words[0] == "SELECT":
            self.listed = end
            for word in ("FROM", "SELECT", "UNION"):
                if word in words[1:]:
                    self.listed = min(self.listed, first + words.index(word, 1))
        self.where = first + words.index("WHERE") if "WHERE" in words else end
        # A SELECT of computed values alone: a tool that asks what server it has, and nothing that a value is put into.
        self.selects = words.count("SELECT")
        self.of_rows = self.has_from or words[0] != "SELECT" or self.selects > 1
        self.groups = "GROUP" in words and ("CONCAT" in words or "CONCAT_WS" in words)
        self.closes = [end] * (end - first)
        opened: list[int] = []
        for i in range(len(words)):
            if words[i] == "(":
                opened.append(i)
            elif words[i] == ")" and opened:
                self.closes[opened.pop()] = first + i


def suspicious_calls(tokens: Tokens, first: int, end: int) -> list[tuple[str, str]]:
    """(detector, reason) for each suspicious call or clause in [first, end), in order of place."""
    found: list[tuple[str, str]] = []
    words = tokens.words
    scope: _Scope | None = None
    work = 0
    for i in range(first, end):
        word = words[i]
        if word == "(":
            name = called_name(tokens, i)
            if name in SUSPECTS:
                if scope is None:
                    scope = _Scope(tokens, first, end)
                hit = _call(scope, name, i)
                if hit[0]:
                    found.append(hit)
                work += scope.closes[i - first] - i
                if work > WORK * (end - first) + 10000:
                    found.append(("metadata_probe", "calls that are nested too deeply to follow"))
                    break
        elif word == "OUTFILE" or word == "DUMPFILE":
            if i > first and words[i - 1] == "INTO":
                found.append(("file_access", f"INTO {word} writes a file on the server"))
        elif word == "~":
            if _overflows(tokens, i):
                scope = scope or _Scope(tokens, first, end)
                if scope.selects > 1:
                    found.append(("metadata_probe", "an overflow shows a subquery in an error"))
        elif word == "SONAME":
            found.append(("file_access", "a library is loaded into the server"))
        elif word == "ANALYSE" and words[i - 1] == "PROCEDURE":
            if computes(tokens, i + 1, end):
                found.append(("metadata_probe", "PROCEDURE ANALYSE with a computed argument"))
    return found


_NEAR: Final = 40  # tokens between the function that joins texts and the number drawn in it


def _draws(tokens: Tokens, opening: int, close: int) -> bool:
    """Whether a random number is drawn in [opening, close): with a seed, so that it is known, or as a part of a text."""
    words = tokens.words
    try:
        at = words.index("RAND", opening, close)
    except ValueError:
        return False
    if at + 2 < len(words) and tokens.kinds[at + 2] == NUMBER:
        return True
    depth = 0
    for i in range(opening - 1, max(0, opening - _NEAR), -1):
        if words[i] == ")":
            depth += 1
        elif words[i] == "(":
            if not depth and called_name(tokens, i) in JOINS:
                return True
            depth = max(0, depth - 1)
    return False


_SUMS: Final = word_set("- + *")


def _overflows(tokens: Tokens, i: int) -> bool:
    """Whether the ~ at i is of the greatest number there is, as a part of a sum: `x - ~0`."""
    if i + 1 >= len(tokens) or tokens.raws[i + 1] != b"0":
        return False
    return tokens.words[i - 1] in _SUMS or (i + 2 < len(tokens) and tokens.words[i + 2] in _SUMS)


WORK: Final = 8  # how often a token may be read on the average, within nested calls
_NOTHING: Final = ("", "")


def _call(scope: _Scope, name: str, opening: int) -> tuple[str, str]:
    tokens = scope.tokens
    end = scope.end
    close = scope.closes[opening - scope.first]
    if name in TIME:
        return ("time_delay", f"{name} makes the server wait")
    if name in FILE:
        return ("file_access", f"{name} reads a file or runs a command on the server")
    if name in LOCK:
        return _lock(scope, name)
    if name in ERRORS:
        if shows_error(tokens, name, opening, close):
            return ("metadata_probe", f"{name} with a computed argument shows it in an error")
    elif name in _ROUNDS:
        if scope.groups and _draws(tokens, opening, close):
            return ("metadata_probe", f"{name}(RAND()) as a group shows a value in a duplicate key error")
    elif name in _CHARACTERS:
        sliced = called_name(tokens, opening + 2) in _SLICES
        if reads_secret(tokens, opening + 1, close) or (
            sliced
            and opening > scope.listed
            and (_is_compared(tokens, close, end) or _compares_subquery(scope, opening))
        ):
            return ("metadata_probe", f"{name} of a part of a value, as in reading it letter by letter")
    elif name in _CUTS and scope.of_rows:
        return _cut(scope, name, opening, close)
    elif name in _GROWS:
        if _makes_pattern(tokens, opening - 1):
            return ("time_delay", f"{name} makes a regular expression that takes long")
    elif not scope.of_rows or (opening < scope.listed and (name == "CHAR" or name in JOINS)):
        return _NOTHING
    elif name == "CHAR":
        if _is_operand(scope, opening):
            return _NOTHING
        if close - opening >= 6 and _numbers_only(tokens, opening + 1, close):
            return ("metadata_probe", "CHAR builds a string from numbers")
    elif name in JOINS:
        if _has_marker(tokens, opening + 1, close):
            return ("metadata_probe", f"{name} joins values with hexadecimal strings")
        if _begins_subquery(scope, opening) and _reads_fact(tokens, opening + 1, close):
            return ("metadata_probe", f"{name} joins a fact about the server with markers, in a subquery")
    else:
        return _fact(scope, name, opening, close)
    return _NOTHING


def _begins_subquery(scope: _Scope, opening: int) -> bool:
    """Whether the function at `opening` is the first thing that a subquery selects: `(SELECT f(`."""
    words = scope.tokens.words
    return opening >= 3 and words[opening - 2] == "SELECT" and words[opening - 3] == "("


def _compares_subquery(scope: _Scope, opening: int) -> bool:
    """Whether the function at `opening` is the first thing that a subquery selects, whose value is compared."""
    return _begins_subquery(scope, opening) and _is_compared(
        scope.tokens, scope.closes[opening - 3 - scope.first], scope.end
    )


def _of_another_row(scope: _Scope, name: str, opening: int, close: int) -> bool:
    """The same, but for functions that honest subqueries call too: those name their table (`LEFT(u.name, 1)`)."""
    if name not in _SLICES and "." in scope.tokens.words[opening:close]:
        return False
    return _compares_subquery(scope, opening)


def _cut(scope: _Scope, name: str, opening: int, close: int) -> tuple[str, str]:
    tokens = scope.tokens
    if _is_compared(tokens, close, scope.end) and reads_secret(tokens, opening + 1, close):
        return ("metadata_probe", f"{name} over a subquery or a fact about the server is compared")
    if name in _PARTS and _of_another_row(scope, name, opening, close):
        return ("metadata_probe", f"{name} of a value of a subquery is compared")
    return _NOTHING


_PATTERN_PARTS: Final = word_set("( , CONCAT CONCAT_WS")


def _makes_pattern(tokens: Tokens, name: int) -> bool:
    """Whether the function named at `name` is (in the CONCAT that is) the pattern of a RLIKE or REGEXP."""
    i = name - 1
    while i > 0 and name - i < 12 and (tokens.words[i] in _PATTERN_PARTS or tokens.kinds[i] == STRING):
        i -= 1
    return i > 0 and tokens.words[i] in ("RLIKE", "REGEXP")


_LOCKERS: Final = word_set("SELECT DO SET WITH CALL")


def _is_operand(scope: _Scope, opening: int) -> bool:
    """Whether the function is all of what a column is compared with or set to, or a value of an INSERT of values: there
    it is a text and nothing more."""
    words = scope.tokens.words
    before = words[opening - 2] if opening - 2 > scope.first else ""
    if before in _COMPARES and before != "IN":
        return True
    return words[scope.first] in ("INSERT", "REPLACE") and not scope.selects


def _lock(scope: _Scope, name: str) -> tuple[str, str]:
    """`SELECT GET_LOCK('migrations', 10)` is how applications lock; within another statement it only waits."""
    if name != "GET_LOCK" or (not scope.has_from and scope.tokens.words[scope.first] in _LOCKERS):
        return _NOTHING
    return ("time_delay", f"{name} makes the server wait")


def _fact(scope: _Scope, name: str, opening: int, close: int) -> tuple[str, str]:
    """VERSION() in a condition, and other facts about the server compared with a literal. With columns DATABASE() and
    the user's functions are compared by honest statements."""
    tokens = scope.tokens
    words = tokens.words
    if close != opening + 1 or scope.where > opening:
        return _NOTHING
    following = close + 1
    behind = following < scope.end and words[following] in _COMPARES
    ahead = opening - 2 >= scope.first and words[opening - 2] in _COMPARES
    if behind and (name == "VERSION" or (following + 1 < scope.end and _is_literal(tokens, following + 1))):
        return ("metadata_probe", f"{name}() is compared with a constant")
    if ahead and (name == "VERSION" or _is_literal(tokens, opening - 3)):
        return ("metadata_probe", f"{name}() is compared with a constant")
    return _NOTHING


def _is_literal(tokens: Tokens, i: int) -> bool:
    return STRING <= tokens.kinds[i] <= BIT


def _is_compared(tokens: Tokens, close: int, end: int) -> bool:
    """Whether a comparison follows, behind any closing parentheses."""
    words = tokens.words
    i = close + 1
    while i < end and words[i] == ")":
        i += 1
    return i < end and words[i] in _COMPARES


def _reads_fact(tokens: Tokens, start: int, end: int) -> bool:
    """Whether [start, end) asks the server for a fact, and has a string literal beside it."""
    if tokens.kinds[start] != STRING:
        return False
    words = tokens.words
    return any([words[i] in INFO and words[i + 1] == "(" for i in range(start, end)])  # noqa: C419


def _numbers_only(tokens: Tokens, start: int, end: int) -> bool:
    for i in range(start, end):
        kind = tokens.kinds[i]
        if kind not in (NUMBER, HEX) and tokens.words[i] not in (
            ",",
            "USING",
            "UTF8",
            "UTF8MB4",
            "ASCII",
            "LATIN1",
        ):
            return False
    return True


_SILENT: Final = bytes(range(33)) + b"\\"


def _has_marker(tokens: Tokens, start: int, end: int) -> bool:
    """A hexadecimal string as an argument, beside something that is computed or read. Single control characters and
    line ends are how honest statements write what cannot be typed."""
    marker = False
    other = False
    for i in range(start, end):
        kind = tokens.kinds[i]
        if kind == HEX:
            value = tokens.string(i)
            if value.isascii() and value.strip(_SILENT) and not tokens.words[i - 1].startswith("_"):
                marker = True
        elif kind not in (OP, STRING, NUMBER, PARAM):
            other = True
    return marker and other
