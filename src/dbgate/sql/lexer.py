"""Splits a statement's bytes as the server does. The authority for everything that is decided about SQL.

Faithful to lex_one_token() of mysql-server/sql/sql_lex.cc and Lex_input_stream::lex_one_token() of MariaDB's; where
the two servers, or two versions, could differ and we cannot tell, the text is refused (`Tokens.error`).

One regular expression (patterns.py) splits the text without gaps; here the pieces become tokens.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from dbgate.sql.charset import HIGH_REFUSED, REFUSED, UTF8, charset_class, codec
from dbgate.sql.comments import split_versioned
from dbgate.sql.keywords import UPPER
from dbgate.sql.patterns import (
    AT,
    BACKSLASH,
    CLOSED,
    DIGIT,
    DOT,
    DOUBLE,
    FIRSTS,
    HASH,
    MARK,
    MINUS,
    OPERATOR,
    PREFIX,
    QUOTE,
    SLASH,
    SPACE,
    TICK,
    WORDY,
    pattern_of,
)
from dbgate.sql.statement import MYSQL, LexContext
from dbgate.sql.tokens import (
    BIT,
    COMMENT_BLOCK,
    COMMENT_CLOSE,
    COMMENT_HINT,
    COMMENT_LINE,
    COMMENT_OPEN,
    COMMENT_SKIPPED,
    HEX,
    IDENT,
    NUMBER,
    OP,
    PARAM,
    QUOTED,
    STRING,
    SYS_VAR,
    USER_VAR,
    WORD,
    Comment,
    Tokens,
)
from dbgate.sql.wordset import word_set

BULK: Final = 32 * 1024  # bytes; in longer texts runs of literals are one piece
# Bytes; of longer texts only INSERT and REPLACE are read, which takes up to 45 ms a MiB
LONG: Final = 4 << 20
BULK_VERBS: Final = (b"INSERT", b"REPLACE")
# Tokens and the white space between them; the analysis of more would hold up a worker
MAX_PIECES: Final = 60_000
HINTS_SINCE: Final = 120000  # MariaDB reads /*+ … */ from here on


# Reserved words that the servers read as a name before a dot. Nobody names a table so, and `FROM.x` was meant to hide.
_NEVER_NAMES: Final = word_set(
    "SELECT FROM WHERE JOIN UNION INTO TABLE UPDATE INSERT DELETE REPLACE SET VALUES WITH CALL LOAD"
)


def lex(text: bytes, ctx: LexContext) -> Tokens:
    """A text (the payload of COM_QUERY or COM_STMT_PREPARE) → Tokens; never raises. Check `.error`."""
    charset = charset_class(ctx.charset)
    out = Tokens(text, codec(ctx.charset), not ctx.no_backslash_escapes)
    if charset == REFUSED:
        out.error = "a character set that is not followed"
        return out
    if len(text) > LONG and not text[:64].lstrip().upper().startswith(BULK_VERBS):
        out.error = f"a statement of more than {LONG >> 20} MiB that is no INSERT"
        return out
    pattern = pattern_of(ctx, charset, len(text) > BULK)
    if b"!" in text and (b"/*!" in text or b"/*M!" in text):
        split = split_versioned(text, pattern, ctx.flavour, ctx.version, MAX_PIECES)
        out.versioned = True
        out.inside = split.inside
        out.error = split.error
        raws = split.raws
    elif len(text) <= MAX_PIECES:
        raws = pattern.findall(text)
    else:  # no more are made than can be used
        raws = [match[0] for match in islice(pattern.finditer(text), MAX_PIECES + 1)]
    if len(raws) > MAX_PIECES:
        out.error = f"more than {MAX_PIECES} words"
        return out
    error = _classify(raws, FIRSTS[charset], ctx.ansi_quotes, out)
    if not out.error:
        out.error = error or _ending_error(raws, ctx) or ("" if b"\0" not in text else _nul_error(out))
        if not out.error:
            out.error = _flavour_error(out, ctx)
        if not out.error and not text.isascii():
            out.error = _encoding_error(out, charset)
    return out


def _classify(raws: list[bytes], firsts: bytes, ansi: bool, out: Tokens) -> str:
    """Fills `out` from the raw pieces; returns "" or what is wrong."""
    kinds = out.kinds
    starts = out.starts
    kept = out.raws
    words = out.words
    at = 0
    for raw in raws:
        first = firsts[raw[0]]
        start = at
        at += len(raw)
        if first == SPACE:
            continue
        word = ""
        if first == WORDY:
            kind = WORD
            word = UPPER.get(raw, "")
            if not word:
                word = raw.decode("latin-1").upper() if raw.isascii() else ""
                if not word:
                    kind = IDENT
        elif first == OPERATOR:
            if raw == b"*/":
                out.comments.append(Comment(COMMENT_CLOSE, start, at, len(kinds)))
                continue
            kind = OP
            word = UPPER.get(raw, "")
            if not word:  # ", 2, 3 …": the list's first item stands for all
                out.folded = True
                continue
        elif first == DIGIT:
            kind = _number_kind(raw)
            if not kind:
                return "a number that the server reads in a way of its own"
        elif first == QUOTE:
            kind = STRING
        elif first == DOT:
            if len(raw) == 1 or raw == b"..":
                kind = OP
                word = UPPER[raw]
            elif 0x30 <= raw[1] <= 0x39 and not (kinds and _touches(out, start)):
                if not 0x30 <= raw[-1] <= 0x39:
                    return "a number that the server reads in a way of its own"
                kind = NUMBER
            else:
                # A name on either side of a dot that touches it is never a keyword.
                if kinds and kinds[-1] == WORD and starts[-1] + len(kept[-1]) == start:
                    if words[-1] in _NEVER_NAMES:
                        return "a reserved word that touches a dot"
                    kinds[-1] = IDENT
                    words[-1] = ""
                kinds.append(OP)
                starts.append(start)
                kept.append(b".")
                words.append(".")
                start += 1
                raw = raw[1:]
                kind = IDENT
        elif first == PREFIX:
            quoted = raw[1:2] == b"'"
            if not quoted:
                kind = WORD
                word = UPPER.get(raw, "") or (raw.decode("latin-1").upper() if raw.isascii() else "")
                if not word:
                    kind = IDENT
            elif raw[0] in b"nN":
                kind = STRING
            else:
                kind = HEX if raw[0] in b"xX" else BIT
                if not _prefixed_number(raw, kind):
                    return "a malformed hexadecimal or bit literal"
        elif first == TICK:
            kind = QUOTED
        elif first == DOUBLE:
            kind = QUOTED if ansi else STRING
        elif first == AT:
            kind = USER_VAR
            if raw[1:2] == b"@":
                kind = SYS_VAR
                if len(raw) == 2:
                    return "@@ without a name"
        elif first == MARK:
            kind = PARAM
        elif first == MINUS:
            if raw.startswith(b"--"):
                out.comments.append(Comment(COMMENT_LINE, start, at, len(kinds)))
                continue
            kind = OP
            word = UPPER[raw]
        elif first == SLASH:
            if len(raw) > 1:
                out.comments.append(Comment(_comment_kind(raw), start, at, len(kinds)))
                continue
            kind = OP
            word = "/"
        elif first == HASH:
            out.comments.append(Comment(COMMENT_LINE, start, at, len(kinds)))
            continue
        elif raw == b"\\N":  # NULL, as in dumps; MySQL has it no more, and refuses what we let pass as NULL
            kind = WORD
            word = "NULL"
        elif first == BACKSLASH:
            return "a backslash outside a string"
        else:
            return "a byte that no statement has outside a string"
        kinds.append(kind)
        starts.append(start)
        kept.append(raw)
        words.append(word)
    return ""


def _touches(out: Tokens, start: int) -> bool:
    """Whether the last token is an unquoted name that ends at `start`."""
    return (out.kinds[-1] == WORD or out.kinds[-1] == IDENT or out.kinds[-1] == SYS_VAR) and out.end(
        len(out.kinds) - 1
    ) == start


def _comment_kind(raw: bytes) -> int:
    if raw.startswith(b"/*+"):
        return COMMENT_HINT
    if raw.startswith((b"/*!", b"/*M!")):
        # A head that is run never ends in */; a skipped comment has five digits at least. Under MySQL /*M! is plain.
        return COMMENT_SKIPPED if raw.endswith(b"*/") else COMMENT_OPEN
    return COMMENT_BLOCK


_FLOAT: Final = re.compile(rb"[0-9]+[eE][+-]?[0-9]+")
_HEX: Final = re.compile(rb"0x[0-9A-Fa-f]+")
_BITS: Final = re.compile(rb"0b[01]+")
_QUOTED_HEX: Final = re.compile(rb"[xX]'(?:[0-9A-Fa-f]{2})*'")
_QUOTED_BITS: Final = re.compile(rb"[bB]'[01]*'")


def _number_kind(raw: bytes) -> int:
    """NUMBER, HEX, BIT, IDENT (1a), or 0 for `1.e` without an exponent, whose pieces the servers drop."""
    if raw.isdigit():
        return NUMBER
    if b"." in raw:
        last = raw[-1]
        return NUMBER if 0x30 <= last <= 0x39 or last == 0x2E else 0
    if _FLOAT.fullmatch(raw):
        return NUMBER
    if _HEX.fullmatch(raw):
        return HEX
    if _BITS.fullmatch(raw):
        return BIT
    return IDENT


def _prefixed_number(raw: bytes, kind: int) -> bool:
    return bool((_QUOTED_HEX if kind == HEX else _QUOTED_BITS).fullmatch(raw))


_OPENERS: Final = (b"'", b'"', b"`", b"n'", b"N'", b"@'", b'@"', b"@`", b"@@`")


def _ending_error(raws: list[bytes], ctx: LexContext) -> str:
    """Only the last piece can lack its end: what is not closed runs to the end of the text."""
    if not raws:
        return ""
    raw = raws[-1]
    if raw.startswith(b"/*"):
        return "" if len(raw) >= 4 and raw.endswith(b"*/") else "a comment that is not closed"
    if raw.startswith(_OPENERS) and not CLOSED[ctx.ansi_quotes * 2 + ctx.no_backslash_escapes].fullmatch(raw):
        return "a quote that is not closed"
    return ""


def _flavour_error(out: Tokens, ctx: LexContext) -> str:
    """What only one of the servers reads in a way that is not followed here."""
    if ctx.flavour == MYSQL and b"$" in out.text:
        for i in range(len(out.kinds)):
            raw = out.raws[i]
            if out.kinds[i] in (WORD, IDENT) and raw.startswith(b"$") and b"$" in raw[1:]:
                return "dollar quotes"
    if (ctx.flavour == MYSQL or ctx.version >= HINTS_SINCE) and out.comments:
        for comment in out.comments:
            if comment.kind == COMMENT_HINT and not _hint_ends(out.text[comment.start : comment.end]):
                return "a hint whose quotes may hide its end"
    return ""


def _hint_ends(hint: bytes) -> bool:
    """A hint is read with its quotes: a */ within them would not end it. One kind of quote, paired, is safe."""
    kinds = 0
    for quote in (b"'", b'"', b"`"):
        count = hint.count(quote)
        if count % 2:
            return False
        kinds += count > 0
    return kinds <= 1


def _nul_error(out: Tokens) -> str:
    """A NUL may stand inside a string only: elsewhere the servers disagree with themselves about what it ends."""
    nuls = out.text.count(b"\0")
    for i in range(len(out.kinds)):
        if out.kinds[i] == STRING:
            nuls -= out.raws[i].count(b"\0")
    return "a NUL outside a string" if nuls else ""


def _encoding_error(out: Tokens, charset: int) -> str:
    """Names must be plain in their character set: the servers convert them, and may drop what is not valid on the way
    (MySQL opens t1 for `t1` and half a character); an invalid lead byte may take a quote along."""
    for i in range(len(out.kinds)):
        raw = out.raws[i]
        if out.kinds[i] == STRING or raw.isascii():
            continue
        if charset == HIGH_REFUSED:
            return "a name with a byte above 7F in a character set where it is not followed"
        if charset == UTF8:
            try:
                name = raw.decode("utf-8")
            except UnicodeDecodeError:
                return "a name that is not valid UTF-8"
            if max(name) > "\uffff" and not _is_alias(out, i):
                return "a name with a character that no name may have"
    return ""


def _is_alias(out: Tokens, i: int) -> bool:
    """Whether the name at i is given to something, so that it opens nothing: MySQL takes any character there."""
    following = out.words[i + 1] if i + 1 < len(out.words) else ""
    return out.kinds[i] == QUOTED and i > 0 and out.words[i - 1] == "AS" and following not in (".", "(")
