"""Alerts from the counters: one line for a second's blocks, one a minute for a high volume."""

from __future__ import annotations

from dbgate.workers.alerts import Alerts


def test_blocks_are_told_once_a_look() -> None:
    told: list[str] = []
    alerts = Alerts(lambda kind, line: told.append(line))
    alerts.look(100.0, 50, 20, True, 0)  # what was before the first look is not new
    alerts.look(101.0, 60, 20, True, 0)
    alerts.look(102.0, 70, 21, True, 0)
    alerts.look(104.0, 70, 30, True, 0)
    alerts.look(105.0, 70, 40, False, 0)
    assert told == ["1 statement blocked in 1.0 s", "9 statements blocked in 2.0 s"]


def test_volume() -> None:
    told: list[str] = []
    alerts = Alerts(lambda kind, line: told.append(line))
    for second in range(130):
        alerts.look(float(second), second * 600, 0, True, 500)
    assert told == ["600 statements a second, over the threshold of 500"] * 3
    alerts.look(130.0, 129 * 600 + 400, 0, True, 500)
    assert len(told) == 3


def test_a_clock_that_stands_still() -> None:
    alerts = Alerts(lambda kind, line: None)
    alerts.look(5.0, 0, 0, True, 1)
    alerts.look(5.0, 100, 100, True, 1)


def test_results_that_were_cut() -> None:
    told: list[tuple[str, str]] = []
    alerts = Alerts(lambda kind, line: told.append((kind, line)))
    alerts.look(1.0, 0, 0, True, 500, 7)
    alerts.look(2.0, 0, 0, True, 500, 9)
    alerts.look(3.0, 0, 0, True, 0, 10)
    assert told == [("rows", "2 results cut by max_result_rows in 1.0 s")]
