"""No statement takes the analysis long, or much memory, however it was built.

The limits are those of a worker's loop: 250 ms of CPU for what the gateway takes with its default settings (1 MiB), and
for longer texts, which an operator must allow first, what docs/configuration.md says a MiB costs. Python as it is, not
compiled; the better of two measurements, because the machine is shared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, MYSQL, LexContext
from tests.fuzz.worst import MEGA, WORST

# How much slower than the machine of the measurements this one may be.
SLACK = float(os.environ.get("DBGATE_SLACK", "1"))
SECONDS = 0.25 * SLACK
SECONDS_A_MEGABYTE = 0.06 * SLACK
# Time is judged by hand only (DBGATE_MEASURE=1): on a loaded machine it would say nothing of the code.
MEASURING = os.environ.get("DBGATE_MEASURE") == "1"
MEMORY = 300  # MB, of the whole process


@pytest.mark.parametrize("name", WORST)
@pytest.mark.parametrize("flavour", [MARIADB, MYSQL])
def test_time_is_bounded(name: str, flavour: int) -> None:
    text = WORST[name]()
    ctx = LexContext(flavour, 101106 if flavour == MARIADB else 90700)
    allowed = max(SECONDS, SECONDS_A_MEGABYTE * len(text) / MEGA)
    spent = 0.0
    for _ in range(3 if MEASURING else 1):
        start = time.process_time()
        analysis = analyze(text, ctx, "shop")
        spent = time.process_time() - start
        if spent <= allowed:
            break
    assert not analysis.error.startswith("analysis failed"), analysis.error
    assert spent <= allowed or not MEASURING


@pytest.mark.skipif(not MEASURING, reason="a measure of time: DBGATE_MEASURE=1, on a quiet machine")
@pytest.mark.parametrize("factor", [2])
@pytest.mark.parametrize("name", [name for name in WORST if "16 MB" not in name and "1 MB" not in name])
def test_time_is_linear(name: str, factor: int) -> None:
    """Half of the text takes no less than a quarter of the time: nothing is quadratic that is long enough to tell."""
    text = WORST[name]()
    ctx = LexContext(MARIADB, 101106)

    def spent(part: bytes, times: int = 3) -> float:
        best = 1e9
        for _ in range(times):
            start = time.process_time()
            analyze(part, ctx, "shop")
            best = min(best, time.process_time() - start)
        return best

    if spent(text, 1) < 0.05:
        return
    whole = spent(text)
    half = spent(text[: len(text) // factor])
    assert whole < half * factor * 6 or half < 0.005, (whole, half)


_MEASURE = """
import re, sys
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, LexContext
from tests.fuzz.worst import WORST
text = WORST[sys.argv[1]]()
analyze(text, LexContext(MARIADB, 101106), "shop")
# not ru_maxrss: a child begins with that of its parent
print(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.mark.parametrize("name", [name for name in WORST if name.startswith(("16 MB", "an INSERT of 16"))])
def test_memory_is_bounded(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, name], capture_output=True, text=True, timeout=120, check=True
    )
    assert int(done.stdout) <= MEMORY
