"""`dbgate demo`: a sample database, a sample policy and the gateway in one command, with a story played through it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dbgate.workers.demo_database import (
    PASSWORD,
    DemoError,
    find_mariadb,
    sample_text,
    start_mariadb,
    start_sample,
    wait_for_server,
)
from dbgate.workers.demo_scenario import PASSED, STEPS, Outcome, Scenario

GATEWAY_PORT: Final = 13306
DATABASE_PORT: Final = 13307
SHOWN_EVENTS: Final = ("query", "query.blocked", "query.would_block", "connection.denied")
STOP_SECONDS: Final = 10.0


def free_port(wanted: int) -> int:
    """`wanted`, or the next port of 127.0.0.1 that nobody has; DemoError where a hundred are taken."""
    for port in range(wanted, wanted + 100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise DemoError(f"no free port between {wanted} and {wanted + 99}")


def start_gateway(folder: Path, port: int, upstream: int) -> subprocess.Popen[bytes]:
    """`dbgate serve` with the sample policy on 127.0.0.1:port; DemoError with its log where it does not come up."""
    (folder / "policy.yaml").write_text(sample_text("policy.yaml"), encoding="utf-8")
    log = folder / "gateway.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBGATE_")}
    options = {
        "--listen": f"127.0.0.1:{port}",
        "--upstream": f"127.0.0.1:{upstream}",
        "--policy": str(folder / "policy.yaml"),
        "--audit-log": str(folder / "audit.jsonl"),
        "--control-socket": str(folder / "dbgate.sock"),
        "--admin-listen": "off",
        "--workers": "1",
    }
    with open(log, "ab") as out:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "dbgate.workers.main", "serve"]
            + [word for option in options.items() for word in option],
            cwd=folder,  # no dbgate.yaml of the place where the demo was started is read
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_for_server(process, port, "the gateway", log)
    except BaseException:
        stop(process)
        raise
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Asks a process of ours to end, and makes it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def say(text: str = "") -> None:
    """A line for the visitor, at once also into a pipe."""
    print(text, flush=True)


def describe(outcome: Outcome) -> str:
    """A step and what came of it, in two or three lines."""
    step, record = outcome.step, outcome.record
    blocked = outcome.seen != PASSED
    mark = "BLOCKED" if blocked else "passed "
    lines = [f"  {mark}  {step.user:<12} {step.sql}", f"           -> {outcome.shown}"]
    if record.get("rule"):
        line = f", line {record['rule_line']} of policy.yaml" if record.get("rule_line") else ""
        verb = "why" if blocked else "would be blocked, but this user is only monitored"
        lines.append(f"           {verb}: {record['rule']}: {record.get('reason', '')}{line}")
    if not outcome.good:
        wanted = step.expected if step.expected == PASSED else f"a block by {step.expected}"
        lines.append(f"           NOT AS EXPECTED: wanted {wanted}; audit record: {json.dumps(record)[:400]}")
    return "\n".join(lines)


def play(scenario: Scenario) -> bool:
    """Plays the story and shows it; whether each outcome was as expected."""
    say("\nWhat clients send through the gateway, and what comes of it:\n")
    good = 0
    kept: dict[str, str] = {}  # the first event of each kind
    for step in STEPS:
        outcome = scenario.play(step)
        good += outcome.good
        kept.setdefault(str(outcome.record.get("event")), str(outcome.record.get("event_id")))
        say(describe(outcome))
    scenario.close()
    say("\nWhat the audit log keeps (one JSON object a line; one of each kind):\n")
    for event in SHOWN_EVENTS:
        if event in kept:
            say(f"  {scenario.line(kept[event])}")
    say(f"\ndemo: {good} of {len(STEPS)} outcomes as expected")
    return good == len(STEPS)


def how_to_go_on(folder: Path, port: int, database_port: int) -> str:
    """What a visitor can do while the demo stays up."""
    client = f"mariadb -h 127.0.0.1 -P {port} -u app_service -p{PASSWORD} shop"
    at = f"--socket {folder}/dbgate.sock"
    lines = [
        "",
        "The gateway stays up until you press Ctrl-C. In another terminal:",
        "",
        f"  {client}",
        "      SELECT name, price FROM products;     passes",
        "      SELECT * FROM payroll;                is blocked: the policy grants this user no such table",
        f"      users: app_service, analyst, newcomer, intruder; password: {PASSWORD}",
        f"  tail -f {folder}/audit.jsonl",
        f"  dbgate-cli sessions {at}                (from a checkout: ./run dbgate-cli …)",
        f"  dbgate-cli stats --watch {at}",
        f"  edit {folder}/policy.yaml, then: dbgate-cli policy reload {at}",
        "",
        f"The database itself is on 127.0.0.1:{database_port}: what the gateway stops, it would have run.",
    ]
    return "\n".join(lines)


@contextlib.contextmanager
def stage(sample: bool) -> Iterator[tuple[Path, int, int]]:
    """Database and gateway in a folder that is gone afterwards: (folder, gateway's port, database's port)."""
    folder = Path(tempfile.mkdtemp(prefix="dbgate-demo-"))
    processes: list[subprocess.Popen[bytes]] = []
    try:
        database_port = free_port(DATABASE_PORT)
        began = time.monotonic()
        if sample or find_mariadb() is None:
            processes.append(start_sample(folder, database_port))
            kind = "an in-process sample database (install mariadb-server-core for a real one)"
        else:
            processes.append(start_mariadb(folder, database_port))
            kind = "a private MariaDB"
        say(
            f"demo: {kind} with the schema shop, 127.0.0.1:{database_port} ({time.monotonic() - began:.1f} s)"
        )
        port = free_port(GATEWAY_PORT)
        began = time.monotonic()
        processes.append(start_gateway(folder, port, database_port))
        say(
            f"demo: the gateway with {folder}/policy.yaml, 127.0.0.1:{port} ({time.monotonic() - began:.1f} s)"
        )
        yield folder, port, database_port
    finally:
        for process in reversed(processes):
            stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def interrupted(number: int, frame: object) -> None:
    """SIGTERM ends the demo as Ctrl-C does: nothing may stay behind."""
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    """The command; gives its exit status: 0 as expected, 1 an outcome was not, 2 it could not be shown."""
    parser = argparse.ArgumentParser(prog="dbgate demo", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="end after the scenario; status 0 if all was as expected"
    )
    parser.add_argument(
        "--sample", action="store_true", help="use the in-process sample even where MariaDB is there"
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        with stage(options.sample) as (folder, port, database_port):
            good = play(Scenario(port, PASSWORD, folder / "audit.jsonl"))
            if options.once:
                return 0 if good else 1
            say(how_to_go_on(folder, port, database_port))
            signal.pause()
            return 0
    except DemoError as error:
        print(f"dbgate demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("\ndemo: ended")
        return 0
