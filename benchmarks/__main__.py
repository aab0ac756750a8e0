"""`./run bench`: interleaved runs of sysbench through each candidate, after proof that the gateway blocks."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path

from benchmarks.candidates import Candidate, Dbgate, Direct, HAProxy, prove_block
from benchmarks.load import LoadError, point_selects, prepare
from benchmarks.processes import CpuTime, cpu_of, cpu_of_machine
from benchmarks.report import Run, replace_measured, table, text, write_json
from tests.servers.mariadb import MariaDB

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENT = PROJECT / "docs" / "performance.md"
RESULTS = PROJECT / ".cache" / "bench" / "last.json"


def say(line: str) -> None:
    print(line, flush=True)


def one_run(candidate: Candidate, server: MariaDB, number: int, options: argparse.Namespace) -> Run:
    """The load through one candidate, with the CPU of everyone who took part."""
    assert server.process is not None
    pid = candidate.pid()
    machine, began = cpu_of_machine(), time.monotonic()
    own, database = cpu_of(pid) if pid else CpuTime(), cpu_of(server.process.pid)
    load = point_selects(candidate.port, options.threads, options.seconds, options.prepared)
    own = (cpu_of(pid) if pid else CpuTime()) - own
    database = cpu_of(server.process.pid) - database
    took = time.monotonic() - began
    known = own.total + database.total + load.cpu.total
    others = max(0.0, cpu_of_machine() - machine - known) / (took * (os.cpu_count() or 1))
    return Run(candidate=candidate.name, round=number, load=load, cpu=own, others=others)


def measure(options: argparse.Namespace) -> tuple[list[Run], list[str]]:
    """(runs, notes): the candidates take turns, so that a disturbance meets all of them."""
    runs: list[Run] = []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(MariaDB("--innodb-buffer-pool-size=256M"))
        server.sql("CREATE DATABASE sbtest")
        prepare(server.port)
        gateway = Dbgate(server, options.workers)
        candidates = [Direct(server), HAProxy(server, options.workers), gateway]
        for candidate in candidates:
            stack.callback(candidate.stop)
            candidate.start()
        say(f"bench: {gateway.banner()}")
        told = prove_block(gateway, server)
        say(f"bench: dbgate refuses what the policy forbids: {told}")
        for candidate in candidates:  # caches, pools and branch predictors
            point_selects(candidate.port, options.threads, 2, options.prepared)
        counted = gateway.queries()
        for number in range(options.rounds):
            for candidate in candidates:
                run = one_run(candidate, server, number, options)
                runs.append(run)
                say(
                    f"bench: round {number + 1}/{options.rounds} {run.candidate:<14} {run.load.qps:9,.0f} queries/s  "
                    f"{run.user_us:5.1f} + {run.kernel_us:5.1f} µs CPU a query  others {run.others:.0%}"
                )
        judged = gateway.queries() - counted
        sent = sum(run.load.queries for run in runs if run.candidate == gateway.name)
        if judged < sent:
            raise LoadError(f"{sent} queries went through the gateway, but it judged only {judged}")
        prove_block(gateway, server)
        return runs, [
            f"`{gateway.banner()}`",
            f"Before and after the runs the gateway refused a forbidden statement (`{told}`), and it judged, audited and "
            f"counted all {sent:,} statements that sysbench sent through it.",
        ]


def main() -> int:
    """The command; gives its exit status."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 rounds of 3 s, printed but not written down")
    parser.add_argument("--rounds", type=int, default=0, help="how often the candidates take turns [7]")
    parser.add_argument("--seconds", type=int, default=0, help="length of one run [10]")
    parser.add_argument("--threads", type=int, default=8, help="clients at once [8]")
    parser.add_argument("--workers", type=int, default=1, help="dbgate's workers and HAProxy's threads [1]")
    parser.add_argument("--prepared", action="store_true", help="binary prepared statements in place of text")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 7)
    options.seconds = options.seconds or (3 if options.quick else 10)
    try:
        runs, notes = measure(options)
    except (LoadError, FileNotFoundError, AssertionError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    write_json(runs, RESULTS)
    kind = "prepared" if options.prepared else "text"
    title = (
        f"Point selects, {kind}, {options.threads} threads: median of {options.rounds} interleaved rounds "
        f"of {options.seconds} s (least–greatest)"
    )
    say(f"\n{title}\n\n{table(runs)}\n\nevery run: {RESULTS.relative_to(PROJECT)}")
    if not options.quick:
        DOCUMENT.write_text(replace_measured(DOCUMENT.read_text(), text(runs, title, notes)))
        say(f"written to {DOCUMENT.relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
