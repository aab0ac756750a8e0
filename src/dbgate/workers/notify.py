"""Words for the service manager: readiness, reloads, the end, and a sign of life, as systemd's sd_notify(3) has them.

They are datagrams to the Unix socket that NOTIFY_SOCKET names; where nobody set it, nothing is sent. Nothing here ever
waits or fails: who watches the gateway must not be able to stop it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
WATCHDOG: Final = "WATCHDOG=1"


class Notifier:
    """environ: of the process. A socket path that is not one (neither absolute nor abstract, `@…`) is as good as none."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        if path.startswith("@"):
            path = "\0" + path[1:]
        elif not path.startswith("/"):
            path = ""
        self._address = path

    def ready(self, status: str) -> None:
        """The start, or a reload, is done. status: one line for people."""
        self._send(READY, f"STATUS={status}")

    def reloading(self) -> None:
        """A reload begins; ready() is its end."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self, status: str) -> None:
        """The end has begun."""
        self._send(STOPPING, f"STATUS={status}")

    def alive(self) -> None:
        """The supervisor's loop runs (WatchdogSec= in the unit)."""
        self._send(WATCHDOG)

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        text = "\n".join(line.replace("\n", " ") for line in lines)
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(text.encode(), self._address)
