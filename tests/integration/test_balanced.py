"""deploy/haproxy.cfg with a real HAProxy and three instances, under sysbench: one is killed, taken out, and comes back."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pymysql
import pytest

from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB
from tests.servers.ports import free_port

DEPLOYED = Path(__file__).resolve().parents[2] / "deploy" / "haproxy.cfg"
CONNECTIONS = 9
EVENTS = 300  # that each of them sends, and then ends: long enough for what is done to the gateways meanwhile
RATE = 25  # … of them a second
POLICY = """
version: 1
access_control:
  - {user: app, allowed_tables: ["sbtest.*"], allowed_operations: [SELECT]}
"""
SCHEMA = """
CREATE DATABASE sbtest;
CREATE TABLE sbtest.sbtest1 (id INT PRIMARY KEY, c CHAR(120));
INSERT INTO sbtest.sbtest1 SELECT seq, CONCAT('row ', seq) FROM seq_1_to_100;
"""


class Balancer:
    """HAProxy as it is deployed, in front of three gateways, as a process of this machine."""

    def __init__(self, gateways: list[Gateway], folder: Path) -> None:
        self.port, self.stats_port = free_port(), free_port()
        self._log = folder / "haproxy.log"
        self._environment = {
            "PATH": os.environ["PATH"],
            "GATE_LISTEN": f"127.0.0.1:{self.port}",
            "GATE_STATS_LISTEN": f"127.0.0.1:{self.stats_port}",
        }
        for number, gateway in enumerate(gateways, 1):
            self._environment[f"DBGATE_{number}"] = f"127.0.0.1:{gateway.port}"
            self._environment[f"DBGATE_{number}_ADMIN_PORT"] = str(gateway.admin_port)

    def __enter__(self) -> Balancer:
        binary = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        assert binary is not None
        command = [binary, "-db", "-f", str(DEPLOYED)]
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def servers(self) -> list[dict[str, str]]:
        """HAProxy's statistics of the three, in their order; [] where it cannot be reached yet."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.stats_port}/;csv", timeout=5) as reply:
                rows = csv.DictReader(io.StringIO(reply.read().decode().lstrip("# ")))
                return [
                    row for row in rows if row["pxname"] == "mysql" and row["svname"].startswith("dbgate")
                ]
        except OSError:
            return []

    def states(self) -> list[str]:
        """UP or DOWN, as HAProxy shows it."""
        return [row["status"] for row in self.servers()]

    def sessions(self) -> list[int]:
        """How many it has with each now."""
        return [int(row["scur"] or 0) for row in self.servers()]


@pytest.fixture
def sysbench() -> str:
    for name in ("sysbench", "haproxy"):
        if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin") is None:
            pytest.skip(f"{name} is not installed (apt-get install {name})")
    return str(shutil.which("sysbench"))


@pytest.fixture
def gateways(mariadb: MariaDB) -> Iterator[list[Gateway]]:
    mariadb.sql(SCHEMA)
    with ExitStack() as stack:
        yield [stack.enter_context(Gateway(mariadb, POLICY, trusted_proxies="127.0.0.1")) for _ in range(3)]
    mariadb.sql("DROP DATABASE sbtest")


def closed(gateway: Gateway) -> Counter[str]:
    return Counter(str(record["reason"]) for record in gateway.records(event="connection.close"))


def test_who_is_killed_loses_its_own_connections_only(
    sysbench: str, gateways: list[Gateway], tmp_path: Path
) -> None:
    killed, others = gateways[1], (gateways[0], gateways[2])
    with Balancer(gateways, tmp_path) as balancer, ExitStack() as stack:
        command = [sysbench, "oltp_point_select", "--db-driver=mysql", "--mysql-host=127.0.0.1"]
        command += [f"--mysql-port={balancer.port}", "--mysql-user=app", "--mysql-password=app_pw"]
        command += ["--mysql-db=sbtest", "--mysql-ssl=off", "--db-ps-mode=disable", "--tables=1"]
        command += [
            "--table-size=100",
            "--threads=1",
            f"--rate={RATE}",
            f"--events={EVENTS}",
            "--time=120",
            "run",
        ]

        def start(count: int) -> list[subprocess.Popen[str]]:
            """One sysbench a connection, for one that meets an error ends, with all its threads."""
            return [
                stack.enter_context(
                    subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                )
                for _ in range(count)
            ]

        eventually(lambda: balancer.states() == ["UP"] * 3, 30, "three that are ready")
        loads = start(CONNECTIONS)
        stack.callback(lambda: [one.kill() for one in loads])
        eventually(lambda: sum(balancer.sessions()) == CONNECTIONS, 30, "all of sysbench's sessions")
        eventually(lambda: all(one.records(event="query") for one in gateways), 30, "work everywhere")
        had = balancer.sessions()
        assert killed.process is not None and killed.process.stdout is not None
        os.killpg(killed.process.pid, signal.SIGKILL)  # supervisor and worker: a machine that is lost
        killed.process.wait()
        killed.process.stdout.close()
        served = [len(one.records(event="query")) for one in others]
        lost = eventually(lambda: _if(had[1], [one for one in loads if one.poll()]), 30, "they end")
        said = [one.communicate(timeout=30)[0] for one in lost]
        assert all("2013" in text or "2006" in text for text in said), said  # lost, or gone away
        eventually(
            lambda: all(len(one.records(event="query")) > n for one, n in zip(others, served, strict=True)),
            30,
            "the others' statements go on",
        )
        again = start(len(lost))  # at once: HAProxy may not have noticed yet
        stack.callback(lambda: [one.kill() for one in again])
        eventually(lambda: balancer.states()[1].startswith("DOWN"), 30, "it is taken out")
        assert [state.startswith("DOWN") for state in balancer.states()] == [False, True, False]
        killed.start()
        eventually(lambda: balancer.states() == ["UP"] * 3, 30, "it is back")
        for one in (*loads, *again):
            if one not in lost:
                text = one.communicate(timeout=120)[0]
                assert one.returncode == 0, text
                assert re.search(rf"total number of events:\s+{EVENTS}\b", text), text
        for gateway in others:
            sessions = len(gateway.records(event="connection.open"))
            gateway.wait_records(sessions, event="connection.close")
            assert closed(gateway) == {"the client quit": sessions}
        before = len(killed.records(event="connection.open"))
        with ExitStack() as late:  # who comes now is served by the one that was away, too
            for _ in range(3):
                connection = late.enter_context(
                    pymysql.connect(host="127.0.0.1", port=balancer.port, user="app", password="app_pw")
                )
                cursor = late.enter_context(connection.cursor())
                cursor.execute("SELECT COUNT(*) FROM sbtest.sbtest1")
                assert cursor.fetchall() == ((100,),)
                with pytest.raises(pymysql.OperationalError, match="rule: operation-denied"):
                    cursor.execute("DELETE FROM sbtest.sbtest1")
            killed.wait_records(before + 1, event="connection.open")


def _if(count: int, found: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    return found if len(found) == count else []
