"""sysbench as the load: one run against one port, and what it measured."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import CpuTime

TABLE_ROWS = 10_000
LUA = Path(__file__).parent / "lua"
PERCENTILES = (50, 95, 99)
MOST_ERRORS = 0.01  # share of transactions that the server may have sent back (deadlocks), where any may


class LoadError(Exception):
    """sysbench is missing or failed; the message is what it said."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """queries: in all; per second; latencies of an event in ms: the average, and percentiles from the histogram;
    cpu: of sysbench itself."""

    queries: int
    qps: float
    events: int
    average_ms: float
    percentiles: dict[int, float]
    cpu: CpuTime


@dataclass(frozen=True, kw_only=True)
class Script:
    """What sysbench plays: one of its own scripts, or one of benchmarks/lua ("warm.lua").

    prepared: binary prepared statements in place of text; rate: events a second, 0 = as many as it can;
    events: ends after so many, 0 = never; retried: transactions may meet deadlocks, which sysbench repeats.
    """

    name: str
    threads: int = 8
    prepared: bool = False
    options: tuple[str, ...] = ()
    rate: int = 0
    events: int = 0
    retried: bool = False


def _command(port: int, script: Script, seconds: float) -> list[str]:
    binary = shutil.which("sysbench")
    if binary is None:
        raise LoadError("sysbench is not installed (apt-get install sysbench)")
    return [
        binary,
        str(LUA / script.name) if script.name.endswith(".lua") else script.name,
        "--db-driver=mysql",
        "--mysql-host=127.0.0.1",
        f"--mysql-port={port}",
        "--mysql-user=app",
        "--mysql-password=app_pw",
        "--mysql-db=sbtest",
        "--mysql-ssl=off",
        "--tables=1",
        f"--table-size={TABLE_ROWS}",
        f"--threads={script.threads}",
        f"--time={max(1, round(seconds))}",
        f"--db-ps-mode={'auto' if script.prepared else 'disable'}",
        "--rand-type=uniform",
        "--histogram=on",
        *([f"--rate={script.rate}"] if script.rate else []),
        *([f"--events={script.events}"] if script.events else []),
        *script.options,
    ]


def _run(command: list[str], seconds: float, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, cwd=folder)
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"sysbench did not end: {' '.join(command)}") from error
    if done.returncode != 0:
        raise LoadError((done.stdout + done.stderr)[-2000:])
    return done.stdout


def prepare(port: int) -> None:
    """Makes the table that most scripts read."""
    _run([*_command(port, Script(name="oltp_point_select", threads=1), 60), "prepare"], 60)


def _spent() -> CpuTime:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return CpuTime(user=used.ru_utime, kernel=used.ru_stime)


def play(port: int, script: Script, seconds: float, tls: Path | None = None) -> Load:
    """One run; LoadError where it failed. tls: a folder with cacert.pem, client-cert.pem and client-key.pem."""
    before = _spent()
    command = [*_command(port, script, seconds), "run"]
    if tls is not None:
        command = ["--mysql-ssl=on" if word == "--mysql-ssl=off" else word for word in command]
    text = _run(command, seconds, tls)
    return parse(text, _spent() - before, script.retried)


def percentiles(histogram: list[tuple[float, int]]) -> dict[int, float]:
    """The least latency that so many per cent of the events did not exceed."""
    total = sum(count for _, count in histogram)
    found: dict[int, float] = {}
    seen = 0
    for value, count in histogram:
        seen += count
        for percent in PERCENTILES:
            if percent not in found and seen * 100 >= total * percent:
                found[percent] = value
    return found


def parse(text: str, cpu: CpuTime, retried: bool = False) -> Load:
    """What sysbench printed; LoadError where it is not what is expected, or where it met errors."""
    found = {
        "queries": re.search(r"^\s*queries:\s+(\d+)\s+\(([\d.]+) per sec", text, re.M),
        "events": re.search(r"^\s*total number of events:\s+(\d+)", text, re.M),
        "errors": re.search(r"^\s*ignored errors:\s+(\d+)", text, re.M),
        "average": re.search(r"^\s*avg:\s+([\d.]+)", text, re.M),
    }
    histogram = [
        (float(value), int(count))
        for value, count in re.findall(r"^\s*([\d.]+) \|\**\s+(\d+)\s*$", text, re.M)
    ]
    missing = [name for name, match in found.items() if match is None]
    missing += [] if histogram else ["histogram"]
    if missing:
        raise LoadError(f"sysbench did not print {', '.join(missing)}:\n{text[-1500:]}")
    queries, events, errors, average = (match for match in found.values() if match is not None)
    if int(errors[1]) > (int(events[1]) * MOST_ERRORS if retried else 0):
        raise LoadError(f"sysbench met {errors[1]} errors")
    if not int(queries[1]):
        raise LoadError("no query was answered")
    return Load(
        queries=int(queries[1]),
        qps=float(queries[2]),
        events=int(events[1]),
        average_ms=float(average[1]),
        percentiles=percentiles(histogram),
        cpu=cpu,
    )
