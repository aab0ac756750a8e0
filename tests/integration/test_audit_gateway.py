"""The audit log of a running gateway: complete, whole, without secrets, through rotation, a full disk, several workers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pymysql
import pytest

from dbgate.audit.line import Line
from dbgate.control.client import ControlClient
from tests.servers.gateway import OPEN_POLICY, Gateway, eventually, lines_so_far
from tests.servers.mariadb import MariaDB

FIELDS = [field.name for field in msgspec.structs.fields(Line)]
SECRET = "hunter2-Secret"


def stats(gateway: Gateway) -> Any:
    return ControlClient(str(gateway.control), 10).stats()


def test_every_event_has_the_same_fields(mariadb: MariaDB) -> None:
    with Gateway(mariadb) as gateway:
        with gateway.connect(database="test") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            with pytest.raises(pymysql.MySQLError):
                cursor.execute("TRUNCATE t")
            with pytest.raises(pymysql.MySQLError):
                cursor.execute("SELECT * FROM no_such_table")
        with pytest.raises(pymysql.MySQLError):
            gateway.connect(user="stranger", password="x")
        ControlClient(str(gateway.control)).reload()
        gateway.wait_records(event="connection.close")
        gateway.wait_records(event="policy.reload")
        gateway.wait_records(event="connection.denied")
        records = gateway.records()
    for record in records:
        assert list(record) == FIELDS
        assert len(record["event_id"]) == 26
        assert record["time"].endswith("Z")
        assert record["instance"]
    ids = [record["event_id"] for record in records]
    assert len(ids) == len(set(ids))
    failed = next(r for r in records if r["statement"] == "SELECT * FROM no_such_table")
    assert failed["error_code"] == 1146
    assert failed["tables"] == ["test.no_such_table"]
    blocked = next(r for r in records if r["event"] == "query.blocked")
    assert (blocked["rule"], blocked["decision"], blocked["error_code"]) == (
        "blocked-operation",
        "block",
        1227,
    )


PASSWORD_STATEMENTS = (
    "CREATE USER audit_u1 IDENTIFIED BY '{}'",
    "CREATE USER audit_u2 IDENTIFIED VIA mysql_native_password USING PASSWORD('{}')",
    "ALTER USER audit_u1 IDENTIFIED BY '{}'",
    "SET PASSWORD FOR audit_u1 = PASSWORD('{}')",
    "GRANT SELECT ON test.* TO audit_u1 IDENTIFIED BY '{}'",
    "CREATE OR REPLACE SERVER audit_s FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1', PASSWORD '{}')",
    "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PASSWORD='{}'",
    "SELECT PASSWORD('{}')",
    "SET @x = '{}'",
    "SELECT '{}' FROM dual WHERE 'x' = \"{}\"",
    "CREATE USER audit_u1 IDENTIFIED BY '{}' oops syntax",
    "CREATE USER audit_u3 IDENTIFIED BY '{}",
    "EXECUTE IMMEDIATE 'CREATE USER audit_u4 IDENTIFIED BY ''{}'''",
    "PREPARE p FROM 'SET PASSWORD = PASSWORD(''{}'')'",
    "/*!50000 ALTER USER audit_u1 IDENTIFIED BY '{}' */",
)


@pytest.mark.parametrize("literals", [False, True])
def test_no_password_is_ever_written(mariadb: MariaDB, literals: bool) -> None:
    policy = OPEN_POLICY + f"global: {{log_literals: {str(literals).lower()}}}\n"
    with Gateway(mariadb, policy) as gateway:
        statements = PASSWORD_STATEMENTS
        if literals:  # then literals are kept, but not what says that it is a password
            statements = tuple(s for s in statements if not s.startswith(("SET @x", "SELECT '")))
        with gateway.connect(database="test") as connection, connection.cursor() as cursor:
            for statement in statements:
                with contextlib.suppress(pymysql.MySQLError):
                    cursor.execute(statement.format(SECRET, SECRET))
            for user in ("audit_u1", "audit_u2"):
                cursor.execute(f"DROP USER IF EXISTS {user}")
            cursor.execute("DROP SERVER IF EXISTS audit_s")
            cursor.execute("SELECT 'kept-literal'")
        with pytest.raises(pymysql.MySQLError):
            gateway.connect(user="app", password=SECRET)
        ended(gateway)
        text = gateway.audit.read_text()
        log = gateway.log_text()
    assert text.count("\n") > len(statements) + 4
    assert SECRET not in text
    assert SECRET not in log
    assert "app_pw" not in text + log
    assert ("kept-literal" in text) == literals


def insert_many(gateway: Gateway, name: str, count: int) -> None:
    with gateway.connect(database="test") as connection, connection.cursor() as cursor:
        for n in range(count):
            cursor.execute(f"SELECT {n} AS {name}")


def ended(gateway: Gateway) -> None:
    gateway.signal(signal.SIGTERM)
    assert gateway.wait() == 0


def all_lines(folder: Path) -> list[dict[str, Any]]:
    """Of a gateway that has ended: before, a batch may be half written and a file be about to get another name."""
    found: list[dict[str, Any]] = []
    for path in folder.glob("audit.jsonl*"):
        content = path.read_bytes()
        assert content.endswith(b"\n"), path
        found += [json.loads(line) for line in content.splitlines()]
    return found


def test_rotation_by_several_workers_under_load_loses_nothing(mariadb: MariaDB) -> None:
    with Gateway(mariadb, workers=2, audit_max_size="64KiB", audit_max_files=1000) as gateway:
        threads = [threading.Thread(target=insert_many, args=(gateway, f"col_{n}", 150)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eventually(lambda: stats(gateway)["audit"]["queued"] == 0 and stats(gateway)["total_queries"] >= 900)
        assert stats(gateway)["audit"]["dropped"] == 0
        ended(gateway)
        records = all_lines(gateway.folder)
        rotated = len(list(gateway.folder.glob("audit.jsonl.*")))
        for path in gateway.folder.glob("audit.jsonl*"):
            assert path.stat().st_size <= 64 << 10
    assert len([record for record in records if " AS col_" in record["statement"]]) == 900
    assert rotated > 3
    assert len({record["event_id"] for record in records}) == len(records)
    assert {record["event"] for record in records} >= {"connection.open", "query", "connection.close"}


def test_an_outside_rotation_with_sigusr1_loses_nothing(mariadb: MariaDB) -> None:
    with Gateway(mariadb, workers=2) as gateway:
        thread = threading.Thread(target=insert_many, args=(gateway, "col_r", 400))
        thread.start()
        for n in range(5):
            time.sleep(0.05)
            if gateway.audit.exists():
                gateway.audit.rename(gateway.folder / f"audit.jsonl.old{n}")
            gateway.signal(signal.SIGUSR1)
        thread.join()
        ended(gateway)
        records = all_lines(gateway.folder)
    assert len([record for record in records if " AS col_r" in record["statement"]]) == 400


def test_a_log_that_cannot_be_written_stops_no_query_and_is_told(mariadb: MariaDB) -> None:
    with Gateway(mariadb, audit_log="/dev/full", audit_queue=16) as gateway:
        insert_many(gateway, "col_f", 100)
        told = eventually(lambda: (now := stats(gateway)["audit"])["dropped"] >= 60 and now)
        assert told["failing"]
        assert told["written"] == 0
        eventually(lambda: "No space left" in gateway.log_text())


@pytest.fixture
def tiny_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", "size=256k", "dbgate-test", folder]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("no right to mount a small file system")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_recovers_and_the_log_says_what_is_missing(mariadb: MariaDB, tiny_disk: Path) -> None:
    log = tiny_disk / "audit.jsonl"
    with Gateway(mariadb, audit_log=log, audit_queue=50) as gateway:
        insert_many(gateway, "col_a", 20)
        eventually(log.exists)
        ballast = tiny_disk / "ballast"
        with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        insert_many(gateway, "col_b", 300)
        eventually(lambda: stats(gateway)["audit"]["dropped"] > 0)
        eventually(lambda: log.read_bytes().endswith(b"\n"))  # no half line stays
        ballast.unlink()
        notice = eventually(lambda: [r for r in lines_so_far(log) if r["event"] == "audit.dropped"])[0]
        eventually(lambda: stats(gateway)["audit"]["queued"] == 0)  # there is room again
        insert_many(gateway, "col_c", 5)
        eventually(lambda: not stats(gateway)["audit"]["failing"])
        dropped = eventually(
            lambda: stats(gateway)["audit"]["queued"] == 0 and stats(gateway)["audit"]["dropped"]
        )
        eventually(lambda: len([r for r in lines_so_far(log) if " AS col_c" in r["statement"]]) == 5)
        kept = [r for r in lines_so_far(log) if " AS col_b" in r["statement"]]
        told = sum(r["dropped"] for r in lines_so_far(log))
    assert "No space left" in notice["reason"]
    assert told == dropped
    assert 0 < len(kept) < 300
    assert len(kept) + dropped >= 300


def test_standard_output(mariadb: MariaDB) -> None:
    with Gateway(mariadb, audit_log="-", workers=2) as gateway:
        insert_many(gateway, "col_s", 30)
        assert gateway.process is not None
        assert gateway.process.stdout is not None
        os.set_blocking(gateway.process.stdout.fileno(), False)
        got = b""

        def complete() -> bool:
            nonlocal got
            got += gateway.process.stdout.read() or b""  # type: ignore[union-attr]
            return got.count(b" AS col_s") == 30 and got.endswith(b"\n")

        eventually(complete)
        assert all(list(json.loads(line)) == FIELDS for line in got.splitlines())


def test_the_last_records_are_written_at_the_end(mariadb: MariaDB) -> None:
    with Gateway(mariadb) as gateway:
        insert_many(gateway, "col_e", 50)
        ended(gateway)
        assert len([r for r in gateway.records() if " AS col_e" in r["statement"]]) == 50
        assert gateway.records(event="connection.close")
