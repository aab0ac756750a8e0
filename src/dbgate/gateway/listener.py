"""The sockets that clients connect to: one a worker on the same address, made and kept by the supervisor.

The supervisor keeps them open, so that clients that wait in a crashed worker's queue are served by its successor.
"""

from __future__ import annotations

import resource
import socket

from dbgate.config.parse import Address
from dbgate.errors import ConfigError
from dbgate.gateway.upstream import KEEPALIVE

BACKLOG = 1024


def bind(address: Address, count: int, what: str = "listen") -> list[socket.socket]:
    """`count` listening sockets on `address`; the kernel spreads connections over them (SO_REUSEPORT).
    ConfigError where the address cannot be had. what: the setting's name, for the message."""
    try:
        family, _, _, _, target = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigError(f"{what}: {address.host} cannot be resolved: {error.strerror}") from None
    made: list[socket.socket] = []
    try:
        # The first is bound without SO_REUSEPORT, so that a second gateway on the same port is an error here, and
        # not a silent sharing of the port. Then it may be shared with the others.
        first = _socket(family, False)
        made.append(first)
        first.bind(target)
        if count > 1:
            target = (target[0], first.getsockname()[1], *target[2:])
            made.pop().close()
            for _ in range(count):
                made.append(_socket(family, True))
                made[-1].bind(target)
        for sock in made:
            sock.listen(BACKLOG)
    except OSError as error:
        for sock in made:
            sock.close()
        raise ConfigError(f"{what}: cannot listen on {address}: {error.strerror or error}") from None
    return made


def _socket(family: int, shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    # Accepted sockets inherit these on Linux: no system call for each connection.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for level, option, value in KEEPALIVE:
        made.setsockopt(level, option, value)
    return made


def bound_address(sock: socket.socket) -> Address:
    """Where a socket listens."""
    name = sock.getsockname()
    return Address(str(name[0]), int(name[1]))


def raise_file_limit(sessions: int) -> str:
    """Allows this process the descriptors that `sessions` need (two each). Gives "" or a warning for the log."""
    needed = 2 * sessions + 64
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return ""
    most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most >= needed:
        return ""
    return f"the limit on open files ({most}) is below the {needed} that {sessions} sessions need: raise `ulimit -n`"
