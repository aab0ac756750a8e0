"""`./run soak`: thousands of idle sessions and some hundred busy ones for a long time, then hostile clients.

By turns, in the same run, the same load goes straight to the server and through the gateway: latencies are told as a
ratio. Memory is that of all of the gateway's processes (PSS), after the caches are warm.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from pymysql.connections import Connection

from benchmarks.__main__ import tables
from benchmarks.candidates import Dbgate, Direct, prove_block
from benchmarks.hostile import FROM
from benchmarks.idle import close, open_sessions
from benchmarks.load import Load, Script, play
from benchmarks.processes import pss_of, tree
from dbgate.control.client import ControlClient
from dbgate.hot import describe
from tests.servers.mariadb import MariaDB

GROWTH_KB = 0.5  # a session, from the first third of the run to the last: more is called growth …
GROWTH_MIN = 4096  # … but not below so many KiB in all
WORSE = 2.0  # how much worse p99 may be with hostile clients


@dataclass(kw_only=True)
class Seen:
    """p99 in ms of each turn; memory in KiB and descriptors after each turn through the gateway."""

    direct: list[float] = field(default_factory=list)
    through: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)


def say(line: str) -> None:
    print(f"soak: {line}", flush=True)


def descriptors(pid: int) -> int:
    return sum(len(os.listdir(f"/proc/{one}/fd")) for one in tree(pid))


def load(port: int, options: argparse.Namespace, seconds: float = 0.0) -> Load:
    script = Script(name="oltp_point_select", threads=options.busy, rate=options.rate)
    return play(port, script, seconds or options.turn)


def endure(direct: Direct, gateway: Dbgate, pid: int, options: argparse.Namespace) -> Seen:
    """The long part: turns of load, with the idle sessions open."""
    seen = Seen()
    until = time.monotonic() + options.minutes * 60
    while time.monotonic() < until or len(seen.through) < 3:
        seen.direct.append(load(direct.port, options).percentiles[99])
        seen.through.append(load(gateway.port, options).percentiles[99])
        seen.memory.append(pss_of(pid))
        seen.descriptors.append(descriptors(pid))
    return seen


def attacked(
    gateway: Dbgate, pid: int, options: argparse.Namespace
) -> tuple[list[float], list[float], int, str]:
    """p99 in ms without and with hostile clients, by turns; the most memory meanwhile; what became of them."""
    calm: list[float] = []
    under: list[float] = []
    most = 0
    told = ""
    rounds = max(2, round(options.hostile * 60 / options.turn / 2))
    for _ in range(rounds):
        calm.append(load(gateway.port, options).percentiles[99])
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.hostile", str(gateway.port), str(options.turn + 6)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        time.sleep(4)  # until all of them are there
        under.append(load(gateway.port, options).percentiles[99])
        most = max(most, pss_of(pid))
        told = process.communicate(timeout=120)[0]
    return calm, under, most, told


def verdicts(seen: Seen, sessions: int, before: int, after: int) -> list[str]:
    """What must not be."""
    found: list[str] = []
    third = max(1, len(seen.memory) // 3)
    grown = statistics.median(seen.memory[-third:]) - statistics.median(seen.memory[:third])
    say(
        f"memory from the first third of the run to the last: {grown / 1024:+.1f} MiB "
        f"({grown / sessions:+.2f} KB a session)"
    )
    if grown > max(GROWTH_MIN, GROWTH_KB * sessions):
        found.append(f"memory grows by {grown / sessions:.2f} KB a session")
    say(f"descriptors: {before} before, {seen.descriptors[-1]} with all sessions, {after} after")
    if after > before + 4:
        found.append(f"{after - before} descriptors are left open")
    return found


def settled(pid: int, wanted: int) -> int:
    """Descriptors once those of closed sessions are gone."""
    until = time.monotonic() + 30
    while (found := descriptors(pid)) > wanted + 4 and time.monotonic() < until:
        time.sleep(0.2)
    return found


def soak(options: argparse.Namespace) -> list[str]:
    with MariaDB("--max-connections=10000", "--thread-stack=192K", "--back-log=2000") as server:
        tables(server)
        direct = Direct(server)
        gateway = Dbgate(
            server,
            options.workers,
            max_connections=options.idle + options.busy + 1000,
            max_connections_per_source=options.idle + options.busy + 100,
            stall_timeout="5s",
            handshake_timeout="5s",
        )
        gateway.start()
        idle: list[Connection[object]] = []
        try:
            pid = gateway.pid()
            assert pid is not None
            say(gateway.banner())
            say(f"blocked as it must be: {prove_block(gateway, server)}")
            load(gateway.port, options, 5)  # what exists once: pools, caches
            time.sleep(1)
            base, before = pss_of(pid), descriptors(pid)
            idle = open_sessions(gateway.port, options.idle)  # type: ignore[assignment]
            time.sleep(2)
            each = (pss_of(pid) - base) / max(1, options.idle)
            say(f"{options.idle} idle sessions: {each:.1f} KB each, beside {base / 1024:.0f} MiB")
            seen = endure(direct, gateway, pid, options)
            ratio = statistics.median(seen.through) / statistics.median(seen.direct)
            say(
                f"{options.busy} busy sessions at {options.rate} statements a second: p99 "
                f"{statistics.median(seen.through):.2f} ms, directly {statistics.median(seen.direct):.2f} ms: "
                f"{ratio:.2f}× ({len(seen.through)} turns of {options.turn:.0f} s)"
            )
            calm, under, most, told = attacked(gateway, pid, options)
            worse = statistics.median(under) / statistics.median(calm)
            say(
                f"hostile clients: p99 {statistics.median(under):.2f} ms, without them "
                f"{statistics.median(calm):.2f} ms: {worse:.2f}× ({len(calm)} turns each); "
                f"the most memory {most / 1024:.0f} MiB"
            )
            say(f"what became of them in the last turn: {json.loads(told or '{}')}")
            close(idle)  # type: ignore[arg-type]
            idle = []
            problems = verdicts(seen, options.idle + options.busy, before, settled(pid, before))
            if worse > WORSE:
                problems.append(f"hostile clients make p99 {worse:.2f} times worse")
            stats = ControlClient(str(gateway._gateway.control), 10.0).stats()
            say(f"audit records that were not kept: {stats.get('audit', {}).get('dropped', 0)}")
            return problems
        finally:
            close(idle)  # type: ignore[arg-type]
            gateway.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of the long part [30]")
    parser.add_argument(
        "--hostile", type=float, default=0.0, help="minutes with and without hostile clients [a third]"
    )
    parser.add_argument("--idle", type=int, default=5000, help="idle sessions [5000]")
    parser.add_argument("--busy", type=int, default=200, help="busy sessions [200]")
    parser.add_argument(
        "--rate", type=int, default=1000, help="statements a second of all busy sessions [1000]"
    )
    parser.add_argument("--turn", type=float, default=10.0, help="seconds of load at a stretch [10]")
    parser.add_argument("--workers", type=int, default=1, help="of the gateway [1]")
    options = parser.parse_args()
    options.hostile = options.hostile or options.minutes / 3
    load1 = os.getloadavg()[0]
    say(
        f"{describe()}, {os.cpu_count()} cores, load {load1:.1f} at the start; hostile clients come from {FROM}"
    )
    problems = soak(options)
    for problem in problems:
        say(f"PROBLEM: {problem}")
    say("all held" if not problems else "NOT all held")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
