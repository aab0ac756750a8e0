"""The only place that picks fields out of a peer's payload. Every read is checked against the payload's end.

A `Reader` raises `errors.ProtocolError` and nothing else, whatever the bytes.
Integer formats: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html
"""

from __future__ import annotations

from typing import Final, final

from dbgate.errors import ProtocolError

_NULL: Final = 0xFB


@final
class Reader:
    """A cursor over payload[pos:end]. u8 … u64 read integers of so many bits, little-endian and unsigned. Whatever is
    read beyond the end is a ProtocolError."""

    def __init__(self, data: bytes, pos: int = 0, end: int = -1) -> None:
        self.data = data
        self.pos = pos
        self.end = len(data) if end < 0 else end

    def left(self) -> int:
        """Bytes that are not read yet."""
        return self.end - self.pos

    def need(self, size: int) -> None:
        """Raise ProtocolError unless `size` more bytes are there."""
        if size > self.end - self.pos:
            raise ProtocolError(f"packet ends {size - (self.end - self.pos)} bytes early")

    def u8(self) -> int:
        self.need(1)
        value = self.data[self.pos]
        self.pos += 1
        return value

    def u16(self) -> int:
        self.need(2)
        start = self.pos
        self.pos = start + 2
        data = self.data
        # The most frequent read: twice as quick as from_bytes of a slice
        return data[start] | data[start + 1] << 8

    def u24(self) -> int:
        return self.fixed(3)

    def u32(self) -> int:
        return self.fixed(4)

    def u64(self) -> int:
        return self.fixed(8)

    def fixed(self, size: int) -> int:
        """An integer of `size` bytes."""
        self.need(size)
        start = self.pos
        self.pos = start + size
        return int.from_bytes(self.data[start : start + size], "little")

    def skip(self, size: int) -> None:
        self.need(size)
        self.pos += size

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        self.need(size)
        start = self.pos
        self.pos = start + size
        return self.data[start : start + size]

    def rest(self) -> bytes:
        """All bytes that are left."""
        return self.take(self.end - self.pos)

    def lenenc(self) -> int:
        """A length-encoded integer; NULL (0xFB) and 0xFF are errors."""
        first = self.u8()
        if first < _NULL:
            return first
        if first == 0xFC:
            return self.fixed(2)
        if first == 0xFD:
            return self.fixed(3)
        if first == 0xFE:
            return self.fixed(8)
        raise ProtocolError(f"0x{first:02X} is no length")

    def lenenc_bytes(self) -> bytes:
        """A string with a length-encoded length."""
        return self.take(self.lenenc())

    def lenenc_or_null(self) -> bytes | None:
        """A value of a text row: a length-encoded string, or None for NULL."""
        self.need(1)
        if self.data[self.pos] == _NULL:
            self.pos += 1
            return None
        return self.lenenc_bytes()

    def nul_bytes(self) -> bytes:
        """A string up to its NUL, which is read too; no NUL is an error."""
        stop = self.data.find(b"\x00", self.pos, self.end)
        if stop < 0:
            raise ProtocolError("string has no end")
        start = self.pos
        self.pos = stop + 1
        return self.data[start:stop]


def put_lenenc(value: int) -> bytes:
    """The length-encoded form of `value`, shortest first (the inverse of Reader.lenenc)."""
    if value < _NULL:
        return value.to_bytes(1, "little")
    if value < 1 << 16:
        return b"\xfc" + value.to_bytes(2, "little")
    if value < 1 << 24:
        return b"\xfd" + value.to_bytes(3, "little")
    return b"\xfe" + value.to_bytes(8, "little")


def put_lenenc_bytes(value: bytes) -> bytes:
    """A string with its length-encoded length."""
    return put_lenenc(len(value)) + value
