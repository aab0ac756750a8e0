"""Limits by who it is: connections of one address, sessions of one user, failed logins of one address.

An IPv6 address stands for its /64 (policy.source.counted_as).

All count over the instance: each worker writes its own counts into the shared ledger and reads the others' (rates.py).
Where two keys meet in one cell of it, the workers lose sight of each other for one of them, and the limit is then a
worker's own; it is never stricter than set.
"""

from __future__ import annotations

from math import ceil
from typing import Final, final

from dbgate.gateway.rates import Ledger
from dbgate.policy.source import counted_as

TOO_MANY_HERE: Final = "dbgate: too many connections from this address"
SHUT: Final = "dbgate: too many failed logins from this address; try again later"


@final
class Crowd:
    """How many of something each key has at the moment. most: the limit, 0 = none; what: in front of the keys."""

    def __init__(self, ledger: Ledger, what: str, most: int) -> None:
        self._ledger = ledger
        self._what = what
        self._most = most
        self._counts: dict[str, int] = {}

    def enter(self, key: str) -> bool:
        """One more, unless that is over the limit. It counts itself first and looks then, so that two workers that do
        it at once may both refuse, but never both pass the limit."""
        if not self._most:
            return True
        count = self._counts.get(key, 0) + 1
        if count > self._most:
            return False
        name = f"{self._what} {key}"
        self._ledger.put(name, count)
        if count + self._ledger(name, 0) > self._most:
            self._ledger.put(name, count - 1)
            return False
        self._counts[key] = count
        return True

    def leave(self, key: str) -> None:
        """The end of one that entered."""
        count = self._counts.get(key, 0) - 1
        if count < 0:
            return
        if count:
            self._counts[key] = count
        else:
            del self._counts[key]
        self._ledger.put(f"{self._what} {key}", count)


@final
class Sources:
    """One worker's view of the limits. connections: of one address, users: sessions of one user, 0 = no limit;
    failures: logins that the server refused, of one address within `window` seconds, after which it is turned away for
    `pause` seconds, 0 = no limit. It is the Doors of the worker's gates too (gate.doors)."""

    def __init__(
        self, ledger: Ledger, connections: int, users: int, failures: int, window: float, pause: float
    ) -> None:
        self._ledger = ledger
        self._addresses = Crowd(ledger, "connections", connections)
        self._users = Crowd(ledger, "sessions", users)
        self._failures = failures
        self._window = window
        self._pause = pause

    def take(self, ip: str, now: float) -> tuple[int, str, str] | None:
        """A connection has come: None, and leave() is owed; or the error that refuses it."""
        if self.shut(ip, now):
            return 1129, "HY000", SHUT
        if not self._addresses.enter(counted_as(ip)):
            return 1040, "08004", TOO_MANY_HERE
        return None

    def leave(self, ip: str) -> None:
        """A connection that was taken has ended."""
        self._addresses.leave(counted_as(ip))

    def enter(self, user: str) -> bool:
        """A session of this user, unless there are too many."""
        return self._users.enter(user)

    def left(self, user: str) -> None:
        """A session that entered has ended."""
        self._users.leave(user)

    def shut(self, ip: str, now: float) -> bool:
        """Whether the address is turned away for its failed logins."""
        return self._failures > 0 and self._ledger.largest(f"shut {counted_as(ip)}") > int(now * 1000)

    def failed(self, ip: str, now: float) -> bool:
        """The server has refused a login from there. True: the address is turned away from now on."""
        if not self._failures:
            return False
        ip = counted_as(ip)
        # All workers count in the same windows; of the one before, the part counts that is less than a window ago.
        window, spent = divmod(now, self._window)
        before = self._ledger.total(f"failed {ip} {window - 1}", 0)
        count = self._ledger.total(f"failed {ip} {window}", 1)
        if count + ceil(before * (1.0 - spent / self._window)) < self._failures:
            return False
        self._ledger.put(f"shut {ip}", int((now + self._pause) * 1000))
        return True
