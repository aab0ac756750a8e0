"""audit.on_failure: block. A disk that takes nothing, and takes it again."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import pymysql
import pytest

from tests.servers.gateway import OPEN_POLICY, Gateway, eventually
from tests.servers.mariadb import MariaDB

POLICY = OPEN_POLICY + "audit: {on_failure: block}\n"


def point(link: Path, to: str) -> None:
    """The log's path is a symbolic link: /dev/full is a disk that is full."""
    made = link.with_suffix(".new")
    made.symlink_to(to)
    os.replace(made, link)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_statement_passes_while_the_disk_is_full(mariadb: MariaDB, tmp_path: Path, workers: int) -> None:
    link = tmp_path / "audit.jsonl"
    point(link, str(tmp_path / "there.jsonl"))
    with Gateway(mariadb, POLICY, audit_log=link, workers=workers) as gateway:
        gateway.audit = tmp_path / "there.jsonl"
        connection = gateway.connect()
        cursor = connection.cursor()
        cursor.execute("CREATE OR REPLACE TABLE test.kept (n INT)")
        answered = []
        refused = 0
        until = time.monotonic() + 60
        for number in itertools.count():
            assert time.monotonic() < until, "statements go on and on"
            if number == 20:
                point(link, "/dev/full")
            try:
                cursor.execute(f"INSERT INTO test.kept VALUES ({number})")
                answered.append(number)
            except pymysql.err.OperationalError as error:
                assert error.args[0] == 1227 and "(rule: audit-failure, event: " in error.args[1]
                refused += 1
                if refused == 5:
                    break
        assert refused == 5
        assert connection.ping(reconnect=False) is None
        status, body = gateway.health()
        assert status == 503
        assert body["reasons"] == [
            "audit records cannot be kept, and the policy requires them (audit.on_failure)"
        ]
        point(link, str(tmp_path / "there.jsonl"))

        def passes() -> bool:
            try:
                cursor.execute("SELECT n FROM test.kept ORDER BY n")
            except pymysql.err.OperationalError:
                return False
            return True

        eventually(passes)
        assert [row[0] for row in cursor.fetchall()] == answered  # what was refused has not run
        eventually(lambda: gateway.health()[0] == 200)
        connection.close()
        gateway.wait_records(event="connection.close")
        inserts = gateway.records(event="query", operation="INSERT")
        assert len(inserts) == len(answered)  # a record for each that was answered
        assert len(gateway.records(rule="audit-failure")) >= 5
        assert gateway.records(event="audit.dropped") == []


def test_without_a_log_nothing_passes(mariadb: MariaDB) -> None:
    with Gateway(mariadb, POLICY, audit_log="off") as gateway:
        with pytest.raises(pymysql.err.OperationalError, match="rule: audit-failure"):
            gateway.connect()
        assert gateway.health()[0] == 503
        gateway.policy.write_text(OPEN_POLICY)
        gateway.signal(1)
        eventually(lambda: gateway.health()[0] == 200)
        gateway.connect().close()
