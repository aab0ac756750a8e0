"""`./run soak`: thousands of idle sessions and some hundred busy ones for a long time, then hostile clients.

By turns, in the same run, the same load goes straight to the server and through the gateway: latencies are told as a
ratio. Hostile clients then stay for a while, with the same load before, beside and after them. Memory is that of all of
the gateway's processes (PSS), after the caches are warm.
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
SETTLED = 5.0  # seconds until hostile clients have all come, or have all gone


@dataclass(kw_only=True)
class Seen:
    """p99 in ms of each turn; memory in KiB and descriptors after each turn through the gateway."""

    direct: list[float] = field(default_factory=list)
    through: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)


@dataclass(kw_only=True)
class Attack:
    """p99 in ms of each turn without and with hostile clients; most: KiB of memory meanwhile; told: what became of them,
    as JSON; ended_early: they ended before their time, which is a defect of theirs."""

    calm: list[float] = field(default_factory=list)
    under: list[float] = field(default_factory=list)
    most: int = 0
    told: str = ""
    ended_early: bool = False


def say(line: str) -> None:
    print(f"soak: {line}", flush=True)


def tell(line: str, until: float) -> None:
    """The same with how many minutes are left, for who watches a long run."""
    print(f"soak:   {max(0.0, until - time.monotonic()) / 60:5.1f} min left; {line}", flush=True)


def spread(values: list[float]) -> str:
    """Milliseconds: the median, and from where to where."""
    return f"{statistics.median(values):.2f} ms ({min(values):.2f}–{max(values):.2f})"


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
        tell(
            f"p99 {seen.through[-1]:.2f} ms, directly {seen.direct[-1]:.2f} ms; {seen.memory[-1] / 1024:.1f} MiB, "
            f"{seen.descriptors[-1]} descriptors",
            until,
        )
    return seen


def attacked(gateway: Dbgate, pid: int, options: argparse.Namespace) -> Attack:
    """Hostile clients, held for `options.hostile` minutes on end; the same load without them for half as long, one half
    of that before and one after."""
    found = Attack()
    turns = max(1, round(options.hostile * 60 / options.turn / 4))
    seconds = max(options.hostile * 60, 2 * options.turn)
    for _ in range(turns):
        found.calm.append(load(gateway.port, options).percentiles[99])
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "benchmarks.hostile",
            str(gateway.port),
            str(seconds + options.turn + SETTLED),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        time.sleep(SETTLED)  # until all of them are there
        until = time.monotonic() + seconds
        while not found.under or (time.monotonic() < until and process.poll() is None):
            found.under.append(load(gateway.port, options).percentiles[99])
            found.most = max(found.most, pss_of(pid))
            tell(f"hostile clients: p99 {found.under[-1]:.2f} ms, {found.most / 1024:.0f} MiB at most", until)
        found.ended_early = process.poll() is not None
        found.told = process.communicate(timeout=seconds + 120)[0]
    finally:
        process.kill()
    time.sleep(SETTLED)  # until they are gone
    for _ in range(turns):
        found.calm.append(load(gateway.port, options).percentiles[99])
    return found


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
                f"{options.busy} busy sessions at {options.rate} statements a second: p99 {spread(seen.through)}, "
                f"directly {spread(seen.direct)}: {ratio:.2f}× ({len(seen.through)} turns of {options.turn:.0f} s each)"
            )
            attack = attacked(gateway, pid, options)
            worse = statistics.median(attack.under) / statistics.median(attack.calm)
            say(
                f"hostile clients for {max(options.hostile, 2 * options.turn / 60):.1f} min: p99 {spread(attack.under)}, "
                f"without them {spread(attack.calm)}: {worse:.2f}× ({len(attack.under)} and {len(attack.calm)} turns); "
                f"the most memory {attack.most / 1024:.0f} MiB"
            )
            say(f"what became of them: {json.loads(attack.told or '{}')}")
            time.sleep(2)  # until those of the load are gone
            stats = ControlClient(str(gateway._gateway.control), 10.0).stats()
            there = int(stats["active_sessions"])
            say(f"idle sessions that are still there: {there} of {options.idle}")
            close(idle)  # type: ignore[arg-type]
            idle = []
            problems = verdicts(seen, options.idle + options.busy, before, settled(pid, before))
            if worse > WORSE:
                problems.append(f"hostile clients make p99 {worse:.2f} times worse")
            if attack.ended_early:
                problems.append("the hostile clients ended before their time")
            if there < options.idle:
                problems.append(f"{options.idle - there} idle sessions were lost")
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
        "--hostile", type=float, default=0.0, help="minutes with hostile clients, held on end [a third]"
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
