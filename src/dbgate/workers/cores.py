"""How many workers `auto` is."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP_LIMIT = "/sys/fs/cgroup/cpu.max"


def free_cores(limit_file: str = CGROUP_LIMIT) -> float:
    """Cores that this process may use: its affinity, and the quota of its container (cgroup v2) where that is less."""
    cores = float(len(os.sched_getaffinity(0)))
    try:
        quota, period = Path(limit_file).read_text().split()
        if quota != "max":
            cores = min(cores, int(quota) / int(period))
    except (OSError, ValueError):
        pass  # no cgroup v2, or not readable: the affinity it is
    return cores


def worker_count(setting: int, cores: float) -> int:
    """setting: as in Settings.workers, 0 = auto. Auto is one worker up to two cores, because there the database or
    the other services of the machine need the second (measured: two workers lose to one), else all cores but one."""
    if setting:
        return setting
    return 1 if cores <= 2 else min(int(cores) - 1, 64)
