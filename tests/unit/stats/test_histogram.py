from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbgate.stats.histogram import BUCKETS, MAX_VALUE, STEPS, bucket, lower_bound, percentile
from tests.rows import rows


@given(st.integers(0, MAX_VALUE))
def test_a_value_lies_in_its_bucket_and_buckets_are_narrow(value: int) -> None:
    index = bucket(value)
    low, high = lower_bound(index), lower_bound(index + 1)
    assert low <= value < high
    assert high - low <= max(1, low // STEPS)


def test_buckets_follow_each_other_without_a_gap() -> None:
    bounds = [lower_bound(n) for n in range(BUCKETS + 1)]
    assert bounds == sorted(set(bounds))
    assert [bucket(bound) for bound in bounds[:-1]] == list(range(BUCKETS))
    assert bounds[-1] == MAX_VALUE + 1


@rows(("value", "index"), [(-5, 0), (0, 0), (15, 15), (16, 16), (31, 31), (32, 32), (33, 32)])
def test_small_values(value: int, index: int) -> None:
    assert bucket(value) == index


def test_what_is_too_long_counts_as_the_longest() -> None:
    assert bucket(MAX_VALUE) == bucket(1 << 60) == BUCKETS - 1


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_percentiles_are_close(values: list[int], share: float) -> None:
    counts = [0] * BUCKETS
    for value in values:
        counts[bucket(value)] += 1
    ordered = sorted(values)
    rank = min(len(ordered) - 1, max(0, -(-int(share * 1_000_000) * len(ordered) // 1_000_000) - 1))
    exact = ordered[rank]
    assert abs(percentile(counts, share) - exact) <= max(1, exact / STEPS)


def test_percentile_of_nothing_and_beyond() -> None:
    assert percentile([0] * BUCKETS, 0.5) == 0
    assert percentile([1] + [0] * (BUCKETS - 1), 2.0) == MAX_VALUE
