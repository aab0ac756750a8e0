"""A socket with one deadline over all that is done on it: a peer that drips bytes must not hold a command for longer than it
was told to wait."""

from __future__ import annotations

import socket
import time
from typing import Any


class DeadlineSocket(socket.socket):
    """All reads and writes together, not each of them, have to be done by `deadline` (monotonic seconds); TimeoutError."""

    deadline = 0.0

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self._arm()
        return super().recv_into(*arguments, **options)

    def sendall(self, *arguments: Any, **options: Any) -> None:
        self._arm()
        super().sendall(*arguments, **options)

    def _arm(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.settimeout(left)
