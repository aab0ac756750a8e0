"""A text without its literals, by one loop over its bytes: what digest.PATTERNS cuts, at the speed of machine code.

For a compiled dbgate, where the pattern's own work and the list of its matches cost several times as much. Uncompiled
the pattern is faster. Both give the same bytes, which is tested.
"""

from __future__ import annotations

from typing import Final

_SHORT: Final = 32  # bytes of a string that are looked at one by one before its end is searched for

_PLAIN: Final = 0
_DIGIT: Final = 1
_SINGLE: Final = 2
_DOUBLE: Final = 3
_BACKTICK: Final = 4

_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"


def _kinds() -> bytes:
    kinds = bytearray(256)
    for digit in b"0123456789":
        kinds[digit] = _DIGIT
    kinds[0x27] = _SINGLE
    kinds[0x22] = _DOUBLE
    kinds[0x60] = _BACKTICK
    return bytes(kinds)


def _touching(more: bytes) -> bytes:
    """1 for bytes that make digits beside them part of something else."""
    touching = bytearray(256)
    for byte in _LETTERS + b"0123456789$." + more + bytes(range(0x80, 0x100)):
        touching[byte] = 1
    return bytes(touching)


_KINDS: Final = _kinds()
_BEFORE: Final = _touching(b"@")
_AFTER: Final = _touching(b"")


def skeleton(text: bytes, ansi_quotes: bool, no_backslash_escapes: bool) -> bytes:
    """The pieces between the literals, with the quote of each string and what an unclosed quote leaves, as
    digest.fast_digest joins the groups of its pattern."""
    have = len(text)
    parts: list[bytes] = []
    start = 0
    i = 0
    while i < have:
        kind = _KINDS[text[i]]
        if kind == _PLAIN:
            i += 1
            continue
        if kind == _DIGIT:
            stop = _digits(text, i + 1, have)
            if i > 0 and _BEFORE[text[i - 1]]:
                i = stop
                continue
            if stop + 1 < have and text[stop] == 0x2E and _KINDS[text[stop + 1]] == _DIGIT:
                stop = _digits(text, stop + 2, have)
            if stop < have and _AFTER[text[stop]]:
                i = stop
                continue
            parts.append(text[start:i])
            parts.append(b"")
        elif kind == _BACKTICK or (kind == _DOUBLE and ansi_quotes):
            stop = text.find(b"`" if kind == _BACKTICK else b'"', i + 1) + 1
            if stop:
                i = stop
                continue
            break
        else:
            stop = _string_end(text, i, have, not no_backslash_escapes)
            if not stop:
                break
            parts.append(text[start:i])
            parts.append(b"'" if kind == _SINGLE else b'"')
        parts.append(b"")
        i = stop
        start = stop
    if start < have:
        parts.append(text[start:i])
        parts.append(b"")
        parts.append(text[i:])
    parts.append(b"\0\0")  # the pattern's last match, at the end of the text: three empty groups
    return b"\0".join(parts)


def _digits(text: bytes, i: int, have: int) -> int:
    while i < have and _KINDS[text[i]] == _DIGIT:
        i += 1
    return i


def _string_end(text: bytes, i: int, have: int, escapes: bool) -> int:
    """The place behind the string that begins with the quote at `i`; 0 where it is not closed."""
    quote = text[i]
    i += 1
    near = min(have, i + _SHORT)
    while i < near:
        byte = text[i]
        if byte == quote:
            if i + 1 >= have or text[i + 1] != quote:
                return i + 1
            i += 2
        elif byte == 0x5C and escapes:
            i += 2
        else:
            i += 1
    mark = b"'" if quote == 0x27 else b'"'
    at = text.find(mark, i)
    while at >= 0:
        escape = text.find(b"\\", i, at) if escapes else -1
        if escape >= 0:
            i = escape + 2
        elif at + 1 < have and text[at + 1] == quote:
            i = at + 2
        else:
            return at + 1
        if at < i:
            at = text.find(mark, i)
    return 0
