"""The comment_truncation detector: comments that cut off what the application wrote behind a value.

What was cut off is the rest of a statement: it begins with the quote that should have closed the value, or it has a
closing parenthesis or the shape of SQL. Comments that people and tools write (`-- name: GetUser`, `# fetch the user's
orders`, `/* app:web */`) have words, balanced quotes, apostrophes.
"""

from __future__ import annotations

import re
from typing import Final

from dbgate.sql.injection_schemas import system_table
from dbgate.sql.tokens import COMMENT_BLOCK, COMMENT_LINE, COMMENT_OPEN, Tokens
from dbgate.sql.wordset import word_set

_APOSTROPHE: Final = re.compile(rb"(?<=[A-Za-z])'(?=[A-Za-z])|(?<=s)'(?=\s)")
# What the rest of a statement looks like.
_SQL: Final = re.compile(
    rb"\b(?:ORDER|GROUP)\s+BY\s+[`\w]|\bLIMIT\s+(?:\d|\?)|\b(?:AND|OR|WHERE|HAVING|ON)\s+[(`]*[\w.`]+\s*(?:[=<>]|!=|LIKE\b|IN\s*\(|IS\s)"
    rb"|^[-#\s]*(?:AND|OR)\s+[\d'\"?]"
    rb"|\b(?:UNION|SELECT)\b.*\bFROM\b|\bVALUES\s*\(|\bFOR\s+UPDATE\b|\bSET\s+\w+\s*=",
    re.IGNORECASE | re.DOTALL,
)
_REST: Final = re.compile(
    rb"""^[-+\s\w]{0,40}['"`]\s*(?:\)|,|;|%|AND\b|OR\b|ORDER\b|LIMIT\b|GROUP\b|$)""", re.IGNORECASE
)
LONGEST: Final = 4096  # bytes of a comment that are looked at
_HIDDEN: Final = word_set("UNION SELECT AND OR FROM WHERE HAVING SLEEP BENCHMARK INTO CONCAT")


def truncation(tokens: Tokens, first: int, end: int) -> str:
    """Why a comment in [first, end], or behind the last token, looks like an injected one, or ""."""
    squeezed = 0
    comments = tokens.comments
    behind = end
    while behind < len(tokens) and tokens.words[behind] == ";":
        behind += 1
    if behind == len(tokens):  # `; -- ' AND …` cuts off as much as without the semicolon
        end = behind
    for i in range(_first_comment(tokens, first), len(comments)):
        comment = comments[i]
        before = comment.before
        if before > end:
            break
        kind = comment.kind
        if kind == COMMENT_LINE:
            last = before == len(tokens)
            alone = last and before > first and _on_its_own(tokens, comment.start)
            reason = _line(tokens.text[comment.start : comment.end], last, alone)
            if not reason and before == len(tokens) and before > first and _leads(tokens, i):
                reason = _empty(tokens, first, comment.start, comment.end)
            if reason:
                return reason
        elif kind == COMMENT_BLOCK:
            # /**/ where white space belongs, and none beside it.
            if comment.end - comment.start <= 5 and first < before < end:
                if tokens.end(before - 1) == comment.start and tokens.starts[before] == comment.end:
                    squeezed += 1
                    if squeezed > 1:
                        return "comments stand in place of white space"
        elif (
            kind == COMMENT_OPEN
            and first < before < end
            and tokens.words[before] in _HIDDEN
            and not _of_server(tokens, first, end)
        ):
            return f"a version comment within the statement holds {tokens.words[before]}"
    return ""


def _of_server(tokens: Tokens, first: int, end: int) -> bool:
    """Whether the statement reads the server's own tables first: drivers hide from old servers what those lack there."""
    try:
        at = tokens.words.index("FROM", first, end) + 1
    except ValueError:
        return False
    return at < end and system_table(tokens, at)


def _leads(tokens: Tokens, i: int) -> bool:
    """Whether comment i is the first one behind the last token: a million may follow it."""
    return i == 0 or tokens.comments[i - 1].before < len(tokens)


_VALUES: Final = word_set("WHERE HAVING UNION INTERSECT EXCEPT VALUES LIMIT SET")


def _empty(tokens: Tokens, first: int, start: int, end: int) -> str:
    """A `-- -` or `#` without a word, on the line of a value: written to cut off what turned out to be nothing."""
    text = tokens.text
    if text[start:end].strip(b"-#+ \t\r\n") or b"\n" in text[tokens.end(len(tokens) - 1) : start]:
        return ""
    if first == 0 and _VALUES.isdisjoint(tokens.words):
        return ""
    return "an empty comment ends the statement"


def _first_comment(tokens: Tokens, first: int) -> int:
    """The index of the first comment that has token `first` or a later one behind it."""
    comments = tokens.comments
    low = 0
    high = len(comments)
    while low < high:
        middle = (low + high) // 2
        if comments[middle].before < first:
            low = middle + 1
        else:
            high = middle
    return low


def _on_its_own(tokens: Tokens, start: int) -> bool:
    """Whether nothing but white space stands before the comment at `start` on its line: people take conditions out of a
    statement so. What cuts off the rest of a line stands behind a value in it."""
    line = tokens.text.rfind(b"\n", 0, start) + 1
    return line > 0 and not tokens.text[line:start].strip()


def _line(comment: bytes, last: bool, alone: bool) -> str:
    body = (comment[1:] if comment.startswith(b"#") else comment[2:])[:LONGEST]
    bare = _APOSTROPHE.sub(b"", body)
    quotes = len(bare) - len(bare.translate(None, b"'\"`"))
    if quotes % 2 and (last or _REST.match(body)):
        return "a comment cuts off a quote"
    if not last:
        return ""
    if body.count(b")") > body.count(b"("):
        return "a comment cuts off a closing parenthesis"
    if not alone and _SQL.search(body):
        return "a comment cuts off the rest of the statement"
    return ""
