"""One log file that several processes write."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from dbgate.sinks.log_file import LogFile
from tests.unit.sinks.test_log_file import lines


def _hammer(path: str, name: str, count: int) -> None:
    log = LogFile(path, 2_000, 1000)
    for n in range(count):
        log.append(f"{name} {n} {'x' * (n % 50)}\n".encode() * 2)
    log.close()


def test_several_processes_lose_nothing_while_rotating(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_hammer, args=(str(path), name, 120)) for name in "abc"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    seen: list[str] = []
    for file in tmp_path.iterdir():
        assert file.stat().st_size <= 2_000
        seen += [" ".join(line.split()[:2]) for line in lines(file)]
    assert sorted(seen) == sorted([f"{name} {n}" for name in "abc" for n in range(120)] * 2)
