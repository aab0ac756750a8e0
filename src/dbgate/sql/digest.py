"""Two names for "the same statement with other literals": a fast key for the cache, and the digest of the log.

The fast key is made from raw bytes by one compiled pattern, without lexing. That is right only because the slow path
looks back at it: the first text with a key is lexed and analysed, and `shareable` (sql/slots.py) then checks that what
the pattern cut out are exactly whole literal tokens, in places where their values cannot matter. Another text with the
same key has the same bytes between its literals, so the lexer splits it in the same way, and it does the same. Where
the check fails the analysis is not stored under the key, and each such text is analysed by itself.
"""

from __future__ import annotations

import hashlib
import re
from itertools import chain
from typing import Final

from dbgate.sql.lists import folded
from dbgate.sql.skeleton import skeleton
from dbgate.sql.statement import LexContext
from dbgate.sql.tokens import NUMBER, PARAM, QUOTED, STRING, USER_VAR, Tokens
from dbgate.sql.wordset import word_set

_LOOPS: Final = not __file__.endswith(
    ".py"
)  # compiled, loops over bytes are several times as fast as expressions
MAX_KEYED: Final = 1 << 17  # longer texts have no fast key: the keys would fill the cache


def _string(quote: str, escapes: bool) -> str:
    """The rest of a string literal behind its opening quote."""
    if escapes:
        return rf"[^{quote}\\]*+(?:(?:{quote}{quote}|\\.)[^{quote}\\]*+)*+{quote}"
    return rf"[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+{quote}"


def _pattern(ansi_quotes: bool, escapes: bool) -> re.Pattern[bytes]:
    """Group 1: text that stays; then a plain literal, of which group 2 is the quote where it is a string; or the end; or
    (group 3) a quote that is not closed, with all that follows.

    A number counts only where it is certainly one: no letter, dot, $ or @ touches it, so 1e0, 1.e, .5, 0x1F, t1 and a.1
    stay in the key as they are."""
    quotes = "'" if ansi_quotes else "'\""
    identifier = r'|"[^"]*+"' if ansi_quotes else ""
    stays = (
        rf"(?:[^'\"`0-9]++|`[^`]*+`{identifier}|(?<=[\w$.@\x80-\xff])[0-9]++"
        r"|[0-9]++(?:\.[0-9]++)?+(?=[\w$.\x80-\xff]))*+"
    )
    single = _string("'", escapes)
    double = "" if ansi_quotes else '|(?<=")' + _string('"', escapes)
    return re.compile(
        rf"({stays})(?:([{quotes}])(?:(?<='){single}{double})|[0-9]++(?:\.[0-9]++)?+|\Z|(.++))".encode(
            "latin-1"
        ),
        re.DOTALL,
    )


PATTERNS: Final = (_pattern(False, True), _pattern(False, False), _pattern(True, True), _pattern(True, False))

# A list of literals of one kind behind IN, and rows of nothing but plain literals behind VALUES. In a key a number is
# "\0\0\0", a string "\0'\0\0" (its quote as group 2, group 3 empty), and such a list or all such rows "\1".
_ITEM: Final = r"(?:\0['\"]?\0\0|-\0\0\0|(?i:null|default|true|false)\b)"
_S: Final = r"[ \t\n\r]*+"
FOLD: Final = re.compile(
    (
        rf"(\b[iI][nN]{_S}\({_S}(?:-?\0\0\0|\0(['\"])\0\0))(?:{_S},{_S}(?(2)\0\2\0\0|-?\0\0\0))++(?={_S}\))"
        rf"|(\b[vV][aA][lL][uU][eE][sS]?{_S})\({_S}{_ITEM}(?:{_S},{_S}{_ITEM})*+{_S}\)"
        rf"(?:{_S},{_S}\({_S}{_ITEM}(?:{_S},{_S}{_ITEM})*+{_S}\))*+(?!{_S},)"
    ).encode("latin-1")
)


def fast_digest(text: bytes, ctx: LexContext) -> bytes | None:
    """The literal-free key of `text`, or None where it has none. Equal keys mean the same only for a text for which
    `slots.shareable` said so, under one context. Identifiers, spacing and case stay as they are."""
    if len(text) > MAX_KEYED or b"\0" in text or b"\1" in text:
        return None
    if _LOOPS:
        return folded(skeleton(text, ctx.ansi_quotes, ctx.no_backslash_escapes))
    found = PATTERNS[ctx.ansi_quotes * 2 + ctx.no_backslash_escapes].findall(text)
    key = b"\0".join(chain.from_iterable(found))
    if b"(" in key:
        return FOLD.sub(_folded, key)
    return key


def _folded(match: re.Match[bytes]) -> bytes:
    return (match[1] or match[3]) + b"\1"


_CONSTANTS: Final = frozenset({"NULL", "DEFAULT", "TRUE", "FALSE"})
# Before a sign that belongs to the number behind it, and around a constant that stands where a literal could.
_SIGN_LEADS: Final = word_set(
    """( , = < > <= >= <> != <=> + - * / % DIV MOD BETWEEN AND OR XOR NOT LIKE LIMIT OFFSET THEN ELSE WHEN WHERE HAVING
    SELECT DISTINCT BY INTERVAL RETURN"""
)
_VALUE_LEADS: Final = frozenset({"(", ",", "="})
_VALUE_ENDS: Final = frozenset({")", ",", ";", "WHERE"})
_ROWS: Final = frozenset({"VALUES", "VALUE"})
_ANY: Final = "?"  # a literal of any kind, or the placeholder of a prepared statement
_LIST: Final = "+"  # one or more of them


def digest(tokens: Tokens) -> str:
    """32 hex digits naming the statement's shape: the statement without its literals, white space, comments and case of
    keywords. A literal of any kind, a signed number, a constant (NULL, DEFAULT, TRUE, FALSE) in a literal's place and the
    `?` of a prepared statement are the same; so are lists of them behind IN and rows behind VALUES, however long."""
    parts = _parts(tokens)
    for word in tokens.words:
        if word == "IN" or word in _ROWS:
            parts = _fold_rows(_fold_lists(parts))
            break
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def joined_digest(outer: str, inner: list[str]) -> str:
    """The digest of a text whose dynamic SQL runs statements with these digests."""
    return hashlib.blake2b("\0".join([outer, *inner]).encode("ascii"), digest_size=16).hexdigest()


def _parts(tokens: Tokens) -> list[str]:
    """The tokens, one text each, without what a shape leaves out."""
    out: list[str] = []
    kinds = tokens.kinds
    words = tokens.words
    count = len(kinds)
    while count and words[count - 1] == ";":
        count -= 1
    for i in range(count):
        kind = kinds[i]
        word = words[i]
        if STRING <= kind <= PARAM:  # the kinds of literals follow each other
            if kind in (NUMBER, PARAM):
                _drop_sign(out)
            out.append(_ANY)
        elif word in _CONSTANTS and out and out[-1] in _VALUE_LEADS and _ends_value(words, i + 1, count):
            out.append(_ANY)
        elif word:
            out.append(word)
        elif kind == QUOTED:
            out.append("`" + tokens.name(i))
        elif kind == USER_VAR:
            out.append("@" + tokens.name(i))
        else:
            out.append(tokens.raws[i].decode("latin-1"))
    return out


def _ends_value(words: list[str], i: int, count: int) -> bool:
    return i >= count or words[i] in _VALUE_ENDS


def _drop_sign(out: list[str]) -> None:
    """Takes back a sign that belongs to the number that comes."""
    if out and (out[-1] == "-" or out[-1] == "+") and (len(out) == 1 or out[-2] in _SIGN_LEADS):
        out.pop()


def _fold_lists(parts: list[str]) -> list[str]:
    """Lists of nothing but literals, behind IN or as a row: `( ?, ?, ? )` → `( + )`."""
    out: list[str] = []
    count = len(parts)
    i = 0
    while i < count:
        out.append(parts[i])
        i += 1
        if parts[i - 1] != "(" or len(out) < 2 or (out[-2] not in _ROWS and out[-2] not in _LIST_LEADS):
            continue
        end = i
        while end + 1 < count and parts[end] == _ANY and parts[end + 1] == ",":
            end += 2
        if end + 1 < count and parts[end] == _ANY and parts[end + 1] == ")":
            out.append(_LIST)
            i = end + 1
    return out


_LIST_LEADS: Final = frozenset({"IN", "(", ","})


def _fold_rows(parts: list[str]) -> list[str]:
    """Rows behind VALUES, and rows in a list behind IN: each different one once, in the order of their texts."""
    out: list[str] = []
    count = len(parts)
    i = 0
    while i < count:
        part = parts[i]
        out.append(part)
        i += 1
        if part == "IN" and i + 1 < count and parts[i] == "(" and parts[i + 1] == "(":
            out.append("(")
            i += 1
        elif part not in _ROWS:
            continue
        rows: set[str] = set()
        while i < count and parts[i] == "(":
            end = _behind(parts, i)
            if not end:  # it stays open, and so does every list around it: no more to fold
                return out + sorted(rows) + parts[i:]
            rows.add("\0".join(parts[i:end]))
            i = end
            if i + 1 < count and parts[i] == "," and parts[i + 1] == "(":
                i += 1
            else:
                break
        out.extend(sorted(rows))
    return out


def _behind(parts: list[str], at: int) -> int:
    """The index behind the parenthesis that "(" at `at` opens; 0 where it stays open."""
    depth = 0
    for i in range(at, len(parts)):
        if parts[i] == "(":
            depth += 1
        elif parts[i] == ")":
            depth -= 1
            if not depth:
                return i + 1
    return 0
