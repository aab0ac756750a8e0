"""Client addresses: parsing them, and finding the first rule whose networks hold one.

The look-up is one dict per prefix length that occurs, so that 500 networks cost what five cost.
"""

from __future__ import annotations

import ipaddress
from typing import Final, final

from dbgate.policy.wording import shown

NO_RULE: Final = 1 << 60  # greater than every rule's number, so that the lowest number wins by `<`

_MAPPED: Final = 0xFFFF  # the upper 96 bits of ::ffff:a.b.c.d
_BYTE_TEXT: Final[dict[str, int]] = {str(value): value for value in range(256)}


@final
class Address:
    """An IPv4 (bits = 32) or IPv6 (bits = 128) address; bits is 0 where a text is no address at all."""

    def __init__(self, bits: int, value: int) -> None:
        self.bits = bits
        self.value = value


NO_ADDRESS: Final = Address(0, 0)


def parse_address(text: str) -> Address:
    """`text` as an address; ::ffff:a.b.c.d is a.b.c.d, a zone (%eth0) is dropped. NO_ADDRESS for anything else,
    a Unix socket's empty name for instance: such a client matches only rules without source_ip."""
    parts = text.split(".")
    if len(parts) == 4:
        a = _BYTE_TEXT.get(parts[0], -1)
        b = _BYTE_TEXT.get(parts[1], -1)
        c = _BYTE_TEXT.get(parts[2], -1)
        d = _BYTE_TEXT.get(parts[3], -1)
        if a >= 0 and b >= 0 and c >= 0 and d >= 0:
            return Address(32, a << 24 | b << 16 | c << 8 | d)
    try:
        value = int(ipaddress.IPv6Address(text.partition("%")[0]))
    except ValueError:
        return NO_ADDRESS
    if value >> 32 == _MAPPED:
        return Address(32, value & 0xFFFFFFFF)
    return Address(128, value)


def counted_as(text: str) -> str:
    """What a limit by address counts `text` under: an IPv4 address itself (::ffff:a.b.c.d is a.b.c.d), of an IPv6 address
    its /64, for that is what one client is given (RFC 6177) and may choose from at will; anything else as it is."""
    if ":" not in text:
        return text
    address = parse_address(text)
    if address.bits == 128:
        return f"{ipaddress.IPv6Address(address.value >> 64 << 64)}/64"
    if address.bits == 32:
        return str(ipaddress.IPv4Address(address.value))
    return text


@final
class Network:
    """A block of addresses: `bits` 32 or 128, `length` of the prefix, `value` the prefix itself (shifted down).
    text: as the file has it; host_bits: the address had bits beyond the prefix, which were dropped."""

    def __init__(self, bits: int, length: int, value: int, text: str, host_bits: bool) -> None:
        self.bits = bits
        self.length = length
        self.value = value
        self.text = text
        self.host_bits = host_bits

    def covers(self, other: Network) -> bool:
        """Whether every address of `other` is in this one."""
        if self.bits != other.bits or self.length > other.length:
            return False
        return other.value >> (other.length - self.length) == self.value


def parse_network(text: str) -> Network:
    """`text` (an address, or a CIDR block) as a Network. ValueError, with what is wrong, for anything else."""
    base, slash, prefix = text.partition("/")
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(base)
    except ValueError:
        raise ValueError(f"{shown(base)} is no IPv4 or IPv6 address") from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise ValueError("an address with a zone cannot be a rule's source")
    bits: int = address.max_prefixlen
    length: int = bits
    if slash:
        if not (prefix.isascii() and prefix.isdigit() and len(prefix) <= 3 and int(prefix) <= bits):
            raise ValueError(f"the prefix length after / must be 0 to {bits}")
        length = int(prefix)
    value = int(address)
    if bits == 128 and value >> 32 == _MAPPED and length >= 96:
        bits = 32
        length -= 96
        value &= 0xFFFFFFFF
    shift = bits - length
    return Network(bits, length, value >> shift, text, value >> shift << shift != value)


@final
class _Level:
    """The networks of one prefix length: prefix → lowest rule number."""

    def __init__(self, shift: int) -> None:
        self.shift = shift
        self.rules: dict[int, int] = {}


@final
class SourceIndex:
    """Rules by the networks they accept. A rule is a number, lower numbers come first in the file."""

    def __init__(self) -> None:
        self._anywhere = NO_RULE
        self._v4: list[_Level] = []
        self._v6: list[_Level] = []

    def add(self, networks: list[Network], rule: int) -> None:
        """Rule number `rule` accepts `networks`; an empty list means from anywhere."""
        if not networks:
            self._anywhere = min(self._anywhere, rule)
        for network in networks:
            level = _level(self._v4 if network.bits == 32 else self._v6, network.bits - network.length)
            level.rules[network.value] = min(level.rules.get(network.value, NO_RULE), rule)

    def find(self, address: Address) -> int:
        """The lowest rule number that accepts `address`, NO_RULE where none does."""
        best = self._anywhere
        if address.bits == 0:
            return best
        value = address.value
        for level in self._v4 if address.bits == 32 else self._v6:
            rule = level.rules.get(value >> level.shift, NO_RULE)
            if rule < best:
                best = rule
        return best


def _level(levels: list[_Level], shift: int) -> _Level:
    for level in levels:
        if level.shift == shift:
            return level
    level = _Level(shift)
    levels.append(level)
    return level
