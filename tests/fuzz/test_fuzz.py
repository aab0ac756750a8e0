"""The fuzz targets for a bounded time (DBGATE_FUZZ_SECONDS each, 4 where it is not set), beginning with the kept corpus."""

from __future__ import annotations

import os
import random

import pytest

from tests.fuzz.mutate import fuzz, kept
from tests.fuzz.targets import TARGETS

SECONDS = float(os.environ.get("DBGATE_FUZZ_SECONDS", "4"))


@pytest.mark.parametrize("target", sorted(TARGETS))
@pytest.mark.timeout(SECONDS + 240)
def test_fuzz(target: str) -> None:
    seed = random.SystemRandom().randrange(1 << 30)
    count = fuzz(target, TARGETS[target], SECONDS, seed)
    assert count > len(kept(target))
