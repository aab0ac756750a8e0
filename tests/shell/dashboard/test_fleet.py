from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dbgate.control.client import ControlError
from dbgate.dashboard.fleet import Instance, places
from dbgate.dashboard.overview import event, top_rules, totals
from dbgate.errors import ConfigError
from tests.shell.dashboard.pages import Gateway, Pages


def test_places() -> None:
    assert [(one.name, one.path) for one in places(["/a"])] == [("gateway", "/a")]
    assert [(one.name, one.path) for one in places(["x=/a", "/b"])] == [("x", "/a"), ("gateway-2", "/b")]
    assert places(["x=/a", "/b"], ["x=/log"])[0].audit_log == "/log"
    assert places(["/a"], ["/log"])[0].audit_log == "/log"
    for log in ("/log", "z=/log", "x="):
        with pytest.raises(ConfigError, match="expected NAME=PATH"):
            places(["x=/a", "/b"], [log])
    for wrong in (["x=/a", "x=/b"], ["<x>=/a"], ["x="]):
        with pytest.raises(ConfigError):
            places(wrong)


def test_states(site: Pages, gateway: Gateway) -> None:
    up, down = site.fleet.instances
    assert Instance("x", "/x").state == "new"
    assert (up.state, down.state) == ("up", "down")
    assert site.fleet.live == [up] and site.fleet.find("gw-b") is down and site.fleet.find("x") is None
    assert (up.own_name, down.own_name) == ("gw1", "")
    gateway.reasons = ["draining"]
    site.look()
    assert up.state == "unwell"


def test_old_numbers_are_not_shown_as_new(site: Pages, gateway: Gateway) -> None:
    up = site.fleet.instances[0]
    assert totals(site.fleet)["queries"] == 4 and totals(site.fleet)["answering"] == 1
    assert top_rules(site.fleet)[0]["rule"] == "blocked-operation"
    gateway.fault = RuntimeError("broken")
    site.look()
    assert up.state == "down" and up.last is not None
    assert totals(site.fleet)["answering"] == 0 and totals(site.fleet)["queries"] == 0
    assert up.points[-1]["qps"] is None and up.points[-2]["qps"] is not None
    site.log_in("vic")
    text = site.get("/").text
    assert "last seen" in text and "these numbers are from then" in text and 'class="stale"' in text
    assert "No gateway answers" in text and "Not known: no gateway answers." in text
    gateway.fault = None
    site.look()
    assert up.state == "up"


def test_what_is_another_version_is_an_error(site: Pages, gateway: Gateway) -> None:
    up = site.fleet.instances[0]
    whole = gateway.reader.stats

    def partly(now: float, wall: int) -> Any:
        stats: dict[str, Any] = dict(whole(now, wall))
        del stats["qps"]
        return stats

    gateway.reader.stats = partly  # type: ignore[method-assign]
    with pytest.raises(ControlError, match="another version of dbgate"):
        up.ask()


def test_blocks_a_second(site: Pages) -> None:
    up = site.fleet.instances[0]
    look = up.ask()
    look.stats["captured_at_ms"] += 2000
    look.stats["blocked_queries"] += 5
    up.take(look)
    assert up.blocked_rate == 2.5
    restarted = up.ask()
    restarted.stats["captured_at_ms"] += 4000
    restarted.stats["blocked_queries"] = 0
    up.take(restarted)
    assert up.blocked_rate == 0


def test_the_fleet_looks_by_itself(tmp_path: Path, site: Pages) -> None:
    import asyncio

    site.fleet.tick = 0.01
    seen = asyncio.Event()

    async def main() -> None:
        site.fleet.changed = seen.set
        await site.fleet.start()
        await asyncio.wait_for(seen.wait(), 20)

    site.loop.run(main())
    assert site.fleet.instances[0].points


def test_the_stream(site: Pages) -> None:
    import asyncio

    overview = site.dashboard._overview
    site.log_in("vic")
    cookie = site.browser.cookies["dbgate_dashboard"]

    class Request:
        cookies = {"dbgate_dashboard": cookie}  # noqa: RUF012

    class Visit:
        request = Request()

    async def main() -> None:
        stream = overview._stream(Visit())  # type: ignore[arg-type]
        assert await anext(stream) == b"retry: 3000\n\n"
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        overview.tell()
        text = (await waiting).decode()
        for name in ("health", "tiles", "gateways", "rules", "points"):
            assert f"event: {name}\n" in text
        site.logins.close(cookie)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        overview.end()
        assert (await waiting) == b"event: bye\ndata: \n\n"
        await stream.aclose()
        assert overview._streams == set()

    site.loop.run(main())
    assert event("x", "a\nb") == b"event: x\ndata: a\ndata: b\n\n"


def test_points(site: Pages) -> None:
    site.log_in("vic")
    found = site.get("/points").json()["instances"]
    assert [one["name"] for one in found] == ["gw-a", "gw-b"]
    assert found[0]["points"][0]["sessions"] == 1 and found[1]["points"][0]["sessions"] is None


def test_a_slow_gateway_is_down_and_holds_up_no_page(
    site: Pages, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbgate.dashboard.fleet.LOOK_SECONDS", 0.05)
    gateway.wait = 60.0
    site.look()
    gateway.wait = 0.0
    assert site.fleet.instances[0].state == "down"
    site.log_in("vic")
    assert "did not answer within" in site.get("/").text
