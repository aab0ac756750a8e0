"""The tables of DBGATE SHOW SESSIONS | STATS | RULES, over all workers, for the session that asked (gate.inband)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, Protocol

from dbgate.control.api import Operator
from dbgate.stats.snapshot import RuleLine
from dbgate.workers.messages import Told, Wanted
from dbgate.workers.policies import Policies
from dbgate.workers.versions import rfc3339

LOG: Final = logging.getLogger("dbgate.workers")

MOST_ROWS: Final = 10_000
_MOST_TEXT: Final = 120
_SESSION: Final = (
    "session_id",
    "db_user",
    "client_ip",
    "client_port",
    "db_name",
    "connected_at",
    "state",
    "queries",
    "blocked",
    "tls",
    "last_digest",
)
_RULE: Final = ("rule", "line", "what", "mode", "blocked", "would_block", "last_hit")

Table = tuple[tuple[str, ...], list[list[str]]]


class Asker(Protocol):
    """The worker whose session asked."""

    def tell(self, answer: Told) -> None: ...


class Inband:
    """operator: as the control API has it; policies: for the access rules and the text of lines."""

    def __init__(self, operator: Operator, policies: Policies) -> None:
        self._operator = operator
        self._policies = policies
        self._tasks: set[asyncio.Task[None]] = set()

    def wanted(self, worker: Asker, message: Wanted) -> None:
        """Have the answer made, and told to the worker."""
        task = asyncio.get_running_loop().create_task(self._answer(worker, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, worker: Asker, message: Wanted) -> None:
        try:
            columns, rows = await self._table(message.what)
            told = Told(message.session_id, message.number, list(columns), rows[:MOST_ROWS])
        except Exception:
            LOG.exception("DBGATE SHOW %s failed", message.what)
            told = Told(
                message.session_id, message.number, [], [], "the gateway failed to answer; its log says why"
            )
        worker.tell(told)

    def _table(self, what: str) -> Coroutine[Any, Any, Table]:
        if what == "SESSIONS":
            return self._sessions()
        return self._stats() if what == "STATS" else self._rules()

    async def _sessions(self) -> Table:
        rows: list[list[str]] = []
        for info in await self._operator.sessions():
            values: dict[str, Any] = dict(info)
            rows.append([_text(values.get(name, "")) for name in _SESSION])
        return _SESSION, rows

    async def _stats(self) -> Table:
        rows: list[list[str]] = []
        values: dict[str, Any] = dict(await self._operator.stats())
        values.pop("rule_lines", None)
        _flat(values, "", rows)
        return ("name", "value"), rows

    async def _rules(self) -> Table:
        live = self._policies.live
        if live is None:
            return _RULE, []
        lines = live.text.splitlines()
        rows = [
            ["access_control", str(entry.line), entry.name, entry.mode, "", "", ""]
            for entry in live.policy.entries
        ]
        for hit in (await self._operator.stats())["rule_lines"]:
            rows.append(_hit(hit, lines))
        return _RULE, rows


def _hit(hit: RuleLine, lines: list[str]) -> list[str]:
    line = hit["line"]
    text = lines[line - 1].strip()[:_MOST_TEXT] if 0 < line <= len(lines) else ""
    last = rfc3339(hit["last_hit_ms"] / 1000) if hit["last_hit_ms"] else ""
    return [hit["rule"], str(line or ""), text, "", str(hit["blocked"]), str(hit["monitored"]), last]


def _flat(values: dict[str, Any], before: str, rows: list[list[str]]) -> None:
    for name, value in values.items():
        if isinstance(value, dict):
            _flat(value, f"{before}{name}.", rows)
        else:
            rows.append([f"{before}{name}", _text(value)])


def _text(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
