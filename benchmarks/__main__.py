"""`./run bench`: every workload through each candidate by turns, after proof that the gateways block."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pymysql

from benchmarks import micro, plot, rivals
from benchmarks.candidates import DBGATE, PURE, Candidate, make, prove_block
from benchmarks.load import LoadError, prepare
from benchmarks.report import Section, now, read_json, replace_measured, table, text, write_json
from benchmarks.stage import SENT, Measure, Stage, Workload
from benchmarks.workloads import QUICK, catalogue
from dbgate.hot import describe
from tests.servers.mariadb import MariaDB

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENT = PROJECT / "docs" / "performance.md"
IMAGES = PROJECT / "docs" / "images"
RESULTS = PROJECT / ".cache" / "bench" / "last.json"

START = 2.5  # … for a candidate's start, proof and warm-up
RUN = 0.4  # … for sysbench's start and end
FAILURES = (LoadError, AssertionError, RuntimeError, OSError, pymysql.Error)


def say(line: str) -> None:
    print(f"bench: {line}", flush=True)


def tables(server: MariaDB) -> None:
    """What the scripts read."""
    server.sql("CREATE DATABASE sbtest")
    prepare(server.port)
    server.sql(
        "CREATE TABLE sbtest2 LIKE sbtest1; INSERT INTO sbtest2 SELECT * FROM sbtest1;"
        "CREATE TABLE sbtestbulk (id INT PRIMARY KEY, body CHAR(250) CHARACTER SET latin1, x INT);"
        "ALTER TABLE sbtestbulk MODIFY body VARCHAR(1000) CHARACTER SET latin1;"
        "INSERT INTO sbtestbulk SELECT seq, REPEAT(CHAR(97 + seq MOD 26), 1000), 0 FROM seq_1_to_20000;"
        "ANALYZE TABLE sbtest1, sbtest2, sbtestbulk;",
        "sbtest",
    )


def take_part(workload: Workload, stage: Stage, options: argparse.Namespace) -> list[Candidate]:
    """The candidates of a workload, not started."""
    names = list(workload.candidates)
    if options.pure and workload.compared and PURE not in names:
        names.append(PURE)
    if describe() == "pure Python" and PURE in names:  # dbgate is that already
        names.remove(PURE)
    found = [make(name, stage.server, stage.workers) for name in names]
    if workload.compared and DBGATE in names and PURE not in workload.candidates:
        found += [rival(stage.server, stage.workers) for rival in rivals.found()[0]]
    return found


def judged(candidate: Candidate, before: int, sent: float) -> None:
    """LoadError where a gateway judged fewer statements than were sent."""
    deadline = time.monotonic() + 3
    while True:
        count = (candidate.queries() or 0) - before
        if count >= sent:
            return
        if time.monotonic() > deadline:
            raise LoadError(f"{sent:,.0f} statements went through {candidate.name}, it judged only {count:,}")
        time.sleep(0.05)


def one_workload(workload: Workload, stage: Stage, options: argparse.Namespace, rounds: int) -> Section:
    """All rounds of it: the candidates take turns, so that a disturbance meets all of them."""
    stage.notes = []
    measures: list[Measure] = []
    rounds = min(rounds, workload.rounds or rounds)
    with contextlib.ExitStack() as stack:
        candidates = take_part(workload, stage, options)
        for candidate in candidates:
            stack.callback(candidate.stop)
            candidate.start()
        inspecting = [one for one in candidates if one.inspects]
        for candidate in inspecting:
            prove_block(candidate, stage.server)
        workload.begin(candidates, stage)
        counted = {one.name: one.queries() for one in inspecting}
        for number in range(rounds):
            for candidate in candidates:
                values = workload.run(candidate, stage)
                measures.append(Measure(candidate=candidate.name, round=number, values=values))
                first = workload.columns[0]
                cost = f"{values['user_us']:6.1f} µs user" if "user_us" in values else ""
                shown = f"{values.get(first.key, 0):11,.1f} {first.title:<14} {cost}"
                say(f"{workload.name:<18} {number + 1}/{rounds} {candidate.name:<20} {shown}")
        for candidate in inspecting:
            before = counted[candidate.name]
            if before is not None:
                sent = sum(one.values.get(SENT, 0) for one in measures if one.candidate == candidate.name)
                judged(candidate, before, sent)
            prove_block(candidate, stage.server)
    return Section(
        name=workload.name,
        title=workload.title,
        what=workload.what,
        columns=workload.columns,
        compared=workload.compared,
        measures=measures,
        when=now(),
        seconds=stage.seconds,
        notes=stage.notes,
    )


def pace(workloads: list[Workload], rounds: int, left: float) -> tuple[int, float]:
    """(rounds, seconds of one run) with which these workloads fit into `left` seconds; never less than 1 and 1."""
    while True:
        runs = fixed = 0.0
        for workload in workloads:
            count = len(workload.candidates) * min(rounds, workload.rounds or rounds)
            runs += count * workload.weight
            fixed += START * len(workload.candidates) + RUN * count
        seconds = int((left - fixed) / max(1.0, runs))
        if seconds >= 1 or rounds == 1:
            return rounds, float(min(20, max(1, seconds)))
        rounds -= 1


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="some of it in 3 minutes; not written down")
    parser.add_argument("--full", action="store_true", help="every combination, 5,000 idle sessions, growth")
    parser.add_argument(
        "--only", metavar="NAME[,NAME]", default="", help="these workloads (also those of --full)"
    )
    parser.add_argument("--add", action="store_true", help="keep the other workloads of the last run")
    parser.add_argument("--list", action="store_true", help="name the workloads and end")
    parser.add_argument(
        "--minutes", type=float, default=0, help="time for all of it [9; 2.7 --quick; 60 --full]"
    )
    parser.add_argument("--rounds", type=int, default=0, help="how often the candidates take turns [3; 2; 5]")
    parser.add_argument("--seconds", type=float, default=0, help="of one run [what fits into the time]")
    parser.add_argument("--workers", type=int, default=1, help="dbgate's workers and HAProxy's threads [1]")
    parser.add_argument(
        "--idle", type=int, default=0, help="sessions of the memory workload [1000; 5000 --full]"
    )
    parser.add_argument("--pure", action="store_true", help="an uncompiled dbgate takes part everywhere")
    options = parser.parse_args(words)
    options.minutes = options.minutes or (60 if options.full else 2.7 if options.quick else 9)
    options.rounds = options.rounds or (5 if options.full else 2 if options.quick else 3)
    options.idle = options.idle or (5000 if options.full else 1000)
    every = {one.name: one for one in (*catalogue(False), *catalogue(True))}
    names = [name for name in options.only.split(",") if name]
    unknown = [name for name in names if name not in every]
    if unknown:
        parser.error(f"no workload {unknown[0]!r}; there are: {', '.join(every)}")
    names = names or (list(QUICK) if options.quick else [])
    options.workloads = [every[name] for name in names] if names else catalogue(options.full)
    return options


def measure(options: argparse.Namespace, keep: Callable[[Section], None], until: float) -> list[str]:
    """Plays the workloads, at a pace that ends by `until` (monotonic); each goes to `keep`. Gives what failed."""
    failed = []
    with MariaDB("--innodb-buffer-pool-size=256M", "--max-connections=6000") as server:
        tables(server)
        stage = Stage(
            server=server,
            workers=options.workers,
            seconds=1.0,
            idle=options.idle,
            growth=(1, 100, 1000, 5000) if options.full else (1, 100, 1000),
        )
        for number, workload in enumerate(options.workloads):
            rounds, seconds = pace(options.workloads[number:], options.rounds, until - time.monotonic())
            rounds, stage.seconds = (
                (options.rounds, options.seconds) if options.seconds else (rounds, seconds)
            )
            say(
                f"workload {number + 1} of {len(options.workloads)}: {workload.name}, {stage.seconds:g} s a run"
            )
            try:
                section = one_workload(workload, stage, options, rounds)
            except FAILURES as error:
                failed.append(f"{workload.name}: {type(error).__name__}: {error}")
                say(f"FAILED {failed[-1]}")
            else:
                keep(section)
    return failed


def main() -> int:
    """The command; gives its exit status."""
    options = arguments()
    if options.list:
        for workload in options.workloads:
            print(f"{workload.name:<24} {workload.what}")
        return 0
    began = time.monotonic()
    sections: list[Section] = []
    notes = [
        f"dbgate ran {describe()}, with {options.workers} worker(s); HAProxy with as many threads.",
        "Before and after each workload every gateway refused a forbidden statement, and dbgate judged, audited and "
        "counted every statement that was sent.",
        *rivals.found()[1],
    ]
    parts: dict[str, float] = {}
    if options.add and RESULTS.exists():
        sections, parts, _ = read_json(RESULTS)
    if not options.only or not parts:
        say("micro-benchmarks")
        try:
            parts = micro.measure()
        except (AssertionError, AttributeError, TypeError) as error:  # a fixture that the code has outgrown
            notes.append(f"Not measured: micro-benchmarks: {error}")
            say(notes[-1])

    def keep(section: Section) -> None:
        where = [number for number, one in enumerate(sections) if one.name == section.name]
        if where:
            sections[where[0]] = section
        else:
            sections.append(section)
        write_json(sections, parts, notes, RESULTS)
        print(f"\n{section.title}\n{table(section)}\n", flush=True)

    failed = measure(options, keep, began + options.minutes * 60)
    notes += [f"Not measured: {one.splitlines()[0]}" for one in failed]
    write_json(sections, parts, notes, RESULTS)
    say(f"took {(time.monotonic() - began) / 60:.1f} minutes; every run: {RESULTS.relative_to(PROJECT)}")
    if not options.quick and (options.add or not options.only):
        measured = text(sections, parts, notes, plot.write(sections, IMAGES))
        DOCUMENT.write_text(replace_measured(DOCUMENT.read_text(), measured))
        say(f"written to {DOCUMENT.relative_to(PROJECT)}")
    for one in failed:
        print(f"bench: failed: {one}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
