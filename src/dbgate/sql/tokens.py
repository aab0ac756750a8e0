"""What the lexer gives: tokens in parallel lists, and the comments that lay between them.

A token is an index i into the lists of `Tokens`: kinds[i], starts[i], raws[i], words[i].
"""

from __future__ import annotations

from typing import Final, final

WORD: Final = 1  # unquoted, may be a keyword; words[i] is its upper case
IDENT: Final = 2  # unquoted, but never a keyword: it touches a dot (a.select), or starts with a digit (1a)
QUOTED: Final = 3  # `…`, or "…" under ANSI_QUOTES
STRING: Final = 4  # '…', "…", N'…'
NUMBER: Final = 5
HEX: Final = 6  # 0x…, x'…'
BIT: Final = 7  # 0b…, b'…'
PARAM: Final = 8  # ? (a placeholder only in prepared texts)
USER_VAR: Final = 9  # @name, @'name', @`name`; the host part of an account lexes the same; a bare @ too
SYS_VAR: Final = 10  # @@name or @@`name`; further parts (@@global.name) are OP "." and IDENT
OP: Final = 11  # words[i] is the operator itself: "(", "<=>", ";" …

# Kinds of a Comment.
COMMENT_BLOCK: Final = 1  # /* … */
COMMENT_LINE: Final = 2  # -- … or # …
COMMENT_SKIPPED: Final = 3  # /*!99999 … */ that this server does not run
COMMENT_HINT: Final = 4  # /*+ … */
# The head /*!50001 of a comment that this server runs; its content is among the tokens
COMMENT_OPEN: Final = 5
COMMENT_CLOSE: Final = 6  # and its */


# Bytes; the value of a longer literal is looked at by nobody: computing it takes long
LONG_STRING: Final = 64 * 1024


@final
class Comment:
    """One comment: kind, byte offsets [start, end), and the index of the token that follows it."""

    def __init__(self, kind: int, start: int, end: int, before: int) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.before = before

    def __repr__(self) -> str:
        return f"Comment({self.kind}, {self.start}, {self.end}, {self.before})"


@final
class Tokens:
    """A lexed text. error: "" or why the text is refused; the lists then hold what was found before it, or nothing.

    kinds, starts (byte offsets), raws (the bytes as they came) and words run in parallel. words[i] is the upper
    case of a WORD, the text of an OP, else "": so comparing words[i] with a keyword never mistakes an identifier.
    comments: in order of place. versioned: a version comment (/*! or /*M!), run or skipped, is in the text.
    inside: a ";" lies inside a version comment that is run.
    folded: lists of literals were shortened to their first items, and rows of them to the first row (long texts only).
    codec: Python's, for names; escapes: backslash escapes.
    """

    def __init__(self, text: bytes, codec: str, escapes: bool) -> None:
        self.text = text
        self.codec = codec
        self.escapes = escapes
        self.error = ""
        self.kinds: list[int] = []
        self.starts: list[int] = []
        self.raws: list[bytes] = []
        self.words: list[str] = []
        self.comments: list[Comment] = []
        self.versioned = False
        self.inside = False
        self.folded = False

    def __len__(self) -> int:
        return len(self.kinds)

    def end(self, i: int) -> int:
        """The byte offset behind token i."""
        return self.starts[i] + len(self.raws[i])

    def name(self, i: int) -> str:
        """Token i (WORD, IDENT, QUOTED, USER_VAR, SYS_VAR) as the name it stands for, quotes and @ removed."""
        raw = self.raws[i]
        kind = self.kinds[i]
        if kind in (USER_VAR, SYS_VAR):
            raw = raw[1:] if kind == USER_VAR else raw[2:]
            quote = raw[:1]
            if quote == b"'" or (quote == b'"' and raw[-1:] == b'"'):
                return unescape(raw[1:-1], quote, self.escapes).decode(self.codec, "backslashreplace")
        quote = raw[:1]
        if quote == b"`" or quote == b'"':
            raw = raw[1:-1].replace(quote + quote, quote)
        return raw.decode(self.codec, "backslashreplace")

    def string(self, i: int) -> bytes:
        """The value of a STRING, HEX or BIT token in bytes, as the server computes it."""
        raw = self.raws[i]
        kind = self.kinds[i]
        if kind == HEX:
            digits = raw[2:-1] if raw[1:2] == b"'" else raw[2:]
            return bytes.fromhex(("0" if len(digits) % 2 else "") + digits.decode("ascii"))
        if kind == BIT:
            bits = raw[2:-1] if raw[1:2] == b"'" else raw[2:]
            number = int(bits, 2) if bits else 0
            return number.to_bytes((len(bits) + 7) // 8, "big")
        if raw[:1] in (b"n", b"N"):
            raw = raw[1:]
        return unescape(raw[1:-1], raw[:1], self.escapes)


_ESCAPES: Final[dict[int, bytes]] = {
    0x6E: b"\n", 0x74: b"\t", 0x72: b"\r", 0x62: b"\b", 0x30: b"\0", 0x5A: b"\x1a", 0x5F: b"\\_", 0x25: b"\\%",
}  # fmt: skip


def unescape(body: bytes, quote: bytes, escapes: bool) -> bytes:
    """A string literal's content without its quotes → its value: doubled quotes and, where on, backslash escapes."""
    if not escapes or b"\\" not in body:
        return body.replace(quote + quote, quote)
    out: list[bytes] = []
    i = 0
    n = len(body)
    while i < n:
        at = body.find(b"\\", i)
        if at < 0 or at + 1 >= n:
            out.append(body[i:].replace(quote + quote, quote))
            break
        out.append(body[i:at].replace(quote + quote, quote))
        code = body[at + 1]
        out.append(_ESCAPES.get(code, body[at + 1 : at + 2]))
        i = at + 2
    return b"".join(out)
