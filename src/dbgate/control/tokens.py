"""The tokens that open the control API's HTTPS endpoint: a file with one a line, `NAME ROLE SHA256`, never the token itself.

A token is 256 random bits, so its plain hash tells nobody what it is, and guessing needs no brake.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from typing import Final

from dbgate.control.peer import Peer
from dbgate.errors import ConfigError

VIEWER: Final = "viewer"
OPERATOR: Final = "operator"
ROLES: Final = (VIEWER, OPERATOR)
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LINE: Final = re.compile(r"(\S+)\s+(\S+)\s+([0-9a-f]{64})")
_TOKEN: Final = re.compile(r"dbgate_[A-Za-z0-9_-]{43}")
_MOST_BYTES: Final = 1 << 20


def make(name: str, role: str) -> tuple[str, str]:
    """A new token, and its line for the file."""
    token = f"dbgate_{secrets.token_urlsafe(32)}"
    return token, f"{name} {role} {_hash(token)}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def parse(text: str, filename: str) -> dict[str, tuple[str, str]]:
    """Hash → (name, role). ConfigError names the first line that is none."""
    found: dict[str, tuple[str, str]] = {}
    names: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or not NAME.fullmatch(match[1]) or match[2] not in ROLES:
            raise ConfigError(
                f"{filename}:{number}: expected NAME {'|'.join(ROLES)} and 64 hex digits; `dbgate-cli token` makes such a line"
            )
        if match[1] in names or match[3] in found:
            raise ConfigError(f"{filename}:{number}: this name or this token is there twice")
        names.add(match[1])
        found[match[3]] = (match[1], match[2])
    return found


class Tokens:
    """path: of the file. It is read again when it has changed; where it is wrong then, nobody gets in by it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._known: dict[str, tuple[str, str]] = {}

    def load(self) -> None:
        """ConfigError where the file cannot be read, or is wrong."""
        try:
            with open(self._path, "rb") as file:
                status = os.fstat(file.fileno())
                data = file.read(_MOST_BYTES + 1)
            if len(data) > _MOST_BYTES:
                raise ConfigError(f"control_tokens: {self._path} is no file of tokens: it is too large")
            known = parse(data.decode("utf-8"), self._path)
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise ConfigError(f"control_tokens: {self._path} cannot be read: {why}") from None
        self._known = known
        self._seen = (status.st_ino, status.st_mtime_ns, status.st_size)

    def find(self, authorization: str) -> Peer | None:
        """Who asks, by the header `Authorization: Bearer TOKEN`; None: nobody who may. ConfigError where the file has
        become wrong."""
        try:
            status = os.stat(self._path)
        except OSError as error:
            raise ConfigError(f"control_tokens: {self._path} cannot be read: {error.strerror}") from None
        if (status.st_ino, status.st_mtime_ns, status.st_size) != self._seen:
            self._seen = None
            self.load()
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not _TOKEN.fullmatch(token):
            return None
        given = _hash(token)
        found: Peer | None = None
        for known, (name, role) in self._known.items():
            if hmac.compare_digest(known, given):
                found = Peer(-1, -1, frozenset(), 0, token=name, acts=role == OPERATOR)
        return found
