"""What the faults happen to: clients, a proxy, the gateway with two workers, a proxy, MariaDB; and the audit log."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import ssl
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dbgate.control.client import ControlClient
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
        self.problems: list[str] = []  # what faults found that must not be
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
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
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

    def kill_worker(self) -> None:
        os.kill(self.gateway.worker_pids()[0], signal.SIGKILL)

    def load(self, policy: str) -> None:
        """Another policy; in force when this is over."""
        self.gateway.policy.write_text(policy)
        ControlClient(str(self.gateway.control), RECOVERY).reload()

    def reopen(self) -> None:
        """SIGUSR1: files that were moved away are let go."""
        self.gateway.signal(signal.SIGUSR1)

    def hang_up(self) -> None:
        """SIGHUP: policy and certificates are read again."""
        self.gateway.signal(signal.SIGHUP)

    # --- looking at it ---

    def expect(self, what: str, truth: bool) -> None:
        """A problem of the fault that is played, where it is not true."""
        if not truth:
            self.problems.append(f"NOT: {what}")

    def metric(self, name: str) -> float:
        """A metric's sum over its labels; -1 where none can be had."""
        try:
            url = f"http://127.0.0.1:{self.gateway.admin_port}/metrics"
            with urllib.request.urlopen(url, timeout=5) as reply:
                lines = reply.read().decode().splitlines()
        except OSError:
            return -1.0
        return sum(float(line.split()[-1]) for line in lines if re.match(rf"{name}[ {{]", line))

    def has_open(self, path: Path) -> bool:
        """Whether a process of the gateway has that file open."""
        assert self.gateway.process is not None
        for pid in (self.gateway.process.pid, *self.gateway.worker_pids()):
            with contextlib.suppress(OSError):  # one that ends
                for fd in Path(f"/proc/{pid}/fd").iterdir():
                    with contextlib.suppress(OSError):
                        if os.readlink(fd) == str(path):
                            return True
        return False

    def lost(self) -> int:
        """How many records the log says were lost so far."""
        return sum(int(record["dropped"]) for record in self._records("audit.dropped"))

    def doubled(self) -> list[str]:
        """Events that are in the log more than once."""
        ids = Counter(str(record["event_id"]) for record in self._records())
        return [one for one, count in ids.items() if count > 1]

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
        names = (_NAME.search(str(record["statement"])) for record in self._records("query"))
        return {match[1] for match in names if match}

    def _records(self, event: str = "") -> Iterator[dict[str, Any]]:
        """Those of one event, "" = all."""
        files = [path for path in (self.audit, self.slow) if path.exists()]
        for line in "".join(path.read_text(errors="replace") for path in files).splitlines():
            with contextlib.suppress(ValueError):  # one that is being written
                record = json.loads(line)
                if not event or record["event"] == event:
                    yield record

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
