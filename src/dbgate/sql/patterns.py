"""The regular expressions that split a text, and what a piece may be by its first byte.

One expression per (character set class, ANSI_QUOTES, NO_BACKSLASH_ESCAPES, bulk). Quantifiers are possessive and an
unterminated quote or comment runs to the end of the text, so the time is linear.
"""

from __future__ import annotations

import re
from typing import Final

from dbgate.sql.charset import HIGH_REFUSED, LATIN1
from dbgate.sql.statement import LexContext

# What a raw piece may be, by its first byte (_FIRST).
SPACE: Final = 1
WORDY: Final = 2
DIGIT: Final = 3
QUOTE: Final = 4
TICK: Final = 5
DOT: Final = 6
AT: Final = 7
MINUS: Final = 8
HASH: Final = 9
SLASH: Final = 10
OPERATOR: Final = 11
PREFIX: Final = 12  # a letter that may start N'…', x'…', b'…'
MARK: Final = 13  # ?
DOUBLE: Final = 14  # "
BACKSLASH: Final = 15
BAD: Final = 16


def _first_table(high: int, space_a0: bool) -> bytes:
    table = [BAD] * 256
    for code in range(256):
        char = chr(code)
        if code in (9, 10, 11, 12, 13, 32):
            table[code] = SPACE
        elif code >= 0x80:
            table[code] = high
        elif char.isalpha() or char in "_$":
            table[code] = PREFIX if char in "nNxXbB" else WORDY
        elif char.isdigit():
            table[code] = DIGIT
        elif char in "=<>!&|^~+*%(),;:{}":
            table[code] = OPERATOR
    if space_a0:
        table[0xA0] = SPACE
    for char, what in (
        ("'", QUOTE), ('"', DOUBLE), ("`", TICK), (".", DOT), ("@", AT), ("-", MINUS), ("#", HASH),
        ("/", SLASH), ("?", MARK), ("\\", BACKSLASH),
    ):  # fmt: skip
        table[ord(char)] = what
    return bytes(table)


FIRSTS: Final = (_first_table(WORDY, False), _first_table(WORDY, True), _first_table(BAD, False))


def _string(quote: str, escapes: bool) -> str:
    if escapes:
        return rf"{quote}[^{quote}\\]*+(?:(?:{quote}{quote}|\\.)[^{quote}\\]*+)*+{quote}?+"
    return rf"{quote}[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+{quote}?+"


def _literals(space: str, ident: str, ansi: bool, escapes: bool) -> str:
    """Runs of literals or parameters in a list, and of rows of them: one piece each, so that a bulk INSERT is few tokens."""
    strings = _string("'", escapes).removesuffix("?+")
    if not ansi:
        strings += "|" + _string('"', escapes).removesuffix("?+")
    gap = f"[{space}]*+"
    literal = rf"""(?: -?[0-9]++(?:\.[0-9]*+)?+(?:[eE][+-]?+[0-9]++)?+(?![{ident}.]) | (?:_binary{gap})?+(?:{strings})
      | 0x[0-9A-Fa-f]++(?![{ident}]) | \? | [xX]'(?:[0-9A-Fa-f][0-9A-Fa-f])*+' | [nN][uU][lL][lL](?![{ident}.]) )"""
    return rf"""
      (?:,{gap}{literal}(?={gap}[,)])){{4,}}+
    | (?:,{gap}\({gap}{literal}(?:{gap},{gap}{literal})*+{gap}\)){{2,}}+
    | """


def _pattern(charset: int, ansi: bool, escapes: bool, bulk: bool) -> re.Pattern[bytes]:
    if charset == LATIN1:
        high, space = r"\x80-\x9f\xa1-\xff", r"\t-\r \xa0"
    elif charset == HIGH_REFUSED:
        high, space = "", r"\t-\r "
    else:
        high, space = r"\x80-\xff", r"\t-\r "
    control = r"\xa0" if charset == LATIN1 else ""
    head = rf"A-Za-z_${high}"
    ident = rf"0-9A-Za-z_${high}"
    single = _string("'", escapes)
    double = _string('"', escapes and not ansi)
    tick = _string("`", False)
    literals = _literals(space, ident, ansi, escapes) if bulk else ""
    source = rf"""{literals}
      [{space}]++
    | [NnXxBb]{single}
    | [{head}][{ident}]*+
    | 0x[0-9A-Fa-f]++(?![{ident}]) | 0b[01]++(?![{ident}]) | 0[xb][{ident}]*+
    | [0-9]++(?: [eE][+-]?[0-9]++ | [{ident}]++ | \.(?!\.)[0-9]*+(?:[eE][+-]?+(?:[0-9]++)?+)?+ )?+
    | {single} | {double} | {tick}
    | \.(?: [{head}][{ident}]*+ | (?<=[{ident}]\.)[{ident}]++ | [0-9]++(?:[eE][+-]?+(?:[0-9]++)?+)?+ | \. )?+
    | @@(?: [{ident}]++ | {tick} )?+
    | @(?: [{ident}.]++ | {single} | {double} | {tick} )?+
    | \#[^\n]*+
    | \\N
    | --(?=[\x00-\x20\x7f{control}]|\Z)[^\n]*+
    | /\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?+
    | <=> | ->> | -> | <= | >= | <> | != | << | >> | := | \|\| | &&
    | .
    """
    return re.compile(source.encode("latin-1"), re.VERBOSE | re.DOTALL)


_PATTERNS: Final[dict[int, re.Pattern[bytes]]] = {}


def pattern_of(ctx: LexContext, charset: int, bulk: bool) -> re.Pattern[bytes]:
    """The expression that splits a text into tokens. bulk: runs of literals are one piece (texts over BULK bytes)."""
    key = charset * 8 + bulk * 4 + ctx.ansi_quotes * 2 + ctx.no_backslash_escapes
    found = _PATTERNS.get(key)
    if found is None:
        found = _pattern(charset, ctx.ansi_quotes, not ctx.no_backslash_escapes, bulk)
        _PATTERNS[key] = found
    return found


def _closed_pattern(ansi: bool, escapes: bool) -> re.Pattern[bytes]:
    bodies = [
        _string("'", escapes).removesuffix("?+"),
        _string('"', escapes and not ansi).removesuffix("?+"),
        _string("`", False).removesuffix("?+"),
    ]
    return re.compile(f"[nN@]{{0,2}}(?:{'|'.join(bodies)})".encode("ascii"), re.DOTALL)


CLOSED: Final = (
    _closed_pattern(False, True), _closed_pattern(False, False), _closed_pattern(True, True), _closed_pattern(True, False)
)  # fmt: skip
