"""The clients, how each is started, and how what a relay saw of two of its sessions is compared."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drivers.clients import session
from tests.drivers.relay import Exchange, Recording, packets, without_secrets

PROJECT = Path(__file__).resolve().parents[2]
NODE = Path(__file__).resolve().parent / "node"
NODE_CACHE = PROJECT / ".cache" / "node"

# name -> (importable module that it needs, program, further arguments)
PYTHON_CLIENTS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "mariadb-cli": ("", "mariadb_cli", ()),
    "pymysql": ("pymysql", "pymysql_client", ()),
    "mysqlclient": ("MySQLdb", "mysqlclient_client", ()),
    "connector-pure": ("mysql.connector", "connector_client", ("pure",)),
    "connector-c": ("_mysql_connector", "connector_client", ("c",)),
    "asyncmy": ("asyncmy", "asyncmy_client", ()),
    "sqlalchemy": ("sqlalchemy", "sqlalchemy_client", ()),
    "django": ("django", "django_client", ()),
}
CLIENTS = [*PYTHON_CLIENTS, "mysql2"]

SCHEMA = """
DROP DATABASE IF EXISTS shop;
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE TABLE shop.products (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50) NOT NULL, price DECIMAL(8,2) NOT NULL);
INSERT INTO shop.products (name, price) VALUES ('tea', 3.50), ('café', 4.20), ('kettle', 29.00), ('雪', 0.01);
CREATE TABLE shop.orders (id INT PRIMARY KEY AUTO_INCREMENT, product INT NOT NULL, amount INT NOT NULL,
  note VARCHAR(50));
CREATE TABLE shop.secrets (id INT PRIMARY KEY, secret VARCHAR(50));
INSERT INTO shop.secrets VALUES (1, 'the crown jewels');
CREATE TABLE shop.big (id INT PRIMARY KEY AUTO_INCREMENT, body LONGTEXT NOT NULL);
INSERT INTO shop.big (body) VALUES (REPEAT('0123456789abcdef', 65536));
INSERT INTO shop.big (body) SELECT body FROM shop.big;
INSERT INTO shop.big (body) SELECT body FROM shop.big;
INSERT INTO shop.big (body) SELECT body FROM shop.big LIMIT 1;
INSERT INTO shop.big (body) SELECT body FROM shop.big;
INSERT INTO shop.big (body) SELECT body FROM shop.big;
DELIMITER //
CREATE PROCEDURE shop.two_results(IN wanted INT)
BEGIN
  SELECT name FROM shop.products WHERE id = wanted;
  SELECT COUNT(*) FROM shop.products;
END//
DELIMITER ;
"""
BIG = [20, 20 << 20]  # rows and characters of session.BIG

POLICY = """
version: 1
global: {default_schema: shop}
access_control:
  - name: zoo
    user: app
    source_ip: 127.0.0.0/8
    allowed_tables: [shop.products, shop.orders, shop.big, shop.missing, "shop.django_*"]
    allowed_operations: [SELECT, INSERT, UPDATE, CALL, SHOW]
procedure_control:
  mode: whitelist
  whitelist: [shop.two_results]
"""


@functools.cache
def node_modules() -> tuple[Path | None, str]:
    """(the folder with node_modules, "") or (None, why mysql2 cannot be had). Installs it once, by its lock file."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None, "node or npm is not installed (apt-get install nodejs npm)"
    lock = (NODE / "package-lock.json").read_bytes()
    copied = NODE_CACHE / "package-lock.json"
    if (NODE_CACHE / "node_modules" / "mysql2").is_dir() and copied.exists() and copied.read_bytes() == lock:
        return NODE_CACHE, ""
    NODE_CACHE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NODE / name, NODE_CACHE / name)
    try:
        done = subprocess.run(
            [npm, "ci", "--prefix", str(NODE_CACHE), "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=NODE_CACHE,
            capture_output=True,
            text=True,
            timeout=180,
        )
    except subprocess.TimeoutExpired:
        return None, "npm ci took more than 180 s"
    if done.returncode != 0:
        copied.unlink()
        return None, f"npm ci failed: {done.stderr.strip()[-300:]}"
    return NODE_CACHE, ""


def command(client: str) -> tuple[list[str], dict[str, str]]:
    """(program and first arguments, environment) of a client; skips the test, saying why, where it is not there."""
    environment = dict(os.environ)
    if client == "mysql2":
        folder, reason = node_modules()
        if folder is None:
            pytest.skip(reason)
        environment["NODE_PATH"] = str(folder / "node_modules")
        return [shutil.which("node") or "node", str(NODE / "client.js")], environment
    module, program, _ = PYTHON_CLIENTS[client]
    if not module and shutil.which("mariadb") is None:
        pytest.skip("the mariadb command line client is not installed (apt-get install mariadb-client)")
    if module and importlib.util.find_spec(module.partition(".")[0]) is None:
        pytest.skip(f"{module} is not installed (./run bootstrap drivers)")
    environment["PYTHONPATH"] = str(PROJECT)
    environment.pop("PYTHONASYNCIODEBUG", None)
    return [sys.executable, "-m", f"tests.drivers.clients.{program}"], environment


def run_client(client: str, port: int, user: str, password: str) -> dict[str, object]:
    """Does the session of a client against 127.0.0.1:port; gives what it saw. AssertionError with its stderr."""
    program, environment = command(client)
    further = PYTHON_CLIENTS[client][2] if client in PYTHON_CLIENTS else ()
    done = subprocess.run(
        [*program, "127.0.0.1", str(port), user, password, *further],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    seen = json.loads(done.stdout)
    assert isinstance(seen, dict)
    return seen


def same_steps(direct: bytes, through: bytes) -> None:
    """Asserts that two authentications took the same steps to the same end; scrambles differ every time."""
    first, second = packets(direct), packets(through)
    assert [(number, len(payload)) for number, payload in first] == [(n, len(p)) for n, p in second]
    assert first[-1] == second[-1]


def same_login(direct: Exchange, through: Exchange) -> None:
    """Asserts that two logins saw the same greeting (but for thread id and scramble) and took the same steps."""
    first, second = packets(direct.reply), packets(through.reply)
    assert without_secrets(first[0][1]) == without_secrets(second[0][1])
    same_steps(direct.reply, through.reply)


def eventually_equal(look: Callable[[], int], wanted: int, timeout: float = 30.0) -> None:
    """Waits until look() gives `wanted`, and then a little, so that one too many is seen as well."""
    until = time.monotonic() + timeout
    while look() < wanted and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.1)
    assert look() == wanted


def is_block(reply: bytes) -> bool:
    """Whether a reply is exactly one ERR packet with errno 1227, SQLSTATE 42000 and dbgate's text."""
    found = packets(reply)
    return len(found) == 1 and found[0][0] == 1 and found[0][1].startswith(b"\xff\xcb\x04#42000dbgate: ")


PREPARE, STATISTICS, CHANGE_USER = 0x16, 0x09, 0x11
BY_STATEMENT_ID = (
    0x17,
    0x18,
    0x19,
    0x1A,
    0x1C,
    0xFA,
)  # EXECUTE, SEND_LONG_DATA, CLOSE, RESET, FETCH, BULK_EXECUTE


def with_own_ids(exchanges: list[Exchange]) -> list[Exchange]:
    """The exchanges with each statement id replaced by its order in the connection (MariaDB counts them for the
    whole server), and without the counters in COM_STATISTICS' text."""
    own: dict[bytes, bytes] = {}
    changed = []
    for exchange in exchanges:
        command, reply = exchange.command, exchange.reply
        code = command[0] if command else -1
        command = re.sub(rb"^(.*SAVEPOINT `s)\d+_", rb"\1_", command)  # Django names them after its thread
        if code == PREPARE and reply[4:5] == b"\0":
            own[reply[5:9]] = (len(own) + 1).to_bytes(4, "little")
            reply = reply[:5] + own[reply[5:9]] + reply[9:]
        elif code in BY_STATEMENT_ID:
            command = command[:1] + own.get(command[1:5], command[1:5]) + command[5:]
        elif code == STATISTICS:
            assert len(packets(reply)) == 1 and b"Uptime" in reply
            reply = b"statistics"
        changed.append(Exchange(command=command, reply=reply))
    return changed


def same_replies(direct: Recording, through: Recording) -> int:
    """Asserts that each command and each reply are the same bytes, but for the forbidden statement, which the
    gateway answers with its ERR. Gives the number of replies compared."""
    first, second = with_own_ids(direct.exchanges()), with_own_ids(through.exchanges())
    same_login(first[0], second[0])
    assert [exchange.command[:1] for exchange in first] == [exchange.command[:1] for exchange in second]
    compared = 0
    for ours, theirs in zip(first[1:], second[1:], strict=True):
        if ours.command[:1] == bytes([CHANGE_USER]):
            same_steps(ours.reply, theirs.reply)
            continue
        assert ours.command == theirs.command
        if session.FORBIDDEN.encode() in ours.command:
            assert is_block(theirs.reply), theirs.reply[:200]
            assert not is_block(ours.reply)
        else:
            same = (
                ours.reply == theirs.reply
            )  # not compared by assert: the difference of 20 MB takes minutes to show
            assert same, (ours.command[:200], ours.reply[:300], theirs.reply[:300])
            compared += 1
    return compared
