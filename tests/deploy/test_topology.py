"""`./run topology --once`: deploy/'s haproxy.cfg and policy with real processes, and one instance lost and found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.haproxy import HAProxy
from tests.servers.mariadb import require_mariadb
from tests.servers.ports import free_ports

PORTS = 12  # at least as many as the script takes, in a row where they are free
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "topology.py"


@pytest.mark.slow
def test_the_scenario_holds() -> None:
    require_mariadb()
    HAProxy(1, "", "127.0.0.1").__exit__(None, None, None)  # skips where there is none
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--once", "--port", str(free_ports(PORTS))],
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
    assert done.stdout.endswith("topology: all held\n")
    assert "records name the client's address, 127.0.0.2" in done.stdout
    assert "it serves again" in done.stdout and "every open transaction was committed" in done.stdout
    assert "only those of the killed instance lost their connection" in done.stdout
    assert "none failed that had begun" in done.stdout
    assert "a new policy binds the open sessions of all three instances" in done.stdout
    assert "all three are back by themselves when the server is" in done.stdout
