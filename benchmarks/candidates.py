"""What stands between the load and the database: nothing, HAProxy in TCP mode, dbgate and its variants."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path

import pymysql

from benchmarks.load import TABLE_ROWS
from dbgate.control.client import ControlClient
from tests.servers.gateway import Gateway, Server
from tests.servers.ports import free_port
from tests.servers.tls import Certificates

DIRECT = "direct"
HAPROXY = "HAProxy (tcp)"
DBGATE = "dbgate"
NO_AUDIT = "dbgate, no audit"
MANY_RULES = "dbgate, 1,000 rules"
PURE = "dbgate, pure Python"
TLS = "dbgate, clients by TLS"

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


def rules(count: int) -> str:
    """POLICY with `count` rules: one half are entries of other users before the one that counts, the other half are
    grants of that one."""
    entries = "".join(
        f"  - {{name: other{n}, user: other{n}, source_ip: 10.{n // 250}.{n % 250}.0/24, "
        f'allowed_tables: ["sbtest.t{n}_*"], allowed_operations: [SELECT]}}\n'
        for n in range(count // 2 - 1)
    )
    grants = "".join(
        f"      - {{tables: [sbtest.u{n}], operations: [SELECT, INSERT]}}\n"
        for n in range(count - count // 2)
    )
    head, mark, tail = POLICY.partition("  - name: sysbench\n")
    own, last, rest = tail.partition("DELETE]\n")
    return head + entries + mark + own + last + "    grants:\n" + grants + rest


class Candidate(ABC):
    """name: in tables; port: where the load connects; inspects: whether it must be seen to block; tls: see there."""

    name = ""
    port = 0
    inspects = False
    tls: Path | None = None  # the folder from which the load takes its certificates, None = it uses no TLS

    @abstractmethod
    def start(self) -> None:
        """Makes it ready for connections."""

    @abstractmethod
    def stop(self) -> None:
        """Ends it and removes what it left."""

    def pid(self) -> int | None:
        """The process whose CPU is counted, with its children; None for a direct connection."""
        return None

    def queries(self) -> int | None:
        """How many statements it says that it has judged; None where it cannot tell."""
        return None

    def banner(self) -> str:
        """What it says of itself when it starts; "" where it says nothing."""
        return ""


class Direct(Candidate):
    """The database itself."""

    name = DIRECT

    def __init__(self, server: Server) -> None:
        self.port = server.port

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


class Program(Candidate):
    """A candidate that is one process with a folder of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="dbgate-bench-"))
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Its command line; FileNotFoundError where the program is not on this machine."""

    def start(self) -> None:
        setpriv = shutil.which("setpriv")  # a benchmark that is killed leaves nothing running
        before = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        with open(self.folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [*before, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )
        wait_for_login(self.port)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def pid(self) -> int | None:
        return self._process.pid if self._process else None


class HAProxy(Program):
    """A relay that looks at nothing, with as many threads as dbgate has workers."""

    name = HAPROXY

    def __init__(self, server: Server, threads: int) -> None:
        super().__init__()
        (self.folder / "haproxy.cfg").write_text(
            f"global\n  nbthread {threads}\n  maxconn 6000\n"
            "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n"
            f"listen mysql\n  bind 127.0.0.1:{self.port}\n  option tcp-smart-accept\n"
            f"  server db {server.host}:{server.port}\n"
        )

    def command(self) -> list[str]:
        binary = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if binary is None:
            raise FileNotFoundError("haproxy is not installed (apt-get install haproxy)")
        return [binary, "-q", "-db", "-f", str(self.folder / "haproxy.cfg")]


class Dbgate(Candidate):
    """The gateway as users run it: every statement judged, audited and counted."""

    inspects = True

    def __init__(
        self, server: Server, workers: int, name: str = DBGATE, policy: str = POLICY, **settings: object
    ) -> None:
        self.name = name
        environment = {"DBGATE_TEST_PLAIN": "1", "PYTHONASYNCIODEBUG": ""}
        self._certificates = Certificates() if name == TLS else None
        if self._certificates is not None:
            self.tls = self._certificates.folder
            settings["tls_cert"] = str(self._certificates.issue("server.pem", "127.0.0.1"))
            # Under the names that sysbench looks for; one file has both.
            own = self._certificates.issue("client-cert.pem", "localhost")
            shutil.copy(own, self.tls / "client-key.pem")
            shutil.copy(self._certificates.ca, self.tls / "cacert.pem")
        if name == PURE:  # without the tree of compiled modules that ./run puts there
            environment["PYTHONPATH"] = ""
        self._gateway = Gateway(
            server, policy, environment, **{"workers": workers, "max_connections": 6000, **settings}
        )
        self.port = self._gateway.port

    def start(self) -> None:
        self._gateway.start()
        wait_for_login(self.port)

    def stop(self) -> None:
        self._gateway.stop()
        self._gateway.remove()
        if self._certificates is not None:
            self._certificates.remove()

    def pid(self) -> int | None:
        return self._gateway.process.pid if self._gateway.process else None

    def banner(self) -> str:
        return self._gateway.banner.strip()

    def queries(self) -> int | None:
        return int(ControlClient(str(self._gateway.control), 10.0).stats()["total_queries"])


def make(name: str, server: Server, workers: int) -> Candidate:
    """The candidate of that name."""
    if name == DIRECT:
        return Direct(server)
    if name == HAPROXY:
        return HAProxy(server, workers)
    if name == NO_AUDIT:
        return Dbgate(server, workers, name, audit_log="off")
    if name == MANY_RULES:
        return Dbgate(server, workers, name, rules(1000))
    if name in (DBGATE, PURE, TLS):
        return Dbgate(server, workers, name)
    raise ValueError(f"no candidate {name!r}")


def wait_for_login(port: int) -> None:
    """Waits until a login through the port succeeds; the last error after 30 s."""
    deadline = time.monotonic() + 30
    while True:
        try:
            pymysql.connect(
                host="127.0.0.1", port=port, user="app", password="app_pw", ssl_disabled=True
            ).close()
            return
        except pymysql.Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def prove_block(candidate: Candidate, server: Server) -> str:
    """Sends a forbidden statement through a candidate that inspects; gives what the client was told. AssertionError
    where it was not blocked: a gateway that lets everything pass benchmarks beautifully."""
    through = pymysql.connect(
        host="127.0.0.1", port=candidate.port, user="app", password="app_pw", ssl_disabled=True
    )
    try:
        with through.cursor() as cursor:
            cursor.execute(FORBIDDEN)
    except pymysql.Error as error:
        told = f"{error.args[0]}: {error.args[1]}"
    else:
        raise AssertionError(f"{candidate.name} let {FORBIDDEN!r} pass")
    finally:
        through.close()
    if isinstance(candidate, Dbgate):
        assert told.startswith("1227: dbgate: blocked by policy (rule: block-statement"), told
    direct = pymysql.connect(
        host=server.host, port=server.port, user="app", password="app_pw", ssl_disabled=True
    )
    try:
        with direct.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM sbtest.sbtest1")
            assert cursor.fetchone() == (TABLE_ROWS,)
    finally:
        direct.close()
    return told
