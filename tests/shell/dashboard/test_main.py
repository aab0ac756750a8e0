"""The dashboard as a process."""

from __future__ import annotations

import re
import signal
import socket
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


def test_who_does_not_ask_in_time_loses_its_place(tmp_path: Path) -> None:
    path = str(tmp_path / "users.yaml")
    set_password(path, "ada", "admin", "correct horse", HASHER)
    script = f"import {module.__name__} as here; here._ASK_SECONDS = 0.2; here.main()"
    command = [sys.executable, "-c", script, "serve", "--listen", "127.0.0.1:0", "--users", path]
    command += ["--socket", str(tmp_path / "nowhere.sock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            found = re.search(r"http://127.0.0.1:(\d+)/", process.stdout.readline())
            assert found is not None, process.stderr.read()
            for begun in (b"", b"G", b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nu"):
                with socket.create_connection(("127.0.0.1", int(found[1])), 30) as slow:
                    slow.sendall(begun)
                    assert slow.recv(10) == b""
        finally:
            process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert "Traceback" not in process.stderr.read()


def test_an_address_of_somebody_else(tmp_path: Path) -> None:
    path = str(tmp_path / "users.yaml")
    set_password(path, "ada", "admin", "correct horse", HASHER)
    done = CliRunner().invoke(module.main, ["serve", "--users", path, "--listen", "192.0.2.1:80"])
    assert done.exit_code == 2 and "cannot listen" in done.output
