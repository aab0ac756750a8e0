"""The PROXY protocol's header: the spec's own examples, every split, every bound, and anything at all."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire.proxy import (
    V1_LONGEST,
    V2_LONGEST,
    V2_START,
    ProxyHeader,
    begins_header,
    crc32c,
    parse_proxy_header,
)
from tests.rows import rows

TCP4 = bytes((192, 0, 2, 7, 198, 51, 100, 1)) + (40000).to_bytes(2, "big") + (3306).to_bytes(2, "big")
TCP6 = ipaddress.IPv6Address("2001:db8::7").packed + bytes(16) + b"\x9c\x40\x0c\xea"


def v2(command: int = 0x21, family: int = 0x11, block: bytes = TCP4) -> bytes:
    return V2_START + bytes((command, family)) + len(block).to_bytes(2, "big") + block


def tlv(kind: int, value: bytes) -> bytes:
    return bytes((kind,)) + len(value).to_bytes(2, "big") + value


def summed(block: bytes) -> bytes:
    """A header with its own right checksum at its end."""
    head = v2(block=block + tlv(3, bytes(4)))
    return head[:-4] + crc32c(head).to_bytes(4, "big")


def whole(data: bytes) -> ProxyHeader:
    found = parse_proxy_header(data)
    assert found is not None
    return found


GOOD = [
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 3306\r\n", "192.0.2.7", 40000),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", 65535),
    (b"PROXY TCP6 2001:db8::7 ::1 0 3306\r\n", "2001:db8::7", 0),
    (
        b"PROXY TCP6 " + b" ".join([b"ffff:" * 7 + b"ffff"] * 2) + b" 65535 65535\r\n",
        "ffff:" * 7 + "ffff",
        65535,
    ),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 7 3306\r\n", "192.0.2.7", 7),
    (v2(family=0x21, block=b"\0" * 10 + b"\xff\xff\xc0\0\2\7" + TCP6[16:]), "192.0.2.7", 40000),
    (b"PROXY UNKNOWN\r\n", "", 0),
    (b"PROXY UNKNOWN " + b" ".join([b"ffff:" * 7 + b"ffff"] * 2) + b" 65535 65535\r\n", "", 0),
    (v2(), "192.0.2.7", 40000),
    (v2(family=0x21, block=TCP6), "2001:db8::7", 40000),
    (v2(command=0x20, family=0, block=b""), "", 0),  # HAProxy's health check
    (v2(command=0x20), "", 0),
    (v2(command=0x20, block=b"what ever"), "", 0),
    (v2(family=0, block=b"what ever"), "", 0),
    (v2(block=TCP4 + tlv(1, b"h2") + tlv(0xEE, b"") + tlv(4, bytes(300))), "192.0.2.7", 40000),
    (summed(TCP4 + tlv(5, b"an id")), "192.0.2.7", 40000),
    (v2(block=TCP4 + tlv(4, bytes(V2_LONGEST - 15))), "192.0.2.7", 40000),
]


@rows(("data", "ip", "port"), GOOD)
def test_good(data: bytes, ip: str, port: int) -> None:
    found = whole(data + b"\x01more behind it")
    assert (found.size, found.ip, found.port) == (len(data), ip, port)
    assert begins_header(data)


@rows("data", [good[0] for good in GOOD[:-1]])
def test_every_split_asks_for_more(data: bytes) -> None:
    for size in range(len(data)):
        assert parse_proxy_header(data[:size]) is None
    assert whole(data).size == len(data)


BAD = [
    (b"\x4a\x00\x00\x01", "was due"),
    (b"PROXX", "was due"),
    (b"proxy TCP4", "was due"),
    (b"PROXY\r\n", "was due"),
    (b"PROXYTCP4 1.2.3.4 1.2.3.4 1 1\r\n", "was due"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "cannot be read"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", "cannot be read"),
    (b"PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "cannot be read"),
    (b"PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n", "cannot be read"),
    (b"PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n", "bad address"),
    (b"PROXY TCP4 1.2.3.4 ::1 1 1\r\n", "bad address"),
    (b"PROXY TCP4 1.2.3.04 1.2.3.4 1 1\r\n", "bad address"),
    (b"PROXY TCP4 1.2.3.\xff 1.2.3.4 1 1\r\n", "bad address"),
    (b"PROXY TCP6 1.2.3.4 ::1 1 1\r\n", "bad address"),
    (b"PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n", "bad address"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", "bad port"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n", "bad port"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n", "bad port"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 100000\r\n", "bad port"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n", "bad port"),
    (b"PROXY UNKNOWN " + b"x" * (V1_LONGEST - 15) + b"\r\n", "does not end"),
    (b"PROXY UNKNOWN " + b"x" * V1_LONGEST, "does not end"),
    (v2(command=0x22), "unknown version or command"),
    (v2(command=0x11), "unknown version or command"),
    (v2(family=0x12), "no TCP connection"),
    (v2(family=0x31, block=bytes(216)), "no TCP connection"),
    (v2(block=TCP4[:-1]), "ends 1 bytes early"),
    (v2(family=0x21), "early"),
    (v2(block=TCP4 + b"\x01"), "early"),
    (v2(block=TCP4 + b"\x01\x00\x05abcd"), "early"),
    (v2(block=TCP4 + tlv(3, b"abcd")), "checksum"),
    (v2(block=TCP4 + tlv(3, b"abc")), "checksum"),
    (summed(TCP4).replace(b"\xc0\x00\x02\x07", b"\xc0\x00\x02\x08"), "checksum"),
    (V2_START + b"\x21\x11" + (V2_LONGEST + 1).to_bytes(2, "big"), "too long"),
    (V2_START + b"\x20\x00\xff\xff", "too long"),
]


@rows(("data", "why"), BAD)
def test_bad(data: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        parse_proxy_header(data)


def test_what_begins_like_a_header() -> None:
    assert begins_header(b"PROXY")
    assert begins_header(V2_START[:4])
    assert not begins_header(b"PROX")
    assert not begins_header(b"\x4a\x00\x00\x01")
    assert not begins_header(b"")


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of RFC 3720's CRC32C
    assert crc32c(bytes(32)) == 0x8A9136AA


@given(
    st.one_of(
        st.binary(max_size=200),
        st.builds(lambda tail: b"PROXY " + tail, st.binary(max_size=120)),
        st.builds(
            lambda a, b, block: v2(a, b, block),
            st.integers(0, 255),
            st.integers(0, 255),
            st.binary(max_size=80),
        ),
    )
)
def test_any_bytes(data: bytes) -> None:
    """A header, a wish for more or a ProtocolError; and what was found does not change when more comes."""
    try:
        found = parse_proxy_header(data)
    except ProtocolError:
        return
    if found is None:
        assert len(data) < 16 + V2_LONGEST
        return
    assert 0 < found.size <= len(data)
    assert found.ip == "" or str(ipaddress.ip_address(found.ip)) == found.ip
    assert 0 <= found.port <= 65535
    again = whole(data[: found.size])
    assert (again.size, again.ip, again.port) == (found.size, found.ip, found.port)


@given(
    st.ip_addresses(),
    st.integers(0, 65535),
    st.lists(st.tuples(st.integers(0xE0, 0xEF), st.binary(max_size=40)), max_size=4),
)
def test_both_versions_give_back_what_was_put_in(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, tlvs: list[tuple[int, bytes]]
) -> None:
    four = ip.version == 4
    line = f"PROXY TCP{ip.version} {ip} {ip} {port} 3306\r\n".encode()
    block = ip.packed * 2 + port.to_bytes(2, "big") + b"\x0c\xea" + b"".join(tlv(*one) for one in tlvs)
    for data in (line, v2(family=0x11 if four else 0x21, block=block)):
        found = whole(data + b"rest")
        assert (found.size, found.ip, found.port) == (len(data), str(ip), port)
