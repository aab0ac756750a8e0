"""Writing files in one step."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def replace_file(path: str, content: bytes, mode: int = 0o644) -> None:
    """Puts `content` where `path` is, in one step: who reads it sees the old file or the new one. Mode and owner stay;
    a symbolic link stays, and what it points to is replaced; a file that is not there is made, with `mode`. OSError where
    that cannot be; then nothing has changed."""
    target = Path(os.path.realpath(path))
    before = target.stat() if target.exists() else None
    name = ""
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
            name = file.name
            file.write(content)
            if before is not None:
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
            os.fchmod(file.fileno(), before.st_mode & 0o777 if before is not None else mode)
        os.replace(name, target)
    except OSError:
        if name:
            with contextlib.suppress(OSError):
                os.unlink(name)
        raise
