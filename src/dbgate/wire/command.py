"""What a command's payload says, as far as the gate must know it (page_protocol_command_phase in the MySQL manual;
COM_STMT_BULK_EXECUTE and statement id -1 in MariaDB's "Clientserver protocol").

A payload that is too short for its command raises ProtocolError; bytes behind the fields read here are the server's.
"""

from __future__ import annotations

from typing import Final

from dbgate.errors import ProtocolError
from dbgate.wire.codec import Reader
from dbgate.wire.constants import (
    COM_BINLOG_DUMP,
    COM_BINLOG_DUMP_GTID,
    COM_CHANGE_USER,
    COM_CLONE,
    COM_CREATE_DB,
    COM_DEBUG,
    COM_DROP_DB,
    COM_FIELD_LIST,
    COM_INIT_DB,
    COM_PING,
    COM_PROCESS_INFO,
    COM_PROCESS_KILL,
    COM_QUERY,
    COM_QUIT,
    COM_REFRESH,
    COM_REGISTER_SLAVE,
    COM_RESET_CONNECTION,
    COM_SET_OPTION,
    COM_SHUTDOWN,
    COM_STATISTICS,
    COM_STMT_BULK_EXECUTE,
    COM_STMT_CLOSE,
    COM_STMT_EXECUTE,
    COM_STMT_FETCH,
    COM_STMT_PREPARE,
    COM_STMT_RESET,
    COM_STMT_SEND_LONG_DATA,
    COM_TABLE_DUMP,
    TYPE_BIT,
    TYPE_DATE,
    TYPE_DATETIME,
    TYPE_DECIMAL,
    TYPE_DOUBLE,
    TYPE_FLOAT,
    TYPE_GEOMETRY,
    TYPE_JSON,
    TYPE_LONG,
    TYPE_LONGLONG,
    TYPE_SHORT,
    TYPE_TIME,
    TYPE_TIMESTAMP,
    TYPE_TINY,
    TYPE_VARCHAR,
)

NAMES: Final[dict[int, str]] = {
    COM_QUIT: "QUIT",
    COM_INIT_DB: "INIT_DB",
    COM_QUERY: "QUERY",
    COM_FIELD_LIST: "FIELD_LIST",
    COM_CREATE_DB: "CREATE_DB",
    COM_DROP_DB: "DROP_DB",
    COM_REFRESH: "REFRESH",
    COM_SHUTDOWN: "SHUTDOWN",
    COM_STATISTICS: "STATISTICS",
    COM_PROCESS_INFO: "PROCESS_INFO",
    COM_PROCESS_KILL: "PROCESS_KILL",
    COM_DEBUG: "DEBUG",
    COM_PING: "PING",
    COM_CHANGE_USER: "CHANGE_USER",
    COM_BINLOG_DUMP: "BINLOG_DUMP",
    COM_TABLE_DUMP: "TABLE_DUMP",
    COM_REGISTER_SLAVE: "REGISTER_SLAVE",
    COM_STMT_PREPARE: "STMT_PREPARE",
    COM_STMT_EXECUTE: "STMT_EXECUTE",
    COM_STMT_SEND_LONG_DATA: "STMT_SEND_LONG_DATA",
    COM_STMT_CLOSE: "STMT_CLOSE",
    COM_STMT_RESET: "STMT_RESET",
    COM_SET_OPTION: "SET_OPTION",
    COM_STMT_FETCH: "STMT_FETCH",
    COM_BINLOG_DUMP_GTID: "BINLOG_DUMP_GTID",
    COM_RESET_CONNECTION: "RESET_CONNECTION",
    COM_CLONE: "CLONE",
    COM_STMT_BULK_EXECUTE: "STMT_BULK_EXECUTE",
}

CURSOR_FLAGS: Final = 7  # of a COM_STMT_EXECUTE: it asks for a cursor of some kind


def name(code: int) -> str:
    """The command's name without COM_, or "COMMAND 0x.." for one that is not known."""
    return NAMES.get(code, f"COMMAND 0x{code:02X}")


def statement_id(payload: bytes) -> int:
    """The statement that a command on a prepared statement names; `payload` is its beginning. Raises ProtocolError
    where the command ends before what it must have."""
    size = len(payload)
    code = payload[0] if size else COM_STMT_CLOSE
    least = 5
    if code == COM_STMT_EXECUTE:
        least = 10  # flags, iteration count
    elif code == COM_STMT_FETCH:
        least = 9  # rows
    elif code in (COM_STMT_SEND_LONG_DATA, COM_STMT_BULK_EXECUTE):
        least = 7  # parameter, flags
    if size < least:
        raise ProtocolError(f"{name(code)} of {size} bytes")
    return payload[1] | payload[2] << 8 | payload[3] << 16 | payload[4] << 24


def wants_cursor(payload: bytes) -> bool:
    """Whether a COM_STMT_EXECUTE that statement_id has accepted asks for a cursor."""
    return payload[5] & CURSOR_FLAGS != 0


def parse_field_list(payload: bytes) -> bytes:
    """The table of COM_FIELD_LIST; raises ProtocolError."""
    return Reader(payload, 1).nul_bytes()


def value_size(kind: int) -> int:
    """Bytes of a query attribute's value of this type (its flags byte included); -1: its own length is in front
    (length-encoded), -2: one length byte (dates and times), -3: no type of which this is known.

    INT24, YEAR and NULL are among the last, and so is any flag but "unsigned": the server reads such values as strings
    (seen on MySQL 9.7: get_param_length() knows only what mysql_stmt_bind_named_param() sends)."""
    kind &= 0x7FFF  # unsigned
    if kind == TYPE_TINY:
        return 1
    if kind == TYPE_SHORT:
        return 2
    if kind in (TYPE_LONG, TYPE_FLOAT):
        return 4
    if kind in (TYPE_LONGLONG, TYPE_DOUBLE):
        return 8
    if kind in (TYPE_DATE, TYPE_DATETIME, TYPE_TIMESTAMP, TYPE_TIME):
        return -2
    if kind in (TYPE_DECIMAL, TYPE_VARCHAR, TYPE_BIT) or TYPE_JSON <= kind <= TYPE_GEOMETRY:
        return -1
    return -3


def skip_attributes(payload: bytes) -> int:
    """Where the text of a COM_QUERY begins when CLIENT_QUERY_ATTRIBUTES is in force.

    Layout: parameter count, parameter set count (1), and where the count is not 0: null bitmap, new-parameters flag
    (1), per parameter type (2 bytes) and name, then the values that are not null (page_protocol_com_query). Raises
    ProtocolError for anything else: the text must begin where the server says that it begins.
    """
    read = Reader(payload, 1)
    count = read.lenenc()
    if read.lenenc() != 1:
        raise ProtocolError("query attributes must be one set")
    if count == 0:
        return read.pos
    if count > read.left():
        raise ProtocolError("more query attributes than bytes")
    nulls = read.take((count + 7) // 8)
    if read.u8() != 1:
        raise ProtocolError("query attributes without types")
    sizes: list[int] = []
    for _ in range(count):
        sizes.append(value_size(read.u16()))
        read.skip(read.lenenc())
    for i in range(count):
        if nulls[i >> 3] & 1 << (i & 7):
            continue
        size = sizes[i]
        if size == -1:
            read.skip(read.lenenc())
        elif size == -2:
            read.skip(read.u8())
        elif size == -3:
            raise ProtocolError("query attribute of an unknown type")
        else:
            read.skip(size)
    return read.pos
