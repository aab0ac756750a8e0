"""OK, EOF and ERR packets, the first packet of a PREPARE's reply, and the name in a column definition.

https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_response_packets.html
"""

from __future__ import annotations

from typing import Final, final

from dbgate.errors import ProtocolError
from dbgate.wire.codec import Reader
from dbgate.wire.constants import (
    CLIENT_SESSION_TRACK,
    ERR_HEADER,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_PS_OUT_PARAMS,
    SERVER_SESSION_STATE_CHANGED,
    TRACK_SCHEMA,
    TRACK_SYSTEM_VARIABLES,
)

_FOLLOWED: Final = (
    b"sql_mode",
    b"character_set_client",
    b"character_set_connection",
    b"collation_connection",
)


@final
class Ok:
    """An OK packet, or an EOF packet of either form. moved: its session tracking tells that the SQL mode or a
    character set changed; schema: the current schema that it tells of (UTF-8), None where it does not."""

    def __init__(self, affected_rows: int, status: int, warnings: int) -> None:
        self.affected_rows = affected_rows
        self.status = status
        self.warnings = warnings
        self.moved = False
        self.schema: bytes | None = None


def parse_ok(data: bytes, pos: int, end: int, capabilities: int) -> Ok:
    """data[pos:end] is the payload of an OK packet (first byte 0x00, or 0xFE in place of an EOF)."""
    read = Reader(data, pos + 1, end)
    affected = read.lenenc()
    read.lenenc()  # last insert id
    status = read.u16()
    warnings = read.u16()
    ok = Ok(affected, status, warnings)
    if status & SERVER_SESSION_STATE_CHANGED and capabilities & CLIENT_SESSION_TRACK and read.left():
        read.skip(read.lenenc())  # the human-readable message
        _track(read, ok)
    return ok


def plain_ok(data: bytes, pos: int, end: int) -> int:
    """An ordinary OK in one number, without an object: affected rows << 32 | status << 16 | warnings. -1 where it
    takes parse_ok: numbers of several bytes, session tracking, or a packet that is too short."""
    if end - pos < 7 or data[pos + 1] >= 0xFB or data[pos + 2] >= 0xFB:
        return -1
    status = data[pos + 3] | data[pos + 4] << 8
    if status & SERVER_SESSION_STATE_CHANGED:
        return -1
    return data[pos + 1] << 32 | status << 16 | data[pos + 5] | data[pos + 6] << 8


def parse_eof(data: bytes, pos: int, end: int, before: int = 0) -> Ok:
    """data[pos:end] is the payload of an EOF packet of the old form: 0xFE, warnings, status. before: the status of the
    EOF in front of the rows that this one ends. Of OUT parameters MySQL says only there that more follows
    (Protocol_binary::send_out_parameters), and its own client keeps that in mind."""
    read = Reader(data, pos + 1, end)
    warnings = read.u16()
    status = read.u16()
    if before & SERVER_PS_OUT_PARAMS:
        status |= before & SERVER_MORE_RESULTS_EXISTS
    return Ok(0, status, warnings)


def _track(read: Reader, ok: Ok) -> None:
    """What session tracking says of the state that the gate follows. Each entry: kind 1, then its data, whose length
    is length-encoded; system variables are pairs of strings, the schema one string."""
    if not read.left():
        return
    stop = read.lenenc()
    read.need(stop)
    stop += read.pos
    while read.pos < stop:
        kind = read.u8()
        size = read.lenenc()
        read.need(size)
        here = read.pos + size
        if here > stop:
            raise ProtocolError("session tracking ends early")
        if kind == TRACK_SCHEMA:
            ok.schema = read.lenenc_bytes()
        elif kind == TRACK_SYSTEM_VARIABLES:
            while read.pos < here:
                if read.lenenc_bytes() in _FOLLOWED:
                    ok.moved = True
                read.skip(read.lenenc())
        read.pos = here


@final
class Err:
    """An ERR packet; sqlstate is "" where it carries none."""

    def __init__(self, errno: int, sqlstate: str, message: bytes) -> None:
        self.errno = errno
        self.sqlstate = sqlstate
        self.message = message


def parse_err(data: bytes, pos: int, end: int) -> Err:
    """data[pos:end] is the payload of an ERR packet, or of a MariaDB progress report (errno 0xFFFF)."""
    read = Reader(data, pos, end)
    if read.u8() != ERR_HEADER:
        raise ProtocolError("no ERR packet")
    errno = read.u16()
    rest = read.rest()
    if rest[:1] == b"#" and len(rest) >= 6:
        return Err(errno, rest[1:6].decode("ascii", "replace"), rest[6:])
    return Err(errno, "", rest)


@final
class Prepared:
    """The first packet of the reply to COM_STMT_PREPARE."""

    def __init__(self, statement_id: int, columns: int, parameters: int, warnings: int) -> None:
        self.statement_id = statement_id
        self.columns = columns
        self.parameters = parameters
        self.warnings = warnings


def parse_prepared(data: bytes, pos: int, end: int) -> Prepared:
    """data[pos:end]: 0x00, statement id 4, columns 2, parameters 2, filler 1, warnings 2."""
    read = Reader(data, pos + 1, end)
    statement_id = read.u32()
    columns = read.u16()
    parameters = read.u16()
    read.skip(1)
    return Prepared(statement_id, columns, parameters, read.u16())


def columns(data: bytes, pos: int, end: int, cached: bool) -> int:
    """The number of columns that data[pos:end] announces; negative where no definitions follow, as MariaDB tells in
    one more byte (cached: MARIADB_CACHE_METADATA is in force)."""
    if end - pos == 1 and 0 < data[pos] < 0xFB and not cached:
        return data[pos]
    read = Reader(data, pos, end)
    count = read.lenenc()
    if count == 0 or count > 0xFFFF:
        raise ProtocolError(f"result of {count} columns")
    follow = read.u8() if cached else 1
    if read.left() or follow > 1:
        raise ProtocolError("column count of an unknown form")
    return count if follow else -count


def column_name(data: bytes, pos: int, end: int) -> bytes:
    """The original name of a column, or its alias where it has none (an expression), from a column definition:
    catalog, schema, table alias, table, column alias, column, each length-encoded."""
    read = Reader(data, pos, end)
    for _ in range(4):
        read.skip(read.lenenc())
    alias = read.lenenc_bytes()
    return read.lenenc_bytes() or alias
