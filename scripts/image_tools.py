"""What `./run image` and `./run image --compose` share: commands, the base, the image itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DEPLOY = PROJECT / "deploy"
TAG = "localhost/dbgate:local"
BASE = "localhost/dbgate-base:bookworm"
# What the official Python image has and the Containerfile needs: python, pip, the headers, certificates.
PACKAGES = "ca-certificates,python3,python3-pip,python3-venv,python3-dev,python-is-python3"
CERTIFICATES = Path("/etc/ssl/certs")


class Failed(Exception):
    """Something did not hold; the message says what."""


class Cannot(Exception):
    """This machine cannot do it; the message says why."""


def say(text: str) -> None:
    print(f"image: {text}", flush=True)


def hold(what: str, truth: object) -> None:
    """Says what held; Failed where it did not."""
    if not truth:
        raise Failed(what)
    say(f"ok: {what}")


def run(*words: str, seconds: float = 60.0, check: bool = True) -> str:
    """A command's output; Failed with what it said where it failed."""
    try:
        done = subprocess.run(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"not over after {seconds:.0f} s: {' '.join(words)[:200]}") from None
    if check and done.returncode != 0:
        raise Failed(f"status {done.returncode}: {' '.join(words)[:200]}\n{done.stdout[-3000:]}")
    return done.stdout


def podman(*words: str, seconds: float = 60.0, check: bool = True) -> str:
    runtime = shutil.which("runc", path=os.environ["PATH"] + ":/usr/sbin")
    return run("podman", *(("--runtime", runtime) if runtime else ()), *words, seconds=seconds, check=check)


def require() -> None:
    """Cannot where something is missing."""
    if os.geteuid() != 0:
        raise Cannot("it needs root: debootstrap makes device files and changes its root")
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    if missing := [
        name for name in ("podman", "buildah", "debootstrap") if not shutil.which(name, path=path)
    ]:
        raise Cannot(f"not installed: {', '.join(missing)} (apt-get install {' '.join(missing)})")


def make_base() -> None:
    """The image that stands for the official Python's, unless it is there from an earlier run."""
    if podman("images", "--quiet", BASE).strip():
        say(f"the base is here already: {BASE}")
        return
    with tempfile.TemporaryDirectory(prefix="dbgate-base-") as folder:
        root = Path(folder) / "root"
        try:
            run(
                "debootstrap",
                "--variant=minbase",
                f"--include={PACKAGES}",
                "bookworm",
                str(root),
                seconds=900,
            )
        except Failed as error:
            raise Cannot(f"no base could be made of Debian's packages: {error}") from None
        (root / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink(
            missing_ok=True
        )  # the official image has none either
        shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
        archive = Path(folder) / "base.tar"
        run("tar", "--directory", str(root), "--create", "--file", str(archive), ".", seconds=300)
        podman("import", "--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin", str(archive), BASE, seconds=300)
    say(f"a base of Debian's packages: {BASE}")


def buildah_build(*words: str, seconds: float) -> None:
    """`buildah build` on the base, without a registry, in its chroot isolation."""
    certificates = ("--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro") if CERTIFICATES.is_dir() else ()
    how = ("--isolation", "chroot", "--network", "host", "--pull-never", "--format", "docker")
    run("buildah", "bud", *how, "--build-arg", f"BASE={BASE}", *certificates, *words, seconds=seconds)


def build() -> None:
    """The image, by its own Containerfile; only the base differs."""
    began = time.monotonic()
    buildah_build("--file", str(DEPLOY / "Containerfile"), "--tag", TAG, str(PROJECT), seconds=1500)
    say(f"built in {time.monotonic() - began:.0f} s: {TAG}")
