"""Sockets of a service manager: what is taken, and what is refused."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from dbgate.errors import ConfigError
from dbgate.workers.activation import handed_over
os.environ["LISTEN_PID"] = str(os.getpid()) if sys.argv[1] == "me" else "1"
try:
    found = handed_over(os.environ, os.getpid())
except ConfigError as error:
    sys.exit(str(error))
print({name: (sock.getsockname()[1], os.get_inheritable(sock.fileno())) for name, sock in sorted(found.items())})
print([name for name in os.environ if name.startswith("LISTEN_")])
"""


def started(names: str, sockets: list[socket.socket], whom: str = "me") -> tuple[str, str]:
    """What a process says, and complains of, that got these sockets as descriptors 3, 4, …"""
    moves = [(sock.fileno(), 3 + number) for number, sock in enumerate(sockets) if sock.fileno() >= 0]
    command = f"""
import os, sys
moves = [(os.dup2(old, 100 + new), new) for old, new in {moves!r}]
for old, new in moves: os.dup2(old, new, inheritable=True)
os.execv(sys.executable, [sys.executable, "-c", {PROGRAM!r}, {whom!r}])
"""
    done = subprocess.run(
        [sys.executable, "-c", command],
        env={**os.environ, "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": names},
        pass_fds=[old for old, _ in moves],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout, done.stderr


def listening() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    return sock


def test_one_socket_is_for_clients_whatever_its_name() -> None:
    with listening() as sock:
        out, err = started("dbgate.socket", [sock])
        assert out == f"{{'clients': ({sock.getsockname()[1]}, False)}}\n[]\n", err


def test_two_sockets_by_name() -> None:
    with listening() as one, listening() as two:
        out, err = started("admin:clients", [one, two])
        ports = one.getsockname()[1], two.getsockname()[1]
        assert out.startswith(f"{{'admin': ({ports[0]}, False), 'clients': ({ports[1]}, False)}}"), err


def test_what_was_meant_for_another_process_is_left_alone() -> None:
    with listening() as sock:
        assert started("clients", [sock], "other")[0] == "{}\n[]\n"


@pytest.mark.parametrize("names", ["clients:clients", "clients:http", "clients"])
def test_names_that_say_nothing(names: str) -> None:
    with listening() as one, listening() as two:
        assert "FileDescriptorName= must be clients or admin, once each" in started(names, [one, two])[1]


def test_a_socket_that_does_not_listen() -> None:
    with socket.socket() as sock:
        assert "the socket 'clients' of the service manager does not listen" in started("", [sock])[1]


def test_a_descriptor_that_is_no_socket() -> None:
    closed = socket.socket()
    closed.close()
    assert "descriptor 3 is no socket (Bad file descriptor): use ListenStream=" in started("", [closed])[1]
