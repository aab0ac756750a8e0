"""A real gateway in front of a private server: the real `dbgate serve` process, its own folder, its own ports."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import pymysql
from pymysql.connections import Connection

from tests.servers.ports import free_port

OPEN_POLICY = """
version: 1
access_control:
  - name: app
    user: app
    allowed_tables: ["*"]
    allowed_operations: ["*"]
    blocked_operations: [TRUNCATE]
procedure_control: {mode: blacklist, block_create_alter: false}
data_protection: {block_schema_access: false}
sql_rules: {injection: {detectors: []}}
"""

START_SECONDS = 60.0
PATIENCE = 30.0  # seconds for what comes at once on a machine that does nothing else


class Server(Protocol):
    """What a gateway needs of MariaDB or MySQL."""

    host: str
    port: int
    user: str
    password: str


class Gateway:
    """One instance. settings: as in dbgate.yaml (`max_connections=5`); environment: added to the process's.

    host, port: where clients connect; folder: holds policy.yaml, dbgate.yaml, audit.jsonl, log, dbgate.sock.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        server: Server,
        policy: str = OPEN_POLICY,
        environment: dict[str, str] | None = None,
        **settings: object,
    ) -> None:
        self.server = server
        self.port = free_port()
        self.admin_port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="dbgate-gateway-"))
        self.policy = self.folder / "policy.yaml"
        self.policy.write_text(policy)
        self.audit = self.folder / "audit.jsonl"
        self.control = self.folder / "dbgate.sock"
        self.log = self.folder / "log"
        self.banner = ""
        self.process: subprocess.Popen[bytes] | None = None
        self._environment = environment or {}
        values: dict[str, object] = {
            "listen": f"{self.host}:{self.port}",
            "upstream": f"{server.host}:{server.port}",
            "policy": self.policy,
            "audit_log": self.audit,
            "control_socket": self.control,
            "admin_listen": f"{self.host}:{self.admin_port}",
            "policy_watch": "off",  # a test that changes the file has it loaded when it wants it to be
            "workers": 1,
            "drain_timeout": "5s",
            **settings,
        }
        lines = [f"{name}: {json.dumps(str(value))}" for name, value in values.items()]
        (self.folder / "dbgate.yaml").write_text("\n".join(lines) + "\n")

    # --- life ---

    def start(self) -> None:
        """Starts the process and waits for its first line; RuntimeError with its log when that does not come."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("DBGATE_")}
        command = [
            sys.executable,
            "-X",
            "dev",
            "-m",
            "dbgate.workers.main",
            "serve",
            "--config",
            "dbgate.yaml",
        ]
        if self._environment.get("DBGATE_TEST_PLAIN") == "1":  # for measurements: without -X dev
            command[1:3] = []
        setpriv = shutil.which("setpriv")
        if setpriv:  # a test run that is killed leaves no gateway behind
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with open(self.log, "ab") as log, open(os.devnull, "rb") as nothing:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**inherited, **self._environment},
                stdin=nothing,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        self.banner = self.process.stdout.readline().decode() if readable else ""
        if not self.banner:
            self.stop()
            raise RuntimeError(f"the gateway did not start:\n{self.log_text()[-4000:]}")

    def signal(self, number: int) -> None:
        """Sends a signal to the supervisor."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, timeout: float = PATIENCE) -> int:
        """Waits for the process to end by itself; gives its status."""
        assert self.process is not None
        return self.process.wait(timeout)

    def stop(self) -> None:
        """Ends the process, by force where it does not end by itself soon. The folder stays until remove()."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            time.sleep(0.01)
            try:
                self.process.send_signal(signal.SIGTERM)  # the second one ends at once
                self.process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Gateway:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if kind is not None:
            print(f"--- the gateway's log ---\n{self.log_text()[-4000:]}")
        self.remove()

    # --- looking at it ---

    def connect(self, **arguments: Any) -> Connection[Any]:
        """A PyMySQL connection through the gateway."""
        return pymysql.connect(
            host=self.host,
            port=self.port,
            **{"user": self.server.user, "password": self.server.password, "autocommit": True, **arguments},
        )

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def records(self, **wanted: object) -> list[dict[str, Any]]:
        """The audit records written so far whose fields are as wanted."""
        records = lines_so_far(self.audit) if self.audit.exists() else []
        return [
            record for record in records if all(record.get(key) == value for key, value in wanted.items())
        ]

    def wait_records(
        self, count: int = 1, timeout: float = PATIENCE, **wanted: object
    ) -> list[dict[str, Any]]:
        """As records(), once there are `count`; AssertionError where they do not come."""
        return eventually(
            lambda: _enough(self.records(**wanted), count), timeout, f"{count} records with {wanted}"
        )

    def health(self, path: str = "/readyz") -> tuple[int, dict[str, Any]]:
        """Status and body of a health page."""
        try:
            with urllib.request.urlopen(
                f"http://{self.host}:{self.admin_port}{path}", timeout=PATIENCE
            ) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def worker_pids(self) -> list[int]:
        """The processes of the workers."""
        assert self.process is not None
        return children(self.process.pid)


def children(pid: int) -> list[int]:
    """The processes that a process has started, those that have ended but are not waited for yet among them."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            found += [int(word) for word in path.read_text().split()]
    return found


def lines_so_far(path: Path) -> list[dict[str, Any]]:
    """The records of a log that may be written to at this moment: a reader sees parts of a write too."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def _enough(found: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    return found if len(found) >= count else []


def eventually(look: Callable[[], Any], timeout: float = PATIENCE, what: str = "") -> Any:
    """look() until it gives something true, and that; AssertionError after `timeout` seconds."""
    until = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError(f"did not come within {timeout} s: {what or look}")
        time.sleep(0.02)


def resident_kib(pid: int) -> int:
    """The resident memory of a process in KiB."""
    match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) if match else 0
