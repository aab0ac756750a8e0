"""SIGUSR1 and log files; signals at the start; that workers take no signals of their own."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from dataclasses import dataclass

from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB


def test_log_files_are_opened_anew(mariadb: MariaDB) -> None:
    with Gateway(mariadb) as gateway:
        with gateway.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            gateway.wait_records(event="query")
            moved = gateway.folder / "audit.old"
            gateway.audit.rename(moved)
            gateway.signal(signal.SIGUSR1)
            eventually(lambda: _query(gateway, cursor))
        size = moved.stat().st_size
        gateway.wait_records(event="connection.close")
        assert moved.stat().st_size == size


def _query(gateway: Gateway, cursor: object) -> bool:
    cursor.execute("SELECT 2")  # type: ignore[attr-defined]
    return bool(gateway.records(event="query"))


@dataclass
class Mute:
    """A server that takes connections, and says nothing."""

    host: str
    port: int
    user: str = ""
    password: str = ""


def test_signals_at_the_start_are_heard() -> None:
    """While it waits for the server, to read the catalog."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        gateway = Gateway(Mute(*mute.getsockname()), catalog_user="seer", catalog_password="pw")

        def send() -> None:
            reading, _ = mute.accept()
            with reading:
                gateway.policy.write_text(gateway.policy.read_text() + "# another\n")
                gateway.signal(signal.SIGUSR1)
                gateway.signal(signal.SIGHUP)

        mute.settimeout(60)
        sending = threading.Thread(target=send)
        sending.start()
        with gateway:
            sending.join()
            (record,) = gateway.wait_records(event="policy.reload")
            assert record["reason"].startswith("asked for by SIGHUP; before: ")
            assert record["decision"] == "allow"


def test_workers_take_no_signals(mariadb: MariaDB) -> None:
    """A service manager, or Ctrl-C in a terminal, sends its signal to every process of the group."""
    with Gateway(mariadb) as gateway, gateway.connect() as connection, connection.cursor() as cursor:
        (worker,) = gateway.worker_pids()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            os.kill(worker, number)
        time.sleep(0.1)
        cursor.execute("SELECT 1")
        assert gateway.worker_pids() == [worker]


def test_a_worker_does_not_outlive_its_supervisor(mariadb: MariaDB) -> None:
    with Gateway(mariadb) as gateway:
        (worker,) = gateway.worker_pids()
        assert gateway.process is not None
        gateway.process.kill()
        gateway.process.wait(30)
        eventually(lambda: not os.path.exists(f"/proc/{worker}"))
