"""The text that block_patterns match: what the server runs, in a form without white space, comments or data.

Version comments that the server runs are resolved (their content is in the tokens), other comments are gone, and white
space or a comment between two tokens is one space, so that `sleep /**/ (5)` is `sleep (5)` and `UNION/*x*/SELECT` is
`UNION SELECT`. Where two tokens touch in the text they touch here. The spelling of words is kept: patterns are matched
without case.
"""

from __future__ import annotations

import re
from typing import Final

from dbgate.sql.tokens import QUOTED, STRING, Tokens

_SIMPLE: Final = re.compile(rb"[A-Za-z_][A-Za-z0-9_$]*")
# Behind these a quoted name before "(" is a table or an index with its columns, not a call.
_NO_CALL: Final = frozenset({"INTO", "TABLE", "EXISTS", "REFERENCES", "ON", "KEY", "INDEX", "AS", "."})


def canonical(tokens: Tokens, literals: bool) -> str:
    """The canonical text. literals False: the content of each string literal is one `?`, its quotes kept; True: as
    it came. A quoted name that is called (`` `sleep`(5) ``) loses its quotes, as it does for the server."""
    kinds = tokens.kinds
    starts = tokens.starts
    raws = tokens.raws
    words = tokens.words
    out: list[bytes] = []
    end = starts[0] if starts else 0
    last = len(kinds) - 1
    for i in range(len(kinds)):
        raw = raws[i]
        start = starts[i]
        if start != end:
            out.append(b" ")
        end = start + len(raw)
        kind = kinds[i]
        if kind == STRING:
            if not literals:
                raw = b"N'?'" if raw[0] in b"nN" else raw[:1] + b"?" + raw[:1]
        elif kind == QUOTED and i < last and words[i + 1] == "(":
            if _SIMPLE.fullmatch(raw, 1, len(raw) - 1) and (not i or words[i - 1] not in _NO_CALL):
                raw = raw[1:-1]
        out.append(raw)
    return decoded(b"".join(out), tokens.codec)


def decoded(text: bytes, codec: str) -> str:
    """A text for patterns. Bytes that are not in the character set become \\xNN, or, in long texts, where that takes
    long, U+FFFD."""
    return text.decode(codec, "backslashreplace" if len(text) <= _LONG else "replace")


_LONG: Final = 64 * 1024


def reads_literals(pattern: str) -> bool:
    """Whether a block pattern may match one text and not another with the same `fast_digest`, that is one that
    differs in its numbers and in the length of its literal lists. Careful: True wherever that is not plain to see.

    False needs: no part of the pattern is optional, and each part between wildcards (`.*`, `.+`) holds a letter or a
    comparison, but no digit, sign, dot, comma or class: then lists and numbers can only lie within the wildcards, which
    take all of them alike."""
    plain = _SPACE.sub(" ", pattern)
    plain = _ESCAPED.sub(" ", plain)
    if _OPTIONAL.search(plain):
        return True
    for part in _WILDCARD.split(plain):
        if part and not part.isspace() and (_NUMERIC.search(part) or not _FIXED.search(part)):
            return True
    return False


_SPACE: Final = re.compile(r"\\[sb][*+]?\??")
_ESCAPED: Final = re.compile(r"\\[()'\"`=<>;/*+|?]")
_OPTIONAL: Final = re.compile(r"[)\w'\"=<>][?*{]")
_WILDCARD: Final = re.compile(r"\.[*+]\??|[|()]")
_NUMERIC: Final = re.compile(r"[0-9.,\-\[\]{}\\]")
_FIXED: Final = re.compile(r"[A-Za-z=<>]")
