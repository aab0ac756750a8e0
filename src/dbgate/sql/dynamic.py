"""Dynamic SQL whose text is constant: folds the expression of PREPARE … FROM and EXECUTE IMMEDIATE to that text.

Only what the server computes without looking at anything: string and hexadecimal literals, CONCAT, CHAR, UNHEX,
FROM_BASE64, REVERSE, LOWER, UPPER, REPLACE, and || under PIPES_AS_CONCAT. Everything else does not fold, nor does what
becomes long: REPLACE and variables make much of little.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from dbgate.sql.memory import Memory
from dbgate.sql.tokens import BIT, HEX, LONG_STRING, NUMBER, STRING, USER_VAR, WORD, Tokens

_FUNCTIONS: Final = frozenset(
    ("CONCAT", "CHAR", "UNHEX", "FROM_BASE64", "REVERSE", "LOWER", "UPPER", "REPLACE")
)
_MOST: Final = 4 * LONG_STRING  # bytes of all values on the way to a text


def fold_text(
    tokens: Tokens, lo: int, hi: int, pipes_concat: bool, memory: Memory | None = None
) -> bytes | None:
    """The constant text that the expression in tokens [lo, hi) gives, or None. memory: what user variables hold."""
    if not tokens.text.isascii():
        return None  # conversions between character sets are the server's
    # Open calls: their names, and for each (and the top) the finished arguments and the one being read.
    names: list[str] = []
    arguments: list[list[bytes]] = [[]]
    current: list[bytearray | None] = [None]
    left = _MOST
    joined = True  # a value may come now
    i = lo
    while i < hi:
        kind = tokens.kinds[i]
        word = tokens.words[i]
        value: bytes | None = None
        if kind in (STRING, HEX, BIT):
            if len(tokens.raws[i]) > LONG_STRING:
                return None
            value = tokens.string(i)
            if kind == STRING and not joined and tokens.kinds[i - 1] == STRING:
                joined = True  # 'a' 'b' is one literal
        elif kind == USER_VAR and memory is not None:
            value = memory.text(tokens.name(i))
        elif kind == NUMBER and names and names[-1] == "CHAR" and tokens.raws[i].isdigit():
            value = tokens.raws[i]
        elif kind == WORD and word in _FUNCTIONS and i + 1 < hi and tokens.words[i + 1] == "(":
            if not joined:
                return None
            names.append(word)
            arguments.append([])
            current.append(None)
            i += 2
            continue
        elif word == "," and names and not joined:
            arguments[-1].append(bytes(current[-1] or b""))
            current[-1] = None
            joined = True
            i += 1
            continue
        elif word == ")" and names and not joined:
            arguments[-1].append(bytes(current[-1] or b""))
            value = _call(names.pop(), arguments.pop())
            current.pop()
            if value is None:
                return None
            joined = True
        elif word == "||" and pipes_concat and not joined:
            joined = True
            i += 1
            continue
        else:
            return None
        if value is None or not joined:
            return None
        left -= len(value)
        if left < 0:
            return None
        so_far = current[-1]
        if so_far is None:
            current[-1] = bytearray(value)
        else:
            so_far += value
        joined = False
        i += 1
    text = current[0]
    return bytes(text) if text is not None and not names and not joined and len(text) <= LONG_STRING else None


def _call(name: str, arguments: list[bytes]) -> bytes | None:
    if name == "CONCAT":
        return b"".join(arguments)
    if name == "CHAR":
        return _char(arguments)
    if name == "REPLACE":
        return _replace(arguments)
    if len(arguments) != 1:
        return None
    text = arguments[0]
    if name == "REVERSE":
        return text[::-1]
    if name == "LOWER" or name == "UPPER":
        # Of binary text (0x…, CHAR) they change nothing: only what is the same both ways is certain.
        return text if text == (text.lower() if name == "LOWER" else text.upper()) else None
    try:
        return (
            bytes.fromhex(text.decode("ascii")) if name == "UNHEX" else base64.b64decode(text, validate=True)
        )
    except (ValueError, binascii.Error):
        return None


def _replace(arguments: list[bytes]) -> bytes | None:
    if len(arguments) != 3 or not arguments[1]:
        return None
    text, old, new = arguments
    if len(text) + text.count(old) * (len(new) - len(old)) > _MOST:
        return None
    return text.replace(old, new)


def _char(arguments: list[bytes]) -> bytes | None:
    out = bytearray()
    for argument in arguments:
        if not argument.isdigit() or len(argument) > 9:
            return None
        number = int(argument)
        out += number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
    return bytes(out) if out.isascii() else None
