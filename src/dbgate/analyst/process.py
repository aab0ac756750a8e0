"""The process that analyses long statements for one worker: questions from a socket, one after the other, answers back.

Started by `analyst.desk` with the socket's descriptor; it ends when the worker's end is closed. It knows no policy, no
database and no other socket. Each frame: two lengths of four bytes (head, text), then both; an answer: its length, then
it. An answer of no bytes means that the statement could not be analysed.
"""

from __future__ import annotations

import contextlib
import gc
import socket
import sys
from typing import Final

from dbgate.analyst import parcel
from dbgate.sql.analyze import analyze
from dbgate.sql.digest import fast_digest
from dbgate.sql.lexer import BULK, lex
from dbgate.sql.mask import masked_literals
from dbgate.sql.statement import Analysis, LexContext

MOST: Final = 1 << 30  # bytes; a longer part of a question is garbage
_REMEMBERED: Final = 512  # analyses that are kept by their shape …
# … of texts up to so many bytes: a longer one is read sooner than its key is made
_LONGEST_REMEMBERED: Final = BULK


class Shapes:
    """Analyses that hold for every text of a shape (sql.digest), so that texts that differ in their literals are analysed
    once. The gate does the same with shorter texts."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._known: dict[tuple[str, str, bool, bytes], Analysis] = {}

    def key(self, head: parcel.Head, ctx: LexContext, text: bytes) -> tuple[str, str, bool, bytes] | None:
        """None: the text has none, or none is wanted."""
        if not head.shapes or len(text) > _LONGEST_REMEMBERED:
            return None
        shape = fast_digest(text, ctx)
        return None if shape is None else (ctx.key, head.schema, head.prepared, shape)

    def find(self, key: tuple[str, str, bool, bytes] | None) -> Analysis | None:
        """What is known of a shape."""
        return None if key is None else self._known.get(key)

    def keep(self, key: tuple[str, str, bool, bytes] | None, analysis: Analysis) -> None:
        """Remember it, where it holds for every text of that shape."""
        if key is not None and analysis.shared:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[key] = analysis


def answer(head_bytes: bytes, text: bytes, shapes: Shapes) -> bytes:
    """The answer to one question; b"" where there is none."""
    head = parcel.open_head(head_bytes)
    ctx = LexContext(*head.ctx)
    key = shapes.key(head, ctx, text)
    found = shapes.find(key)
    if found is not None:
        return parcel.pack_answer(found, text, ctx, "", True)
    analysis = analyze(text, ctx, head.schema, head.prepared, parcel.open_memory(head.memory))
    shapes.keep(key, analysis)
    shown = masked_literals(text, lex(text, ctx)) if head.literals else ""
    return parcel.pack_answer(analysis, text, ctx, shown, False)


def serve(sock: socket.socket) -> None:
    """Answers until the other end is closed."""
    shapes = Shapes()
    while True:
        lengths = receive(sock, 8)
        head_size = int.from_bytes(lengths[:4], "little")
        text_size = int.from_bytes(lengths[4:], "little")
        if len(lengths) < 8 or head_size > MOST or text_size > MOST:
            return
        head = receive(sock, head_size)
        text = receive(sock, text_size)
        if len(head) < head_size or len(text) < text_size:
            return
        try:
            said = answer(head, text, shapes)
        except Exception:  # this statement is blocked; the next one may go better
            said = b""
        sock.sendall(len(said).to_bytes(4, "little") + said)


def receive(sock: socket.socket, size: int) -> bytes:
    """So many bytes; fewer where the other end is closed."""
    parts: list[bytes] = []
    left = size
    while left:
        part = sock.recv(min(left, 1 << 20))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def main(arguments: list[str]) -> int:
    """arguments: the socket's descriptor."""
    gc.collect()
    gc.freeze()  # what is there now lives as long as the process
    with socket.socket(fileno=int(arguments[0])) as sock, contextlib.suppress(OSError):
        serve(sock)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
