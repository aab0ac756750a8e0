"""How the demo starts and stops processes."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dbgate.workers import demo
from dbgate.workers.demo_database import DemoError, wait_for_server


def test_a_server_that_does_not_come_up_is_an_error_with_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("why it failed\n")
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"]) as process:
        process.wait()
        with pytest.raises(DemoError, match="did not start\nwhy it failed"):
            wait_for_server(process, 1, "the thing", log)


def test_a_process_that_does_not_listen_to_reason_is_stopped() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        demo.stop(process)
        assert process.returncode is not None
        demo.stop(process)


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        if port < 65000:
            assert demo.free_port(port) > port
