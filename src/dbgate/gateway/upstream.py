"""The way to the server: one TCP connection a session, with a readable reason where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import struct
from collections.abc import Callable
from typing import Final

from dbgate.config.parse import Address

LOG: Final = logging.getLogger("dbgate.gateway")

# A peer that vanished without a word (power, cable) is noticed after about 2 + 4 × 0.5 minutes.
KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 120),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)

# What the kernel may keep of a reply while the client does not take it. By itself it grows to tcp_rmem's limit while the
# reply flows (7 to 10 MB were seen, 32 MB may be), for each such client. Doubled by Linux; rmem_max may make it less.
UNTAKEN: Final = 512 << 10


async def connect(
    loop: asyncio.AbstractEventLoop,
    address: Address,
    protocol: asyncio.BaseProtocol,
    done: Callable[[str], None],
) -> None:
    """Connects `protocol` to the server, then calls done(why): "" where that succeeded, else why not. The caller owns
    the time-out: it cancels, and then hears nothing."""
    why = ""
    try:
        await loop.create_connection(lambda: protocol, address.host, address.port)
    except OSError as error:
        why = reason(error)
    except Exception:  # never a client that waits for a greeting in vain
        LOG.exception("connecting to %s failed", address)
        why = "internal error"
    done(why)


def keep_little(transport: asyncio.BaseTransport) -> None:
    """Bounds what the kernel keeps of what the server sends (UNTAKEN)."""
    with contextlib.suppress(OSError):
        _set(transport, socket.SOL_SOCKET, socket.SO_RCVBUF, UNTAKEN)
        # Linux before 6.11 keeps the window of the buffer that the connection began with (64 KiB) where its size is set
        # later, and no longer lets it grow.
        _set(transport, socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, UNTAKEN)


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """Has the kernel ask now and then whether the peer is still there. Costs some system calls, so a session does it
    when it has lived for a while."""
    try:
        for level, option, value in KEEPALIVE:
            _set(transport, level, option, value)
    except OSError as error:
        LOG.warning("keep-alive cannot be set: %s", error)


def let_go(transport: asyncio.BaseTransport | None) -> None:
    """When the transport is closed the kernel forgets at once what the peer has not taken: it would hold that, and ask
    for minutes whether the peer wants it now."""
    if transport is not None:
        with contextlib.suppress(OSError):
            _set(transport, socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _set(transport: asyncio.BaseTransport, level: int, option: int, value: int | bytes) -> None:
    seen = transport.get_extra_info("socket")
    if seen is not None:
        if seen.fileno() < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        sock = socket.socket(seen.family, seen.type, seen.proto, seen.fileno())
        try:
            sock.setsockopt(level, option, value)
        finally:
            sock.detach()  # the transport's it stays


def unsent(*transports: asyncio.Transport | None) -> bool:
    """Whether bytes wait in one of them."""
    return any(leg is not None and leg.get_write_buffer_size() for leg in transports)


def reason(error: OSError) -> str:
    """One line for the log: why connecting failed."""
    if isinstance(error, socket.gaierror):
        return f"its name cannot be resolved ({error.strerror})"
    if error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
