"""The gateways that the dashboard shows, and what each said last and when. One look at each every two seconds, however
many browsers are open; a gateway that does not answer keeps its old numbers with the time they are from, and no newer."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypedDict, TypeVar

from dbgate.control.client import Access, ControlClient, ControlError, Unreachable, remote
from dbgate.control.messages import HealthInfo, PolicyInfo
from dbgate.errors import ConfigError
from dbgate.stats.snapshot import Stats

T = TypeVar("T")

LOG: Final = logging.getLogger("dbgate.dashboard")

TICK_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 2.0  # for one call of a look
ACT_SECONDS: Final = 10.0  # for what somebody asked for
_THREADS: Final = 6
POINTS: Final = 450  # fifteen minutes
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Point(TypedDict):
    """One look, for the charts. t: Unix seconds; the others are None where there was no answer. Latencies: µs."""

    t: float
    qps: float | None
    blocked: float | None
    sessions: float | None
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Look:
    """What a gateway said at one time."""

    at: float
    stats: Stats
    health: HealthInfo
    policy: PolicyInfo


class Instance:
    """One gateway. last: the newest answer, None = none so far; error, hint: why the latest look failed, "" = it did
    not; query_rate, blocked_rate: statements and blocks a second between the last two looks. log: where its audit log
    is, "" = where it says."""

    def __init__(self, name: str, path: str, log: str = "") -> None:
        self.name = name
        self.path = path
        self.log = log
        self.last: Look | None = None
        self.error = ""
        self.hint = ""
        self.tried = False
        self.query_rate = 0.0
        self.blocked_rate = 0.0
        self.points: deque[Point] = deque(maxlen=POINTS)

    def client(self, behalf: str = "", timeout: float = ACT_SECONDS) -> ControlClient:
        """A client of its control API, acting for a user of the dashboard."""
        return ControlClient(self.path, timeout, behalf, Access.from_environment())

    @property
    def state(self) -> str:
        """up, unwell (it answers, and says that no client should be sent there), down, or new (not looked at yet)."""
        if not self.tried:
            return "new"
        if self.error or self.last is None:
            return "down"
        return "up" if self.last.health["status"] == "ok" else "unwell"

    @property
    def audit_log(self) -> str:
        """The path of its audit log, "" where it has none or does not tell, or is on another machine."""
        if remote(self.path):
            return self.log
        return self.log or (str(self.last.health["details"].get("audit_log", "")) if self.last else "")

    @property
    def own_name(self) -> str:
        """The name that it gives itself, in its audit records."""
        return self.last.health["instance"] if self.last else ""

    def ask(self) -> Look:
        """One look; ControlError where it fails. Blocks."""
        client = self.client(timeout=LOOK_SECONDS)
        stats, health, policy = client.stats(), client.health(), client.policy()
        look = Look(time.time(), stats, health, policy)
        try:  # all that pages rely on, so that what is no dbgate is found here and not in the middle of a page
            for name in ("qps", "block_rate", "total_queries", "blocked_queries", "active_sessions"):
                float(stats[name])
            int(stats["latency_us"]["p99"]), int(stats["audit"]["dropped"]), stats["cache"]["hit_rate"]
            list(health["reasons"]), dict(health["details"]), str(policy["version"]), list(policy["problems"])
            list(stats["rule_lines"]), dict(stats["rules"]), dict(stats["operations"])
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(
                f"what answers at {self.path} is another version of dbgate: {type(error).__name__}: {error}",
                "upgrade the older one",
            ) from None
        return look

    def take(self, look: Look) -> None:
        """A look that succeeded."""
        before = self.last
        if before is not None and not self.error:
            seconds = (look.stats["captured_at_ms"] - before.stats["captured_at_ms"]) / 1000
            queries = look.stats["total_queries"] - before.stats["total_queries"]
            blocks = look.stats["blocked_queries"] - before.stats["blocked_queries"]
            self.query_rate = queries / seconds if seconds > 0 and queries > 0 else 0.0
            self.blocked_rate = blocks / seconds if seconds > 0 and blocks > 0 else 0.0
        self.last, self.error, self.hint, self.tried = look, "", "", True
        latency = look.stats["latency_us"]
        # window_s 0: nothing ran lately, and a latency of long ago is not one of now.
        fresh = bool(latency["window_s"])
        self.points.append(
            {
                "t": round(look.at, 1),
                "qps": look.stats["qps"],
                "blocked": round(self.blocked_rate, 2),
                "sessions": look.stats["active_sessions"],
                "p50": latency["p50"] if fresh else None,
                "p95": latency["p95"] if fresh else None,
                "p99": latency["p99"] if fresh else None,
            }
        )

    def miss(self, error: ControlError, at: float) -> None:
        """A look that failed: a gap in the charts, and the old numbers stay old."""
        self.error, self.hint, self.tried = error.message, error.hint, True
        self.query_rate = self.blocked_rate = 0.0
        self.points.append(
            {
                "t": round(at, 1),
                "qps": None,
                "blocked": None,
                "sessions": None,
                "p50": None,
                "p95": None,
                "p99": None,
            }
        )


def places(sockets: Sequence[str], logs: Sequence[str] = ()) -> list[Instance]:
    """`PATH` or `NAME=PATH` each; ConfigError where two have the same name. logs: `PATH` or `NAME=PATH` of their audit
    logs, for those that are elsewhere than the gateway says."""
    found: dict[str, Instance] = {}
    for text in sockets:
        name, equals, path = text.partition("=")
        if not equals:
            name, path = (f"gateway-{len(found) + 1}" if len(sockets) > 1 else "gateway"), text
        if not _NAME.fullmatch(name) or not path:
            raise ConfigError(
                f"--socket {text}: expected PATH, or NAME=PATH with a name of letters, digits and . _ -"
            )
        if name in found:
            raise ConfigError(f"--socket {text}: there are two gateways named {name}")
        found[name] = Instance(name, path)
    for text in logs:
        name, equals, path = text.partition("=")
        if not equals and len(found) == 1:
            name, path = next(iter(found)), text
        if name not in found or not path:
            raise ConfigError(
                f"--audit-log {text}: expected NAME=PATH with the name of a gateway: {', '.join(found)}"
            )
        found[name].log = path
    return list(found.values())


class Fleet:
    """All of them, each looked at on its own, so that a slow one holds up no other. `changed` is called in the loop once
    a tick."""

    def __init__(self, instances: Sequence[Instance], tick: float = TICK_SECONDS) -> None:
        self.instances = list(instances)
        self.tick = tick
        self.changed: Callable[[], None] = lambda: None
        self._threads = ThreadPoolExecutor(_THREADS, "pages")
        # Of their own, so that no search in a log holds up the looks.
        self._lookers = ThreadPoolExecutor(max(1, len(instances)), "looks")
        self._tasks: list[asyncio.Task[None]] = []

    def find(self, name: str) -> Instance | None:
        """The instance of that name."""
        return next((instance for instance in self.instances if instance.name == name), None)

    @property
    def live(self) -> list[Instance]:
        """Those that answer."""
        return [instance for instance in self.instances if instance.state in ("up", "unwell")]

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Something that blocks, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def start(self) -> None:
        """Look at each once, then go on looking."""
        await asyncio.gather(*(self.look_at(instance) for instance in self.instances))
        self._tasks = [asyncio.create_task(self._watch(instance)) for instance in self.instances]
        self._tasks.append(asyncio.create_task(self._tell()))

    async def stop(self) -> None:
        """Stop looking."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._lookers.shutdown(wait=True, cancel_futures=True)

    async def look_at(self, instance: Instance) -> None:
        """One look."""
        try:
            instance.take(await asyncio.get_running_loop().run_in_executor(self._lookers, instance.ask))
        except ControlError as error:
            instance.miss(error, time.time())

    async def _watch(self, instance: Instance) -> None:
        while True:
            await asyncio.sleep(self.tick)
            try:
                await self.look_at(instance)
            except Exception:  # whatever it answers, the looks go on
                LOG.exception("a look at %s failed", instance.name)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(self.tick)
            try:
                self.changed()
            except Exception:
                LOG.exception("the pages could not be told")
