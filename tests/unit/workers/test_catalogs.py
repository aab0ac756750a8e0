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

    async def take_catalog(self, text: str) -> None:
        if self.trouble == "slow":
            await asyncio.sleep(3600)
        if isinstance(self.trouble, BaseException):
            raise self.trouble
        self.heard.append(len(parse(text).bodies))

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
        monkeypatch.setattr(module, "read_catalog", self.read)

    def read(self, source: Source) -> Catalog:
        self.asked.append(source)
        if self.error:
            raise CatalogError(self.error)
        return Catalog(tuple(Body(VIEW, "shop", f"v{number}") for number in range(self.views)))


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
    assert made.describe() == {"objects": 0, "age_s": -1, "problem": "it has not been read yet"}


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


async def until(look: Any) -> None:
    async with asyncio.timeout(30):
        while not look():
            await asyncio.sleep(0.005)


async def stop(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
