"""What sessions share: ids, records that must never stop a query, a log that is not flooded."""

from __future__ import annotations

import pytest

from dbgate.audit.record import Record
from dbgate.gateway.board import FAILED_MS
from dbgate.gateway.hub import KEEP_MOST
from tests.shell.gateway.shell import Shell, eventually, run


def _record() -> Record:
    return Record("query", 0.0, "s-1", "u", "127.0.0.1", 1)


def _finish(shell: Shell, records: list[Record]) -> None:
    for record in records:
        shell.hub.finish(record)


def test_ids_are_never_given_twice() -> None:
    async def main() -> None:
        async with Shell() as shell:
            ids = [shell.hub.new_id() for _ in range(100)]
            assert len(set(ids)) == 100
            assert ids[0].startswith("s-")

    run(main())


def test_a_record_that_cannot_be_kept_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with Shell() as shell:
            kept: list[Record] = []

            def keep(records: list[Record], offset: float) -> None:
                kept.extend(records)
                if len(kept) == 2:
                    raise OSError("disk")

            shell.hub.keep = keep
            before = shell.hub.statements
            _finish(shell, [_record(), _record()])
            shell.hub.flush()
            assert "2 records or some of them could not be kept (failure 1)" in caplog.text
            _finish(shell, [_record()])
            shell.hub.flush()
            assert len(kept) == 3
            assert shell.hub.statements == before + 3
            for _ in range(20):
                kept.clear()
                _finish(shell, [_record(), _record()])
                shell.hub.flush()
            assert caplog.text.count("could not be kept") == 10  # then one in ten thousand

    run(main())


def test_an_unreachable_server_is_logged_once_in_five_seconds(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with Shell() as shell:
            for now in (100.0, 101.0, 104.9, 105.1):
                shell.hub.server_failed(now, "Connection refused")
            assert caplog.text.count("cannot reach the server at 127.0.0.1:") == 2
            assert shell.board.latest(FAILED_MS) == 105_100

    run(main())


def test_records_are_kept_soon_and_in_order() -> None:
    async def main() -> None:
        async with Shell() as shell:
            first = [_record() for _ in range(3)]
            _finish(shell, first[:1])
            _finish(shell, first[1:])
            assert shell.kept == []
            await eventually(lambda: shell.kept)
            assert shell.kept == first
            many = [_record() for _ in range(KEEP_MOST)]
            _finish(shell, many[:1])
            _finish(shell, many[1:])  # so many do not wait
            assert shell.kept == first + many

    run(main())
