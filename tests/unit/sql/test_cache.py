"""The two-level cache: bounded by bytes, per context, what is in use survives, clearing is cheap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql.cache import ENTRY_OVERHEAD, VIEW_OVERHEAD, Cache, View

LIMIT = 128 * 1024


def no_cost(value: str) -> int:
    return len(value)


def test_exact_and_shape_are_apart_and_counted() -> None:
    cache: Cache[str] = Cache(LIMIT, no_cost)
    view = cache.view("a")
    assert view.exact.get(b"q") is None
    assert view.find_exact(b"q") is None
    assert view.find_shape(b"q") is None
    view.put_exact(b"q", "exact")
    view.put_shape(b"q", "shape")
    assert view.exact.get(b"q") == "exact"
    assert view.find_exact(b"q") == "exact"
    assert view.find_shape(b"q") == "shape"
    assert (cache.exact_misses, cache.shape_hits, cache.shape_misses) == (1, 1, 1)
    assert cache.entries() == 2


def test_contexts_do_not_see_each_other() -> None:
    cache: Cache[str] = Cache(LIMIT, no_cost)
    cache.view("a").put_exact(b"q", "of a")
    assert cache.view("b").find_exact(b"q") is None
    assert cache.view("a").find_exact(b"q") == "of a"


def test_a_giant_entry_is_not_kept() -> None:
    cache: Cache[str] = Cache(LIMIT, no_cost)
    view = cache.view("a")
    view.put_exact(b"x" * (LIMIT // 64), "v")
    assert cache.entries() == 0


def test_too_small_a_cache_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        Cache(1000, no_cost)


def test_what_is_in_use_survives_and_the_rest_goes() -> None:
    cache: Cache[str] = Cache(LIMIT, no_cost)
    view = cache.view("a")
    view.put_exact(b"hot", "v")
    view.put_shape(b"hot shape", "s")
    for n in range(5000):
        view.put_exact(b"cold %d" % n, "v")
        if n % 50 == 0:
            assert view.find_exact(b"hot") == "v"
            assert view.find_shape(b"hot shape") == "s"
    assert cache.turns > 2
    assert view.find_exact(b"cold 0") is None
    assert cache.size <= LIMIT


def test_contexts_made_and_left_are_bounded() -> None:
    cache: Cache[str] = Cache(LIMIT, no_cost)
    for n in range(1000):
        cache.view(f"schema {n}")
    assert len(cache._views) <= LIMIT // VIEW_OVERHEAD
    for n in range(1000):
        cache.view(f"schema {n}").put_exact(b"q", "v")
    assert len(cache._listed) <= LIMIT // ENTRY_OVERHEAD
    assert cache.size <= LIMIT


def test_a_view_that_was_forgotten_still_works_and_counts() -> None:
    cache: Cache[str] = Cache(LIMIT, no_cost)
    held = cache.view("held")
    held.put_exact(b"q", "v")
    other = cache.view("other")
    for n in range(3000):
        other.put_exact(b"%d" % n, "v")
    assert held.find_exact(b"q") is None
    assert not held.listed
    held.put_exact(b"q", "again")
    assert held.find_exact(b"q") == "again"
    assert held.listed
    again = cache.view("held")
    again.put_exact(b"q2", "v")
    for n in range(3000):
        other.put_exact(b"%d" % n, "v")
    assert not held.listed and not again.listed


def test_clear_forgets_everything_and_frees_little_by_little() -> None:
    cache: Cache[str] = Cache(LIMIT, no_cost)
    view = cache.view("a")
    for n in range(100):
        view.put_exact(b"%d" % n, "v")
    cache.clear()
    assert cache.size == 0 and cache.entries() == 0
    assert view.find_exact(b"1") is None
    assert sum(len(d) for d in cache._dropped) == 100
    view.put_exact(b"new", "v")
    assert sum(len(d) for d in cache._dropped) == 92
    for n in range(20):
        view.put_exact(b"new %d" % n, "v")
    assert cache._dropped == []
    assert view.find_exact(b"new") == "v"


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 2000), st.booleans()), max_size=300
    )
)
def test_never_a_wrong_value_never_over_the_limit(steps: list[tuple[int, int, int, bool]]) -> None:
    cache: Cache[str] = Cache(64 * VIEW_OVERHEAD, no_cost)
    model: dict[tuple[int, bytes, bool], str] = {}
    views: list[View[str]] = [cache.view(str(n)) for n in range(4)]
    for number, key_number, size, exact in steps:
        key = b"k%d" % key_number
        view = views[number]
        found = view.find_exact(key) if exact else view.find_shape(key)
        if found is not None:
            assert found == model[number, key, exact]
        else:
            value = "v" * size
            model[number, key, exact] = value
            if exact:
                view.put_exact(key, value)
            else:
                view.put_shape(key, value)
        assert cache.size <= cache.limit


def test_a_text_is_known_from_its_second_time_on() -> None:
    cache: Cache[str] = Cache(LIMIT, no_cost)
    texts = [b"SELECT %d" % n for n in range(1000)]
    known = sum(cache.came_before(text) for text in texts)
    assert known < 20  # hashes that meet by chance
    assert all(cache.came_before(text) for text in texts)
    for n in range(200_000):  # … until many others came by
        cache.came_before(b"UPDATE %d" % n)
    assert sum(cache.came_before(text) for text in texts) < 1000


def test_an_alias_is_reckoned_without_its_value() -> None:
    cache: Cache[str] = Cache(LIMIT, lambda value: 1000)
    view = cache.view("")
    before = cache.size
    view.put_shape(b"k", "v")
    whole = cache.size - before
    view.put_alias(b"q", "v")
    assert view.exact == {b"q": "v"}
    assert cache.size - before - whole == whole - 1000
