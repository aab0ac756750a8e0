"""Which file a server may ask a client for: the one that the client's own statement names, and no other.

A server that was taken over, or that only pretends to be one, could answer a LOAD DATA LOCAL with a request for any file
that the client may read ("Security Considerations for LOAD DATA LOCAL" in the MySQL manual).
"""

from __future__ import annotations


def names_file(text: bytes, name: bytes) -> bool:
    """Whether a string literal of `text` is `name`. Backslashes are left out on both sides: what they mean depends on the
    SQL mode. True also where it cannot be told: the text is not at hand (b""), or the name is not plain ASCII."""
    if not text or not name.isascii() or not name.decode("ascii").isprintable():
        return True
    text = text.replace(b"\\", b"")
    name = name.replace(b"\\", b"")
    for quote in (b"'", b'"'):
        if quote + name + quote in text or quote + name.replace(quote, quote + quote) + quote in text:
            return True
    return False
