from __future__ import annotations

import asyncio

import pytest

from dbgate.workers import required
from dbgate.workers.required import RequiredRecords


class Log:
    strict = False
    failing = ""
    full = 0.0

    def level(self) -> float:
        return self.full


class Told:
    """What the brain and the board hear."""

    def __init__(self) -> None:
        self.whys: list[str] = []
        self.marks: list[bool] = []


async def until(told: Told, count: int) -> None:
    for _ in range(2000):
        if len(told.whys) >= count:
            return
        await asyncio.sleep(0.001)
    raise AssertionError(told.whys)


def test_statements_stop_while_the_log_fails_and_go_on_by_themselves(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(required, "LOOK", 0.002)
    log, told = Log(), Told()

    async def main() -> None:
        it = RequiredRecords(log, told.whys.append, told.marks.append, asyncio.get_running_loop())
        log.failing = "No space left on device"
        it.soon()  # nobody requires records yet
        await asyncio.sleep(0.01)
        assert (told.whys, log.strict) == ([], False)
        it.require(True)
        assert told.whys == ["the audit log cannot be written: No space left on device"]
        assert told.marks == [True] and log.strict
        log.failing = ""
        await until(told, 2)
        log.full = 0.95
        await until(told, 3)
        log.full = 0.6  # not yet
        await asyncio.sleep(0.01)
        log.full = 0.4
        await until(told, 4)
        log.failing = "gone"
        await asyncio.to_thread(it.soon)
        await until(told, 5)
        it.require(False)
        assert not log.strict
        log.failing = ""
        it.require(True)
        it.close()
        log.failing = "after the end"
        it.soon()
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert told.whys[1:] == [
        "",
        "the audit log is written too slowly: too many records wait",
        "",
        "the audit log cannot be written: gone",
        "",
    ]
    assert told.marks == [True, False, True, False, True, False]
    assert "no statement passes: the audit log cannot be written: gone" in caplog.text


def test_a_gateway_without_a_log_lets_nothing_pass_where_records_are_required() -> None:
    told = Told()

    async def main() -> RequiredRecords:
        it = RequiredRecords(None, told.whys.append, told.marks.append, asyncio.get_running_loop())
        it.require(False)
        it.require(True)
        it.close()
        return it

    asyncio.run(main()).soon()  # the loop is closed: nothing happens
    assert told.whys == ["audit.on_failure is block, and audit_log is off: set audit_log"]
