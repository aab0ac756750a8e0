"""`./run image`: the image is built by its Containerfile and run as compose.yaml says, and then compose.yaml itself. Minutes, so
only where it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.mariadb import require_mariadb
from tests.servers.ports import free_port

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "image.py"
CANNOT = 3  # scripts/image.py's status where this machine cannot do it


def run(*options: str) -> str:
    """What the script says; skips the test where it cannot be done here."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options], capture_output=True, text=True, timeout=2400
    )
    if done.returncode == CANNOT:
        pytest.skip(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
    assert done.stdout.endswith("image: all held\n")
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(5000)
def test_the_image_is_built_and_runs() -> None:
    if os.environ.get("DBGATE_TEST_IMAGE") != "1":
        pytest.skip("building the image takes minutes: DBGATE_TEST_IMAGE=1, or ./run image")
    require_mariadb()
    said = run("--port", str(free_port()))
    for what in (
        "it runs compiled",
        "its root is read-only",
        "a forbidden one is blocked",
        "SIGTERM ends it in order",
    ):
        assert f"image: ok: {what}" in said
    said = run("--compose", "--no-build")
    for what in (
        "records name the client's address, 172.28.0.1",
        "only those of the killed instance lost their connection",
        "a new policy binds the open sessions of all three instances",
        "all three are back by themselves when the server is",
        "none failed that had begun",
    ):
        assert what in said
