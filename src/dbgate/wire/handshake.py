"""The connection phase: the server's greeting (version 10) and the client's HandshakeResponse41, read and rewritten.

Capabilities are an allow-list. What the gate cannot follow leaves the greeting, and the client's answer is held to
what our greeting offered: an unoffered bit that alters framing, replies or the payload's layout ends the connection,
others are cleared. Both rewrites patch bytes in place, so nothing else of the packet changes.

Greeting (page_protocol_connection_phase_packets_protocol_handshake_v10): 0x0A, version NUL, thread id 4, scramble 8,
0x00, capabilities low 2, collation 1, status 2, capabilities high 2, scramble length 1, reserved 10 (MariaDB: 6, then
4 bytes of extended capabilities where CLIENT_LONG_PASSWORD is unset), scramble 2, plugin NUL.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.errors import ProtocolError
from dbgate.wire.codec import Reader
from dbgate.wire.constants import (
    CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS,
    CLIENT_CAPABILITY_EXTENSION,
    CLIENT_COMPRESS,
    CLIENT_CONNECT_ATTRS,
    CLIENT_CONNECT_WITH_DB,
    CLIENT_DEPRECATE_EOF,
    CLIENT_FOUND_ROWS,
    CLIENT_IGNORE_SIGPIPE,
    CLIENT_IGNORE_SPACE,
    CLIENT_INTERACTIVE,
    CLIENT_LOCAL_FILES,
    CLIENT_LONG_FLAG,
    CLIENT_LONG_PASSWORD,
    CLIENT_MULTI_FACTOR_AUTHENTICATION,
    CLIENT_MULTI_RESULTS,
    CLIENT_MULTI_STATEMENTS,
    CLIENT_ODBC,
    CLIENT_OPTIONAL_RESULTSET_METADATA,
    CLIENT_PLUGIN_AUTH,
    CLIENT_PLUGIN_AUTH_LENENC,
    CLIENT_PROTOCOL_41,
    CLIENT_PS_MULTI_RESULTS,
    CLIENT_QUERY_ATTRIBUTES,
    CLIENT_RESERVED,
    CLIENT_SECURE_CONNECTION,
    CLIENT_SESSION_TRACK,
    CLIENT_SSL,
    CLIENT_TRANSACTIONS,
    CLIENT_ZSTD_COMPRESSION,
    MARIADB_BULK_UNIT_RESULTS,
    MARIADB_CACHE_METADATA,
    MARIADB_COM_MULTI,
    MARIADB_EXTENDED_METADATA,
    MARIADB_PROGRESS,
    MARIADB_STMT_BULK_OPERATIONS,
)

# What may stay in a greeting: each bit is either without effect on the protocol, or followed by this package.
ALLOWED: Final = (
    CLIENT_LONG_PASSWORD
    | CLIENT_FOUND_ROWS
    | CLIENT_LONG_FLAG
    | CLIENT_CONNECT_WITH_DB
    | CLIENT_ODBC
    | CLIENT_LOCAL_FILES
    | CLIENT_IGNORE_SPACE
    | CLIENT_PROTOCOL_41
    | CLIENT_INTERACTIVE
    | CLIENT_IGNORE_SIGPIPE
    | CLIENT_TRANSACTIONS
    | CLIENT_RESERVED
    | CLIENT_SECURE_CONNECTION
    | CLIENT_MULTI_STATEMENTS
    | CLIENT_MULTI_RESULTS
    | CLIENT_PS_MULTI_RESULTS
    | CLIENT_PLUGIN_AUTH
    | CLIENT_CONNECT_ATTRS
    | CLIENT_PLUGIN_AUTH_LENENC
    | CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS
    | CLIENT_SESSION_TRACK
    | CLIENT_DEPRECATE_EOF
    | CLIENT_QUERY_ATTRIBUTES
    | CLIENT_MULTI_FACTOR_AUTHENTICATION
    | MARIADB_PROGRESS
    | MARIADB_STMT_BULK_OPERATIONS
    | MARIADB_EXTENDED_METADATA
    | MARIADB_CACHE_METADATA
    | MARIADB_BULK_UNIT_RESULTS
)

# Bits that change what follows on the wire: a client that sets one which was not offered speaks another protocol.
# Three that do are not among them. libmysqlclient (mysql 8 and 9, Connector/Python's C extension) always sets
# CLIENT_QUERY_ATTRIBUTES and CLIENT_MULTI_FACTOR_AUTHENTICATION, and then speaks as the greeting has it, so MariaDB
# could not be reached with it; any client may set CLIENT_LOCAL_FILES. Cleared, neither gate nor server reads or sends
# anything by them.
ALTERING: Final = (
    CLIENT_COMPRESS
    | CLIENT_SSL
    | CLIENT_ZSTD_COMPRESSION
    | CLIENT_OPTIONAL_RESULTSET_METADATA
    | CLIENT_CAPABILITY_EXTENSION
    | CLIENT_CONNECT_WITH_DB
    | CLIENT_SECURE_CONNECTION
    | CLIENT_MULTI_RESULTS
    | CLIENT_PS_MULTI_RESULTS
    | CLIENT_PLUGIN_AUTH
    | CLIENT_CONNECT_ATTRS
    | CLIENT_PLUGIN_AUTH_LENENC
    | CLIENT_SESSION_TRACK
    | CLIENT_DEPRECATE_EOF
    | MARIADB_PROGRESS
    | MARIADB_COM_MULTI
    | MARIADB_STMT_BULK_OPERATIONS
    | MARIADB_EXTENDED_METADATA
    | MARIADB_CACHE_METADATA
    | MARIADB_BULK_UNIT_RESULTS
)

_LOW: Final = 0xFFFFFFFF


@final
class Greeting:
    """A server's greeting. capabilities: 64 bits, MariaDB's extended ones from bit 32; version: as in version
    comments (101106 for 10.11.6); scramble: the plugin's data, both parts, without the closing NUL.
    like: one with the same version_text and capabilities, where there was one."""

    def __init__(
        self,
        version_text: str,
        thread_id: int,
        scramble: bytes,
        capabilities: int,
        collation: int,
        status: int,
        plugin: str,
        like: Greeting | None = None,
    ) -> None:
        self.version_text = version_text
        self.thread_id = thread_id
        self.scramble = scramble
        self.capabilities = capabilities
        self.collation = collation
        self.status = status
        self.plugin = plugin
        if like is None:
            self.mariadb: bool = "mariadb" in version_text.lower() or not capabilities & CLIENT_LONG_PASSWORD
            self.version: int = version_number(version_text)
        else:
            self.mariadb = like.mariadb
            self.version = like.version


def version_number(text: str) -> int:
    """ "5.5.5-10.11.6-MariaDB-1" → 101106, "9.7.4-2" → 90704. MariaDB before 11 puts "5.5.5-" in front of its
    version for the sake of old replicas (sql/sql_connect and include/mysql_version in MariaDB's source)."""
    body = text[6:] if text.startswith("5.5.5-") else text
    parts: list[int] = []
    for word in body.split(".", 2):
        digits = ""
        for char in word:
            if char < "0" or char > "9":
                break
            digits += char
        if not digits or len(digits) > 2:
            break
        parts.append(int(digits))
    if len(parts) < 2:
        raise ProtocolError("the server's version cannot be read")
    return parts[0] * 10000 + parts[1] * 100 + (parts[2] if len(parts) > 2 else 0)


def parse_greeting(payload: bytes) -> Greeting:
    """Read a greeting; raises ProtocolError."""
    read = Reader(payload)
    if read.u8() != 10:
        raise ProtocolError("greeting of an unknown protocol version")
    version = read.nul_bytes().decode("ascii", "backslashreplace")
    thread_id = read.u32()
    scramble = read.take(8)
    read.skip(1)
    capabilities = read.u16()
    collation = read.u8()
    status = read.u16()
    capabilities |= read.u16() << 16
    scramble_length = read.u8()
    read.skip(6)
    extended = read.u32()
    if not capabilities & CLIENT_LONG_PASSWORD:
        capabilities |= extended << 32
    need = CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION
    if capabilities & need != need:
        raise ProtocolError("the server speaks a protocol older than 4.1")
    second = read.take(max(13, scramble_length - 8))
    if second.endswith(b"\x00"):
        second = second[:-1]
    plugin = b""
    if capabilities & CLIENT_PLUGIN_AUTH and read.left():
        tail = read.rest()
        plugin = tail[:-1] if tail.endswith(b"\x00") else tail
    return Greeting(
        version,
        thread_id,
        scramble + second,
        capabilities,
        collation,
        status,
        plugin.decode("ascii", "replace"),
    )


def offer(greeting: Greeting, tls: bool = False) -> int:
    """The capabilities that the client is shown; tls: the gateway has a certificate to show."""
    return greeting.capabilities & ALLOWED | (CLIENT_SSL if tls else 0)


def rewrite_greeting(payload: bytes, capabilities: int) -> bytes:
    """The same greeting offering `capabilities`; `payload` was read by parse_greeting."""
    low = payload.index(0, 1) + 1 + 4 + 8 + 1  # behind version, thread id, scramble and its NUL
    patched = bytearray(payload)
    patched[low : low + 2] = (capabilities & 0xFFFF).to_bytes(2, "little")
    patched[low + 5 : low + 7] = (capabilities >> 16 & 0xFFFF).to_bytes(2, "little")
    if not capabilities & CLIENT_LONG_PASSWORD:
        patched[low + 14 : low + 18] = (capabilities >> 32).to_bytes(4, "little")
    return bytes(patched)


@final
class Response:
    """A client's HandshakeResponse41. capabilities as in Greeting; collation: the id (0-255); auth: the first answer
    of its plugin; attributes: the raw pairs, not read further."""

    def __init__(
        self,
        capabilities: int,
        max_packet: int,
        collation: int,
        user: bytes,
        auth: bytes,
        schema: bytes,
        plugin: str,
        attributes: bytes,
    ) -> None:
        self.capabilities = capabilities
        self.max_packet = max_packet
        self.collation = collation
        self.user = user
        self.auth = auth
        self.schema = schema
        self.plugin = plugin
        self.attributes = attributes


def response_capabilities(payload: bytes) -> int:
    """Only the capabilities of an answer, or of an SSLRequest; raises ProtocolError."""
    read = Reader(payload)
    capabilities = read.u32()
    if not capabilities & CLIENT_PROTOCOL_41:
        raise ProtocolError("the client speaks a protocol older than 4.1")
    if not capabilities & CLIENT_LONG_PASSWORD:
        read.skip(24)
        capabilities |= read.u32() << 32
    return capabilities


def parse_response(payload: bytes) -> Response:
    """Read a HandshakeResponse41; raises ProtocolError. Call `held` first: the layout follows the capabilities.

    Plugin and attributes may be missing at the end, as servers allow; they name nothing that is judged.
    """
    capabilities = response_capabilities(payload)
    read = Reader(payload, 4)
    max_packet = read.u32()
    collation = read.u8()
    read.skip(23)
    user = read.nul_bytes()
    if capabilities & CLIENT_PLUGIN_AUTH_LENENC:
        auth = read.lenenc_bytes()
    elif capabilities & CLIENT_SECURE_CONNECTION:
        auth = read.take(read.u8())
    else:
        auth = read.nul_bytes()
    schema = read.nul_bytes() if capabilities & CLIENT_CONNECT_WITH_DB else b""
    plugin = b""
    if capabilities & CLIENT_PLUGIN_AUTH and read.left():
        plugin = read.nul_bytes()
    attributes = b""
    if capabilities & CLIENT_CONNECT_ATTRS and read.left():
        attributes = read.lenenc_bytes()
    return Response(
        capabilities, max_packet, collation, user, auth, schema, plugin.decode("ascii", "replace"), attributes
    )


def held(capabilities: int, offered: int) -> int:
    """A client's capabilities held to what was offered; raises ProtocolError for an unoffered altering bit.

    CLIENT_LONG_PASSWORD stays as the client has it: it tells the server whether the filler holds MariaDB's extended
    capabilities, so that clearing it would turn filler bytes into capabilities that nobody checked."""
    extra = capabilities & ~offered
    if extra & ALTERING:
        raise ProtocolError(f"capabilities {extra & ALTERING:#x} were not offered")
    return capabilities & (offered | CLIENT_LONG_PASSWORD)


def rewrite_response(payload: bytes, capabilities: int) -> bytes:
    """The same answer with `capabilities`, which differ from its own only in bits that do not alter its layout."""
    patched = bytearray(payload)
    patched[0:4] = (capabilities & _LOW).to_bytes(4, "little")
    if not capabilities & CLIENT_LONG_PASSWORD and len(patched) >= 32:
        patched[28:32] = (capabilities >> 32).to_bytes(4, "little")
    return bytes(patched)


@final
class ChangeUser:
    """COM_CHANGE_USER's fields; collation is -1 where the packet ends before it (the server keeps its own)."""

    def __init__(self, user: bytes, auth: bytes, schema: bytes, collation: int, plugin: str) -> None:
        self.user = user
        self.auth = auth
        self.schema = schema
        self.collation = collation
        self.plugin = plugin


def parse_change_user(payload: bytes, capabilities: int) -> ChangeUser:
    """Read COM_CHANGE_USER (the command byte included); raises ProtocolError."""
    read = Reader(payload, 1)
    user = read.nul_bytes()
    if capabilities & CLIENT_SECURE_CONNECTION:
        auth = read.take(read.u8())
    else:
        auth = read.nul_bytes()
    schema = read.nul_bytes()
    collation = -1
    plugin = b""
    if read.left():
        collation = read.u16()
        if capabilities & CLIENT_PLUGIN_AUTH and read.left():
            plugin = read.nul_bytes()
    return ChangeUser(user, auth, schema, collation, plugin.decode("ascii", "replace"))


def switch_plugin(payload: bytes) -> str:
    """The plugin that an AuthSwitchRequest or AuthNextFactor names ("" for the old-password form)."""
    read = Reader(payload, 1)
    return read.nul_bytes().decode("ascii", "replace") if read.left() else ""
