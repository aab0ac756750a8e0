"""Handshakes told by their bytes from those that were read before, so that they need not be read again.

All greetings of one server are the same but for thread id and scramble, all answers of one client program but for that
of its auth plugin. Nothing is taken here that wire.handshake would have read in another way: a property test holds both
together.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.wire.build import packet
from dbgate.wire.constants import HEADER
from dbgate.wire.handshake import Greeting, rewrite_greeting

_USER: Final = 32  # where the user's name begins in a HandshakeResponse41
_LONG: Final = (
    0xFB  # a length from here on is of several bytes, or of another meaning with and without LENENC
)


@final
class Mould:
    """A greeting with holes for thread id and scramble. payload: one that was read as `greeting`; offered: the
    capabilities that clients are shown of it."""

    def __init__(self, payload: bytes, greeting: Greeting, offered: int) -> None:
        whole = packet(0, payload)
        at = payload.index(0, 1) + 1 + HEADER  # thread id and first part of the scramble: 12 bytes
        self.offered = offered
        self._like = greeting
        self._size = len(whole)
        self._at = at
        self._head = whole[:at]
        self._middle = whole[at + 12 : at + 31]
        self._shown = packet(0, rewrite_greeting(payload, offered))[at + 12 : at + 31]
        # Of the second part: max(13, length - 8) bytes.
        self._tail_at = at + 31 + max(13, whole[at + 20] - 8)
        self._tail = whole[self._tail_at :]

    def read(self, data: bytes) -> Greeting | None:
        """What the greeting says, where the chunk `data` is one of this kind and nothing else; else None."""
        at = self._at
        if (
            len(data) != self._size
            or data[at + 12 : at + 31] != self._middle
            or not data.startswith(self._head)
            or not data.endswith(self._tail)
        ):
            return None
        second = data[at + 31 : self._tail_at]
        if second.endswith(b"\x00"):
            second = second[:-1]
        like = self._like
        return Greeting(
            like.version_text,
            data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24,
            data[at + 4 : at + 12] + second,
            like.capabilities,
            like.collation,
            like.status,
            like.plugin,
            like,
        )

    def shown(self, data: bytes) -> bytes:
        """The packet for the client; `data` was taken by `read`."""
        at = self._at
        return data[: at + 12] + self._shown + data[at + 31 :]


def without_auth(payload: bytes) -> bytes:
    """A HandshakeResponse41 without the answer of its plugin: two of which this is equal say the same besides. It holds
    where CLIENT_SECURE_CONNECTION or CLIENT_PLUGIN_AUTH_LENENC is in it. b"": it cannot be told here."""
    end = payload.find(b"\x00", _USER) + 1
    if end == 0 or end == len(payload):
        return b""
    size = payload[end]
    stop = end + 1 + size
    if size >= _LONG or stop > len(payload):
        return b""
    return payload[:end] + payload[stop:]


def auth_of(payload: bytes) -> bytes:
    """The answer of the plugin in a payload that without_auth has cut."""
    end = payload.find(b"\x00", _USER) + 1
    return payload[end + 1 : end + 1 + payload[end]]
