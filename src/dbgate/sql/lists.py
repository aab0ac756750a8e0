"""Lists of literals in a fast key, folded by one loop over its bytes: what digest.FOLD replaces, at the speed of machine
code. Both give the same bytes, which is tested; uncompiled the expression is faster.

In a key a number is "\\0\\0\\0", a string "\\0", its quote, "\\0\\0" (sql/skeleton)."""

from __future__ import annotations

from typing import Final

_FOLDED: Final = b"\1"

_SPACE: Final = 1
_WORD: Final = 2


def _kinds() -> bytes:
    kinds = bytearray(256)
    for byte in b" \t\n\r":
        kinds[byte] = _SPACE
    for byte in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_":
        kinds[byte] = _WORD
    return bytes(kinds)


_KINDS: Final = _kinds()
_CONSTANTS: Final = (b"null", b"default", b"true", b"false")
_STARTS: Final = b"\0-nNdDtTfF"  # of an item of a list


def folded(key: bytes) -> bytes:
    """The key with the list of literals of one kind behind IN cut down to its first item and "\\1", and all rows of plain
    literals behind VALUES to "\\1"."""
    have = len(key)
    parts: list[bytes] = []
    start = 0
    at = key.find(b"(")
    while at >= 0:
        item = _spaces(key, at + 1, have)
        end = 0
        if item < have and key[item] in _STARTS:
            word = at - 1
            while word >= start and _KINDS[key[word]] == _SPACE:
                word -= 1
            if _is_in(key, word, start):
                kept = _literal(key, item, have)
                if kept:
                    end = _list_end(key, item, kept, have)
                    if end:
                        parts.append(key[start:kept])
            elif _is_values(key, word, start):
                end = _rows_end(key, at, have)
                if end:
                    parts.append(key[start:at])
        if end:
            parts.append(_FOLDED)
            start = end
            at = key.find(b"(", end)
        else:
            at = key.find(b"(", at + 1)
    if not parts:
        return key
    parts.append(key[start:])
    return b"".join(parts)


def _spaces(key: bytes, i: int, have: int) -> int:
    while i < have and _KINDS[key[i]] == _SPACE:
        i += 1
    return i


def _starts_word(key: bytes, i: int, start: int) -> bool:
    """Whether a word may start at `i`, behind what was folded up to `start`."""
    return i >= start and (i == 0 or _KINDS[key[i - 1]] != _WORD)


def _is_in(key: bytes, last: int, start: int) -> bool:
    return (
        last > start
        and (key[last] == 0x6E or key[last] == 0x4E)
        and (key[last - 1] == 0x69 or key[last - 1] == 0x49)
        and _starts_word(key, last - 1, start)
    )


def _is_values(key: bytes, last: int, start: int) -> bool:
    """Whether VALUE or VALUES ends at `last`."""
    if last < 0:
        return False
    if key[last] == 0x73 or key[last] == 0x53:
        last -= 1
    first = last - 4
    return _starts_word(key, first, start) and key[first : last + 1].lower() == b"value"


def _literal(key: bytes, i: int, have: int) -> int:
    """The place behind the number, with its sign, or the string at `i`; 0 where there is none."""
    if key[i] == 0x2D:
        i += 1
    elif i + 3 < have and key[i] == 0 and (key[i + 1] == 0x27 or key[i + 1] == 0x22):
        return i + 4 if key[i + 2] == 0 and key[i + 3] == 0 else 0
    return i + 3 if i + 2 < have and key[i] == 0 and key[i + 1] == 0 and key[i + 2] == 0 else 0


def _list_end(key: bytes, first: int, end: int, have: int) -> int:
    """The place behind the last item of a list of at least two of one kind, closed by ")"; 0 where it is none. `first` is
    where its first item starts, `end` is behind it."""
    quote = key[first + 1] if key[first] == 0 else 0
    more = False
    while True:
        i = _spaces(key, end, have)
        if i >= have:
            return 0
        if key[i] != 0x2C:
            return end if more and key[i] == 0x29 else 0
        i = _spaces(key, i + 1, have)
        if i >= have:
            return 0
        end = _literal(key, i, have)
        if not end or (key[i + 1] if key[i] == 0 else 0) != quote:
            return 0
        more = True


def _rows_end(key: bytes, i: int, have: int) -> int:
    """The place behind the last of the rows that start with the "(" at `i`; 0 where one is no row of plain literals."""
    end = 0
    while True:
        end = _row_end(key, i, have)
        if not end:
            return 0
        i = _spaces(key, end, have)
        if i >= have or key[i] != 0x2C:
            return end
        i = _spaces(key, i + 1, have)
        if i >= have or key[i] != 0x28:
            return 0


def _row_end(key: bytes, i: int, have: int) -> int:
    while True:
        i = _item_end(key, _spaces(key, i + 1, have), have)
        if not i:
            return 0
        i = _spaces(key, i, have)
        if i >= have:
            return 0
        if key[i] == 0x29:
            return i + 1
        if key[i] != 0x2C:
            return 0


def _item_end(key: bytes, i: int, have: int) -> int:
    """The place behind a literal, NULL, DEFAULT, TRUE or FALSE; 0 where there is none."""
    if i >= have:
        return 0
    if _KINDS[key[i]] != _WORD:
        return _literal(key, i, have)
    stop = i
    while stop < have and _KINDS[key[stop]] == _WORD:
        stop += 1
    return stop if key[i:stop].lower() in _CONSTANTS else 0
