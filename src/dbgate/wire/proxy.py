"""The PROXY protocol's header, versions 1 and 2: what a proxy that is trusted says of the client behind it.

It stands in front of everything else on the connection, TLS included, and a sender must send it whole at once
(https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt; sections below are its). Whether the peer may send one
is for the caller to know.
"""

from __future__ import annotations

import ipaddress
from typing import Final, final

from dbgate.errors import ProtocolError
from dbgate.wire.codec import Reader

V1_START: Final = b"PROXY"
V2_START: Final = b"\r\n\r\n\x00\r\nQUIT\n"
V1_LONGEST: Final = 107  # bytes of a version 1 line with its CRLF (2.1)
V2_HEAD: Final = 16  # signature 12, version and command 1, family and protocol 1, length 2
V2_LONGEST: Final = 8192  # bytes behind the head that are taken; what proxies really send is below 1 KiB

_LOCAL: Final = 0x20
_PROXY: Final = 0x21
_UNSPEC: Final = 0x00
_TCP4: Final = 0x11
_TCP6: Final = 0x21
_TLV_CRC32C: Final = 0x03


def _crc_table() -> tuple[int, ...]:
    table: list[int] = []
    for number in range(256):
        value = number
        for _ in range(8):
            value = value >> 1 ^ 0x82F63B78 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_CRC: Final = _crc_table()


@final
class ProxyHeader:
    """size: bytes of the header; ip, port: of the client, as text without a zone. ip is "" where the header names
    none (LOCAL, UNKNOWN, UNSPEC: the proxy speaks for itself): then the connection's own address counts (2.1, 2.2)."""

    def __init__(self, size: int, ip: str, port: int) -> None:
        self.size = size
        self.ip = ip
        self.port = port


def begins_header(data: bytes) -> bool:
    """Whether `data` begins as a header of either version does. No MySQL packet of a client that has just connected
    does: its fourth byte would be 1."""
    return data[: len(V1_START)] == V1_START or data[:4] == V2_START[:4]


def parse_proxy_header(data: bytes) -> ProxyHeader | None:
    """Read the header at the start of `data`; None while more bytes are needed. Raises ProtocolError as soon as it
    can be no header, or is a bad one. More than V2_HEAD + V2_LONGEST bytes are never needed."""
    if data.startswith(V2_START):
        return _version_2(data)
    if data.startswith(V1_START):
        return _version_1(data)
    if V2_START.startswith(data) or V1_START.startswith(data):
        return None
    raise ProtocolError("a PROXY header was due")


def _version_1(data: bytes) -> ProxyHeader | None:
    stop = data.find(b"\r\n", 0, V1_LONGEST)
    if stop < 0:
        if len(data) >= V1_LONGEST:
            raise ProtocolError("the PROXY line does not end")
        return None
    words = data[:stop].split(b" ")
    if words[0] != V1_START or len(words) < 2:
        raise ProtocolError("a PROXY header was due")
    if words[1] == b"UNKNOWN":
        return ProxyHeader(stop + 2, "", 0)  # what follows on the line is to be ignored (2.1)
    if words[1] not in (b"TCP4", b"TCP6") or len(words) != 6:
        raise ProtocolError("the PROXY line cannot be read")
    ip = _address(words[2], words[1] == b"TCP6")
    _address(words[3], words[1] == b"TCP6")
    port = _port(words[4])
    _port(words[5])
    return ProxyHeader(stop + 2, ip, port)


def _address(text: bytes, six: bool) -> str:
    try:
        name = text.decode("ascii")
        if six:
            if "%" in name:
                raise ValueError(name)
            return _six(ipaddress.IPv6Address(name))
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        raise ProtocolError("the PROXY line has a bad address") from None


def _six(address: ipaddress.IPv6Address) -> str:
    """::ffff:a.b.c.d is a.b.c.d, in records as in the policy."""
    return str(address.ipv4_mapped or address)


def _port(text: bytes) -> int:
    """Decimal without leading zeros, at most 65535 (2.1)."""
    if not text.isdigit() or len(text) > 5 or (text[:1] == b"0" and len(text) > 1) or int(text) > 0xFFFF:
        raise ProtocolError("the PROXY line has a bad port")
    return int(text)


def _version_2(data: bytes) -> ProxyHeader | None:
    if len(data) < V2_HEAD:
        return None
    command = data[12]
    family = data[13]
    length = data[14] << 8 | data[15]
    if command not in (_LOCAL, _PROXY):
        raise ProtocolError("a PROXY header of an unknown version or command")
    if length > V2_LONGEST:
        raise ProtocolError("the PROXY header is too long")
    size = V2_HEAD + length
    if len(data) < size:
        return None
    header = data[:size]
    if command == _LOCAL or family == _UNSPEC:
        return ProxyHeader(size, "", 0)  # what the block holds is to be discarded, whatever it is (2.2)
    read = Reader(header, V2_HEAD)
    if family == _TCP4:
        ip = str(ipaddress.IPv4Address(read.take(4)))
        read.skip(4)
    elif family == _TCP6:
        ip = _six(ipaddress.IPv6Address(read.take(16)))
        read.skip(16)
    else:
        raise ProtocolError("the PROXY header names no TCP connection")
    ports = read.take(4)
    _check_tlvs(header, read.pos)
    return ProxyHeader(size, ip, ports[0] << 8 | ports[1])


def _check_tlvs(header: bytes, start: int) -> None:
    """The type-length-value fields behind the addresses: their lengths must add up, a checksum must be right, and no
    other matters here."""
    read = Reader(header, start)
    while read.left():
        kind = read.u8()
        size = read.u8() << 8
        size |= read.u8()
        at = read.pos
        value = read.take(size)
        if kind == _TLV_CRC32C:
            plain = header[:at] + b"\x00\x00\x00\x00" + header[at + size :]
            if size != 4 or crc32c(plain) != int.from_bytes(value, "big"):
                raise ProtocolError("the PROXY header's checksum is wrong")


def crc32c(data: bytes) -> int:
    """The CRC32C (Castagnoli) of `data` (RFC 4960 appendix B)."""
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF
