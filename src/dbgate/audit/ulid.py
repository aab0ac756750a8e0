"""ULIDs, the ids of audit events: 26 characters of Crockford's base 32, 48 bits of time then 80 bits of chance
(https://github.com/ulid/spec). Pure: the time and the randomness are arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BITS: Final = 80
RANDOM_BYTES: Final = 10
MAX_MS: Final = (1 << 48) - 1
MAX_RANDOM: Final = (1 << RANDOM_BITS) - 1

_LOW_BITS: Final = 10  # the last two characters; the rest of an id changes only when these run over
_LOW_MASK: Final = (1 << _LOW_BITS) - 1
_DRAW: Final = 409 * RANDOM_BYTES  # at once: a system call for each id costs more than the rest of it
_PAIRS: Final = [high + low for high in ALPHABET for low in ALPHABET]


def _digits(value: int, length: int) -> str:
    """`length` digits, an even number of them."""
    out = ""
    for _ in range(length // 2):
        out = _PAIRS[value & 1023] + out
        value >>= 10
    return out


def encode(ms: int, randomness: int) -> str:
    """The ULID of `ms` (Unix milliseconds, 0 to 2**48 - 1) and `randomness` (0 to 2**80 - 1); else ValueError."""
    if not 0 <= ms <= MAX_MS:
        raise ValueError(f"a ULID's time is 48 bits of milliseconds, not {ms}")
    if not 0 <= randomness <= MAX_RANDOM:
        raise ValueError("a ULID's randomness is 80 bits")
    return _digits(ms, 10) + _digits(randomness, 16)


@final
class UlidSource:
    """Ids that rise: a new millisecond draws new randomness, within one millisecond the last id is counted up by one
    (the specification's monotonic form), which also costs a tenth of a fresh draw.

    `randomness` gives that many random bytes (os.urandom). Not for several threads at once: one source for each.
    """

    def __init__(self, randomness: Callable[[int], bytes]) -> None:
        self._randomness = randomness
        self._ms = -1
        self._low = _LOW_MASK
        self._high = 0
        self._prefix = ""
        self._slow = -1  # the time but for its last two digits …
        self._slow_digits = ""  # … and what they are
        self._drawn = b""
        self._used = 0

    def _draw(self) -> int:
        used = self._used
        if used >= len(self._drawn):
            self._drawn = self._randomness(_DRAW)
            used = 0
        self._used = used + RANDOM_BYTES
        return int.from_bytes(self._drawn[used : used + RANDOM_BYTES], "big")

    def _time(self, ms: int) -> str:
        """The ten digits of a time, most of which stay for a second."""
        slow = ms >> 10
        if slow != self._slow:
            self._slow = slow
            self._slow_digits = _digits(slow, 8)
        return self._slow_digits + _PAIRS[ms & 1023]

    def new(self, ms: int) -> str:
        """The next id at `ms` Unix milliseconds. A clock that steps back does not make the ids step back."""
        low = self._low
        if ms > self._ms:
            # The top bit stays free, so that counting up within a millisecond never leaves 80 bits.
            drawn = self._draw() & (MAX_RANDOM >> 1)
            self._ms = ms
            self._high = drawn >> _LOW_BITS
            low = drawn & _LOW_MASK
            self._prefix = self._time(ms & MAX_MS) + _digits(self._high, 14)
        elif low == _LOW_MASK:
            self._high += 1
            low = 0
            self._prefix = self._time(self._ms & MAX_MS) + _digits(self._high, 14)
        else:
            low += 1
        self._low = low
        return f"{self._prefix}{_PAIRS[low]}"
