"""The first page, and the stream that keeps it current: one rendering a tick, for all browsers together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.responses import JSONResponse, Response, StreamingResponse

from dbgate.control.auditlog import Record
from dbgate.dashboard.fleet import Fleet
from dbgate.dashboard.lookup import Newest
from dbgate.dashboard.web import Site, Visit

_BREATH_SECONDS: Final = 15.0  # between two signs of life of a stream
_MOST_STREAMS: Final = 200
_NEWEST: Final = 8
_FRESH_SECONDS: Final = 1.0


def totals(fleet: Fleet) -> dict[str, Any]:
    """The numbers on top: sums over the gateways that answer, and of latencies the worst."""
    looks = [instance.last for instance in fleet.live if instance.last is not None]
    stats = [look.stats for look in looks]
    qps = sum(one["qps"] for one in stats)
    # of the same two seconds; qps is a mean of ten
    blocked = sum(instance.blocked_rate for instance in fleet.live)
    rate = sum(instance.query_rate for instance in fleet.live)
    queries = sum(one["total_queries"] for one in stats)
    recent = [one["latency_us"] for one in stats if one["latency_us"]["window_s"]]
    return {
        "qps": qps,
        "blocked_rate": blocked,
        "block_share": min(1.0, blocked / rate) if rate else 0.0,
        "queries": queries,
        "blocked": sum(one["blocked_queries"] for one in stats),
        "monitored": sum(one["monitored_blocks"] for one in stats),
        "all_share": sum(one["blocked_queries"] for one in stats) / queries if queries else 0.0,
        "sessions": sum(one["active_sessions"] for one in stats),
        "denied": sum(one["denied_connections"] for one in stats),
        "dropped": sum(one["audit"]["dropped"] for one in stats),
        "failing": any(one["audit"]["failing"] for one in stats),
        "latency": {name: max((one[name] for one in recent), default=None) for name in ("p50", "p95", "p99")},
        "answering": len(looks),
    }


def top_rules(fleet: Fleet) -> list[dict[str, Any]]:
    """Rules by their hits since the gateways' start, most first."""
    hits: dict[str, dict[str, Any]] = {}
    for instance in fleet.live:
        assert instance.last is not None  # noqa: S101  # a live one has answered
        for rule, counts in instance.last.stats["rules"].items():
            row = hits.setdefault(rule, {"rule": rule, "blocked": 0, "monitored": 0, "last_hit_ms": 0})
            row["blocked"] += counts["blocked"]
            row["monitored"] += counts["monitored"]
        for line in instance.last.stats["rule_lines"]:
            row = hits.setdefault(
                line["rule"], {"rule": line["rule"], "blocked": 0, "monitored": 0, "last_hit_ms": 0}
            )
            row["last_hit_ms"] = max(row["last_hit_ms"], line["last_hit_ms"])
    return sorted(hits.values(), key=lambda row: (-row["blocked"] - row["monitored"], row["rule"]))


class Overview:
    """GET /, /live, /points, /newest."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._streams: set[asyncio.Event] = set()
        self._message = b""
        self._ended = False
        self._newest: list[Record] = []
        self._blocks = Newest(site.fleet, _NEWEST)
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        site.fleet.changed = self.tell

    async def show(self, visit: Visit) -> Response:
        """The page."""
        fleet = self._site.fleet
        return visit.page(
            "overview.html", totals=totals(fleet), rules=top_rules(fleet)[:_NEWEST], now=time.time()
        )

    async def newest(self, visit: Visit) -> Response:
        """The newest blocks, a part of the page."""
        async with self._reading:  # once for all browsers that ask in the same second
            if time.monotonic() - self._read_at > _FRESH_SECONDS:
                self._newest, self._read_at = await self._blocks.read(), time.monotonic()
        return visit.page("newest.html", records_found=self._newest)

    async def points(self, visit: Visit) -> Response:
        """The history, for the charts."""
        return JSONResponse(
            {
                "instances": [
                    {"name": one.name, "points": list(one.points)} for one in self._site.fleet.instances
                ]
            }
        )

    def tell(self) -> None:
        """Something has changed: every stream sends the new state."""
        if not self._streams:
            return
        fleet = self._site.fleet
        values = {
            "fleet": fleet,
            "totals": totals(fleet),
            "rules": top_rules(fleet)[:_NEWEST],
            "now": time.time(),
        }
        newest = [{"name": one.name, "point": one.points[-1]} for one in fleet.instances if one.points]
        self._message = b"".join(
            (
                event("health", self._site.render("health.html", **values)),
                event("tiles", self._site.render("tiles.html", **values)),
                event("gateways", self._site.render("gateways.html", **values)),
                event("rules", self._site.render("rules.html", **values)),
                event("points", json.dumps(newest)),
            )
        )
        for stream in self._streams:
            stream.set()

    def end(self) -> None:
        """The dashboard stops: no stream may hold it up."""
        self._ended = True
        for stream in self._streams:
            stream.set()

    async def live(self, visit: Visit) -> Response:
        """The stream of one browser. It ends with the login."""
        if len(self._streams) >= _MOST_STREAMS:
            return Response(status_code=503)
        return StreamingResponse(self._stream(visit), media_type="text/event-stream")

    async def _stream(self, visit: Visit) -> AsyncIterator[bytes]:
        news = asyncio.Event()
        self._streams.add(news)
        cookie = visit.request.cookies.get(self._site.cookie, "")
        try:
            yield b"retry: 3000\n\n"
            while not self._ended:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), _BREATH_SECONDS)
                if self._site.who(cookie, touch=False) is None:
                    yield event("bye", "")
                    return
                if news.is_set():
                    news.clear()
                    yield self._message
                else:
                    yield b": still here\n\n"
        finally:
            self._streams.discard(news)


def event(name: str, text: str) -> bytes:
    """One server-sent event."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n".encode()
