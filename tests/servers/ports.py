"""Loopback ports for private servers: below the ephemeral range, and safe when two test runs go at once.

A client's own outgoing port comes from the ephemeral range (32768 up on Linux), so a server that listens there can
find its port taken. A port is reserved with a lock file that the process holds until it ends.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

FIRST = 20000
LAST = 29900

_held: list[int] = []  # open lock files; closing one (the process ends) gives its port back


def _locks() -> Path:
    # Not gettempdir(), which is not the same one for everybody who runs tests here.
    shared = "/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir()
    folder = Path(shared) / f"dbgate-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _bindable(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserved(port: int) -> int | None:
    """The lock that reserves a port, None where somebody else has one of the two."""
    fd = os.open(_locks() / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    if _bindable(port):
        return fd
    os.close(fd)
    return None


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on and that no other test process was given.
    RuntimeError when none is left."""
    for port in random.sample(range(FIRST, LAST), 500):
        if (fd := _reserved(port)) is not None:
            _held.append(fd)
            return port
    raise RuntimeError(f"no free port on 127.0.0.1 between {FIRST} and {LAST}")


def free_ports(count: int) -> int:
    """The first of `count` ports in a row, each as free_port() gives it. RuntimeError when there are none."""
    for first in random.sample(range(FIRST, LAST - count), 500):
        held = [fd for port in range(first, first + count) if (fd := _reserved(port)) is not None]
        if len(held) == count:
            _held.extend(held)
            return first
        for fd in held:
            os.close(fd)
    raise RuntimeError(f"no {count} free ports in a row on 127.0.0.1 between {FIRST} and {LAST}")
