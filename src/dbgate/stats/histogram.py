"""A log-linear histogram of durations in whole microseconds: sixteen equal steps for each power of two, so a bucket is
never wider than 1/16 of its value, in an array of integers that adds up across workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

STEPS: Final = 16
STEP_BITS: Final = 4
MAX_VALUE: Final = (1 << 36) - 1  # microseconds: 19 hours; longer ones count as this
BUCKETS: Final = 33 * STEPS


def bucket(value: int) -> int:
    """The index of the bucket for `value` microseconds; negative counts as 0."""
    if value < STEPS:
        return value if value > 0 else 0
    if value > MAX_VALUE:
        value = MAX_VALUE
    shift = value.bit_length() - STEP_BITS - 1
    return (shift << STEP_BITS) + (value >> shift)


def lower_bound(index: int) -> int:
    """The smallest value that falls into bucket `index`."""
    if index < 2 * STEPS:
        return index
    shift = (index >> STEP_BITS) - 1
    return (index - (shift << STEP_BITS)) << shift


def percentile(counts: Sequence[int], share: float) -> int:
    """The value in microseconds below or at which `share` (0 to 1) of what `counts` holds lies: the middle of its
    bucket, so at most 1/32 off. 0 when nothing was counted."""
    total = sum(counts)
    if total <= 0:
        return 0
    rank = share * total
    seen = 0
    for index, count in enumerate(counts):
        seen += count
        if count and seen >= rank:
            return (lower_bound(index) + lower_bound(index + 1) - 1) // 2
    return MAX_VALUE
