"""Addresses and networks."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbgate.policy.source import (
    NO_ADDRESS,
    NO_RULE,
    SourceIndex,
    counted_as,
    parse_address,
    parse_network,
)
from tests.rows import rows


@rows(
    ("text", "bits", "value"),
    [
        ("10.0.0.1", 32, 0x0A000001),
        ("::ffff:10.0.0.1", 32, 0x0A000001),
        ("::FFFF:a00:1", 32, 0x0A000001),
        ("::1", 128, 1),
        ("fe80::1%eth0", 128, 0xFE80 << 112 | 1),
        ("", 0, 0),
        ("localhost", 0, 0),
        ("10.0.0", 0, 0),
        ("10.0.0.256", 0, 0),
        ("10.0.0.01", 0, 0),
        ("10.0.0.-1", 0, 0),
        ("1.2.3.4.5", 0, 0),
    ],
)
def test_addresses(text: str, bits: int, value: int) -> None:
    address = parse_address(text)
    assert (address.bits, address.value) == (bits, value)


@rows(
    ("text", "key"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),  # not one crowd of all that come by IPv4
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("no:address", "no:address"),
    ],
)
def test_what_limits_count_an_address_under(text: str, key: str) -> None:
    assert counted_as(text) == key


@settings(max_examples=max(10, settings.default.max_examples // 3))
@given(st.ip_addresses())
def test_every_address_is_read_as_the_library_reads_it(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    expected = mapped or address
    read = parse_address(str(address))
    assert (read.bits, read.value) == (expected.max_prefixlen, int(expected))


@rows(
    ("text", "bits", "length", "host_bits"),
    [
        ("10.0.0.0/8", 32, 8, False),
        ("10.1.2.3/8", 32, 8, True),
        ("10.1.2.3", 32, 32, False),
        ("0.0.0.0/0", 32, 0, False),
        ("fd00::/8", 128, 8, False),
        ("::ffff:10.0.0.0/104", 32, 8, False),
        ("::ffff:10.0.0.1", 32, 32, False),
        ("::/0", 128, 0, False),
    ],
)
def test_networks(text: str, bits: int, length: int, host_bits: bool) -> None:
    network = parse_network(text)
    assert (network.bits, network.length, network.host_bits, network.text) == (bits, length, host_bits, text)


@rows(
    "text",
    ["10.0.0.0/33", "300.0.0.0/8", "fd00::/129", "10.0.0.0/", "10.0.0.0/ 8", "10.0.0.0/-1", "10.0.0.0/٨", "x",
     "", "10.0.0.0/255.0.0.0", "fe80::1%eth0", "10.0.0.0/8/8"],
)  # fmt: skip
def test_bad_networks(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|prefix|zone"):
        parse_network(text)


def test_a_network_covers_smaller_ones() -> None:
    wide = parse_network("10.0.0.0/8")
    assert wide.covers(wide)
    assert wide.covers(parse_network("10.255.0.1"))
    assert not wide.covers(parse_network("11.0.0.0/8"))
    assert not parse_network("10.0.0.0/9").covers(wide)
    assert not parse_network("::/0").covers(wide)


def test_the_first_rule_wins_however_wide_it_is() -> None:
    index = SourceIndex()
    index.add([parse_network("10.1.0.0/16")], 4)
    index.add([parse_network("10.0.0.0/8"), parse_network("fd00::/8")], 2)
    index.add([parse_network("10.1.2.0/24"), parse_network("10.1.0.0/16")], 3)
    assert index.find(parse_address("10.1.2.3")) == 2
    assert index.find(parse_address("fd00::1")) == 2
    assert index.find(parse_address("fe00::1")) == NO_RULE
    assert index.find(NO_ADDRESS) == NO_RULE
    index.add([], 3)
    assert index.find(NO_ADDRESS) == 3
    assert index.find(parse_address("11.0.0.1")) == 3
    assert index.find(parse_address("10.9.9.9")) == 2


@settings(max_examples=max(10, settings.default.max_examples // 3))
@given(st.lists(st.ip_addresses(network="10.0.0.0/24"), min_size=1), st.data())
def test_the_index_agrees_with_trying_each_network(
    addresses: list[ipaddress.IPv4Address], data: st.DataObject
) -> None:
    lengths = [data.draw(st.integers(22, 32)) for _ in addresses]
    networks = [f"{address}/{length}" for address, length in zip(addresses, lengths, strict=True)]
    index = SourceIndex()
    for rule, network in enumerate(networks):
        index.add([parse_network(network)], rule)
    probe = data.draw(st.ip_addresses(network="10.0.0.0/22"))
    expected = [n for n, text in enumerate(networks) if probe in ipaddress.ip_network(text, strict=False)]
    assert index.find(parse_address(str(probe))) == (expected[0] if expected else NO_RULE)
