"""The life of a policy in a running gateway: versions, differences, the way back, and a file that is watched."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests.integration.test_cli_gateway import ask, cli
from tests.servers.gateway import OPEN_POLICY, Gateway, eventually
from tests.servers.mariadb import MariaDB

STRICT = OPEN_POLICY.replace("blocked_operations: [TRUNCATE]", "blocked_operations: [TRUNCATE, SHOW]")


@pytest.fixture
def running(mariadb: MariaDB) -> Iterator[Gateway]:
    with Gateway(mariadb, OPEN_POLICY, workers=2, policy_watch="on") as gateway:
        yield gateway


def may_do(gateway: Gateway) -> bool:
    with gateway.connect() as connection, connection.cursor() as cursor:
        try:
            cursor.execute("SHOW DATABASES")
        except pymysql.MySQLError as error:
            return "blocked-operation" not in str(error)
    return True


def numbers(gateway: Gateway) -> list[tuple[int, str]]:
    return [(one["number"], one["author"]) for one in ask(gateway, "policy", "versions")["versions"]]


def replace(path: Path, text: str) -> None:
    new = path.with_name(".new")
    new.write_text(text)
    os.replace(new, path)


def test_a_policy_from_file_to_file_and_back(running: Gateway) -> None:
    assert numbers(running) == [(1, "start")]
    assert may_do(running)
    # Replaced in one step: the watch loads it, in every worker.
    replace(running.policy, STRICT)
    eventually(lambda: len(numbers(running)) == 2, what="the second version")
    assert numbers(running)[0] == (2, "file watch")
    assert not any(may_do(running) for _ in range(4))
    shown = cli(running, "policy", "diff", "1", "2").stdout.decode()
    assert "~ access rule 'app' changed" in shown
    assert "blocked_operations: + SHOW" in shown
    assert ask(running, "policy", "diff", "1")["to"] == "version 2"
    assert cli(running, "policy", "show", "1").stdout.decode().strip() == OPEN_POLICY.strip()
    # The way back is a new version.
    result = ask(running, "policy", "rollback", "1")
    assert (result["number"], result["of"], result["changed"]) == (3, 1, True)
    assert running.policy.read_text() == OPEN_POLICY
    assert all(may_do(running) for _ in range(4))
    newest = ask(running, "policy", "versions")["versions"][0]
    assert f"(uid {os.getuid()})" in newest["author"]
    assert newest["note"] == "rollback to 1"
    record = running.wait_records(event="policy.reload")[-1]
    assert record["decision"] == "allow"
    # A bad file changes nothing, and says so wherever one would look.
    replace(running.policy, "nonsense: 1\n")
    health = eventually(
        lambda: (now := running.health("/health")[1])["policy_refused"] and now, what="the refusal"
    )
    assert health["status"] == "ok"
    assert "nonsense" in health["policy_refused"]["problems"][0]
    assert health["policy_number"] == 3
    table = cli(running, "policy", "versions").stdout.decode()
    assert "by file watch, was refused:" in table
    assert "nonsense" in table
    assert ask(running, "stats")["policy"]["refusals"] == 1
    assert may_do(running)
    assert "the policy file was refused" in running.log_text()
    result2 = cli(running, "policy", "rollback", "99")
    assert result2.returncode == 1
    assert b"there is no version 99" in result2.stderr
    # Everything survives a restart, and the same text is no new version.
    running.policy.write_text(OPEN_POLICY)
    eventually(lambda: running.health("/health")[1]["policy_refused"] is None, what="the mended file")
    running.stop()
    running.start()
    assert [number for number, _ in numbers(running)] == [3, 2, 1]
    assert ask(running, "policy", "versions")["live"] == 3
    assert cli(running, "policy", "versions", "--socket", "/nonexistent").returncode == 3


def test_a_swapped_link_and_no_watch(mariadb: MariaDB) -> None:
    gateway = Gateway(mariadb, policy_watch="on")
    folder = gateway.folder

    def swap(name: str) -> None:
        (folder / "..tmp").symlink_to(f"..{name}")
        os.replace(folder / "..tmp", folder / "..data")

    for name, text in (("one", OPEN_POLICY), ("two", STRICT)):
        (folder / f"..{name}").mkdir()
        (folder / f"..{name}" / "policy.yaml").write_text(text)
    swap("one")
    gateway.policy.unlink()
    gateway.policy.symlink_to("..data/policy.yaml")
    try:
        gateway.start()
        swap("two")
        eventually(lambda: numbers(gateway)[0] == (2, "file watch"), what="the swapped policy")
        assert not may_do(gateway)
        gateway.stop()
        settings = folder / "dbgate.yaml"
        settings.write_text(settings.read_text().replace('policy_watch: "on"', 'policy_watch: "off"'))
        swap("one")
        gateway.start()
        assert numbers(gateway)[0] == (3, "start")
        swap("two")
        gateway.signal(signal.SIGHUP)
        eventually(lambda: numbers(gateway)[0] == (4, "SIGHUP"), what="the reload by signal")
    finally:
        gateway.stop()
        gateway.remove()


def test_a_folder_that_cannot_be_written(mariadb: MariaDB, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "versions"  # not even root can make it
    with Gateway(mariadb, policy_versions_folder=folder, policy_watch="on") as gateway:
        assert "kept in memory only" in gateway.log_text()
        gateway.policy.write_text(STRICT)
        eventually(lambda: len(numbers(gateway)) == 2, what="the second version")
        answer: Any = ask(gateway, "policy", "versions")
        assert str(folder) in answer["trouble"]
        assert b"in memory only" in cli(gateway, "policy", "versions").stdout
        assert ask(gateway, "policy", "rollback", "1")["number"] == 3
        assert json.loads(cli(gateway, "policy", "show", "2", "-o", "json").stdout)["text"] == STRICT
