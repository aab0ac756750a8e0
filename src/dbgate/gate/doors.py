"""What the gate asks and tells of the limits that are not one session's. The shell has the answers (gateway.sources)."""

from __future__ import annotations

from typing import Protocol


class Doors(Protocol):
    """Sessions of each user, and logins that fail. `now` is monotonic seconds."""

    def enter(self, user: str) -> bool:
        """A login of this user is about to be passed on: False where there are too many sessions of it. True: left()
        is owed."""

    def left(self, user: str) -> None:
        """The end of a session, or login, that entered."""

    def failed(self, ip: str, now: float) -> bool:
        """The server has refused a login from this address. True: the address is turned away from now on."""

    def shut(self, ip: str, now: float) -> bool:
        """Whether that address is turned away."""
