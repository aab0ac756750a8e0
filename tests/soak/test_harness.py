"""`./run soak` in small: it runs, proves its block, and gives every descriptor back. Its figures are for quiet machines."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.mariadb import require_mariadb


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_harness_in_small() -> None:
    require_mariadb()
    if shutil.which("sysbench") is None:
        pytest.skip("sysbench is not installed (apt-get install sysbench)")
    options = [
        "--minutes",
        "0",
        "--idle",
        "60",
        "--busy",
        "4",
        "--rate",
        "50",
        "--turn",
        "1",
        "--hostile",
        "0.01",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", *options],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=Path(__file__).parents[2],
    )
    said = done.stdout
    assert "soak: blocked as it must be: 1227" in said, said + done.stderr[-3000:]
    assert "60 idle sessions: " in said and "hostile clients: p99 " in said
    assert "descriptors are left open" not in said
    assert "audit records that were not kept: 0" in said
    assert "'never_reading: begun'" in said and "'flood: connections'" in said
