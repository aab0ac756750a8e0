from __future__ import annotations

from dbgate.gate.bucket import Bucket


def test_buckets() -> None:
    bucket = Bucket(10.0)
    assert [bucket.take(3.0, 3.0, 10.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(3.0, 3.0, 10.4)
    assert not bucket.take(3.0, 3.0, 10.4)
    assert not bucket.take(3.0, 3.0, 9.0)
    assert [bucket.take(3.0, 3.0, 100.0) for _ in range(4)] == [True, True, True, False]
    slow = Bucket(0.0)
    assert [slow.take(0.1, 1.0, 0.0), slow.take(0.1, 1.0, 5.0), slow.take(0.1, 1.0, 11.0)] == [
        True,
        False,
        True,
    ]


def test_as_many_as_the_limit_names_may_come_at_once() -> None:
    minute = Bucket(0.0)  # 5/m
    assert [minute.take(5 / 60, 5.0, 0.1) for _ in range(6)] == [True] * 5 + [False]
    assert [minute.take(5 / 60, 5.0, at) for at in (6.0, 12.2, 12.3)] == [False, True, False]
    assert [minute.take(5 / 60, 5.0, 500.0) for _ in range(6)] == [True] * 5 + [False]


def test_a_text_of_several_takes_so_many_or_none() -> None:
    bucket = Bucket(0.0)
    assert [bucket.take(5.0, 5.0, 0.0, count) for count in (3, 3, 2, 1)] == [True, False, True, False]
    assert not bucket.take(5.0, 5.0, 60.0, 6)


def test_what_others_let_pass_counts() -> None:
    shared = Bucket(0.0, 7)
    taken = [shared.take(3.0, 3.0, 0.0, 1, elsewhere) for elsewhere in (7, 8, 8)]
    assert taken == [True, True, False]
    assert not shared.take(3.0, 3.0, 0.4, 1, 100)  # what others overdrew is not held against it for ever
    assert shared.take(3.0, 3.0, 0.8, 1, 100)
