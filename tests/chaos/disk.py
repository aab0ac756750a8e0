"""A disk of a few MB that is full for real: a tmpfs, mounted for one fault. Writes are cut short in the middle of a line,
as on any full disk, which /dev/full does not do."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.world import POLICY, World

SIZE = 2 << 20
LEFT = 100_000  # bytes that are free when the log comes onto it
PATIENCE = 20.0  # seconds for what must come

ALLOW = POLICY.replace("on_failure: block", "on_failure: allow")


def refused() -> str:
    """Why there can be no such disk here, "" where there can."""
    with tempfile.TemporaryDirectory(prefix="dbgate-mount-") as folder:
        why = _mount(Path(folder), 1 << 16)
        if not why:
            subprocess.run(["umount", folder], check=True, timeout=30)
        return why


def _mount(folder: Path, size: int) -> str:
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "dbgate-chaos", str(folder)],
            capture_output=True,
            text=True,
            timeout=30,
        )
    except OSError as error:
        return f"mount: {error}"
    return "" if done.returncode == 0 else done.stderr.strip() or f"mount: status {done.returncode}"


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A tmpfs of so many bytes on a new folder."""
    folder.mkdir()
    if why := _mount(folder, size):
        folder.rmdir()
        raise RuntimeError(why)
    try:
        yield folder
    finally:
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(["umount", str(folder)], capture_output=True, timeout=30).returncode:
            if time.monotonic() > deadline:
                subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=30)
                break
            time.sleep(0.1)
        folder.rmdir()


def fill(folder: Path, left: int) -> Path:
    """Takes all of the disk but so many bytes; removing the file gives them back."""
    ballast = folder / "ballast"
    room = os.statvfs(folder)
    with open(ballast, "wb") as out:
        os.posix_fallocate(out.fileno(), 0, room.f_bavail * room.f_frsize - left)
    return ballast


@contextlib.contextmanager
def full_and_required(world: World, seconds: float) -> Iterator[None]:
    """With `block`. Meanwhile a worker is killed: what waits to be written must not be lost with it."""
    with _onto_small_disk(world) as ballast:
        world.kill_worker()
        yield
        world.expect("it is not ready", world.gateway.health()[0] == 503)
        ballast.unlink()
        _until(world, "it is written again", "dbgate_audit_failing", 0)


@contextlib.contextmanager
def full_and_not_required(world: World, seconds: float) -> Iterator[None]:
    """With `allow`, until records are lost."""
    world.load(ALLOW)
    with _onto_small_disk(world) as ballast:
        before = world.metric("dbgate_audit_dropped_total")
        yield
        world.expect(
            "records are lost and counted",
            world.wait(lambda: world.metric("dbgate_audit_dropped_total") > before, PATIENCE) >= 0,
        )
        world.expect("it is ready", world.gateway.health()[0] == 200)
        ballast.unlink()
        _until(world, "it is written again", "dbgate_audit_failing", 0)
    world.load(POLICY)


@contextlib.contextmanager
def _onto_small_disk(world: World) -> Iterator[Path]:
    """The log is on a disk that gets full; afterwards it is where it was, and what was written is kept."""
    with small_disk(world.folder / "small", SIZE) as disk:
        ballast = fill(disk, LEFT)
        log = disk / "audit.jsonl"
        world.point(str(log))
        _until(world, "metrics tell of the full disk", "dbgate_audit_failing", 1)
        world.expect("no line is cut", _whole(log).endswith(b"\n"))
        yield ballast
        world.point(str(world.audit))
        world.reopen()
        busy = world.wait(lambda: not world.has_open(log), PATIENCE)
        world.expect("the log is let go", busy >= 0)
        with open(world.slow, "ab") as out:
            out.write(_whole(log))


def _whole(log: Path) -> bytes:
    """What is in the log while nobody writes."""
    with open(log, "rb") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        return opened.read()


def _until(world: World, what: str, name: str, least: int) -> None:
    """Waits until that metric is 0, or at least 1."""
    came = world.wait(lambda: (world.metric(name) >= 1) == (least >= 1), PATIENCE)
    world.expect(f"{what}: {name}", came >= 0)
