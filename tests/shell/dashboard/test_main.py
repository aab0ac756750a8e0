"""The dashboard as a process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from click.testing import CliRunner

from dbgate.dashboard import main as module
from tests.shell.dashboard.pages import HASHER, set_password


def test_it_serves_and_ends(tmp_path: Path) -> None:
    path = str(tmp_path / "users.yaml")
    set_password(path, "ada", "admin", "correct horse", HASHER)
    command = [
        sys.executable,
        "-X",
        "dev",
        "-m",
        module.__name__,
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--users",
        path,
    ]
    command += ["--socket", str(tmp_path / "nowhere.sock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            found = re.search(r"http://127.0.0.1:\d+/", process.stdout.readline())
            assert found is not None, process.stderr.read()
            with urllib.request.urlopen(found[0] + "login", timeout=30) as answer:
                assert b"Password" in answer.read()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, process.stderr.read()


def test_an_address_of_somebody_else(tmp_path: Path) -> None:
    path = str(tmp_path / "users.yaml")
    set_password(path, "ada", "admin", "correct horse", HASHER)
    done = CliRunner().invoke(module.main, ["serve", "--users", path, "--listen", "192.0.2.1:80"])
    assert done.exit_code == 2 and "cannot listen" in done.output
