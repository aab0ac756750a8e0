"""Who is logged in, and how often somebody may try. All of it is in memory: a restart logs everybody out."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections import OrderedDict
from typing import Final

MOST_LOGINS: Final = 1000  # open at once; the one that was idle for longest goes
_WINDOW: Final = 300.0  # seconds that failures are remembered
_BY_USER: Final = 5  # failures of one name from one address in that time
_BY_ADDRESS: Final = 20  # … of one address
_MOST_KEYS: Final = 20_000


class Login:
    """One browser that is logged in. password: the hash that it was let in by; csrf: the token of its forms; times are
    monotonic seconds."""

    def __init__(self, user: str, password: str, address: str, now: float) -> None:
        self.user = user
        self.password = password
        self.address = address
        self.csrf = secrets.token_urlsafe(32)
        self.since = now
        self.seen = now


class Logins:
    """idle, longest: seconds without a request, and in all, after which a login ends. Cookies carry a random id and its
    signature by a key that lives as long as this object."""

    def __init__(self, idle: float, longest: float) -> None:
        self.idle = idle
        self.longest = longest
        self._key = secrets.token_bytes(32)
        self._open: OrderedDict[str, Login] = OrderedDict()

    def open(self, user: str, password: str, address: str, now: float) -> tuple[str, Login]:
        """A new login: the cookie's value, and the login."""
        while len(self._open) >= MOST_LOGINS:
            self._open.popitem(last=False)
        name = secrets.token_urlsafe(32)
        self._open[name] = Login(user, password, address, now)
        return f"{name}.{self.sign(name)}", self._open[name]

    def find(self, cookie: str, now: float, touch: bool) -> Login | None:
        """The login of a cookie. touch: somebody did something, so it is not idle."""
        name = self._name(cookie)
        login = self._open.get(name)
        if login is None:
            return None
        if now - login.seen > self.idle or now - login.since > self.longest:
            del self._open[name]
            return None
        if touch:
            login.seen = now
            self._open.move_to_end(name)
        return login

    def close(self, cookie: str) -> None:
        """Logs out."""
        self._open.pop(self._name(cookie), None)

    def sign(self, text: str) -> str:
        """A signature of `text` by this process."""
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def genuine(self, text: str, signature: str) -> bool:
        """Whether `signature` is ours."""
        return hmac.compare_digest(self.sign(text).encode(), signature.encode("utf-8", "replace"))

    def _name(self, cookie: str) -> str:
        name, _, signature = cookie.partition(".")
        return name if name and self.genuine(name, signature) else ""


class Attempts:
    """Failed logins of the last minutes, by address and by name at an address, so that nobody can lock out a name from
    elsewhere."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], list[float]] = OrderedDict()

    def wait(self, address: str, user: str, now: float) -> float:
        """Seconds until another try is let through, 0 = now."""
        network = _network(address)
        return max(
            self._until(("", network), _BY_ADDRESS, now), self._until((user[:64], network), _BY_USER, now)
        )

    def failed(self, address: str, user: str, now: float) -> None:
        """Remember it."""
        network = _network(address)
        for key, most in ((("", network), _BY_ADDRESS), ((user[:64], network), _BY_USER)):
            times = self._failures.setdefault(key, [])
            times.append(now)
            del times[:-most]
            self._failures.move_to_end(key)
        while len(self._failures) > _MOST_KEYS:
            self._failures.popitem(last=False)

    def passed(self, address: str, user: str) -> None:
        """The right password: this try was none of the address's failures, and earlier mistakes of that name are
        forgiven."""
        network = _network(address)
        self._failures.pop((user[:64], network), None)
        if times := self._failures.get(("", network)):
            times.pop()

    def _until(self, key: tuple[str, str], most: int, now: float) -> float:
        times = self._failures.get(key, [])
        return max(0.0, times[0] + _WINDOW - now) if len(times) >= most else 0.0


def _network(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 one: who has one of these has them all."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
