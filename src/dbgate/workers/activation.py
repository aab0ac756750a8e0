"""Sockets that the service manager listens on and hands over (sd_listen_fds(3)): while the gateway is started anew,
clients wait in the kernel's queue, and none is refused."""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

from dbgate.errors import ConfigError
from dbgate.gateway.upstream import KEEPALIVE

FIRST = 3  # SD_LISTEN_FDS_START
CLIENTS = "clients"  # FileDescriptorName= of the socket unit
ADMIN = "admin"


def handed_over(environ: MutableMapping[str, str], pid: int) -> dict[str, socket.socket]:
    """The listening sockets by name: `clients` (also where it is the only one, whatever its name), `admin`. Takes the
    variables out of `environ`, as processes that are started from here have no such sockets. ConfigError where a
    socket is none that can be used."""
    meant = environ.pop("LISTEN_PID", "") == str(pid)
    count = environ.pop("LISTEN_FDS", "")
    names = environ.pop("LISTEN_FDNAMES", "").split(":")
    if not meant or not count.isdigit():
        return {}
    found: dict[str, socket.socket] = {}
    for number in range(int(count)):
        name = names[number] if number < len(names) else ""
        if int(count) == 1:
            name = CLIENTS
        fd = FIRST + number
        try:
            os.set_inheritable(fd, False)
            sock = socket.socket(fileno=fd)
        except OSError as error:  # of a ListenFIFO=, say
            raise ConfigError(
                f"what the service manager hands over as descriptor {fd} is no socket ({error.strerror}): use ListenStream="
            ) from None
        if name not in (CLIENTS, ADMIN) or name in found:
            raise ConfigError(
                f"socket {number + 1} of the service manager has the name {name!r}: FileDescriptorName= must be "
                f"{CLIENTS} or {ADMIN}, once each"
            )
        if sock.type != socket.SOCK_STREAM or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise ConfigError(
                f"the socket {name!r} of the service manager does not listen: use ListenStream="
            )
        sock.setblocking(False)
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for level, option, value in KEEPALIVE:
                sock.setsockopt(level, option, value)
        found[name] = sock
    return found
