from __future__ import annotations

from dbgate.gate.bucket import Bucket


def test_buckets() -> None:
    bucket = Bucket(10.0)
    assert [bucket.take(3.0, 10.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(3.0, 10.4)
    assert not bucket.take(3.0, 10.4)
    assert not bucket.take(3.0, 9.0)
    assert [bucket.take(3.0, 100.0) for _ in range(4)] == [True, True, True, False]
    shared = Bucket(0.0, 7)
    assert [shared.take(3.0, 0.0, 7), shared.take(3.0, 0.0, 8), shared.take(3.0, 0.0, 8)] == [
        True,
        True,
        False,
    ]
    assert not shared.take(3.0, 0.4, 100)  # what others overdrew is not held against it for ever
    assert shared.take(3.0, 0.8, 100)
    slow = Bucket(0.0)
    assert [slow.take(0.1, 0.0), slow.take(0.1, 5.0), slow.take(0.1, 11.0)] == [True, False, True]
