"""Sockets that a service manager keeps: while the gateway is started anew, clients wait."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB

START = """
import os, sys
listening = int(sys.argv[1])
os.dup2(listening, 3, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="dbgate.socket")
os.execv(sys.executable, [sys.executable, "-X", "dev", "-m", "dbgate.workers.main", "serve", "--config", "dbgate.yaml"])
"""


def start(folder: Path, sock: socket.socket) -> subprocess.Popen[bytes]:
    with open(folder / "log", "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", START, str(sock.fileno())],
            cwd=folder,
            env={key: value for key, value in os.environ.items() if not key.startswith("DBGATE_")},
            pass_fds=[sock.fileno()],
            stdout=log,
            stderr=log,
        )


@pytest.mark.parametrize("workers", [1, 2])
def test_clients_wait_while_the_gateway_is_started_anew(mariadb: MariaDB, workers: int) -> None:
    gateway = Gateway(mariadb, workers=workers, admin_listen="off")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(100)
        gateway.port = sock.getsockname()[1]
        answers: list[Any] = []

        def client() -> None:
            with gateway.connect(connect_timeout=60) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 7")
                answers.append(cursor.fetchone())

        for _ in range(2):
            waiting = [threading.Thread(target=client) for _ in range(4)]
            for thread in waiting:
                thread.start()  # before anybody accepts
            process = start(gateway.folder, sock)
            try:
                for thread in waiting:
                    thread.join(60)
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0, gateway.log_text()
            finally:
                process.kill()
                process.wait()
        assert answers == [(7,)] * 8, gateway.log_text()[-3000:]
        assert f"dbgate listens on 127.0.0.1:{gateway.port}" in gateway.log_text()
    with pytest.raises(pymysql.err.OperationalError):
        gateway.connect(connect_timeout=2)
    eventually(lambda: not gateway.control.exists())
    gateway.remove()
