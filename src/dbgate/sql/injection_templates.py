"""Constants that templates write with the values they are given: "no filter", "empty means NULL".

`(status = 'new' OR 'new' = 'all')`, `(name LIKE '%ann%' OR 'ann' = '')`, `(id IN (1, 2) OR -1 IN (1, 2))`: a second
condition about the value that the first one has, which is false for sure whenever it filters. What is true, or may be
so in some collation, is what an attacker would write.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.injection_words import null_test
from dbgate.sql.tokens import NUMBER, STRING, Tokens
from dbgate.sql.wordset import word_set

_LONG: Final = 64  # tokens of a constant, and
_LONG_NEIGHBOUR: Final = 256  # of the condition before it: what templates write is short
_NOT_COMPARED: Final = bytes(range(33)) + b"\x7f"
# Letters that are equal to no Latin letter in any collation: Greek to Mongolian, Japanese, Chinese, Korean.
_FOREIGN: Final = ((0x370, 0x1CFF), (0x3040, 0xD7FF))


def no_filter(tokens: Tokens, start: int, end: int, other_start: int, other_end: int) -> bool:
    """Whether the constant condition [start, end) is a template's second one about the value in [other_start, other_end)."""
    if end - start > _LONG or other_end - other_start > _LONG_NEIGHBOUR or tokens.folded:
        return False
    if null_test(tokens, start, end) == "TRUE":
        return "NULL" in tokens.words[other_start:other_end]
    words = tokens.words
    while end - start > 2 and words[start] == "(" and words[end - 1] == ")":
        start += 1
        end -= 1
    left = start
    i = _behind(tokens, start)
    if i >= end or (words[i] != "=" and words[i] != "IN"):
        return False
    listed = words[i] == "IN"
    i += 2 if listed else 1
    last = end - 1 if listed else end
    if listed and (words[i - 1] != "(" or words[last] != ")"):
        return False
    if i >= last:
        return False
    shared = _shared(tokens, left, other_start, other_end)
    while i < last:
        if not _differ(tokens, left, i):
            return False
        shared = shared or _shared(tokens, i, other_start, other_end)
        i = _behind(tokens, i)
        if i < last:
            if words[i] != "," or not listed or i + 1 >= last:
                return False
            i += 1
    return shared and i == last


def _behind(tokens: Tokens, i: int) -> int:
    """The index behind the literal at i, which may have a sign."""
    return i + 2 if tokens.words[i] == "-" else i + 1


def _shared(tokens: Tokens, i: int, start: int, end: int) -> bool:
    """Whether the literal at i stands in [start, end), or in a text there."""
    if tokens.words[i] == "-":
        i += 1
    raw = tokens.raws[i]
    body = raw[1:-1] if tokens.kinds[i] == STRING else b""
    for j in range(start, end):
        if tokens.raws[j] == raw or (body and tokens.kinds[j] == STRING and body in tokens.raws[j]):
            return True
    return False


def _differ(tokens: Tokens, one: int, other: int) -> bool:
    """Whether two literals are different to the server, whatever its collation."""
    if tokens.kinds[one] == STRING and tokens.kinds[other] == STRING:
        return texts_differ(tokens.string(one), tokens.string(other))
    left = _whole(tokens, one)
    right = _whole(tokens, other)
    return bool(left and right) and int(left) != int(right)


def _whole(tokens: Tokens, i: int) -> bytes:
    sign = b""
    if tokens.words[i] == "-" and i + 1 < len(tokens):
        sign = b"-"
        i += 1
    raw = tokens.raws[i]
    return sign + raw if tokens.kinds[i] == NUMBER and raw.isdigit() and len(raw) < 18 else b""


def texts_differ(one: bytes, other: bytes) -> bool:
    """Whether two texts are different in every collation: beyond case, accents, blanks and what cannot be seen."""
    left = one.translate(None, _NOT_COMPARED).lower()
    right = other.translate(None, _NOT_COMPARED).lower()
    if left.isascii() and right.isascii():
        return left != right
    if not left or not right:
        return any([character.isalnum() for character in (left + right).decode("utf-8", "replace")])  # noqa: C419
    return (left.isascii() or right.isascii()) and _foreign(left) != _foreign(right)


def _foreign(text: bytes) -> bool:
    """Whether there is a letter in the text that no Latin one is equal to."""
    for character in text.decode("utf-8", "replace"):
        code = ord(character)
        for first, last in _FOREIGN:
            if first <= code <= last and character.isalpha():
                return True
    return False


_DIFFERS: Final = word_set("= <> !=")


def asks_for_empty(tokens: Tokens, start: int) -> bool:
    """Whether the arguments of an IF, or the branches of a CASE, begin with `'abc' = ''` or `'abc' IS NULL`: programs
    that write an empty input as NULL."""
    words = tokens.words
    if words[start] == "WHEN":
        start += 1
    if start + 3 >= len(tokens):
        return False
    if tokens.kinds[start] == STRING and words[start + 1] in _DIFFERS:
        return tokens.kinds[start + 2] == STRING and len(tokens.raws[start + 2]) == 2
    return bool(null_test(tokens, start, start + 3) or null_test(tokens, start, start + 4))
