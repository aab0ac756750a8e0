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
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import pytest

from tests.servers.ports import free_port

APP_USER = "app"
APP_PASSWORD = "app_pw"

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


class MariaDB:
    """One private server. `options` are added to mariadbd's command line. Use it with `with`, or start() and stop().

    host, port: where it listens; socket: its Unix socket; folder: everything it owns; log: its error log.
    """

    host = "127.0.0.1"
    user = APP_USER
    password = APP_PASSWORD

    def __init__(self, *options: str, port: int = 0) -> None:
        self.binary = require_mariadb()
        self.options = options
        self.port = port or free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="dbgate-mariadb-"))
        self.data = self.folder / "data"
        self.socket = str(self.folder / "m.sock")
        self.log = self.folder / "error.log"
        self.process: subprocess.Popen[bytes] | None = None
        shutil.copytree(_template(self.binary), self.data)

    def start(self, timeout: float = 30.0) -> None:
        """Starts the server (again) and waits until it answers; RuntimeError with its log when it does not."""
        command = [self.binary, "--no-defaults", f"--user={_me()}", f"--datadir={self.data}"]
        command += [f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1"]
        command += [f"--log-error={self.log}", f"--pid-file={self.folder / 'm.pid'}"]
        # a starting server removes the temporary tables of all others that share its tmpdir
        command += [f"--tmpdir={self.folder}", *_SMALL, *self.options]
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
                raise RuntimeError(f"mariadbd did not start:\n{text[-3000:]}")
            time.sleep(0.02)

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
            ["mariadb", "--no-defaults", "-uroot", "-S", self.socket, "-N", "-B", schema or "mysql"],
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def __enter__(self) -> MariaDB:
        if self.process is None:
            self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
