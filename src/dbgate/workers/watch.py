"""Looks at the policy file and reloads it when it has changed: by an atomic replace, by a swapped symbolic link
(as Kubernetes does it with ConfigMaps: policy.yaml → ..data/policy.yaml, ..data → ..2026_01_31), or in place."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from watchfiles import Change, awatch

LOG: Final = logging.getLogger("dbgate.workers")

QUIET_MS: Final = 100  # a change counts when nothing more has come for so long …
GROUP_MS: Final = 1000  # … or, where changes come all the time, after this
# Between looks when nothing is told: not every file system tells, and folders are replaced
LOOK_SECONDS: Final = 5.0
MOST_LINKS: Final = 40  # as the kernel's own limit
MOST_BYTES: Final = 64 << 20


class Watch:
    """path: the policy file; live: its text that is in force, None = none is; changed: called when the file holds
    something else than that, once for each content. The file of learned shapes is not watched: `policy learn` writes
    it to be read by a person first."""

    def __init__(
        self, path: str, live: Callable[[], bytes | None], changed: Callable[[], Awaitable[object]]
    ) -> None:
        self._path = path
        self._live = live
        self._changed = changed
        self._tried: bytes | None = None
        self._refused = False  # what was tried last is not in force
        self._told = ""

    def remember(self) -> None:
        """What the file holds now is somebody else's to load. May block a little: for the start."""
        self._tried = _content(self._path)

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self._round()
            except OSError as error:
                self._tell(str(error))
                await asyncio.sleep(LOOK_SECONDS)
            except Exception:  # reloading by signal and by command still works
                LOG.exception("the look at the policy file failed")
                await asyncio.sleep(LOOK_SECONDS)

    async def is_live(self) -> bool:
        """Whether the file holds what is in force."""
        return await asyncio.to_thread(_content, self._path) == self._live()

    async def look(self) -> None:
        """Reloads where the file holds what is neither in force nor was tried already."""
        found = await asyncio.to_thread(_content, self._path)
        if found is not None and found == self._live() and not self._refused:
            self._tried = found
        elif found != self._tried:
            self._tried = found
            await self._changed()
            # A file that is taken back to what is live must be loaded too, or the refusal would be shown for ever.
            self._refused = found != self._live()

    async def _round(self) -> None:
        """Until something else has to be watched, looking whenever something has changed."""
        signature = _identity(self._path)  # before the look, so that no change falls between the two
        wanted = places(self._path)
        await self.look()
        folders = {folder: _identity(folder) for folder, _ in wanted}
        if None in folders.values():
            raise FileNotFoundError(2, "No such folder", os.path.dirname(self._path))

        def ours(change: Change, path: str) -> bool:
            return os.path.split(path) in wanted

        async for changes in awatch(
            *folders,
            watch_filter=ours,
            debounce=GROUP_MS,
            step=QUIET_MS,
            rust_timeout=int(LOOK_SECONDS * 1000),
            yield_on_timeout=True,
            recursive=False,
        ):
            self._tell("")
            now = _identity(self._path)
            if changes or now != signature:
                signature = now
                await self.look()
            if places(self._path) != wanted or any(_identity(name) != had for name, had in folders.items()):
                return

    def _tell(self, why: str) -> None:
        if why != self._told:
            self._told = why
            if why:
                LOG.warning("the policy file is looked at every %.0f s only: %s", LOOK_SECONDS, why)


def _identity(path: str) -> tuple[int, ...] | None:
    """What tells a file or folder from another in its place; for a file also whether it was written to."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return found.st_dev, found.st_ino
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            # Not read(MOST_BYTES), which would set so much memory aside.
            return file.read() if os.fstat(file.fileno()).st_size <= MOST_BYTES else b""
    except OSError:
        return None


def places(path: str) -> set[tuple[str, str]]:
    """Every (folder, name) whose change can make `path` another file: each link on the way to it, and its end. Folders
    are free of links themselves."""
    found: set[tuple[str, str]] = set()
    rest = list(Path(os.path.abspath(path)).parts[1:])
    at = "/"
    links = 0
    while rest:
        name = rest.pop(0)
        if name == "..":
            at = os.path.dirname(at)
            continue
        here = os.path.join(at, name)
        last = not rest
        try:
            target = os.readlink(here)
        except OSError:
            if last:
                found.add((at, name))
            at = here
            continue
        found.add((at, name))
        links += 1
        if links > MOST_LINKS:
            break
        parts = [part for part in target.split("/") if part not in ("", ".")]
        at = "/" if target.startswith("/") else at
        rest = parts + rest
    return found
