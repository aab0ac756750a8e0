"""Packets as servers and clients make them, for the tests of wire and gate. Layouts: the MySQL protocol manual."""

from __future__ import annotations

from hypothesis import strategies as st

from dbgate.wire import constants as c
from dbgate.wire.build import packet
from dbgate.wire.codec import put_lenenc, put_lenenc_bytes

MYSQL_CAPABILITIES = 0xDFFFFFFF
MARIADB_CAPABILITIES = 0x81BFF7FE | 0x3D << 32
# What a usual client asks for.
CLIENT_CAPABILITIES = (
    c.CLIENT_LONG_PASSWORD
    | c.CLIENT_LONG_FLAG
    | c.CLIENT_CONNECT_WITH_DB
    | c.CLIENT_PROTOCOL_41
    | c.CLIENT_TRANSACTIONS
    | c.CLIENT_SECURE_CONNECTION
    | c.CLIENT_MULTI_RESULTS
    | c.CLIENT_PLUGIN_AUTH
)


def greeting(
    capabilities: int = MYSQL_CAPABILITIES,
    version: bytes = b"9.7.4",
    plugin: bytes = b"caching_sha2_password",
    scramble: bytes = b"abcdefghijklmnopqrst",
    thread_id: int = 11,
) -> bytes:
    """The payload of a greeting."""
    mariadb = not capabilities & c.CLIENT_LONG_PASSWORD
    return (
        b"\x0a"
        + version
        + b"\x00"
        + thread_id.to_bytes(4, "little")
        + scramble[:8]
        + b"\x00"
        + (capabilities & 0xFFFF).to_bytes(2, "little")
        + b"\xff\x02\x00"
        + (capabilities >> 16 & 0xFFFF).to_bytes(2, "little")
        + bytes((len(scramble) + 1,))
        + b"\x00" * 6
        + ((capabilities >> 32).to_bytes(4, "little") if mariadb else b"\x00" * 4)
        + (scramble[8:] + b"\x00" * 13)[: max(13, len(scramble) - 7)]
        + (plugin + b"\x00" if capabilities & c.CLIENT_PLUGIN_AUTH else b"")
    )


def response(
    capabilities: int = CLIENT_CAPABILITIES,
    user: bytes = b"app",
    schema: bytes = b"shop",
    auth: bytes = b"x" * 20,
    plugin: bytes = b"mysql_native_password",
    collation: int = 45,
    attributes: bytes = b"\x04_pid\x0212",
) -> bytes:
    """The payload of a HandshakeResponse41."""
    mariadb = not capabilities & c.CLIENT_LONG_PASSWORD
    body = (
        (capabilities & 0xFFFFFFFF).to_bytes(4, "little")
        + (1 << 24).to_bytes(4, "little")
        + bytes((collation,))
        + b"\x00" * 19
        + ((capabilities >> 32).to_bytes(4, "little") if mariadb else b"\x00" * 4)
        + user
        + b"\x00"
    )
    if capabilities & c.CLIENT_PLUGIN_AUTH_LENENC:
        body += put_lenenc_bytes(auth)
    elif capabilities & c.CLIENT_SECURE_CONNECTION:
        body += bytes((len(auth),)) + auth
    else:
        body += auth + b"\x00"
    if capabilities & c.CLIENT_CONNECT_WITH_DB:
        body += schema + b"\x00"
    if capabilities & c.CLIENT_PLUGIN_AUTH:
        body += plugin + b"\x00"
    if capabilities & c.CLIENT_CONNECT_ATTRS:
        body += put_lenenc_bytes(attributes)
    return body


def ok(
    affected: int = 0,
    status: int = 2,
    warnings: int = 0,
    header: int = 0,
    track: bytes | None = None,
    message: bytes = b"",
) -> bytes:
    """The payload of an OK; track: session tracking entries (status gets its bit)."""
    if track is not None:
        status |= c.SERVER_SESSION_STATE_CHANGED
    body = bytes((header,)) + put_lenenc(affected) + b"\x00" + status.to_bytes(2, "little")
    body += warnings.to_bytes(2, "little")
    if track is not None:
        body += put_lenenc_bytes(message) + put_lenenc_bytes(track)
    return body


def eof(status: int = 2, warnings: int = 0) -> bytes:
    return b"\xfe" + warnings.to_bytes(2, "little") + status.to_bytes(2, "little")


def err(errno: int = 1064, message: bytes = b"#42000wrong") -> bytes:
    return b"\xff" + errno.to_bytes(2, "little") + message


def column(name: bytes = b"id", original: bytes | None = None) -> bytes:
    body = b"".join([put_lenenc_bytes(part) for part in (b"def", b"shop", b"t", b"t", name)])
    body += put_lenenc_bytes(name if original is None else original)
    return body + b"\x0c\x3f\x00\x0b\x00\x00\x00\x03\x00\x00\x00\x00\x00"


def row(*values: bytes | None) -> bytes:
    return b"".join([b"\xfb" if value is None else put_lenenc_bytes(value) for value in values])


def binary_row(*values: bytes) -> bytes:
    return (
        b"\x00" + b"\x00" * ((len(values) + 9) // 8) + b"".join([put_lenenc_bytes(value) for value in values])
    )


def chain(payloads: list[bytes], seq: int = 1) -> bytes:
    """The payloads as packets with consecutive numbers."""
    out: list[bytes] = []
    for payload in payloads:
        out.append(packet(seq, payload))
        seq += 1 + len(payload) // c.MAX_PAYLOAD
    return b"".join(out)


def result(
    rows: list[bytes], names: tuple[bytes, ...] = (b"id",), old_eof: bool = False, status: int = 2
) -> list[bytes]:
    """The payloads of one result set."""
    out = [put_lenenc(len(names)), *[column(name) for name in names]]
    if old_eof:
        out.append(eof(2))
    out += rows
    out.append(eof(status) if old_eof else ok(status=status, header=0xFE))
    return out


def splits(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at these places (mod its length)."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    return [piece for piece in pieces if piece]


CUTS = st.lists(st.integers(0, 1 << 20), max_size=12)
