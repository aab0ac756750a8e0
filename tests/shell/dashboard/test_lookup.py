"""Records of several gateways on one page: from files, and from gateways whose files are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dbgate.control.auditlog import Search
from dbgate.dashboard.lookup import Newest, look_up, marks
from tests.shell.dashboard.pages import Gateway, Pages, line, pages, write_log
from tests.unit.control.fake import serving

ELSEWHERE = "/nowhere/audit.jsonl"  # what a gateway on another machine says of its log


class Three:
    """One gateway's log is here, two others' are not; all have records of the same hour."""

    def __init__(self, folder: Path) -> None:
        self.gateways = {name: Gateway(ELSEWHERE) for name in ("here", "far-1", "far-2")}
        self.times: list[str] = []
        for number, (name, gateway) in enumerate(self.gateways.items()):
            path = folder / f"{name}.jsonl"
            rows = [
                line(
                    time=f"2026-11-23T03:{minute // 60:02d}:{minute % 60:02d}.{number}00000Z",
                    event_id=f"{name}-{minute}",
                    instance=name,
                )
                for minute in range(0, 100 * (number + 1), number + 1)
            ]
            self.times += [str(row["time"]) for row in rows]
            write_log(path, rows)
            gateway.audit_log = str(path)
            gateway.tells = str(path) if name == "here" else ELSEWHERE
        self.times.sort(reverse=True)


@pytest.fixture
def three(tmp_path: Path) -> Three:
    return Three(tmp_path)


@pytest.fixture
def site(three: Three, tmp_path: Path) -> Iterator[Pages]:
    with ExitStack() as stack:
        for name, gateway in three.gateways.items():
            stack.enter_context(serving(gateway, tmp_path / f"{name}.sock"))
        sockets = {name: tmp_path / f"{name}.sock" for name in three.gateways}
        yield stack.enter_context(pages(tmp_path, sockets))


def test_pages_over_all_gateways_leave_nothing_out(site: Pages, three: Three) -> None:
    seen: list[str] = []
    begin = ""
    for _ in range(100):
        page = site.loop.run(look_up(site.fleet, Search(), rows=37, begin=marks(begin)))
        assert page.trouble == [] and len(page.records) <= 37
        # All three call themselves gw1: whose a record is, the log tells that it was found in.
        assert all(record["gateway"] == record["instance"] for record in page.records)
        seen += [str(record["time"]) for record in page.records]
        begin = page.older
        if not begin:
            break
    assert seen == three.times
    assert three.gateways["far-1"].asked and not three.gateways["here"].asked  # that one's file is read


def test_a_search_goes_to_the_gateway(site: Pages, three: Three) -> None:
    wanted = Search(event_id="far-2-30", user="app", decision="block", since="2026-11-23T00:00:00.000000Z")
    page = site.loop.run(look_up(site.fleet, wanted))
    assert [record["instance"] for record in page.records] == ["far-2"] and page.older == ""
    assert three.gateways["far-2"].asked[-1] == (wanted, 50, "")
    site.loop.run(look_up(site.fleet, Search(), only="far-2"))
    assert len(three.gateways["far-1"].asked) == 1
    site.log_in("vic")
    assert "far-2-297" in site.get("/blocked?digest=0123").text


def test_one_that_cannot_be_asked_is_named(site: Pages, three: Three) -> None:
    three.gateways["far-1"].busy = True
    three.gateways["far-2"].audit_log = ""
    page = site.loop.run(look_up(site.fleet, Search(), rows=5))
    assert page.trouble == [
        "Records of far-1 are not shown: too many ask for records already",
        "Records of far-2 are not shown: this gateway keeps no audit log that can be read",
    ]
    assert {record["instance"] for record in page.records} == {"here"}
    three.gateways["far-1"].busy = False
    following = site.loop.run(look_up(site.fleet, Search(), rows=5, begin=marks(page.older)))
    assert {record["instance"] for record in following.records} == {"far-1"}  # it is there again, and newer


def test_newest_blocks_are_asked_for_when_there_are_more(site: Pages, three: Three) -> None:
    newest = Newest(site.fleet, 4)
    first = site.loop.run(newest.read())
    assert [str(record["time"]) for record in first] == three.times[:4]
    assert [record["gateway"] for record in first] == [record["instance"] for record in first]
    for gateway in three.gateways.values():
        gateway.asked.clear()
    assert site.loop.run(newest.read()) == first
    assert not three.gateways["far-1"].asked
    look = site.fleet.instances[1].last
    assert look is not None
    look.stats["blocked_queries"] += 1
    site.loop.run(newest.read())
    assert len(three.gateways["far-1"].asked) == 1 and not three.gateways["far-2"].asked


def test_where_a_page_begins_is_anything_at_all() -> None:
    assert marks("a:1f-20,b:end,c.d-e_f:0-0") == {"a": "1f-20", "b": "end", "c.d-e_f": "0-0"}
    for nonsense in ("", ",", ":", "a:", ":1-1", "a:x-1", "a:1-1:2", "../a:1-1", "a:1-1\n"):
        assert marks(nonsense) == {}
