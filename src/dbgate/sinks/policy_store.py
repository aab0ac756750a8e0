"""The versions of a policy: numbered files that are never changed, in a folder beside the policy file.

One file a version, `000007-3f2a9c0d1b4e.json`, with everything in it, so that a version is there whole or not at all. It is
written beside its place and linked there, which fails where the number is taken: two gateways that share a policy file
share its versions too. Every call may block: not for an event loop.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Final

import msgspec

SUFFIX: Final = ".versions"
MODE: Final = 0o640  # a policy tells who may do what: not for everybody
_FOLDER_MODE: Final = 0o750
_NAME: Final = re.compile(r"(\d{6,9})-[0-9a-f]{12}\.json")
_ATTEMPTS: Final = 50  # each lost one means that another gateway took the number


class Version(msgspec.Struct, frozen=True):
    """number: from 1; version: the policy's short hash; sha256: of text and shapes; time: Unix seconds; author: who had
    it loaded; note: "" or what it came from; text: the policy file's; shapes: that of the shapes it names, None = none."""

    number: int
    version: str
    sha256: str
    time: float
    author: str
    note: str
    text: str
    shapes: str | None = None


class PolicyStore:
    """folder: where versions are kept; keep: how many, the oldest go. trouble: "" or why the folder cannot be used;
    then versions live in memory, until the process ends."""

    def __init__(self, folder: str, keep: int) -> None:
        self.folder = folder
        self.keep = keep
        self.trouble = ""
        self._memory: dict[int, Version] = {}

    def all(self) -> list[Version]:
        """What is kept, newest first. Files that are no versions, or not whole, are left out."""
        found = {**self._memory}
        for name in self._names():
            version = self._load(name)
            if version is not None:
                found[version.number] = version
        return [found[number] for number in sorted(found, reverse=True)]

    def get(self, number: int) -> Version | None:
        """The version of that number; None where it is not kept."""
        for name in self._names():
            if _number(name) == number:
                return self._load(name)
        return self._memory.get(number)

    def newest(self) -> Version | None:
        """The last one that can be read; None where there is none."""
        numbers = sorted({*self._memory, *(_number(name) for name in self._names())}, reverse=True)
        return next((found for found in map(self.get, numbers) if found is not None), None)

    def add(
        self, version: str, text: str, shapes: str | None, author: str, note: str, time: float
    ) -> Version:
        """A new version, with the next number. Never fails: where it cannot be written it is kept in memory, and
        `trouble` says why."""
        digest = fingerprint(text, shapes)
        number = max([self._last(), *self._memory]) + 1
        made = Version(number, version, digest, time, author, note, text, shapes)
        try:
            os.makedirs(self.folder, mode=_FOLDER_MODE, exist_ok=True)
            made = self._write(made)
            self.trouble = ""
        except OSError as error:
            self.trouble = f"{self.folder} cannot be written: {error.strerror or error}"
            self._memory[made.number] = made
        self._forget()
        return made

    def _write(self, made: Version) -> Version:
        for _ in range(_ATTEMPTS):
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".new-", delete=False) as file:
                try:
                    file.write(msgspec.json.encode(made) + b"\n")
                    file.flush()
                    os.fchmod(file.fileno(), MODE)  # no fsync: the hash tells what a crash of the machine cut
                    if not self._taken(made.number):
                        os.link(file.name, os.path.join(self.folder, _name(made)))
                        return made
                except FileExistsError:
                    pass
                finally:
                    os.unlink(file.name)
            made = msgspec.structs.replace(made, number=self._last() + 1)
        raise OSError(f"no number was free in {_ATTEMPTS} attempts")

    def _taken(self, number: int) -> bool:
        return any(_number(name) == number for name in self._names())

    def _forget(self) -> None:
        """The oldest go, where there are more than `keep`."""
        names = {_number(name): name for name in self._names()}
        for number in sorted({*self._memory, *names}, reverse=True)[self.keep :]:
            self._memory.pop(number, None)
            if number in names:
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(self.folder, names[number]))

    def _names(self) -> list[str]:
        with contextlib.suppress(OSError):
            return [name for name in os.listdir(self.folder) if _NAME.fullmatch(name)]
        return []

    def _last(self) -> int:
        return max(map(_number, self._names()), default=0)

    def _load(self, name: str) -> Version | None:
        """A version from its file; None where that is not what was written: its hash tells."""
        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                version = msgspec.json.decode(file.read(), type=Version)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        whole = _name(version) == name and fingerprint(version.text, version.shapes) == version.sha256
        return version if whole else None


def fingerprint(text: str, shapes: str | None) -> str:
    """SHA-256 in hex digits, of what a policy's short hash is of: its first 12 digits are that."""
    whole = hashlib.sha256(text.encode("utf-8", "backslashreplace"))
    if shapes is not None:
        whole.update(b"\0" + shapes.encode("utf-8", "backslashreplace"))
    return whole.hexdigest()


def replace_file(path: str, content: bytes) -> None:
    """Puts `content` where `path` is, in one step: who reads it sees the old file or the new one. Mode and owner stay;
    a symbolic link stays, and what it points to is replaced; a file that is gone is made again. OSError where that cannot
    be; then nothing has changed."""
    target = Path(os.path.realpath(path))
    before = target.stat() if target.exists() else None
    name = ""
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
            name = file.name
            file.write(content)
            file.flush()
            if before is not None:
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
            os.fchmod(file.fileno(), before.st_mode & 0o777 if before is not None else MODE)
            os.fsync(file.fileno())
        os.replace(name, target)
    except OSError:
        if name:
            with contextlib.suppress(OSError):
                os.unlink(name)
        raise


def _name(version: Version) -> str:
    return f"{version.number:06d}-{version.sha256[:12]}.json"


def _number(name: str) -> int:
    return int(name.partition("-")[0])
