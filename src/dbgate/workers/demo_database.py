"""The demo's sample database: a private MariaDB in a folder of its own, or the in-process sample where there is none."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Final

import pymysql

PASSWORD: Final = "demo"  # noqa: S105  of the sample's users, shown to everyone
START_SECONDS: Final = 30.0
SERVER_PATH: Final = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
SMALL: Final = (
    "--no-defaults",
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=8M",
    "--innodb-flush-log-at-trx-commit=0",
    "--performance-schema=OFF",
)


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


def sample_text(name: str) -> str:
    """The text of one of the demo's files."""
    return (files("dbgate.workers") / "demo_files" / name).read_text(encoding="utf-8")


def find_mariadb() -> tuple[str, str] | None:
    """The paths of mariadbd and mariadb-install-db, None where Debian's package is not installed."""
    server = shutil.which("mariadbd", path=SERVER_PATH)
    installer = shutil.which("mariadb-install-db", path=SERVER_PATH)
    return (server, installer) if server and installer else None


def wait_for_server(process: subprocess.Popen[bytes], port: int, what: str, log: Path) -> None:
    """Waits until 127.0.0.1:port answers as a MySQL server does. DemoError, with the end of its log, if it does not."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=0.2) as probe:
                if len(probe.recv(5)) == 5:  # a greeting, or the refusal of a host that has no account yet
                    return
        except OSError:
            pass
        time.sleep(0.05)
    text = log.read_text(errors="replace")[-1500:] if log.exists() else ""
    raise DemoError(f"{what} did not start\n{text}")


def statements(name: str) -> list[str]:
    """The statements of one of the demo's SQL files; none of them has a ';' inside."""
    return [text.strip() for text in sample_text(name).split(";\n") if text.strip()]


def start_mariadb(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """A private MariaDB with the sample shop, on 127.0.0.1:port; all its files are under `folder`."""
    found = find_mariadb()
    if found is None:
        raise DemoError("MariaDB is not installed: apt-get install mariadb-server-core mariadb-client-core")
    server, installer = found
    me = pwd.getpwuid(os.getuid()).pw_name
    data, log, unix_socket = folder / "data", folder / "mariadb.log", folder / "mariadb.sock"
    made = subprocess.run(  # noqa: S603
        [
            installer,
            "--no-defaults",
            f"--datadir={data}",
            f"--user={me}",
            f"--auth-root-socket-user={me}",
            "--skip-test-db",
            "--skip-name-resolve",
            "--innodb-log-file-size=8M",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if made.returncode != 0:
        raise DemoError(f"mariadb-install-db failed\n{made.stdout[-800:]}{made.stderr[-800:]}")
    command = [server, *SMALL, f"--datadir={data}", f"--user={me}", f"--port={port}"]
    command += [f"--socket={unix_socket}", f"--pid-file={folder / 'mariadb.pid'}"]
    with open(log, "ab") as out:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_for_server(process, port, "MariaDB", log)
        fill(str(unix_socket), me)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


def fill(unix_socket: str, user: str) -> None:
    """Makes the sample shop and the demo's users, as the server's owner over its Unix socket."""
    try:
        # PyMySQL would leave a socket open that cannot be connected, so it gets one that is.
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(unix_socket)
            login = pymysql.connect(user="root", charset="utf8mb4", autocommit=True, defer_connect=True)
            login.connect(sock)
            with contextlib.closing(login) as connection, connection.cursor() as cursor:
                for text in [*statements("shop.sql"), *statements("mariadb.sql")]:
                    cursor.execute(text)
    except (OSError, pymysql.Error) as error:
        raise DemoError(f"the sample tables could not be made ({user}): {error}") from error


def start_sample(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """The in-process sample, in a process of its own, on 127.0.0.1:port."""
    log = folder / "sample.log"
    with open(log, "ab") as out:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "dbgate.workers.demo_sample", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_for_server(process, port, "the sample database", log)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process
