"""How the text of one setting becomes a value. Each parser raises ValueError that says what was expected."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZES: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SIZE: Final = re.compile(r"(\d+)\s*([kmg]?)(?:i?b)?", re.IGNORECASE)
# Labels of 1 to 63 characters: what else looks like a name is refused by Python's resolver with an error of its own.
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")

OFF: Final = "off"


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address: an IP address or a host name, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """`127.0.0.1:3306`, `[::1]:3306`, `db.internal:3306`, or `:3306` for 127.0.0.1."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or not 0 <= int(port) <= 65535:
        raise ValueError("expected host:port, such as 127.0.0.1:3306 or [::1]:3306")
    if host.startswith("[") and host.endswith("]"):
        try:
            return Address(str(ipaddress.IPv6Address(host[1:-1])), int(port))
        except ValueError:
            raise ValueError("expected an IPv6 address between the brackets, such as [::1]:3306") from None
    if ":" in host:
        raise ValueError("expected an IPv6 address in brackets, such as [::1]:3306")
    if host and not _HOST.fullmatch(host):
        raise ValueError("expected a host name or an IP address before the colon, such as db.internal:3306")
    return Address(host or "127.0.0.1", int(port))


def upstream(text: str) -> Address:
    """An address to connect to: its port is not 0, and it is no Unix socket, because a server that trusts the
    system user of a socket's other end (auth_socket, unix_socket) would take every client for the gateway's user."""
    if text.startswith(("/", "unix:")):
        raise ValueError(
            "expected host:port; a Unix socket is not possible here (docs/configuration.md says why)"
        )
    value = address(text)
    if value.port == 0:
        raise ValueError("expected a port from 1 to 65535")
    return value


def address_or_off(text: str) -> Address | None:
    """An address, or `off`."""
    return None if text.strip().lower() == OFF else address(text)


def duration(text: str) -> float:
    """Seconds of `500ms`, `30s`, `5m`, `1h`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError("expected a duration with its unit, such as 500ms, 30s, 5m or 1h")
    value = float(match[1]) * _UNITS[match[2]]
    if not 0 < value <= 366 * 86400:
        raise ValueError("expected a duration above 0 and below a year")
    return value


def duration_or_off(text: str) -> float:
    """Seconds, or `off`, which gives 0."""
    return 0.0 if text.strip().lower() == OFF else duration(text)


def size(text: str) -> int:
    """Bytes of `65536`, `64KiB`, `16M`, `1GiB` (powers of 1024)."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError("expected a size such as 65536, 64KiB, 16MiB or 1GiB")
    return int(match[1]) * _SIZES[match[2].lower()]


def integer(text: str) -> int:
    """A whole number, without a sign."""
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdigit()):
        raise ValueError("expected a whole number")
    return int(stripped)


def path(text: str) -> str:
    """A path of a file."""
    if not text.strip() or "\0" in text:
        raise ValueError("expected the path of a file")
    return text


def path_or_off(text: str) -> str:
    """A path, or `off`, which gives the empty text."""
    return "" if text.strip().lower() == OFF else path(text)


def path_or_default(text: str) -> str:
    """A path, or the empty text, which leaves the place to the gateway."""
    return path(text) if text.strip() else ""


def switch(text: str) -> bool:
    """`on` or `off` (YAML's true and false too)."""
    value = text.strip().lower()
    if value not in ("on", "off", "true", "false"):
        raise ValueError("expected on or off")
    return value in ("on", "true")


def networks(text: str) -> tuple[str, ...]:
    """Networks in CIDR form or single addresses, with commas between them; empty is allowed."""
    found: list[str] = []
    for part in text.replace(",", " ").split():
        try:
            found.append(str(ipaddress.ip_network(part)))
        except ValueError as error:
            raise ValueError(
                f"expected networks such as 10.0.0.0/8 or ::1, with commas between them: {error}"
            ) from None
    return tuple(found)


def tls_mode(text: str) -> str:
    """What clients may do."""
    return _one_of(text, "prefer", "require")


def upstream_tls_mode(text: str) -> str:
    """What is demanded of the server."""
    return _one_of(text, "off", "prefer", "require", "verify-ca", "verify-full")


def _one_of(text: str, *choices: str) -> str:
    value = text.strip().lower()
    if value not in choices:
        raise ValueError(f"expected {', '.join(choices[:-1])} or {choices[-1]}")
    return value


def text(value: str) -> str:
    """Any text, as it is."""
    return value


def workers(text: str) -> int:
    """A number of processes, or `auto`, which gives 0."""
    if text.strip().lower() == "auto":
        return 0
    try:
        value = integer(text)
    except ValueError:
        raise ValueError("expected a whole number from 1 to 256, or auto") from None
    if not 1 <= value <= 256:
        raise ValueError("expected a whole number from 1 to 256, or auto")
    return value


def log_level(text: str) -> str:
    """One of debug, info, warning, error."""
    value = text.strip().lower()
    if value not in ("debug", "info", "warning", "error"):
        raise ValueError("expected debug, info, warning or error")
    return value


def name(text: str) -> str:
    """A short name: letters, digits, dots, dashes and underscores; empty is allowed."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,64}", text):
        raise ValueError("expected up to 64 letters, digits, dots, dashes or underscores")
    return text
