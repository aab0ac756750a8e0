"""Reading a policy file for commands that work with no gateway running."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from dbgate.cli.options import Exit, fail

if TYPE_CHECKING:
    from dbgate.control.messages import PolicyInfo
    from dbgate.policy.load import PolicyFile

MOST_BYTES: Final = 64 << 20
_PIECE: Final = 1 << 18


def _read_most(file: BinaryIO) -> bytes:
    """All of it, or somewhat more than MOST_BYTES. In pieces: one read of so much reserves so much, however small the
    file is."""
    return b"".join(islice(iter(partial(file.read, _PIECE), b""), MOST_BYTES // _PIECE + 1))


def read_bytes(path: str) -> bytes:
    """The file's content; ends the command with status 2 where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            content = _read_most(file)
    except OSError as error:
        fail(Exit.USAGE, f"{path} cannot be read: {error.strerror}", "give the path of a policy file")
    if len(content) > MOST_BYTES:
        fail(Exit.USAGE, f"{path} is larger than {MOST_BYTES >> 20} MiB", "give the path of a policy file")
    return content


def local_file(info: PolicyInfo, hint: str) -> str:
    """Where the running gateway's policy is; ends the command with status 2 where that is no file of this machine."""
    path = info["file"]
    if not Path(path).is_file():
        fail(
            Exit.USAGE,
            f"the running gateway's policy file {path!r} is not here",
            f"it may run in a container, or on another machine: {hint}",
        )
    return path


def reader(path: str) -> Callable[[str], bytes]:
    """Reads the files that the policy at `path` names, relative to its folder."""

    def read(name: str) -> bytes:
        with (Path(path).parent / name).open("rb") as file:
            return _read_most(file)  # far more than is taken

    return read


def parse(path: str) -> PolicyFile:
    """The policy in the file; PolicyError with its findings."""
    from dbgate.policy.load import parse_policy

    return parse_policy(read_bytes(path), path, reader(path))
