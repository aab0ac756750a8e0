"""What every test shares: the order of a whole run, hypothesis' budgets, and markers."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

# What collecting makes stays to the end: looking through it again and again for garbage is a tenth of the time of the
# unit tests.
gc.disable()

# How much hypothesis tries: `quick` for ./run test unit, `thorough` for ./run test and ./run test property, `long` by
# hand (DBGATE_HYPOTHESIS=long ./run test property).
# A quick run tries the same each time, so that it says the same twice; the others look for what is new.
settings.register_profile("quick", max_examples=25, deadline=None, derandomize=True, database=None)
settings.register_profile("default", max_examples=60, deadline=None, print_blob=True)
settings.register_profile("thorough", max_examples=400, deadline=None, print_blob=True)
settings.register_profile(
    "long",
    max_examples=10_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("DBGATE_HYPOTHESIS", "default"))

# The quick parts first, so that a plain mistake shows at once; the demo and the soak last.
_ORDER = ("unit", "shell", "architecture", "corpus", "integration", "attacks", "drivers", "browser", "soak")


def _rank(item: pytest.Item) -> int:
    parts = item.nodeid.split("/")
    folder = parts[1] if len(parts) > 2 else ""
    return _ORDER.index(folder) if folder in _ORDER else len(_ORDER) // 2


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the parts of a whole run in order; within a part nothing moves. Where tests are shared out among
    processes (xdist), the slow ones go first, so that nobody waits for one that was left for the end."""
    shared = hasattr(config, "workerinput")
    items.sort(key=lambda item: (not (shared and item.get_closest_marker("slow")), _rank(item)))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
