"""Packets out of chunks: a 4-byte header (3 bytes length, 1 byte sequence number), then the payload; a payload of
0xFFFFFF bytes is continued by the next packet (page_protocol_basic_packets in the MySQL manual).

`PacketReader` collects whole logical packets, bounded; `PacketStream` only follows headers of what is passed on.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.errors import ProtocolError
from dbgate.wire.constants import COM_QUERY, COM_STMT_PREPARE, HEADER, MAX_PAYLOAD

NEED_MORE: Final = 0
PACKET: Final = 1
OVERSIZE: Final = 2

_PREFIX: Final = 16  # bytes of an oversize payload that are kept: the command and its statement id


@final
class PacketReader:
    """Collects the logical packets of one peer. Feed chunks, then call `next` until it says NEED_MORE.

    limit: bytes of a payload that begins with COM_QUERY or COM_STMT_PREPARE; other_limit: of any other payload.
    After PACKET: `raw` is the packet as it travelled (headers included; the very chunk where the chunk was exactly one
    packet), `size` the payload's length, `last_seq` the last sequence number; `payload()` is what it carries. After
    OVERSIZE: the packet was longer than `limit`; it was dropped as it came, `raw` holds its first bytes without header,
    `size` its payload's length. `seq` is the sequence number that the next packet must have; a wrong one raises
    ProtocolError.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.other_limit = limit
        self.seq = 0
        self.raw = b""
        self.last_seq = 0
        self.size = 0
        self.buffered = 0
        self._parts: list[bytes] = []
        self._need = HEADER
        self.dropping = False
        self._drop_left = 0
        self._drop_more = False

    def feed(self, data: bytes) -> None:
        """Add a chunk."""
        if data:
            self._parts.append(data)
            self.buffered += len(data)

    def next(self) -> int:
        """NEED_MORE, PACKET or OVERSIZE; raises ProtocolError for a wrong sequence number."""
        if self.dropping:
            return self._drop()
        if self.buffered < self._need:
            return NEED_MORE
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        have = len(data)
        pos = 0
        size = 0
        seq = self.seq
        while True:
            if have - pos < HEADER:
                return self._wait(data, pos + HEADER)
            length = data[pos] | data[pos + 1] << 8 | data[pos + 2] << 16
            if data[pos + 3] != seq:
                raise ProtocolError(f"packet number {data[pos + 3]} where {seq} was due")
            size += length
            if size > self.limit or size > self.other_limit:
                if have < HEADER + _PREFIX:
                    return self._wait(
                        data, HEADER + _PREFIX
                    )  # limits are above the prefix, so these bytes will come
                code = data[HEADER]
                if size > (self.limit if code in (COM_QUERY, COM_STMT_PREPARE) else self.other_limit):
                    return self._start_drop(data, pos + HEADER, size, length, seq)
            pos += HEADER + length
            if have < pos:
                return self._wait(data, pos)
            if length < MAX_PAYLOAD:
                break
            seq = (seq + 1) & 0xFF
        self.last_seq = seq
        self.size = size
        self._need = HEADER
        self._parts.clear()
        if pos == have:
            self.raw = data
            self.buffered = 0
        else:
            self.raw = data[:pos]
            self._parts.append(data[pos:])
            self.buffered = have - pos
        return PACKET

    def progress(self) -> int:
        """A number that grows with each byte of a packet that is half there; 0 = none is."""
        return self.size - self._drop_left + self.buffered + 1 if self.dropping else self.buffered

    def payload(self) -> bytes:
        """The payload of the packet in `raw`, continuations joined."""
        raw = self.raw
        if self.size < MAX_PAYLOAD:
            return raw[HEADER:]
        pieces: list[bytes] = []
        pos = 0
        while pos < len(raw):
            stop = min(pos + HEADER + MAX_PAYLOAD, len(raw))
            pieces.append(raw[pos + HEADER : stop])
            pos = stop
        return b"".join(pieces)

    def take_all(self) -> bytes:
        """Everything that is buffered; the reader is empty afterwards."""
        data = b"".join(self._parts)
        self._parts.clear()
        self.buffered = 0
        self._need = HEADER
        return data

    def _wait(self, data: bytes, need: int) -> int:
        self._parts = [data]
        self._need = need
        return NEED_MORE

    def _start_drop(self, data: bytes, pos: int, size: int, length: int, seq: int) -> int:
        """data[pos:] is in the packet that passed the limit; earlier ones of the same logical packet are in front."""
        self.raw = data[HEADER : HEADER + _PREFIX]
        self.size = size
        self.last_seq = seq
        self.dropping = True
        self._drop_left = length
        self._drop_more = length == MAX_PAYLOAD
        self._parts = [data[pos:]]
        self.buffered = len(data) - pos
        self._need = HEADER
        return self._drop()

    def _drop(self) -> int:
        data = b"".join(self._parts)
        pos = 0
        have = len(data)
        while True:
            if have - pos < self._drop_left:
                self._drop_left -= have - pos
                self._parts.clear()
                self.buffered = 0
                return NEED_MORE
            pos += self._drop_left
            self._drop_left = 0
            if not self._drop_more:
                break
            if have - pos < HEADER:
                self._keep(data[pos:])
                return NEED_MORE
            length = data[pos] | data[pos + 1] << 8 | data[pos + 2] << 16
            self.last_seq = (self.last_seq + 1) & 0xFF
            if data[pos + 3] != self.last_seq:
                raise ProtocolError(f"packet number {data[pos + 3]} where {self.last_seq} was due")
            self.size += length
            self._drop_left = length
            self._drop_more = length == MAX_PAYLOAD
            pos += HEADER
        self.dropping = False
        self._keep(data[pos:])
        return OVERSIZE

    def _keep(self, data: bytes) -> None:
        self._parts = [data] if data else []
        self.buffered = len(data)


@final
class PacketStream:
    """Follows the packets of a stream that is passed on as it comes, until an empty logical packet: the file that a
    client sends for LOAD DATA LOCAL. `last_seq` is the last sequence number; `seq` the one that is due."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.last_seq = seq
        self.done = False
        self._skip = 0
        self._more = False
        self._head = b""

    def feed(self, data: bytes) -> int:
        """How many bytes of `data` belong to the stream; all of them until `done`."""
        pos = 0
        have = len(data)
        while True:
            if self._skip:
                if have - pos < self._skip:
                    self._skip -= have - pos
                    return have
                pos += self._skip
                self._skip = 0
            missing = HEADER - len(self._head)
            head = self._head + data[pos : pos + missing]
            pos += len(head) - len(self._head)
            if len(head) < HEADER:
                self._head = head
                return have
            self._head = b""
            if head[3] != self.seq:
                raise ProtocolError(f"packet number {head[3]} where {self.seq} was due")
            self.last_seq = self.seq
            self.seq = (self.seq + 1) & 0xFF
            length = head[0] | head[1] << 8 | head[2] << 16
            if length == 0 and not self._more:
                self.done = True
                return pos
            self._more = length == MAX_PAYLOAD
            self._skip = length
