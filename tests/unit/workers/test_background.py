"""Work in the background gives way."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dbgate.workers import background
from dbgate.workers.background import Gently


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(self.now)
        self.now += seconds


def test_it_sleeps_after_each_burst_and_longer_work_has_longer_bursts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(background, "time", clock)
    rest = Gently()
    for _ in range(1_000_000):
        clock.now += 0.00001
        rest()
    assert 105 < clock.now < 120
    early = [at for at in clock.slept if at < 100.2]
    late = clock.slept[-10:]
    assert all(0.0009 < b - a < 0.0012 for a, b in pairwise(early))
    assert all(b - a > 0.005 for a, b in pairwise(late))
