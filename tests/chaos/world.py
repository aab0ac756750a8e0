"""What the faults happen to: clients, a proxy, the gateway with two workers, a proxy, MariaDB; and the audit log."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import ssl
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.chaos.clients import SCHEMA, Client
from tests.chaos.proxy import Proxy
from tests.servers.gateway import Gateway
from tests.servers.mariadb import MariaDB
from tests.servers.tls import Certificates

POLICY = """
version: 1
access_control:
  - user: app
    allowed_tables: [chaos.words, chaos.counts, chaos.pairs]
    allowed_operations: [SELECT, UPDATE]
audit: {on_failure: block}
"""
CLIENTS = 6
RECOVERY = 30.0  # seconds; more is a failure

_NAME = re.compile(r" AS (t\d+_\d+)\b")


class World:
    """Use it with `with`. log_path: the audit log's path is a symbolic link, behind which a fault can put something
    else; audit: the file that it means when all is well."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dbgate-chaos-"))
        self.audit = self.folder / "there.jsonl"
        self.slow = self.folder / "slow.jsonl"  # … and where the lines go that were written slowly
        self.log_path = self.folder / "audit.jsonl"
        self.clock = self.folder / "clock"
        self.certificates = Certificates()
        self.certificate = self.certificates.issue("gateway.pem", "127.0.0.1")
        # a server that keeps what it has answered, also when it is killed
        self.database = MariaDB("--innodb-lock-wait-timeout=2", "--innodb-flush-log-at-trx-commit=1")
        self.back = Proxy(self.database.port)
        self.gateway = self._gateway()
        self.front = Proxy(self.gateway.port)
        self.clients: list[Client] = []
        self._stack = contextlib.ExitStack()
        self._read = 0  # bytes of the gateway's own log that were looked at

    def _gateway(self) -> Gateway:
        self.point(str(self.audit))

        class Behind:
            host, user, password = "127.0.0.1", "app", "app_pw"
            port = self.back.port

        return Gateway(
            Behind(),
            POLICY,
            {
                "PYTHONPATH": os.pathsep.join(
                    (str(Path(__file__).parent / "clock"), os.environ.get("PYTHONPATH", ""))
                ),
                "DBGATE_CHAOS_CLOCK": str(self.clock),
                "DBGATE_TEST_PLAIN": "1",
                "PYTHONASYNCIODEBUG": "",
            },
            workers=2,
            audit_log=self.log_path,
            audit_queue=400,
            tls_cert=self.certificate,
            drain_timeout="2s",
            connect_timeout="2s",
        )

    def __enter__(self) -> World:
        try:
            self.database.start()
            self._stack.callback(self.database.stop)
            self._stack.callback(self.certificates.remove)
            self.database.sql(SCHEMA)
            self._stack.enter_context(self.back)
            self.gateway.start()
            self._stack.callback(self.gateway.remove)
            self._stack.callback(self.gateway.stop)
            self._stack.enter_context(self.front)
            trusted = ssl.create_default_context(cafile=str(self.certificates.ca))
            for number in range(CLIENTS):
                self.clients.append(Client(number, self.front.port, trusted if number % 2 else None))
            for client in self.clients:
                client.start()
            self._stack.callback(self.stop_clients)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def stop_clients(self) -> None:
        for client in self.clients:
            client.stopped.set()
        for client in self.clients:
            client.join(20)

    def point(self, to: str) -> None:
        """What is behind the audit log's path."""
        made = self.log_path.with_suffix(".new")
        made.symlink_to(to)
        os.replace(made, self.log_path)

    def restart_gateway(self) -> None:
        """What a service manager does when the process has ended (Restart=always)."""
        deadline = time.monotonic() + RECOVERY
        while True:
            self.gateway.stop()
            try:
                self.gateway.start()
                return
            except RuntimeError:  # the workers of the one before are still there
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def hang_up(self) -> None:
        """SIGHUP: policy and certificates are read again."""
        self.gateway.signal(signal.SIGHUP)

    # --- looking at it ---

    def answers(self) -> Counter[str]:
        """What the clients saw so far."""
        return sum((client.saw for client in self.clients), Counter())

    def wrong(self) -> list[str]:
        return [text for client in self.clients for text in client.wrong]

    def all_answered_since(self, at: float) -> bool:
        """Whether each client has done a whole transaction since then."""
        return all(client.answered_at > at for client in self.clients)

    def wait(self, look: Callable[[], bool], seconds: float) -> float:
        """Seconds until look() is true; -1 where it does not get there."""
        began = time.monotonic()
        while not look():
            if time.monotonic() - began > seconds:
                return -1.0
            time.sleep(0.01)
        return time.monotonic() - began

    def unrecorded(self) -> dict[str, float]:
        """Statements that were answered since the last call, and have no record: name -> when. Waits a little for the
        log to be written."""
        fresh: dict[str, float] = {}
        for client in self.clients:
            for name, at in list(client.answered.items()):
                fresh[name] = at
                del client.answered[name]
        self.wait(lambda: not (fresh.keys() - self._recorded()), 3.0)
        recorded = self._recorded()
        return {name: at for name, at in fresh.items() if name not in recorded}

    def _recorded(self) -> set[str]:
        found: set[str] = set()
        files = [path for path in (self.audit, self.slow) if path.exists()]
        for line in "".join(path.read_text(errors="replace") for path in files).splitlines():
            with contextlib.suppress(ValueError):  # one that is being written
                record = json.loads(line)
                if record["event"] == "query" and (match := _NAME.search(record["statement"])):
                    found.add(match[1])
        return found

    def log_lines(self) -> list[str]:
        """What the gateway's own log says since the last call: warnings and errors, each once, with how often."""
        text = self.gateway.log.read_bytes()
        fresh, self._read = text[self._read :], len(text)
        found: Counter[str] = Counter()
        for line in fresh.decode(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if entry["level"] in ("warning", "error", "critical"):
                    found[re.sub(r"\d+ \(pid \d+\)|\b\d{3,}\b", "N", entry["message"])] += 1
        return [f"{words} (×{count})" if count > 1 else words for words, count in found.items()]
