"""What a unit test is: it starts no process and speaks to no network. What does is in tests/shell, or further on."""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest

_PROCESSES = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system")
_NETWORK = ("socket.bind", "socket.connect", "socket.sendto")
_running = False


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _running and event.startswith(("socket.", "subprocess.", "os.")):
        # the address of a Unix socket, which stays on this machine and needs no port, is a path
        if event in _PROCESSES or (event in _NETWORK and isinstance(arguments[1], tuple)):
            raise RuntimeError(
                f"a unit test does not do {event} {arguments[1:]}: its place is in tests/shell"
            )


sys.addaudithook(_watch)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    global _running
    _running = True
    try:
        return (yield)
    finally:
        _running = False
