"""What stands between the load and the database: nothing, HAProxy in TCP mode, dbgate."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path

import pymysql

from dbgate.control.client import ControlClient
from tests.servers.gateway import Gateway, Server
from tests.servers.ports import free_port

POLICY = """
version: 1
access_control:
  - name: sysbench
    user: app
    source_ip: 127.0.0.0/8
    allowed_tables: ["sbtest.sbtest*"]
    allowed_operations: [SELECT, INSERT, UPDATE, DELETE]
sql_rules:
  block_statements: [DROP, TRUNCATE]
  block_patterns: ["INTO\\\\s+OUTFILE"]
  require_where: [UPDATE, DELETE]
data_protection:
  max_result_rows: 1000000
"""
FORBIDDEN = "DROP TABLE sbtest.sbtest1"


class Candidate(ABC):
    """name: in tables; port: where the load connects; inspects: whether it must be seen to block."""

    name = ""
    port = 0
    inspects = False

    @abstractmethod
    def start(self) -> None:
        """Makes it ready for connections."""

    @abstractmethod
    def stop(self) -> None:
        """Ends it and removes what it left."""

    def pid(self) -> int | None:
        """The process whose CPU is counted, with its children; None for a direct connection."""
        return None


class Direct(Candidate):
    """The database itself."""

    name = "direct"

    def __init__(self, server: Server) -> None:
        self.port = server.port

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


class HAProxy(Candidate):
    """A relay that looks at nothing, with as many threads as dbgate has workers."""

    name = "HAProxy (tcp)"

    def __init__(self, server: Server, threads: int) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="dbgate-haproxy-"))
        self._process: subprocess.Popen[bytes] | None = None
        (self._folder / "haproxy.cfg").write_text(
            f"global\n  nbthread {threads}\n  maxconn 2000\n"
            "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n"
            f"listen mysql\n  bind 127.0.0.1:{self.port}\n  option tcp-smart-accept\n"
            f"  server db {server.host}:{server.port}\n"
        )

    def start(self) -> None:
        binary = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if binary is None:
            raise FileNotFoundError("haproxy is not installed (apt-get install haproxy)")
        self._process = subprocess.Popen([binary, "-q", "-db", "-f", str(self._folder / "haproxy.cfg")])
        wait_for_login(self.port)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pid(self) -> int | None:
        return self._process.pid if self._process else None


class Dbgate(Candidate):
    """The gateway as users run it: every statement judged, audited and counted."""

    name = "dbgate"
    inspects = True

    def __init__(self, server: Server, workers: int) -> None:
        self._gateway = Gateway(
            server, POLICY, {"DBGATE_TEST_PLAIN": "1", "PYTHONASYNCIODEBUG": ""}, workers=workers
        )
        self.port = self._gateway.port

    def start(self) -> None:
        self._gateway.start()
        wait_for_login(self.port)

    def stop(self) -> None:
        self._gateway.stop()
        self._gateway.remove()

    def pid(self) -> int | None:
        return self._gateway.process.pid if self._gateway.process else None

    def banner(self) -> str:
        """What `dbgate serve` printed at its start: workers, compiled or not."""
        return self._gateway.banner.strip()

    def queries(self) -> int:
        """How many statements the gateway says that it has judged."""
        return ControlClient(str(self._gateway.control), 10.0).stats()["total_queries"]


def wait_for_login(port: int) -> None:
    """Waits until a login through the port succeeds; the last error after 30 s."""
    deadline = time.monotonic() + 30
    while True:
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="app", password="app_pw").close()
            return
        except pymysql.Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def prove_block(candidate: Candidate, server: Server) -> str:
    """Sends a forbidden statement through a candidate that inspects; gives what the client was told. AssertionError
    where it was not blocked: a gateway that lets everything pass benchmarks beautifully."""
    through = pymysql.connect(host="127.0.0.1", port=candidate.port, user="app", password="app_pw")
    try:
        with through.cursor() as cursor:
            cursor.execute(FORBIDDEN)
    except pymysql.Error as error:
        told = f"{error.args[0]}: {error.args[1]}"
    else:
        raise AssertionError(f"{candidate.name} let {FORBIDDEN!r} pass")
    finally:
        through.close()
    assert told.startswith("1227: dbgate: blocked by policy (rule: block-statement"), told
    direct = pymysql.connect(host=server.host, port=server.port, user="app", password="app_pw")
    try:
        with direct.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM sbtest.sbtest1")
            assert cursor.fetchone() == (TABLE_ROWS,)
    finally:
        direct.close()
    return told


TABLE_ROWS = 10_000
