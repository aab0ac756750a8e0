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
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import pytest

from tests.servers.ports import free_port

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


class MySQL:
    """One private server. `options` are added to mysqld's command line. Use it with `with`, or start() and stop().

    host, port: where it listens; socket: its Unix socket; folder: everything it owns; log: its error log;
    ca: the certificate of its own authority, which signs its TLS certificate.
    """

    host = "127.0.0.1"
    user = "app"
    password = "app_pw"

    def __init__(self, *options: str, port: int = 0) -> None:
        self.binaries = require_mysql()
        self.options = options
        self.port = port or free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="dbgate-mysql-"))
        self.data = self.folder / "data"
        self.socket = str(self.folder / "m.sock")
        self.log = self.folder / "error.log"
        self.ca = self.data / "ca.pem"
        self.process: subprocess.Popen[bytes] | None = None
        shutil.copytree(_template(self.binaries), self.data)

    def start(self, timeout: float = 60.0) -> None:
        """Starts the server (again) and waits until it answers; RuntimeError with its log when it does not."""
        command = self.binaries.server(
            f"--datadir={self.data}",
            f"--socket={self.socket}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--log-error={self.log}",
            f"--pid-file={self.folder / 'm.pid'}",
            *_SMALL,
            *self.options,
        )
        setpriv = shutil.which("setpriv")
        if setpriv:  # a test run that is killed leaves no server behind
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with open(os.devnull, "rb") as nothing, open(self.folder / "out.log", "ab") as out:
            self.process = subprocess.Popen(
                command, stdin=nothing, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = self.log.read_text(errors="replace") if self.log.exists() else ""
                self.stop()
                raise RuntimeError(f"mysqld did not start:\n{text[-3000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=2) as probe:
                return probe.recv(5)[4:5] == b"\x0a"
        except OSError:
            return False

    def kill(self) -> None:
        """Ends the server at once, as a crash does. The data directory stays; start() brings it back."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Stops the server's process without ending it: it neither answers nor closes. thaw() lets it go on."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """The end of freeze()."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends the server and removes its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, text: str, schema: str = "") -> str:
        """Runs statements as root over the socket; gives the rows, tab separated, one a line."""
        done = subprocess.run(
            self.binaries.client("-uroot", "-S", self.socket, "-N", "-B", schema or "mysql"),
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def __enter__(self) -> MySQL:
        if self.process is None:
            self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
