"""Reading audit logs for commands: several files, rotated ones, compressed ones, with their progress."""

from __future__ import annotations

import gzip
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final

from dbgate.cli.options import DEFAULT_LOG, Exit, fail, settings_here

_EVERY: Final = 4096  # lines between two looks at how far it is
_MOST_LINE: Final = 4 << 20


def default_log() -> str:
    """The audit log where no file was named: of the environment, else of the dbgate.yaml in the working folder, else the
    usual one."""
    if named := os.environ.get("DBGATE_AUDIT_LOG"):
        return named
    here = settings_here("name the audit log")
    return here.audit_log if here is not None and here.audit_log not in ("", "-") else DEFAULT_LOG


def with_rotated(path: str) -> list[str]:
    """`path` with the rotated files beside it (path.9 … path.1, also .gz), oldest first."""
    if path == "-":
        return [path]
    folder, name = os.path.split(os.path.abspath(path))
    pattern = re.compile(re.escape(name) + r"\.(\d{1,6})(?:\.gz)?")
    found: dict[int, str] = {}
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        names = []
    for other in names:
        match = pattern.fullmatch(other)
        if match:
            found[int(match[1])] = os.path.join(folder, other)
    return [found[number] for number in sorted(found, reverse=True)] + [path]


def total_bytes(files: list[str]) -> int:
    """Their size on disk; 0 where it cannot be told."""
    try:
        return sum(os.path.getsize(file) for file in files)
    except OSError:
        return 0


def lines(files: list[str], progress: Callable[[int], Any] | None = None) -> Iterator[bytes]:
    """Every line of the files, one after the other. progress: called with the bytes read so far, now and then. Ends the
    command where a file cannot be read."""
    before = 0
    for path in files:
        try:
            if path == "-":
                yield from sys.stdin.buffer
                continue
            with open(path, "rb") as raw:
                log: IO[bytes] = gzip.GzipFile(fileobj=raw) if path.endswith(".gz") else raw  # type: ignore[assignment]
                count = 0
                while line := log.readline(_MOST_LINE):
                    yield line
                    count += 1
                    if progress is not None and count % _EVERY == 0:
                        progress(before + raw.tell())
                before += raw.tell()
                if progress is not None:
                    progress(before)
        except (OSError, EOFError, zlib.error) as error:
            why = getattr(error, "strerror", None) or str(error)
            fail(
                Exit.USAGE,
                f"the audit log {path} cannot be read: {why}",
                "give its path, or set DBGATE_AUDIT_LOG; `dbgate serve` prints where it writes",
            )
