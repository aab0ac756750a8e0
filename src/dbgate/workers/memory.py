"""The garbage collector of a process that serves."""

from __future__ import annotations

import gc


def settle_memory() -> None:
    """At the end of the start. What is there now lives as long as the process: the collector need not look at it again. What
    comes is freed by its reference counts, so a look now and then suffices; each one stops everything for its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
