"""A private MySQL server (caching_sha2_password, TLS), with the same face as tests.servers.mariadb.MariaDB.

Debian stable has no MySQL, so the binaries come from a folder that scripts/fetch-mysql makes from Debian unstable's
packages; the server is run by that folder's own loader and libraries, without chroot and without root. Where the
binaries are looked for: DBGATE_MYSQL_ROOT, /opt/mysql9, .cache/mysql; else they are fetched into .cache/mysql, unless
DBGATE_MYSQL=off. Users: `root` over the socket without a password, `app` / `app_pw` over TCP with all rights.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.servers.private import PrivateServer

PROJECT = Path(__file__).resolve().parents[2]
FETCH = PROJECT / "scripts" / "fetch-mysql"
CACHE = PROJECT / ".cache" / "mysql"
FETCH_SECONDS = float(os.environ.get("DBGATE_MYSQL_SETUP_SECONDS", "300"))

_SMALL = (
    "--mysqlx=OFF",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--innodb-buffer-pool-size=64M",
    "--innodb-redo-log-capacity=16M",
    "--innodb-flush-log-at-trx-commit=0",
    "--max-connections=2000",
    "--max-allowed-packet=256M",
    "--local-infile=ON",
    "--secure-file-priv=",
    "--performance-schema=OFF",
)
_ACCOUNTS = (
    "CREATE DATABASE IF NOT EXISTS test;\n"
    "CREATE USER 'app'@'%' IDENTIFIED WITH caching_sha2_password BY 'app_pw';\n"
    "GRANT ALL ON *.* TO 'app'@'%' WITH GRANT OPTION;\n"
)


class Binaries:
    """MySQL's programs under `root` (a folder with usr/sbin/mysqld), run by the loader that belongs to them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        loaders = [*root.glob("usr/lib64/ld-linux-*.so.*"), *root.glob("usr/lib/ld-linux-*.so.*")]
        libraries = ":".join(str(path) for path in root.glob("usr/lib/*-linux-gnu"))
        if not loaders or not libraries:
            raise FileNotFoundError(f"{root}: no loader or libraries")
        self.loader = [str(loaders[0]), "--library-path", libraries]

    def server(self, *options: str) -> list[str]:
        """The command line of mysqld; it reads no option file and finds its own messages and plugins."""
        usr = self.root / "usr"
        own = [f"--basedir={usr}", f"--lc-messages-dir={usr}/share/mysql"]
        own += [f"--character-sets-dir={usr}/share/mysql/charsets", f"--plugin-dir={usr}/lib/mysql/plugin"]
        return [*self.loader, f"{usr}/sbin/mysqld", "--no-defaults", f"--user={_me()}", *own, *options]

    def client(self, *options: str) -> list[str]:
        """The command line of the `mysql` client."""
        return [*self.loader, f"{self.root}/usr/bin/mysql", "--no-defaults", *options]

    def version(self) -> str:
        """What `mysqld --version` prints; OSError or CalledProcessError where it does not run."""
        return subprocess.run(
            self.server("--version"), capture_output=True, text=True, check=True, timeout=30
        ).stdout.strip()


def _me() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _candidates() -> list[Path]:
    named = os.environ.get("DBGATE_MYSQL_ROOT")
    return [Path(named)] if named else [Path("/opt/mysql9"), CACHE / "root"]


@functools.cache
def find_binaries() -> tuple[Binaries | None, str]:
    """(binaries, "") or (None, why MySQL cannot be had here). Fetches them where they are nowhere yet."""
    if os.environ.get("DBGATE_MYSQL") == "off":
        return None, "DBGATE_MYSQL=off"
    reason = ""
    for root in _candidates():
        if (root / "usr/sbin/mysqld").exists():
            try:
                found = Binaries(root)
                found.version()
                return found, ""
            except (OSError, subprocess.SubprocessError) as error:
                reason = f"{root}: mysqld does not run ({error})"
    if os.environ.get("DBGATE_MYSQL_ROOT"):
        return None, reason or f"DBGATE_MYSQL_ROOT={os.environ['DBGATE_MYSQL_ROOT']} holds no usr/sbin/mysqld"
    try:
        done = subprocess.run(
            [str(FETCH), str(CACHE)], stderr=subprocess.PIPE, text=True, timeout=FETCH_SECONDS
        )
    except subprocess.TimeoutExpired:
        return None, f"scripts/fetch-mysql took more than {FETCH_SECONDS:.0f} s"
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["scripts/fetch-mysql failed"])[-1]
    try:
        found = Binaries(CACHE / "root")
        found.version()
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"the fetched mysqld does not run: {error}"
    return found, ""


def require_mysql() -> Binaries:
    """MySQL's programs; skips the test, saying why, where they cannot be had."""
    found, reason = find_binaries()
    if found is None:
        pytest.skip(f"no MySQL server here: {reason}")
    return found


def _template(binaries: Binaries) -> Path:
    """The initialised data directory to copy; made by the first caller on the machine, others wait for it."""
    key = hashlib.sha256(repr((binaries.version(), _SMALL, _ACCOUNTS, _me())).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dbgate-tests"
    cache.mkdir(parents=True, exist_ok=True)
    ready = cache / f"mysql-{key}"
    with open(cache / f"mysql-{key}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ready.is_dir():
            return ready
        making = Path(tempfile.mkdtemp(prefix="making-", dir=cache))
        try:
            accounts = making / "accounts.sql"
            accounts.write_text(_ACCOUNTS)
            command = binaries.server(
                f"--datadir={making / 'data'}", "--initialize-insecure", f"--init-file={accounts}", *_SMALL
            )
            done = subprocess.run(command, capture_output=True, text=True, timeout=180)
            if done.returncode != 0:
                raise RuntimeError(f"mysqld --initialize failed:\n{done.stderr[-3000:]}")
            os.rename(making / "data", ready)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return ready


class MySQL(PrivateServer):
    """One private MySQL. `options` are added to mysqld's command line; ca: the certificate of its own authority, which
    signs its TLS certificate."""

    def __init__(self, *options: str, port: int = 0) -> None:
        self.binaries = require_mysql()
        super().__init__("mysql", _template(self.binaries), options, port)
        self.ca = self.data / "ca.pem"

    def command(self) -> list[str]:
        return self.binaries.server(*self.places(), *_SMALL, *self.options)

    def client(self, *arguments: str) -> list[str]:
        return self.binaries.client(*arguments)
