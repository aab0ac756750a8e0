"""Put in front of a gateway's path by `./run chaos`: its wall clock is what the file DBGATE_CHAOS_CLOCK adds to it."""

import os
import time
from pathlib import Path

_REAL = time.time
_FILE = os.environ.get("DBGATE_CHAOS_CLOCK", "")


def _shifted() -> float:
    try:
        return _REAL() + float(Path(_FILE).read_text())
    except (OSError, ValueError):
        return _REAL()


if _FILE:
    time.time = _shifted
