"""HTTP with whom one does not trust: one deadline over all that is done on a socket, so that a peer that drips bytes does not
hold a command for longer than it was told to wait; and no read without a bound."""

from __future__ import annotations

import http.client
import socket
import time
from typing import Any, cast


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


class CarefulResponse(http.client.HTTPResponse):
    """http.client reads a chunk whose length is -1 to the connection's end, however far that is."""

    def _safe_read(self, amt: int) -> bytes:
        if amt < 0:
            raise http.client.HTTPException("a chunk of negative length")
        return cast(bytes, super()._safe_read(amt))  # type: ignore[misc]
