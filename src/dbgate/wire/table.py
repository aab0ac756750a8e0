"""A result set that the gateway originates: a table of texts, as the reply to a COM_QUERY.

Column count + definitions (+ EOF) + rows + EOF or OK (page_protocol_com_query_response_text_resultset). MariaDB: with
CACHE_METADATA a byte behind the count says that definitions follow; with EXTENDED_METADATA each has one more string.
wire.response reads it back.
"""

from __future__ import annotations

from typing import Final

from dbgate.wire.build import packet
from dbgate.wire.codec import put_lenenc, put_lenenc_bytes
from dbgate.wire.constants import (
    CLIENT_DEPRECATE_EOF,
    EOF_HEADER,
    MARIADB_CACHE_METADATA,
    MARIADB_EXTENDED_METADATA,
    SERVER_STATUS_AUTOCOMMIT,
    SERVER_STATUS_IN_TRANS,
)

_VAR_STRING: Final = 253
_UTF8MB4: Final = 45  # utf8mb4_general_ci, which both servers have
_FIXED: Final = 0x0C  # bytes of a definition's last part
_WIDTH: Final = 4096  # that clients are told of each column
_KEPT_STATUS: Final = SERVER_STATUS_AUTOCOMMIT | SERVER_STATUS_IN_TRANS


def table(
    seq: int, columns: tuple[str, ...], rows: list[tuple[str, ...]], capabilities: int, status: int
) -> bytes:
    """All packets of the reply. seq: of the first; status: the flags that the server has last given, of which those that
    tell of a transaction are kept."""
    pieces: list[bytes] = []
    count = put_lenenc(len(columns))
    if capabilities & MARIADB_CACHE_METADATA:
        count += b"\x01"
    pieces.append(packet(seq, count))
    seq += 1
    extended = capabilities & MARIADB_EXTENDED_METADATA != 0
    for name in columns:
        pieces.append(packet(seq, _definition(name.encode("utf-8", "backslashreplace"), extended)))
        seq += 1
    flags = (status & _KEPT_STATUS).to_bytes(2, "little")
    old = not capabilities & CLIENT_DEPRECATE_EOF
    if old:
        pieces.append(packet(seq, bytes((EOF_HEADER, 0, 0)) + flags))
        seq += 1
    for row in rows:
        cells: list[bytes] = []
        for cell in row:
            cells.append(put_lenenc_bytes(cell.encode("utf-8", "backslashreplace")))
        pieces.append(packet(seq, b"".join(cells)))
        seq += 1
    if old:
        pieces.append(packet(seq, bytes((EOF_HEADER, 0, 0)) + flags))
    else:
        pieces.append(packet(seq, bytes((EOF_HEADER, 0, 0)) + flags + b"\x00\x00"))
    return b"".join(pieces)


def _definition(name: bytes, extended: bool) -> bytes:
    nothing = put_lenenc_bytes(b"")
    head = put_lenenc_bytes(b"def") + nothing * 3 + put_lenenc_bytes(name) + nothing
    if extended:
        head += nothing
    tail = _UTF8MB4.to_bytes(2, "little") + _WIDTH.to_bytes(4, "little") + bytes((_VAR_STRING, 0, 0, 0, 0, 0))
    return head + bytes((_FIXED,)) + tail
