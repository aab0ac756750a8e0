"""CPU time of processes, from /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class CpuTime:
    """Seconds of CPU spent in user mode and in the kernel."""

    user: float = 0.0
    kernel: float = 0.0

    def __add__(self, other: CpuTime) -> CpuTime:
        return CpuTime(user=self.user + other.user, kernel=self.kernel + other.kernel)

    def __sub__(self, other: CpuTime) -> CpuTime:
        return CpuTime(user=self.user - other.user, kernel=self.kernel - other.kernel)

    @property
    def total(self) -> float:
        return self.user + self.kernel


def tree(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def cpu_of(pid: int) -> CpuTime:
    """What a process and its descendants have used so far."""
    total = CpuTime()
    for one in tree(pid):
        # the name, in parentheses, may hold anything; utime and stime are the 14th and 15th fields (proc(5))
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += CpuTime(user=int(fields[11]) / TICKS, kernel=int(fields[12]) / TICKS)
    return total


def ran_for(pid: int) -> float:
    """Seconds that a process's present threads have had a core, to the nanosecond where cpu_of counts hundredths."""
    nanoseconds = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        nanoseconds += int((task / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def cpu_of_machine() -> float:
    """Seconds of CPU that all processes together have used since the machine started."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    user, nice, system, _, _, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) / TICKS


def pss_of(pid: int) -> int:
    """KiB of memory that a process and its descendants have: their own, and their part of what they share. Mapped files
    (programs, libraries) are left out: how much of those is theirs changes with whoever else runs them."""
    total = 0
    for one in tree(pid):
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                total += int(line.split()[1])
    return total
