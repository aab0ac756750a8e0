"""Packets that the gate originates: OK, ERR, and its own queries. Each is complete, header included.

For each of them there is a parser in `status` or `packet` that gives back what was put in.
"""

from __future__ import annotations

from dbgate.wire.codec import put_lenenc
from dbgate.wire.constants import (
    CLIENT_LONG_PASSWORD,
    CLIENT_PLUGIN_AUTH,
    CLIENT_PROTOCOL_41,
    CLIENT_SECURE_CONNECTION,
    COM_QUERY,
    ERR_HEADER,
    MAX_PAYLOAD,
    OK_HEADER,
    SERVER_STATUS_AUTOCOMMIT,
)


def packet(seq: int, payload: bytes) -> bytes:
    """One logical packet, in as many physical ones as it takes; `seq` is taken mod 256."""
    if len(payload) < MAX_PAYLOAD:
        return (len(payload) | (seq & 0xFF) << 24).to_bytes(4, "little") + payload
    pieces: list[bytes] = []
    pos = 0
    while True:
        piece = payload[pos : pos + MAX_PAYLOAD]
        pieces.append(len(piece).to_bytes(3, "little") + bytes((seq & 0xFF,)))
        pieces.append(piece)
        pos += MAX_PAYLOAD
        seq += 1
        if len(piece) < MAX_PAYLOAD:
            return b"".join(pieces)


def err(seq: int, errno: int, sqlstate: str, message: str, bare: bool = False) -> bytes:
    """An ERR packet. bare: without SQLSTATE, as before the client's capabilities are known (in place of a greeting)."""
    body = bytes((ERR_HEADER,)) + errno.to_bytes(2, "little")
    if not bare:
        body += b"#" + sqlstate.encode("ascii")
    return packet(seq, body + message.encode("utf-8"))


def ok(seq: int, affected_rows: int = 0, status: int = SERVER_STATUS_AUTOCOMMIT, warnings: int = 0) -> bytes:
    """An OK packet without message."""
    body = bytes((OK_HEADER,)) + put_lenenc(affected_rows) + b"\x00"
    return packet(seq, body + status.to_bytes(2, "little") + warnings.to_bytes(2, "little"))


def query(sql: bytes, attributes: bool = False) -> bytes:
    """A COM_QUERY; attributes: CLIENT_QUERY_ATTRIBUTES is in force, so an empty set of them goes in front."""
    return packet(0, bytes((COM_QUERY,)) + (b"\x00\x01" if attributes else b"") + sql)


def hollow_login(user: bytes) -> bytes:
    """A login without a password for an account that is not meant to exist, as the answer to a greeting.

    Servers count connections that end before a login as errors of the host, and block the host after
    max_connect_errors of them; a login that is refused is not counted (docs/adr/0031). A server that then asks for another
    plugin's answer is served by the empty packet behind it, so nothing needs to be waited for.
    """
    flags = CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH
    head = flags.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + b"\x2d" + bytes(23)
    return packet(1, head + user + b"\x00\x00mysql_native_password\x00") + packet(3, b"")
