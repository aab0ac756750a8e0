"""Character sets by what they mean for the lexer: may a byte below 0x80 be part of a multi-byte character?

Only such sets are followed in which every byte below 0x80 stands for itself, so that quotes, backslashes and
keywords can be found byte by byte. gbk, big5, cp932, sjis, gb18030 and euckr have trail bytes below 0x80; ucs2,
utf16, utf16le and utf32 are refused by the server as a client character set; swe7 makes [ ] { } ^ ~ letters;
`filename` is internal. All of them, and every name that is not known here, are refused (rule session-state).

Source: the servers' strings/ctype-*.c and collation ids of INFORMATION_SCHEMA.COLLATIONS (MariaDB 10.11, MySQL 9).
"""

from __future__ import annotations

from typing import Final

UTF8: Final = 0  # high bytes are identifier characters
LATIN1: Final = 1  # high bytes are identifier characters, but A0 is white space
HIGH_REFUSED: Final = 2  # high bytes are understood inside quotes and comments only
REFUSED: Final = 3

_UTF8_NAMES: Final = frozenset(("utf8", "utf8mb3", "utf8mb4"))
# gb2312, ujis, eucjpms: multi-byte, but every byte of a character is 0x80 or above.
_OTHER_NAMES: Final = frozenset(
    (
        "ascii", "binary", "armscii8", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852", "cp866", "dec8",
        "eucjpms", "gb2312", "geostd8", "greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u", "latin2", "latin5",
        "latin7", "macce", "macroman", "tis620", "ujis",
    )
)  # fmt: skip
_KNOWN_REFUSED: Final = frozenset(
    (
        "big5",
        "cp932",
        "euckr",
        "filename",
        "gb18030",
        "gbk",
        "sjis",
        "swe7",
        "ucs2",
        "utf16",
        "utf16le",
        "utf32",
    )
)

_RANGES: Final = (
    # first, last, name: collation ids of both servers
    (33, 33, "utf8mb3"), (45, 46, "utf8mb4"), (76, 76, "utf8mb3"), (83, 83, "utf8mb3"),
    (192, 215, "utf8mb3"), (223, 223, "utf8mb3"), (224, 247, "utf8mb4"), (255, 323, "utf8mb4"),
    (576, 578, "utf8mb3"), (608, 610, "utf8mb4"), (1057, 1057, "utf8mb3"), (1069, 1070, "utf8mb4"),
    (1107, 1107, "utf8mb3"), (1216, 1216, "utf8mb3"), (1238, 1238, "utf8mb3"), (1248, 1248, "utf8mb4"),
    (1270, 1270, "utf8mb4"), (1600, 1602, "utf8mb3"), (1632, 1634, "utf8mb4"),
    (2048, 2303, "utf8mb3"), (2304, 2559, "utf8mb4"),
)  # fmt: skip
_IDS: Final[dict[int, str]] = {
    1: "big5", 84: "big5", 2: "latin2", 9: "latin2", 21: "latin2", 27: "latin2", 77: "latin2",
    3: "dec8", 69: "dec8", 4: "cp850", 80: "cp850",
    5: "latin1", 8: "latin1", 15: "latin1", 31: "latin1", 47: "latin1", 48: "latin1", 49: "latin1", 94: "latin1",
    6: "hp8", 72: "hp8", 7: "koi8r", 74: "koi8r", 10: "swe7", 82: "swe7", 11: "ascii", 65: "ascii",
    12: "ujis", 91: "ujis", 13: "sjis", 88: "sjis", 14: "cp1251", 23: "cp1251", 50: "cp1251", 51: "cp1251",
    52: "cp1251", 16: "hebrew", 71: "hebrew", 17: "filename", 18: "tis620", 89: "tis620", 19: "euckr", 85: "euckr",
    20: "latin7", 41: "latin7", 42: "latin7", 79: "latin7", 22: "koi8u", 75: "koi8u", 24: "gb2312", 86: "gb2312",
    25: "greek", 70: "greek", 26: "cp1250", 34: "cp1250", 44: "cp1250", 66: "cp1250", 99: "cp1250",
    28: "gbk", 87: "gbk", 29: "cp1257", 58: "cp1257", 59: "cp1257", 30: "latin5", 78: "latin5",
    32: "armscii8", 64: "armscii8", 35: "ucs2", 90: "ucs2", 36: "cp866", 68: "cp866", 37: "keybcs2", 73: "keybcs2",
    38: "macce", 43: "macce", 39: "macroman", 53: "macroman", 40: "cp852", 81: "cp852", 54: "utf16", 55: "utf16",
    56: "utf16le", 62: "utf16le", 57: "cp1256", 67: "cp1256", 60: "utf32", 61: "utf32", 63: "binary",
    92: "geostd8", 93: "geostd8", 95: "cp932", 96: "cp932", 97: "eucjpms", 98: "eucjpms",
    248: "gb18030", 249: "gb18030", 250: "gb18030",
}  # fmt: skip


def charset_class(name: str) -> int:
    """UTF8, LATIN1, HIGH_REFUSED or REFUSED for a character set's name in lower case ("" and unknown: REFUSED)."""
    if name in _UTF8_NAMES:
        return UTF8
    if name == "latin1":
        return LATIN1
    if name in _OTHER_NAMES:
        return HIGH_REFUSED
    return REFUSED


def charset_followed(name: str) -> bool:
    """Whether the lexer follows texts in this client character set (name in lower case)."""
    return charset_class(name) != REFUSED


def charset_known(name: str) -> bool:
    """Whether it is the name of a character set of either server, followed or not (for `_name'…'` introducers)."""
    return charset_class(name) != REFUSED or name in _KNOWN_REFUSED


def charset_of_collation(collation: int) -> str:
    """The character set of a numeric collation id, as in the handshake; "" where the id is not known."""
    name = _IDS.get(collation)
    if name is not None:
        return name
    for first, last, of_range in _RANGES:
        if first <= collation <= last:
            return of_range
    return ""


def charset_of_collation_name(collation: str) -> str:
    """The character set of a collation's name in lower case ("utf8mb4_bin" → "utf8mb4"); "" where not known."""
    head = collation.split("_", 1)[0]
    return head if charset_known(head) else ""


def codec(name: str) -> str:
    """The Python codec that shows names written in this character set (lower case). MySQL's latin1 is cp1252."""
    return "utf-8" if charset_class(name) == UTF8 else "latin-1"
