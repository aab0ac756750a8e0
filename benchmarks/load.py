"""sysbench as the load: one run against one port, and what it measured."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
from dataclasses import dataclass

from benchmarks.candidates import TABLE_ROWS
from benchmarks.processes import CpuTime


class LoadError(Exception):
    """sysbench is missing or failed; the message is what it said."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """queries: in all; per second; latencies in ms; cpu: of sysbench itself."""

    queries: int
    qps: float
    average_ms: float
    p95_ms: float
    cpu: CpuTime


def _command(port: int, script: str, threads: int, seconds: int, *options: str) -> list[str]:
    binary = shutil.which("sysbench")
    if binary is None:
        raise LoadError("sysbench is not installed (apt-get install sysbench)")
    return [
        binary,
        script,
        "--db-driver=mysql",
        "--mysql-host=127.0.0.1",
        f"--mysql-port={port}",
        "--mysql-user=app",
        "--mysql-password=app_pw",
        "--mysql-db=sbtest",
        "--mysql-ssl=off",
        "--tables=1",
        f"--table-size={TABLE_ROWS}",
        f"--threads={threads}",
        f"--time={seconds}",
        *options,
    ]


def _run(command: list[str], seconds: int) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
    if done.returncode != 0:
        raise LoadError((done.stdout + done.stderr)[-2000:])
    return done.stdout


def prepare(port: int) -> None:
    """Makes the table that the point selects read."""
    _run([*_command(port, "oltp_point_select", 1, 60), "prepare"], 60)


def _spent() -> CpuTime:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return CpuTime(user=used.ru_utime, kernel=used.ru_stime)


def point_selects(port: int, threads: int, seconds: int, prepared: bool = False) -> Load:
    """sysbench's oltp_point_select: SELECT c FROM sbtest1 WHERE id=N, as text unless `prepared`."""
    mode = "auto" if prepared else "disable"
    before = _spent()
    text = _run(
        [*_command(port, "oltp_point_select", threads, seconds, f"--db-ps-mode={mode}"), "run"], seconds
    )
    return parse(text, _spent() - before)


def parse(text: str, cpu: CpuTime) -> Load:
    """What sysbench printed; LoadError where it is not what is expected, or where it met errors."""
    found = {
        "queries": re.search(r"^\s*queries:\s+(\d+)\s+\(([\d.]+) per sec", text, re.M),
        "errors": re.search(r"^\s*ignored errors:\s+(\d+)", text, re.M),
        "average": re.search(r"^\s*avg:\s+([\d.]+)", text, re.M),
        "p95": re.search(r"^\s*95th percentile:\s+([\d.]+)", text, re.M),
    }
    missing = [name for name, match in found.items() if match is None]
    if missing:
        raise LoadError(f"sysbench did not print {', '.join(missing)}:\n{text[-1500:]}")
    queries, errors, average, p95 = (match for match in found.values() if match is not None)
    if errors[1] != "0":
        raise LoadError(f"sysbench met {errors[1]} errors")
    return Load(
        queries=int(queries[1]),
        qps=float(queries[2]),
        average_ms=float(average[1]),
        p95_ms=float(p95[1]),
        cpu=cpu,
    )
