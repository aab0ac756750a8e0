"""A gateway's control side without a gateway: an Operator with values to look at, served on a real Unix socket."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbgate.control.api import NotAsked, NotWritable, ReloadRefused
from dbgate.control.audit_page import Busy
from dbgate.control.auditlog import Search, search
from dbgate.control.messages import (
    AuditPage,
    CatalogInfo,
    ExplainAnswer,
    ExplainBody,
    HealthInfo,
    KillResult,
    PolicyDiff,
    PolicyInfo,
    PolicyText,
    PolicyVersion,
    PolicyVersions,
    ReloadResult,
    RollbackResult,
    SessionInfo,
)
from dbgate.control.server import ControlServer
from dbgate.stats import layout
from dbgate.stats.counters import Counters
from dbgate.stats.snapshot import Stats, StatsReader


def session(number: int, **changes: Any) -> SessionInfo:
    info: SessionInfo = {
        "session_id": f"01J-{number}",
        "client_ip": "10.0.0.1",
        "client_port": 40_000 + number,
        "db_user": "app",
        "db_name": "shop",
        "connected_at": "2026-01-31T09:00:00.000000Z",
        "state": "idle",
        "queries": 12,
        "blocked": 1,
        "last_digest": "0123456789abcdef0123456789abcdef",
    }
    info.update(changes)  # type: ignore[typeddict-item]
    return info


def version(number: int, live: bool = False, **changes: Any) -> PolicyVersion:
    made: PolicyVersion = {
        "number": number,
        "version": f"{number:012x}",
        "sha256": f"{number:064x}",
        "time": f"2026-01-{number:02d}T09:00:00.000Z",
        "author": "alice (uid 1000)",
        "note": "",
        "live": live,
    }
    made.update(changes)  # type: ignore[typeddict-item]
    return made


def explanation(asked: ExplainBody, **changes: Any) -> ExplainAnswer:
    """An answer to /v1/policy/explain."""
    made: ExplainAnswer = {
        "decision": "block",
        "rule": "table-denied",
        "rule_line": 4,
        "reason": "SELECT on shop.payroll is not granted to entry 'app'",
        "mode": "enforce",
        "access_rule": "app",
        "access_rule_line": 3,
        "policy": {
            "file": "/etc/dbgate/policy.yaml",
            "version": "abcdef123456",
            "catalog": "3 objects, 2 s old",
        },
        "sent": {
            "user": asked.user or "",
            "source": asked.source or "127.0.0.1",
            "schema": asked.schema or "",
            "at": "2026-01-31T09:00:00Z",
            "server": "mariadb 10.11.6",
            "charset": "utf8mb4",
            "sql_mode": "",
            "prepared": asked.prepared,
            "tls": True,
            "cert_subject": None,
            "fold_names": False,
            "assumed": [],
        },
        "steps": [
            {
                "number": 1,
                "name": "policy loaded",
                "outcome": "passed",
                "rule": "",
                "rule_line": 0,
                "reason": "",
            },
            {
                "number": 10,
                "name": "every operation is granted",
                "outcome": "block",
                "rule": "table-denied",
                "rule_line": 4,
                "reason": "SELECT on shop.payroll is not granted to entry 'app'",
            },
        ],
        "statement": "SELECT salary FROM payroll",
        "digest": "0" * 32,
        "error": "",
        "session_state": "",
        "statements": [],
        "catalog": "3 objects, 2 s old",
        "behind": [],
        "notes": [],
    }
    made.update(changes)  # type: ignore[typeddict-item]
    return made


class FakeOperator:
    """An Operator. `acts` is what it was asked to do; `fault` is raised by every verb; `wait` delays every verb."""

    def __init__(self) -> None:
        self.open = [session(1), session(2, db_user="report", state="busy", last_digest="")]
        self.acts: list[tuple[str, ...]] = []
        self.problems: list[str] = []
        self.catalog_info: CatalogInfo = {
            "configured": False,
            "objects": 0,
            "age_s": -1,
            "problem": "",
            "catalog": None,
        }
        self.reasons: list[str] = []
        self.file = "/etc/dbgate/policy.yaml"
        self.versions = [version(2, True), version(1, author="start")]
        self.texts = {1: "version: 1\n", 2: "version: 1\naccess_control: []\n"}
        self.read_only = ""  # why the policy file cannot be written
        self.audit_log = "/dev/null"  # "" = it keeps none
        self.busy = False
        self.asked: list[tuple[Search, int, str]] = []  # for records
        self.explained: list[ExplainBody] = []  # what was asked
        self.explanation: dict[str, Any] = {}  # fields of the answer
        self.fault: Exception | None = None
        self.wait = 0.0  # seconds until an answer, which comes at once where it is set to 0 meanwhile
        self.under_way = 0  # questions that wait for that
        page = memoryview(bytearray(layout.PAGE_BYTES))
        counters = Counters(page)
        counters.opened()
        for _ in range(3):
            counters.finished("query", "SELECT", "", 0, 1, 50, 800, 0, False, 0)
        counters.finished(
            "query.blocked", "DROP", "blocked-operation", 7, 0, 0, 9, 1227, False, 1_700_000_000_000
        )
        self.reader = StatsReader([page], 0.0)

    async def _go(self) -> None:
        until = time.monotonic() + self.wait
        self.under_way += 1
        while self.wait and time.monotonic() < until:
            await asyncio.sleep(0.01)
        self.under_way -= 1
        if self.fault is not None:
            raise self.fault

    async def stats(self) -> Stats:
        await self._go()
        return self.reader.stats(5.0, 1_700_000_000_123)

    async def sessions(self) -> list[SessionInfo]:
        await self._go()
        return self.open

    async def kill(self, session_id: str, author: str) -> KillResult | None:
        await self._go()
        self.acts.append(("kill", session_id, author))
        for info in self.open:
            if info["session_id"] == session_id:
                self.open.remove(info)
                return {
                    "session_id": session_id,
                    "killed": True,
                    "detail": "the server connection was closed",
                }
        return None

    async def policy_info(self) -> PolicyInfo:
        await self._go()
        return {
            "file": self.file,
            "version": "abcdef123456",
            "loaded_at": "2026-01-31T08:00:00.000000Z",
            "problems": self.problems,
        }

    async def catalog(self) -> CatalogInfo:
        await self._go()
        return self.catalog_info

    async def reload(self, author: str) -> ReloadResult:
        await self._go()
        self.acts.append(("reload", author))
        if self.problems:
            raise ReloadRefused(self.problems, "abcdef123456")
        return {"version": "fedcba654321", "previous": "abcdef123456", "changed": True}

    async def policy_versions(self) -> PolicyVersions:
        await self._go()
        refused = {"time": "2026-01-31T10:00:00.000Z", "author": "file watch", "problems": self.problems}
        return {
            "versions": self.versions,
            "live": next((found["number"] for found in self.versions if found["live"]), 0),
            "kept": 100,
            "refused": refused if self.problems else None,  # type: ignore[typeddict-item]
            "folder": f"{self.file}.versions",
            "trouble": self.read_only,
        }

    async def policy_version(self, number: int) -> PolicyText | None:
        await self._go()
        for found in self.versions:
            if found["number"] == number:
                return {**found, "text": self.texts[number], "shapes": None}
        return None

    async def policy_diff(self, first: int, second: int) -> PolicyDiff | None:
        await self._go()
        if first not in self.texts or second not in self.texts:
            return None
        return {
            "from_number": first,
            "to_number": second,
            "changes": []
            if first == second
            else [
                {
                    "what": "changed",
                    "rule": "access rule 'app'",
                    "line_from": 3,
                    "line_to": 4,
                    "details": ["mode: monitor → enforce"],
                }
            ],
            "text": "" if first == second else "--- a\n+++ b\n-mode: monitor\n+mode: enforce\n",
        }

    async def policy_rollback(self, number: int, author: str) -> RollbackResult | None:
        await self._go()
        self.acts.append(("rollback", str(number), author))
        if number not in self.texts:
            return None
        if self.read_only:
            raise NotWritable(self.read_only)
        if self.problems:
            raise ReloadRefused(self.problems, "abcdef123456")
        return {
            "number": 3,
            "of": number,
            "version": f"{number:012x}",
            "previous": "abcdef123456",
            "changed": number != 2,
        }

    async def policy_explain(self, asked: ExplainBody) -> ExplainAnswer | None:
        await self._go()
        if asked.sql is None:
            raise NotAsked("give one of sql and sql_base64")
        if asked.session_id == "gone":
            return None
        self.explained.append(asked)
        return explanation(asked, **self.explanation)

    async def audit(self, wanted: Search, limit: int, cursor: str) -> AuditPage | None:
        await self._go()
        self.asked.append((wanted, limit, cursor))
        if self.busy:
            raise Busy
        if not self.audit_log:
            return None
        found = await asyncio.to_thread(search, self.audit_log, wanted, limit, 1 << 20, cursor)
        return {
            "records": found.records,
            "cursors": found.places,
            "start": found.start,
            "older": found.older,
            "reached": found.reached,
            "trouble": found.trouble,
        }

    async def health(self) -> HealthInfo:
        await self._go()
        return {
            "status": "unavailable" if self.reasons else "ok",
            "reasons": self.reasons,
            "version": "0.1.0",
            "instance": "gw1",
            "details": {"workers": 2},
        }


class Loop:
    """An event loop in a thread of its own, for tests whose client side blocks."""

    def __init__(self, factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        self.loop = factory()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def run(self, work: Awaitable[Any]) -> Any:
        async def wrapped() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(wrapped(), self.loop).result(60)

    def close(self) -> None:
        self.run(self.loop.shutdown_default_executor())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(60)
        self.loop.close()


@contextmanager
def serving(
    operator: FakeOperator,
    path: Path,
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> Iterator[ControlServer]:
    """The operator's control API on a Unix socket at `path`."""
    loop = Loop(factory)
    server = ControlServer(operator, str(path))
    try:
        loop.run(server.start())
        yield server
    finally:
        loop.run(server.stop())
        loop.close()
