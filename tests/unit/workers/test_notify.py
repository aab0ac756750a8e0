"""The datagrams for the service manager, received by a socket that stands for it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbgate.workers.notify import Notifier
from tests.rows import rows


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(10)
        yield sock


def test_each_word(manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname()})
    notifier.ready("listens\non a port")
    assert manager.recv(500) == b"READY=1\nSTATUS=listens on a port"  # a line break would begin another word
    notifier.reloading()
    assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=[1-9]\d+", manager.recv(500))
    notifier.stopping("draining")
    assert manager.recv(500) == b"STOPPING=1\nSTATUS=draining"
    notifier.alive()
    assert manager.recv(500) == b"WATCHDOG=1"


def test_an_abstract_socket() -> None:
    name = f"dbgate-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + name)
        sock.settimeout(10)
        Notifier({"NOTIFY_SOCKET": "@" + name}).alive()
        assert sock.recv(500) == b"WATCHDOG=1"


@rows("path", ["", "relative", "vsock:2:1234", "/nowhere/at/all"])
def test_nobody_listens_and_nothing_fails(path: str) -> None:
    Notifier({"NOTIFY_SOCKET": path}).ready("x")
    Notifier({}).alive()


def test_a_manager_that_does_not_read_holds_nothing_up(manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname()})
    for _ in range(3000):  # far beyond the socket's queue
        notifier.alive()
    assert manager.recv(500) == b"WATCHDOG=1"
