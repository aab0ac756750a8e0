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

            def keep(record: Record) -> None:
                if not kept:
                    kept.append(record)
                    raise OSError("disk")
                kept.append(record)

            shell.hub.keep = keep
            _finish(shell, [_record(), _record()])
            shell.hub.flush()
            assert len(kept) == 2
            assert "a record could not be kept (failure 1)" in caplog.text

            def never(record: Record) -> None:
                raise OSError("disk")

            shell.hub.keep = never
            caplog.clear()
            _finish(shell, [_record()] * 200)
            shell.hub.flush()
            assert caplog.text.count("could not be kept") == 9  # ten in all, then one in ten thousand

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
