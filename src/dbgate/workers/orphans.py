"""As process 1 of a container the supervisor is the parent of processes whose worker was killed. They end by themselves;
nobody else takes notice of it, and without that they would stay as zombies."""

from __future__ import annotations

import os
from collections.abc import Collection


def reap(known: Collection[int]) -> int:
    """Takes notice of processes that have ended, but for the known ones, whose end somebody waits for. How many they were;
    0 where this is not process 1."""
    count = 0
    while os.getpid() == 1:
        try:
            # looks only: a known one is left to who waits for it
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # no child at all
            break
        if ended is None or ended.si_pid in known:
            break
        os.waitpid(ended.si_pid, os.WNOHANG)
        count += 1
    return count
