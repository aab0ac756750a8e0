"""A disk of a few MB, full for real, and room on it again: with audit.on_failure: block and allow."""

from __future__ import annotations

import os
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pymysql
import pytest

from tests.chaos import disk
from tests.chaos.faults import FAULTS
from tests.chaos.play import play
from tests.servers.gateway import OPEN_POLICY, Gateway, eventually
from tests.servers.mariadb import MariaDB

REQUIRED = OPEN_POLICY + "audit: {on_failure: block}\n"


@pytest.fixture(autouse=True)
def can_mount() -> None:
    if why := disk.refused():
        pytest.skip(f"no disk can be made to fill: {why}")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_full_disk_under_load() -> None:
    names = ("disk-small", "disk-small-allow")
    outcomes = play([fault for fault in FAULTS if fault.name in names], 1.0, print)
    assert [outcome.lines() for outcome in outcomes if outcome.problems] == []
    required, allowed = outcomes
    assert required.saw["1227 rule audit-failure"] > 0 and required.lost == required.missing == 0
    assert any("No space left on device" in line for line in required.log)
    assert allowed.saw["1227 rule audit-failure"] == 0 and allowed.lost >= allowed.missing
    assert all(outcome.saw["a block as it should be"] > 0 for outcome in outcomes)


@pytest.mark.timeout(240)
def test_what_waits_for_a_full_disk_outlives_the_process(tmp_path: Path) -> None:
    """Everything is on that disk, also the file for records on their way."""
    with MariaDB() as server, disk.small_disk(tmp_path / "disk", 16 << 20) as place:
        log = place / "audit.jsonl"
        ballast = disk.fill(place, 0)  # full before the gateway comes
        with Gateway(server, REQUIRED, audit_log=log, audit_queue=200) as gateway:
            gateway.audit = log
            eventually(lambda: "would lose audit records on their way" in gateway.log_text())
            eventually(lambda: _refused(gateway))
            ballast.unlink()
            eventually(lambda: _served(gateway), 30)
            eventually(lambda: list(place.glob("audit.jsonl.*.pending")), 30, "it is made when there is room")
            answered = _answered(gateway, "room", 50)
            ballast = disk.fill(place, 60_000)
            answered += _answered(gateway, "full", 3000)
            assert 50 < len(answered) < 3050  # and no more: the rest was refused
            os.kill(gateway.worker_pids()[0], signal.SIGKILL)
            eventually(lambda: _refused(gateway), 30, "the next one cannot write either")
            ballast.unlink()
            eventually(lambda: _served(gateway), 30)
            answered += _answered(gateway, "again", 5)
            # One that is killed while records are on their way, over and over: each of them is there once.
            for turn in range(3):
                answered += _answered(gateway, f"kill{turn}", 20)
                gone = gateway.worker_pids()[0]
                os.kill(gone, signal.SIGKILL)
                eventually(partial(_another, gateway, gone), 30)
                eventually(lambda: _served(gateway), 30)
            gateway.stop()
            records = gateway.records()
        found = Counter(
            one["db_schema"] for one in records if one["event"] == "query" and one["statement"] == "DO ?"
        )
        assert found == Counter(answered)
        assert [one for one, count in Counter(r["event_id"] for r in records).items() if count > 1] == []


def _another(gateway: Gateway, gone: int) -> bool:
    """Whether there is a worker again, and not that one."""
    return gateway.worker_pids() not in ([], [gone])


def _served(gateway: Gateway) -> bool:
    try:
        gateway.connect().close()
    except pymysql.err.OperationalError:
        return False
    return True


def _refused(gateway: Gateway) -> bool:
    try:
        gateway.connect().close()
    except pymysql.err.OperationalError as error:
        return error.args[0] == 1227 and "rule: audit-failure" in error.args[1]
    return False


def _answered(gateway: Gateway, name: str, most: int) -> list[str]:
    """Statements of a session in a schema of that name, until one is refused: the name, once for each."""
    found: list[str] = []
    try:
        with gateway.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            cursor.execute(f"USE {name}")
            for _ in range(most):
                cursor.execute("DO 1")
                found.append(name)
    except pymysql.err.OperationalError as error:
        assert error.args[0] == 1227 and "rule: audit-failure" in error.args[1]
    return found
