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

from dbgate.sql.statement import LexContext
from dbgate.sql.tokens import BIT, HEX, NUMBER, PARAM, QUOTED, STRING, USER_VAR, Tokens

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
_FOLD: Final = re.compile(
    (
        rf"(\b[iI][nN]{_S}\({_S}(?:-?\0\0\0|\0(['\"])\0\0))(?:{_S},{_S}(?(2)\0\2\0\0|-?\0\0\0))++(?={_S}\))"
        rf"|(\b[vV][aA][lL][uU][eE][sS]?{_S})\({_S}{_ITEM}(?:{_S},{_S}{_ITEM})*+{_S}\)"
        rf"(?:{_S},{_S}\({_S}{_ITEM}(?:{_S},{_S}{_ITEM})*+{_S}\))*+(?!{_S},)"
    ).encode("latin-1")
)
_LISTS: Final = (b"\0, \0", b"\0,\0", b"\0),(", b"\0), (")


def fast_digest(text: bytes, ctx: LexContext) -> bytes | None:
    """The literal-free key of `text`, or None where it has none. Equal keys mean the same only for a text for which
    `slots.shareable` said so, under one context. Identifiers, spacing and case stay as they are."""
    if len(text) > MAX_KEYED or b"\0" in text or b"\1" in text:
        return None
    found = PATTERNS[ctx.ansi_quotes * 2 + ctx.no_backslash_escapes].findall(text)
    key = b"\0".join(chain.from_iterable(found))
    for mark in _LISTS:
        if mark in key:
            return _FOLD.sub(_folded, key)
    return key


def _folded(match: re.Match[bytes]) -> bytes:
    return (match[1] or match[3]) + b"\1"


_PLACEHOLDER: Final[dict[int, str]] = {STRING: "?s", NUMBER: "?n", HEX: "?x", BIT: "?b", PARAM: "?"}


def digest(tokens: Tokens) -> str:
    """32 hex digits naming the statement without its literals, white space, comments and case of keywords. Lists of
    literals behind IN and rows of literals behind VALUES count as one, however long."""
    out: list[str] = []
    kinds = tokens.kinds
    words = tokens.words
    count = len(kinds)
    i = 0
    while i < count:
        kind = kinds[i]
        placeholder = _PLACEHOLDER.get(kind, "")
        if placeholder:
            out.append(placeholder)
        elif words[i]:
            out.append(words[i])
            if words[i] == "(":
                end = _literal_rows(tokens, i)
                if end:
                    out.append("+)")
                    i = end
                    continue
        elif kind == QUOTED:
            out.append("`" + tokens.name(i))
        elif kind == USER_VAR:
            out.append("@" + tokens.name(i))
        else:
            out.append(tokens.raws[i].decode("latin-1"))
        i += 1
    return hashlib.blake2b("\0".join(out).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _literal_rows(tokens: Tokens, at: int) -> int:
    """Where the "(" at `at` opens a literal list behind IN or literal rows behind VALUES: the index behind their end.
    Else 0."""
    words = tokens.words
    before = words[at - 1] if at else ""
    if before == "IN":
        return _literal_list(tokens, at)
    if before != "VALUES" and before != "VALUE":
        return 0
    end = _literal_list(tokens, at)
    while end and end + 1 < len(tokens) and words[end] == "," and words[end + 1] == "(":
        following = _literal_list(tokens, end + 1)
        if not following:
            return 0
        end = following
    return end


def _literal_list(tokens: Tokens, at: int) -> int:
    """ "(" literal, literal … ")" at `at` → the index behind it, else 0. NULL, DEFAULT, TRUE, FALSE count as literals."""
    kinds = tokens.kinds
    words = tokens.words
    count = len(kinds)
    i = at + 1
    while i + 1 < count:
        if words[i] == "-" and kinds[i + 1] == NUMBER:
            i += 1
        kind = kinds[i]
        if kind != NUMBER and kind != STRING and words[i] not in _CONSTANTS:
            return 0
        i += 1
        if i >= count:
            return 0
        if words[i] == ")":
            return i + 1
        if words[i] != ",":
            return 0
        i += 1
    return 0


_CONSTANTS: Final = frozenset({"NULL", "DEFAULT", "TRUE", "FALSE"})
