"""A private MariaDB server: its own data directory, socket and loopback port, no option file, gone after the test.

The initialised data directory is made once per machine and server version and then copied, so that a start takes
well under a second. Users: `root` over the socket without a password (for the system user that runs the tests),
`app` / `app_pw` over TCP with all rights. Schema `test` exists and is empty.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.servers.private import PrivateServer

_SMALL = (
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-fast-shutdown=2",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--max-connections=2000",
    "--max-allowed-packet=256M",
    "--local-infile=1",
    "--secure-file-priv=",
    "--performance-schema=OFF",
    "--key-buffer-size=1M",
    "--aria-pagecache-buffer-size=8M",
    "--thread-cache-size=32",
)
_ACCOUNTS = (
    "CREATE DATABASE IF NOT EXISTS test;\n"
    "FLUSH PRIVILEGES;\n"  # the bootstrap runs without grant tables until they are read
    "CREATE USER 'app'@'%' IDENTIFIED BY 'app_pw';\n"
    "GRANT ALL ON *.* TO 'app'@'%' WITH GRANT OPTION;\n"
)


def server_binary() -> str | None:
    """The path of mariadbd, or None where Debian's mariadb-server is not installed."""
    return shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def require_mariadb() -> str:
    """The path of mariadbd; skips the test, saying why, where there is none."""
    binary = server_binary()
    if binary is None or shutil.which("mariadb-install-db") is None:
        pytest.skip("MariaDB is not installed (apt-get install mariadb-server; `./run test` does it as root)")
    return binary


def _me() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(base) / "dbgate-tests"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"dbgate-tests-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _template(binary: str) -> Path:
    """The initialised data directory to copy; made by the first caller on the machine, others wait for it."""
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    key = hashlib.sha256(repr((version, _SMALL, _ACCOUNTS, _me())).encode()).hexdigest()[:12]
    cache = _cache()
    ready = cache / f"mariadb-{key}"
    with open(cache / f"mariadb-{key}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ready.is_dir():
            return ready
        making = Path(tempfile.mkdtemp(prefix="making-", dir=cache))
        try:
            _initialise(making / "data", making)
            os.rename(making / "data", ready)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return ready


def _initialise(data: Path, work: Path) -> None:
    accounts = work / "accounts.sql"
    accounts.write_text(_ACCOUNTS)
    done = subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            f"--user={_me()}",
            f"--auth-root-socket-user={_me()}",
            f"--datadir={data}",
            f"--extra-file={accounts}",
            "--skip-test-db",
            "--skip-name-resolve",
            "--innodb-log-file-size=8M",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode != 0:
        raise RuntimeError(f"mariadb-install-db failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


class MariaDB(PrivateServer):
    """One private MariaDB. `options` are added to mariadbd's command line."""

    def __init__(self, *options: str, port: int = 0) -> None:
        self.binary = require_mariadb()
        super().__init__("mariadb", _template(self.binary), options, port)

    def command(self) -> list[str]:
        # a starting server removes the temporary tables of all others that share its tmpdir
        own = [f"--user={_me()}", *self.places(), f"--tmpdir={self.folder}"]
        return [self.binary, "--no-defaults", *own, *_SMALL, *self.options]

    def client(self, *arguments: str) -> list[str]:
        return ["mariadb", "--no-defaults", *arguments]
