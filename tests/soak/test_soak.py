"""200 concurrent sessions of mixed work: no error, no wrong answer, no record missing, no memory that grows.

DBGATE_SOAK_SECONDS says for how long: 60 by hand, 20 when it is unset.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbgate.control.client import ControlClient
from tests.servers.gateway import Gateway, eventually, resident_kib
from tests.servers.mariadb import MariaDB

SECONDS = float(os.environ.get("DBGATE_SOAK_SECONDS", "20"))
SESSIONS = 200
PROCESSES = 2  # each with half of the sessions
GROWTH = 1.05

SCHEMA = """
CREATE DATABASE soak;
CREATE TABLE soak.words (id INT PRIMARY KEY, word VARCHAR(50));
INSERT INTO soak.words SELECT seq, CONCAT('word ', seq) FROM seq_1_to_500;
CREATE TABLE soak.accounts (id INT PRIMARY KEY, balance INT NOT NULL);
INSERT INTO soak.accounts SELECT seq, 0 FROM seq_0_to_999;
CREATE TABLE soak.secrets (id INT PRIMARY KEY, secret VARCHAR(50));
DELIMITER //
CREATE PROCEDURE soak.two_results(IN wanted INT)
BEGIN
  SELECT word FROM soak.words WHERE id = wanted;
  SELECT COUNT(*) FROM soak.words;
END//
"""
POLICY = """
version: 1
access_control:
  - user: app
    allowed_tables: [soak.words, soak.accounts, soak.missing]
    allowed_operations: [SELECT, UPDATE, CALL]
procedure_control: {mode: whitelist, whitelist: [soak.two_results]}
"""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with MariaDB() as server:
        server.sql(SCHEMA)
        # a small cache is full, and stays full, from the first seconds on
        plain = {"DBGATE_TEST_PLAIN": "1", "PYTHONASYNCIODEBUG": ""}
        with Gateway(server, POLICY, plain, workers=2, cache_size="1MiB") as gateway:
            yield gateway


def start_load(gateway: Gateway, number: int) -> subprocess.Popen[str]:
    share = SESSIONS // PROCESSES
    arguments = [gateway.host, str(gateway.port), str(share), str(SECONDS), str(number * share)]
    environment = {
        **os.environ,
        "PYTHONASYNCIODEBUG": "",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.soak.load", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def memory(gateway: Gateway) -> int:
    """KiB of all workers."""
    return sum(resident_kib(pid) for pid in gateway.worker_pids())


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 240)
def test_many_sessions_of_mixed_work(gateway: Gateway) -> None:
    loads = [start_load(gateway, number) for number in range(PROCESSES)]
    time.sleep(SECONDS * 0.4)
    warm = memory(gateway)
    active = ControlClient(str(gateway.control), 10.0).stats()["active_sessions"]
    time.sleep(SECONDS * 0.55)
    late = memory(gateway)
    results = []
    for load in loads:
        out, err = load.communicate(timeout=SECONDS + 120)
        assert load.returncode == 0, err[-3000:]
        results.append(json.loads(out))

    assert [text for result in results for text in result["wrong"]] == []
    done: Counter[str] = sum((Counter(result["done"]) for result in results), Counter())
    assert (
        min(done[kind] for kind in ("select", "transaction", "big", "refused", "failing", "call", "prepared"))
        > 50
    )
    assert done["vanish"] > 0
    assert active >= SESSIONS * 0.8  # the rest are between two connections

    commands = sum(result["commands"] for result in results)
    connections = sum(result["connections"] for result in results)
    blocked = sum(result["blocked"] for result in results)

    def counted() -> dict[str, int]:
        return dict(Counter(str(record["event"]) for record in gateway.records()))

    eventually(lambda: counted().get("connection.close", 0) >= connections, 30, "all sessions closed")
    events = counted()
    assert events["connection.open"] == events["connection.close"] == connections
    recorded = events["query"] + events["query.blocked"]
    assert commands - done["unheard"] // 20 <= recorded <= commands  # a reset may overtake its question
    assert events["query.blocked"] == blocked
    assert set(events) <= {"connection.open", "connection.close", "query", "query.blocked"}
    stats = ControlClient(str(gateway.control), 10.0).stats()
    assert stats["total_queries"] == recorded and stats["active_sessions"] == 0

    # shown with -s: what a measurement by hand is for
    print(
        f"\n{SESSIONS} sessions, {SECONDS:.0f} s: {connections} connections, {commands} commands ({blocked} blocked, "
        f"{commands / SECONDS:.0f} a second), {sum(events.values())} records, workers {warm} KiB warm, {late} KiB at the "
        f"end ({100 * (late / warm - 1):+.1f} %)"
    )
    assert late <= warm * GROWTH, f"{warm} KiB after warm-up, {late} KiB at the end"
