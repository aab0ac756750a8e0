"""The control API on its Unix socket: uvicorn's HTTP protocol on a socket of our own, without uvicorn's signal handlers,
each connection marked with its peer's credentials."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import socket
import stat
from collections.abc import Iterator
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from dbgate.control.api import Operator, app
from dbgate.control.peer import Peer, peer_of
from dbgate.control.prompt import PromptProtocol
from dbgate.errors import ConfigError

LOG: Final = logging.getLogger("dbgate.control")
MODE: Final = 0o660
_BACKLOG: Final = 64
_CONNECTIONS: Final = 64
_IDLE_SECONDS: Final = 30
_STOP_SECONDS: Final = 5.0
_MAX_HEAD: Final = 16_384


class ControlServer:
    """path: of the socket; group: its group by name or number, "" = that of the process or the folder."""

    def __init__(self, operator: Operator, path: str, group: str = "") -> None:
        self.path = path
        self._operator = operator
        self._group = group
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        self._identity = (0, 0)
        self._gid = -1

    async def start(self) -> None:
        """Listen. ConfigError where the socket cannot be had: another gateway serves it, the folder is missing, …"""
        sock = listen(self.path, self._group)
        status = os.stat(self.path)
        self._identity = (status.st_dev, status.st_ino)
        self._gid = status.st_gid
        config = http_config(app(self._operator, os.geteuid(), self._socket_gid))
        config.load()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(
            lambda: _PeerProtocol(config, self._state, {}, loop), sock=sock
        )

    async def stop(self) -> None:
        """Stop listening, let answers that are under way go out, and take the socket file away."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        with contextlib.suppress(OSError):
            status = os.stat(self.path)
            if (status.st_dev, status.st_ino) == self._identity:  # not one that replaced ours
                os.unlink(self.path)
        await let_out(self._state)

    def _socket_gid(self) -> int:
        """The socket's group now: the administrator may have changed it with chgrp."""
        with contextlib.suppress(OSError):
            self._gid = os.stat(self.path).st_gid
        return self._gid


async def let_out(state: ServerState) -> None:
    """Answers that are under way go out, as far as they do so soon; nothing else is asked on those connections."""
    for connection in list(state.connections):
        connection.shutdown()
    if state.tasks:
        _, late = await asyncio.wait(list(state.tasks), timeout=_STOP_SECONDS)
        for task in late:
            task.cancel()


def http_config(served: Any) -> uvicorn.Config:
    """What uvicorn's protocol is told, on whichever socket it serves the application."""
    return uvicorn.Config(
        served,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        ws="none",
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS,
        h11_max_incomplete_event_size=_MAX_HEAD,
    )


class _PeerProtocol(PromptProtocol):
    """The same, whose requests carry `dbgate.peer` in their scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        try:
            peer = peer_of(transport.get_extra_info("socket"))
        except OSError:  # gone already
            transport.close()
            return
        self.app = _with_peer(self.app, peer)


def _with_peer(inner: Any, peer: Peer) -> Any:
    async def outer(scope: Any, receive: Any, send: Any) -> None:
        scope["dbgate.peer"] = peer
        await inner(scope, receive, send)

    return outer


def listen(path: str, group: str = "") -> socket.socket:
    """A listening Unix socket at `path`, mode 0660. One that a dead gateway left is replaced; where one answers, or
    the path is something else, ConfigError."""
    folder = os.path.dirname(os.path.abspath(path))
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        with _alone(folder):
            _clear(path)
            # Nobody may connect between bind and chmod.
            before = os.umask(0o777 & ~MODE)
            try:
                sock.bind(path)
            finally:
                os.umask(before)
            os.chmod(path, MODE)
            if group:
                _change_group(path, group)
            sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise ConfigError(f"control_socket: cannot listen on {path}: {_reason(error)}") from None
    except ConfigError:
        sock.close()
        raise
    return sock


@contextlib.contextmanager
def _alone(folder: str) -> Iterator[None]:
    """Two gateways that start at once must not both find the same stale socket and replace each other's."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _clear(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ConfigError(f"control_socket: {path} exists and is no socket; remove it or choose another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except TimeoutError:
            pass  # a full backlog: somebody listens
    raise ConfigError(
        f"control_socket: another gateway serves {path}; stop it, or give this one its own control_socket"
    )


def _change_group(path: str, group: str) -> None:
    import grp

    try:
        gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise ConfigError(f"control_socket: there is no group {group!r}") from None
    os.chown(path, -1, gid)


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "its folder does not exist; make it, or choose another control_socket"
    if error.errno == errno.EACCES:
        return (
            "permission denied; let the gateway's user write in that folder, or choose another control_socket"
        )
    return error.strerror or str(error)
