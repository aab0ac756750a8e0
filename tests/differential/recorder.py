"""Runs a program against a server, and gives the statements that the server got from it, in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.differential.truth import Truth

PROJECT = Path(__file__).resolve().parents[2]
# Both servers' general log: time (or blanks), thread id, command, text up to the next such line.
_LINE = re.compile(
    r"^(?:\S+Z?|\d{6}\s+\d+:\d\d:\d\d)?\s+(\d+) ([A-Z][a-z]+(?: [a-z]+| DB| stmt)?)\t(.*)\Z", re.DOTALL
)


def record(truth: Truth, module: str) -> list[tuple[int, str, bytes]]:
    """(session, command, text) of all that `python -m module HOST PORT USER PASSWORD` sent; commands Query, Prepare,
    Execute, Init DB. Fails with the program's output where the program fails."""
    log = Path(truth.server.folder) / "general.log"
    for text in (
        "DROP DATABASE IF EXISTS orm",
        "CREATE DATABASE orm CHARACTER SET utf8mb4",
        f"SET GLOBAL general_log_file = '{log}'",
        "SET GLOBAL general_log = 1",
    ):
        answer = truth.admin.run(text.encode())
        assert not answer, answer
    server = truth.server
    # Programs log in over TCP with a password, which caching_sha2_password accepts once a session has shown it.
    done = subprocess.run(
        [sys.executable, "-m", module, server.host, str(server.port), server.user, server.password],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONWARNINGS": "ignore"},
    )
    truth.admin.run(b"SET GLOBAL general_log = 0")
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[list[object]] = []
    for line in log.read_bytes().split(b"\n"):
        shown = line.decode("utf-8", "surrogateescape")
        match = _LINE.match(shown)
        if match is not None:
            found.append([int(match[1]), match[2], match[3]])
        elif found:
            found[-1][2] = f"{found[-1][2]}\n{shown}"
    log.unlink()
    own = truth.admin.id
    return [
        (int(str(session)), str(name), str(text).encode("utf-8", "surrogateescape"))
        for session, name, text in found
        if session != own and name in ("Query", "Prepare", "Execute", "Init DB")
    ]
