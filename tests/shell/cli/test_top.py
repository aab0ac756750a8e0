"""`top` on a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator

CLI = Path(sys.executable).parent / "dbgate-cli"


class Terminal:
    def __init__(self, number: int) -> None:
        self.number = number
        self.seen = b""

    def until(self, wanted: bytes) -> None:
        """Waits until `wanted` has come since the last call."""
        end = time.monotonic() + 60
        while wanted not in self.seen:
            ready, _, _ = select.select([self.number], [], [], max(0.0, end - time.monotonic()))
            assert ready, self.seen[-2000:]
            try:
                chunk = os.read(self.number, 65_536)
            except OSError:  # the other end is gone
                chunk = b""
            assert chunk, self.seen[-2000:]
            self.seen += chunk
        self.seen = self.seen[self.seen.index(wanted) + len(wanted) :]

    def type(self, keys: bytes) -> None:
        os.write(self.number, keys)


@contextmanager
def top(*arguments: str) -> Iterator[tuple[Terminal, list[int]]]:
    status: list[int] = []
    number, other = pty.openpty()
    ioctl(number, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
    process = subprocess.Popen(
        [CLI, "top", *arguments],
        stdin=other,
        stdout=other,
        stderr=other,
        env={**os.environ, "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(other)
    try:
        yield Terminal(number), status
        status.append(process.wait(60))
    finally:
        process.kill()
        process.wait()
        os.close(number)


def test_live(gateway: FakeOperator) -> None:
    with top("--interval", "0.2") as (terminal, status):
        terminal.until(b"queries")
        terminal.until(b"01J-1")
        terminal.type(b"s")
        terminal.until(b"sorted by blocked")
        terminal.type(b"j")
        terminal.until(b">")
        terminal.type(b"x")
        terminal.until(b"y / n")
        terminal.type(b"y")
        terminal.until(b"is ended")
        terminal.type(b"q")
    assert status == [0]
    assert gateway.acts[0][0] == "kill"


def test_no_gateway_is_3_and_no_terminal_is_2(run: Run) -> None:
    with top("--socket", "/nonexistent") as (terminal, status):
        terminal.until(b"no gateway listens")
    assert status == [3]
    result = run("top")
    assert result.exit_code == 2
    assert "top needs a terminal" in result.stderr
    assert "stats --watch" in result.stderr


def test_no_other_output(run: Run) -> None:
    assert run("top", "-o", "json").exit_code == 2


def test_the_end_of_input_ends_it(gateway: FakeOperator) -> None:
    with top() as (terminal, status):
        terminal.until(b"01J-1")
        terminal.type(b"\x04")
    assert status == [0]
