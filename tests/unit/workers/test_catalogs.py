"""When the catalog is read, who gets it, and what happens while it cannot be read."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from dbgate.config.settings import Settings, load
from dbgate.gateway.catalog_source import CatalogError, Source
from dbgate.sql.catalog import VIEW, Body, Catalog
from dbgate.sql.catalog_text import parse
from dbgate.sql.columns import TableColumns
from dbgate.workers import catalogs as module
from dbgate.workers.background import in_background
from dbgate.workers.catalogs import Catalogs
from dbgate.workers.process import WorkerGone, WorkerProcess
from tests.shell.gateway.shell import run


class FakeWorker:
    def __init__(self, row: int) -> None:
        self.row = row
        self.pid = 100 + row
        self.heard: list[object] = []
        self.crashed = False
        self.trouble: object = None
        self.columns: object = None

    async def take_catalog(self, text: str) -> None:
        if self.trouble == "slow":
            await asyncio.sleep(3600)
        if isinstance(self.trouble, BaseException):
            raise self.trouble
        found = parse(text)
        self.heard.append(len(found.bodies))
        self.columns = found.columns.tables if found.columns is not None else None

    def settled(self, number: int) -> None:
        self.heard.append(f"settled {number}")

    def crash(self) -> None:
        self.crashed = True


class Server:
    """What a reading finds: a number of views, or an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.views = 1
        self.error = ""
        self.asked: list[Source] = []
        self.columns = ("id",)
        self.with_columns: list[bool] = []
        self.held: threading.Event | None = None  # a reading waits for it
        monkeypatch.setattr(module, "read_catalog", self.read)

    def read(self, source: Source, columns: bool = False) -> Catalog:
        self.asked.append(source)
        self.with_columns.append(columns)
        known = TableColumns({"shop\0orders": self.columns}) if columns else None
        if self.held is not None:
            self.held.wait(30)
        if self.error:
            raise CatalogError(self.error)
        bodies = tuple(Body(VIEW, "shop", f"v{number}") for number in range(self.views))
        return Catalog(bodies, columns=known)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def settings(**more: str) -> Settings:
    return load({"catalog_user": "seer", "catalog_password": "pw", "catalog_refresh": "1h", **more}, {})


def catalogs(*workers: FakeWorker, **more: str) -> Catalogs:
    return Catalogs(settings(**more), cast("list[WorkerProcess]", workers))


def test_none_is_configured(server: Server) -> None:
    async def scene() -> None:
        made = Catalogs(load({}, {}), [])
        await made.first()
        await made.run()  # returns at once
        assert (made.configured, made.text, made.lacking, server.asked) == (False, None, "", [])
        assert made.info()["configured"] is False
        assert made.info()["catalog"] is None

    run(scene())


def test_until_it_was_read_there_is_one_that_says_so() -> None:
    made = catalogs()
    assert made.text is not None
    assert parse(made.text).missing == made.lacking == "it has not been read yet"
    assert made.describe() == {
        "objects": 0,
        "tables": 0,
        "age_s": -1,
        "problem": "it has not been read yet",
    }


def test_the_first_reading(server: Server) -> None:
    async def scene() -> None:
        worker = FakeWorker(0)
        made = catalogs(worker)
        await made.first()
        assert made.text is not None
        assert (len(parse(made.text).bodies), made.problem, made.lacking) == (1, "", "")
        assert made.info()["objects"] == 1
        found = made.info()["catalog"]
        assert found is not None
        assert found["bodies"][0]["name"] == "v0"
        (source,) = server.asked
        assert (source.user, source.password, source.tls) == ("seer", "pw", None)

    run(scene())


def test_a_server_that_does_not_answer_holds_the_start_up_for_a_bounded_time(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.sleep(3600)

    async def scene() -> None:
        monkeypatch.setattr(module, "in_background", never)
        monkeypatch.setattr(module, "FIRST_SECONDS", 0.01)
        made = catalogs()
        await made.first()
        assert made.lacking == "it has not been read yet"

    run(scene())


def test_a_reading_that_nobody_waits_for_any_more() -> None:
    going = threading.Event()

    async def scene() -> None:
        task = asyncio.create_task(in_background(going.wait))
        await asyncio.sleep(0)
        await stop(task)
        going.set()
        assert await in_background(lambda: 7) == 7
        with pytest.raises(KeyError):
            await in_background({}.popitem)

    run(scene())


def test_changes_are_read_handed_over_and_settled(server: Server) -> None:
    async def scene() -> None:
        workers = [FakeWorker(0), FakeWorker(1), FakeWorker(2)]
        made = catalogs(*workers)
        await made.first()
        assert [worker.heard for worker in workers] == [[1], [1], [1]]
        keeping = asyncio.create_task(made.run())
        server.views = 2
        made.changed(0, 100, 7)
        made.changed(1, 99, 8)  # of a process that is no more
        await until(lambda: "settled 7" in workers[0].heard)
        assert [worker.heard[1:] for worker in workers] == [[2, "settled 7"], [2], [2]]
        # the same again: nobody's caches are emptied for it
        made.changed(2, 102, 9)
        await until(lambda: workers[2].heard[-1] == "settled 9")
        assert workers[0].heard[1:] == [2, "settled 7"]
        await stop(keeping)

    run(scene())


def test_the_last_good_one_stays(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
        worker = FakeWorker(0)
        made = catalogs(worker)
        await made.first()
        good = made.text
        keeping = asyncio.create_task(made.run())
        server.error = "error 2003: gone"
        made.changed(0, 100, 1)
        await until(lambda: worker.heard[-1] == "settled 1")
        assert (made.text, made.problem, made.lacking) == (good, "error 2003: gone", "")
        asked = len(server.asked)
        await until(lambda: len(server.asked) > asked)  # by itself
        server.error = ""
        server.views = 3
        await until(lambda: made.problem == "")
        await until(lambda: worker.heard[-1] == 3)
        await stop(keeping)

    run(scene())


def test_why_there_is_none(server: Server, tmp_path: Path) -> None:
    async def scene() -> None:
        server.error = "account seer@% does not see everything"
        made = catalogs()
        await made.first()
        assert made.lacking == server.error
        assert made.text is not None
        assert parse(made.text).missing == server.error
        missing = str(tmp_path / "password")
        made = catalogs(catalog_password="", catalog_password_file=missing)
        await made.first()
        assert made.lacking.startswith("catalog_password_file cannot be read")
        made = catalogs(upstream_tls_mode="verify-ca", upstream_tls_ca=missing)
        await made.first()
        assert made.lacking.startswith("upstream_tls_ca")

    run(scene())


def test_the_password_is_read_from_its_file_each_time(server: Server, tmp_path: Path) -> None:
    async def scene() -> None:
        file = tmp_path / "password"
        made = catalogs(catalog_password="", catalog_password_file=str(file), upstream_tls_mode="prefer")
        for word in ("one", "two"):
            file.write_text(f"{word}\n")
            await made.first()
            assert server.asked[-1].password == word
        assert server.asked[-1].tls is not None
        assert server.asked[-1].tls_demanded is False

    run(scene())


def test_workers_that_do_not_take_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr(module, "TAKE_SECONDS", 0.01)
        slow, gone, good, wrong = (FakeWorker(row) for row in range(4))
        slow.trouble = "slow"
        gone.trouble = WorkerGone("it ended")
        wrong.trouble = RuntimeError("x")
        await catalogs(slow, gone, good, wrong).first()
        assert (slow.crashed, gone.crashed, good.crashed, wrong.crashed) == (True, False, False, True)
        assert good.heard == [1]

    run(scene())


def test_a_defect_does_not_end_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
        worker = FakeWorker(0)
        made = catalogs(worker)
        with monkeypatch.context() as broken:
            broken.setattr(module, "dump", None)
            await made.first()
            assert made.lacking == "it has not been read yet"
        await made.first()
        keeping = asyncio.create_task(made.run())
        with monkeypatch.context() as broken:
            broken.setattr(module, "dump", None)
            made.changed(0, 100, 1)
            await until(lambda: "settled 1" in worker.heard)
        made.changed(0, 100, 2)
        await until(lambda: "settled 2" in worker.heard)
        await stop(keeping)

    run(scene())


def test_columns_are_read_while_the_policy_needs_them(server: Server) -> None:
    async def scene() -> None:
        worker = FakeWorker(0)
        made = catalogs(worker)
        await made.follow(False)
        await made.first()
        assert (worker.columns, server.with_columns) == (None, [False])
        keeping = asyncio.create_task(made.run())
        await made.before(True)  # the workers have them before they have the policy
        assert worker.columns == {"shop\0orders": ("id",)}
        assert "columns of 1 tables" in made.words()
        assert made.describe()["tables"] == 1
        server.columns = ("id", "note")  # nobody told of it: the policy was not in force yet
        await made.follow(True)
        await until(lambda: worker.columns == {"shop\0orders": ("id", "note")})
        await made.before(True)
        await made.follow(True)
        asked = len(server.asked)
        await made.follow(False)
        assert (worker.columns, made.tables) == (None, 0)
        assert "columns" not in made.words()
        assert len(server.asked) == asked  # they go without a look at the server, which may be away
        made.changed(0, 100, 1)
        await until(lambda: worker.heard[-1] == "settled 1")
        assert (worker.columns, server.with_columns[-1]) == (None, False)
        await stop(keeping)

    run(scene())


def test_the_start_of_a_policy_that_needs_columns(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        worker = FakeWorker(0)
        made = catalogs(worker)
        await made.follow(True)
        await made.first()
        assert worker.columns == {"shop\0orders": ("id",)}
        assert server.with_columns == [True]
        assert "catalog_user" not in caplog.text
        without = Catalogs(load({}, {}), [])
        await without.before(True)
        await without.follow(True)
        assert "the policy grants rights by columns, and no catalog_user is set" in caplog.text
        await without.follow(False)
        assert without.text is None

    run(scene())


def test_columns_that_cannot_be_read_hold_a_policy_up_for_a_bounded_time(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        worker = FakeWorker(0)
        made = catalogs(worker)
        await made.first()
        keeping = asyncio.create_task(made.run())
        server.error = "error 2003: gone"
        await made.before(True)  # it is known that there are none
        assert (worker.columns, made.problem) == (None, server.error)
        await made.follow(False)
        server.held = threading.Event()
        monkeypatch.setattr(module, "COLUMNS_SECONDS", 0.01)
        await made.before(True)
        assert "columns were not read within" in caplog.text
        server.held.set()
        await stop(keeping)

    run(scene())


def test_columns_that_were_given_up_while_they_were_read(server: Server) -> None:
    async def scene() -> None:
        worker = FakeWorker(0)
        made = catalogs(worker)
        await made.first()
        server.held = threading.Event()
        keeping = asyncio.create_task(made.run())
        waiting = asyncio.create_task(made.before(True))
        await until(lambda: server.with_columns[-1])
        await made.follow(False)
        server.views = 2
        again = asyncio.create_task(made.before(True))
        server.held.set()
        server.held = None
        await until(lambda: worker.heard == [1, 2, 2])  # those of the first look are not handed over
        assert server.with_columns[-2:] == [True, True]
        assert worker.columns == {"shop\0orders": ("id",)}
        await again
        await waiting
        await stop(keeping)

    run(scene())


async def until(look: Any) -> None:
    async with asyncio.timeout(30):
        while not look():
            await asyncio.sleep(0.005)


async def stop(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
