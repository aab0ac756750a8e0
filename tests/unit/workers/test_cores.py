"""How many workers `auto` is."""

from __future__ import annotations

from pathlib import Path

from dbgate.workers.cores import free_cores, worker_count
from tests.rows import rows


@rows(
    ("setting", "cores", "workers"),
    [(0, 1, 1), (0, 2, 1), (0, 2.5, 1), (0, 4, 3), (0, 128, 64), (0, 0.5, 1), (5, 1, 5)],
)
def test_worker_count(setting: int, cores: float, workers: int) -> None:
    assert worker_count(setting, cores) == workers


def test_the_container_s_quota_counts(tmp_path: Path) -> None:
    file = tmp_path / "cpu.max"
    alone = free_cores(str(file))
    assert alone >= 1
    file.write_text("50000 100000\n")
    assert free_cores(str(file)) == 0.5
    for other in ("max 100000\n", "nonsense", "99999999 100000\n"):
        file.write_text(other)
        assert free_cores(str(file)) == alone
