"""Who may use the dashboard: a YAML file of names, roles and argon2 hashes.

users:
  alice: {role: admin, password: "$argon2id$v=19$…"}
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

import yaml
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dbgate.errors import ConfigError

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1024  # characters; a longer one is no password but an attempt to make us work
_MOST_BYTES: Final = 1 << 20
# 64 MiB and three passes, RFC 9106's second choice. One process at a time makes or checks two of them at most.
HASHER: Final = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=2)


class Role(IntEnum):
    """What somebody may do; each may what the one before may. viewer: look; operator: end sessions; admin: change the
    policy."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As in the users file."""
        return self.name.lower()


ROLES: Final = {role.word: role for role in Role}


@dataclass(frozen=True, slots=True)
class User:
    """password: an argon2 hash."""

    name: str
    role: Role
    password: str


class Users:
    """The users file, read again whenever it changes. A file that turns bad keeps nobody in: `trouble` says why."""

    def __init__(self, path: str, hasher: PasswordHasher | None = None) -> None:
        self.path = path
        self.trouble = ""
        self._hasher = hasher or HASHER
        self._seen: tuple[int, int, int] | None = None
        self._users: dict[str, User] = {}
        # Checked where the name is unknown, so that the time of an answer does not tell which names there are.
        self._decoy = self._hasher.hash("nobody has this password")

    def load(self) -> dict[str, User]:
        """The users by name; ConfigError where the file is bad."""
        try:
            with open(self.path, "rb") as file:
                status = os.fstat(file.fileno())
                raw = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise ConfigError(
                f"the users file {self.path} cannot be read: {error.strerror}; "
                f"make one with `dbgate-dashboard passwd NAME --role admin --users {self.path}`"
            ) from None
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH | stat.S_IROTH):
            raise ConfigError(
                f"{self.path} must not be writable by others, nor readable by all: chmod 600 it"
            )
        return parse(raw[:_MOST_BYTES].decode("utf-8", "replace"), self.path)

    def find(self, name: str) -> User | None:
        """The user as the file is now; nobody while it cannot be read."""
        self._refresh()
        return self._users.get(name)

    def check(self, name: str, password: str) -> User | None:
        """The user whose password this is. Takes about 0.1 s of CPU and 64 MiB: not for an event loop."""
        user = self.find(name)
        try:
            self._hasher.verify(user.password if user else self._decoy, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return None
        return user if len(password) <= LONGEST_PASSWORD else None

    def _refresh(self) -> None:
        try:
            status = os.stat(self.path)
            seen = (status.st_mtime_ns, status.st_ino, status.st_size)
            if seen != self._seen:
                self._users = self.load()
                self._seen = seen
                self.trouble = ""
        except (OSError, ConfigError) as error:
            self._users, self._seen, self.trouble = {}, None, str(error)


def parse(text: str, filename: str) -> dict[str, User]:
    """The users of a file's text; ConfigError with every finding."""
    try:
        root = yaml.safe_load(text)
    except (
        yaml.YAMLError,
        ValueError,
        RecursionError,
    ) as error:  # ValueError: a date that is none, as 2026-13-45
        raise ConfigError(f"{filename}: not YAML: {error}") from None
    rows = root.get("users") if isinstance(root, dict) else None
    if not isinstance(rows, dict) or set(root) != {"users"}:
        raise ConfigError(f"{filename}: expected `users:` and below it a name with role and password a line")
    users: dict[str, User] = {}
    problems: list[str] = []
    for name, row in rows.items():
        problem = _problem(name, row)
        if problem:
            problems.append(f"{filename}: {name}: {problem}")
        else:
            users[name] = User(name, ROLES[row["role"]], row["password"])
    if problems:
        raise ConfigError("\n".join(problems))
    return users


def _problem(name: object, row: Any) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return "expected a name of letters, digits, and . _ @ - (64 at most)"
    if not isinstance(row, dict) or set(row) != {"role", "password"}:
        return "expected {role: …, password: …}"
    if not isinstance(row["role"], str) or row["role"] not in ROLES:
        return f"expected a role: {', '.join(ROLES)}"
    if not isinstance(row["password"], str) or not row["password"].startswith("$argon2"):
        return "expected an argon2 hash as password; `dbgate-dashboard passwd` makes one"
    return ""


def set_password(
    path: str, name: str, role: str, password: str, hasher: PasswordHasher | None = None
) -> bool:
    """Writes one user into the file, which it makes where there is none; role "" keeps that of a user who is there.
    True for a new user. ConfigError where that cannot be."""
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name of letters, digits, and . _ @ - (64 at most)")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ConfigError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    users = Users(path, hasher).load() if os.path.exists(path) else {}
    known = users.get(name)
    if not role and known is None:
        raise ConfigError(f"{name} is new: give a --role ({', '.join(ROLES)})")
    hashed = (hasher or HASHER).hash(password)
    users[name] = User(name, ROLES[role] if role else known.role if known else Role.VIEWER, hashed)
    _write(path, {"users": {u.name: {"role": u.role.word, "password": u.password} for u in users.values()}})
    return known is None


def _write(path: str, content: object) -> None:
    """Whole or not at all, and for the owner's eyes only. A file that is there keeps its owner, whoever writes: the
    dashboard must be able to read it."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".users-")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                if os.path.exists(path):
                    before = os.stat(path)
                    os.fchmod(file.fileno(), before.st_mode & 0o640)
                    with contextlib.suppress(PermissionError):
                        os.fchown(file.fileno(), before.st_uid, before.st_gid)
                yaml.safe_dump(content, file, sort_keys=True, width=200)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
