"""The stream that keeps an open page up to date, and every way in which it ends."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from dbgate.dashboard import overview as module
from tests.shell.dashboard.pages import Pages


def stream(site: Pages, *steps: str) -> httpx.Response:
    """What a browser was sent on /live while these things happened, one after the other."""
    overview = site.dashboard._overview

    async def main() -> httpx.Response:
        async with asyncio.timeout(20):
            browser = asyncio.create_task(site.browser.get("/live"))
            while not overview._streams and not browser.done():
                await asyncio.sleep(0)
            for step in steps:
                {"tell": overview.tell, "end": site.dashboard.end, "log out": leave, "": int}[step]()
                for _ in range(5):
                    await asyncio.sleep(0)
            return await browser

    def leave() -> None:
        site.logins.close(site.browser.cookies[site.site.cookie])
        overview.tell()

    found = site.loop.run(main())
    assert not overview._streams
    return found


def test_news_come_while_the_login_lasts(site: Pages) -> None:
    site.log_in("vic")
    answer = stream(site, "tell", "log out")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert events == ["health", "tiles", "gateways", "rules", "points", "bye"]
    assert answer.text.startswith("retry: 3000\n\n")


def test_no_stream_holds_up_the_end(site: Pages) -> None:
    site.log_in("vic")
    assert "bye" not in stream(site, "end").text


def test_streams_are_bounded(site: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_STREAMS", 0)
    site.log_in("vic")
    assert stream(site).status_code == 503


def test_a_quiet_stream_breathes(site: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BREATH_SECONDS", 0.0)
    site.log_in("vic")
    assert ": still here\n" in stream(site, *[""] * 20, "end").text
