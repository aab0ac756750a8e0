"""Long work that gives way: whoever does it in the background says how (workers.background)."""

from __future__ import annotations

from collections.abc import Callable

Rest = Callable[[], None]  # called again and again while the work goes on, never far apart


def no_rest() -> None:
    """For who has nobody to give way to."""
