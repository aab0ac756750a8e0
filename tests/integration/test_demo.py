"""The README's first screen is true: its demo command is run, and what it shows is what is printed."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from dbgate.workers.demo import start_gateway, stop
from dbgate.workers.demo_database import PASSWORD, DemoError, fill, start_sample
from dbgate.workers.demo_scenario import PASSED, STEPS, Scenario, Step
from tests.servers.mariadb import require_mariadb
from tests.servers.ports import free_port

PROJECT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, "-X", "dev", "-m", "dbgate.workers.main", "demo"]


@pytest.fixture(autouse=True)
def no_other_demo() -> Iterator[None]:
    """It looks for ports and takes them a little later: two at once might choose the same."""
    with open(Path(tempfile.gettempdir()) / f"dbgate-demo-{os.getuid()}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def readme_console() -> dict[str, list[str]]:
    """The commands of the README's first console block, each with the lines that it is said to print."""
    block = re.search(r"```console\n(.*?)```", (PROJECT / "README.md").read_text(), re.S)
    assert block, "the README has no console block"
    shown: dict[str, list[str]] = {}
    for line in block[1].splitlines():
        if line.startswith("$ "):
            shown[line[2:]] = []
        elif line.strip() and line.strip() != "…":
            list(shown.values())[-1].append(line)
    return shown


def steady(line: str) -> str:
    """A line without what differs in every run: ports, folders, seconds, event ids, times, versions."""
    line = re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", line)
    line = re.sub(r"/\S*dbgate-demo-\w+", "FOLDER", line)
    line = re.sub(r"\d+\.\d+ s\b", "SECONDS", line)
    return re.sub(r"event: [0-9A-Z]{26}", "event: ID", line).strip()


def test_the_first_screen_shows_exactly_the_two_commands() -> None:
    assert list(readme_console()) == ["./run demo --once", "./run test"]


def test_the_readmes_demo_prints_what_the_readme_says() -> None:
    require_mariadb()
    command = next(iter(readme_console()))
    done = subprocess.run(shlex.split(command), cwd=PROJECT, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    printed = {steady(line) for line in done.stdout.splitlines()}
    shown = [steady(line) for line in readme_console()[command]]
    assert len(shown) >= 5
    assert [line for line in shown if line not in printed] == []
    assert f"demo: {len(STEPS)} of {len(STEPS)} outcomes as expected" in done.stdout
    assert [line for line in done.stderr.splitlines() if not line.startswith("run: ")] == []


def test_the_demo_works_without_mariadb() -> None:
    done = subprocess.run(
        [*DEMO, "--once", "--sample"], cwd=PROJECT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "in-process sample" in done.stdout


def test_a_step_is_checked_against_the_audit_log(tmp_path: Path) -> None:
    """The parts by themselves: the sample, the gateway, and one step each that passes, blocks and disappoints."""
    database_port, port = free_port(), free_port()
    database = start_sample(tmp_path, database_port)
    gateway = start_gateway(tmp_path, port, database_port)
    scenario = Scenario(port, PASSWORD, tmp_path / "audit.jsonl")
    try:
        passed = scenario.play(Step("app_service", "SELECT name FROM products", PASSED))
        assert passed.good and passed.shown == "5 rows" and passed.record["tables"] == ["shop.products"]
        blocked = scenario.play(Step("app_service", "SELECT salary FROM payroll", "table-denied"))
        assert blocked.good and scenario.line(blocked.record["event_id"]).startswith("{")
        assert not scenario.play(Step("app_service", "SELECT name FROM products", "table-denied")).good
        assert not scenario.play(Step("app_service", "SELECT name FROM products", PASSED, "rate-limit")).good
        assert not scenario.play(Step("app_service", "SELECT salary FROM payroll", "procedure")).good
    finally:
        scenario.close()
        stop(gateway)
        stop(database)


def test_a_database_that_cannot_be_filled_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="could not be made"):
        fill(str(tmp_path / "no.sock"), "somebody")


def test_a_wrong_outcome_is_a_failed_demo(tmp_path: Path) -> None:
    """With a policy that forgets one rule the demo says so, and ends with 1."""
    program = tmp_path / "weaker.py"
    program.write_text(
        "import sys\n"
        "from dbgate.workers import demo\n"
        "strong = demo.sample_text\n"
        "demo.sample_text = lambda name: strong(name).replace('block_statements: [DROP, TRUNCATE]', '')\n"
        "sys.exit(demo.main(['--once', '--sample']))\n"
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-2000:]
    assert "NOT AS EXPECTED: wanted a block by block-statement" in done.stdout


def test_the_demo_stays_up_and_leaves_nothing_behind(tmp_path: Path) -> None:
    require_mariadb()
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with open(tmp_path / "out", "wb") as out:
        process = subprocess.Popen(DEMO, stdout=out, stderr=out, env=environment, cwd=PROJECT)
    try:
        deadline = time.monotonic() + 90
        hint = re.compile(r"press Ctrl-C.* -h 127\.0\.0\.1 -P (\d+) -u app_service", re.S)
        while not (found := hint.search((tmp_path / "out").read_text())):
            assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "out").read_text()
            time.sleep(0.1)
        connection = pymysql.connect(
            host="127.0.0.1", port=int(found[1]), user="app_service", password=PASSWORD, database="shop"
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM products")
            assert cursor.fetchone() == (5,)
            with pytest.raises(pymysql.Error, match="rule: table-denied"):
                cursor.execute("SELECT * FROM payroll")
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert list(tmp_path.glob("dbgate-demo-*")) == []
