"""Everything that can put another policy in force: the start, a reload by whomever, the watch, a rollback. One at a time,
each with its author, its audit record, its line in the log and its version."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from dbgate.config.settings import Settings
from dbgate.policy.compiled import CompiledPolicy
from dbgate.sinks.policy_store import Version
from dbgate.workers.catalogs import Catalogs
from dbgate.workers.journal import Journal
from dbgate.workers.policies import Outcome, Policies
from dbgate.workers.process import WorkerProcess
from dbgate.workers.versions import History
from dbgate.workers.watch import Watch

LOG: Final = logging.getLogger("dbgate.workers")


class PolicyLife:
    """policies: what is live; journal: for the records; workers: who must have it; follow: called after each load; catalogs:
    who is told whether the policy needs columns, None = nobody. loads: how many there were, by what came of them."""

    def __init__(
        self,
        settings: Settings,
        policies: Policies,
        journal: Journal,
        workers: Sequence[WorkerProcess],
        follow: Callable[[], None],
        catalogs: Catalogs | None = None,
    ) -> None:
        self.history = History(settings.policy, settings.policy_versions_folder, settings.policy_versions)
        self.watch = Watch(settings.policy, self._live_text, self._reload_watched)
        self.loads = {"live": 0, "refused": 0}
        self._policies = policies
        self._journal = journal
        self._workers = workers
        self._follow = follow
        self._catalogs = catalogs
        self._lock = asyncio.Lock()

    async def first(self) -> None:
        """Before the workers start."""
        self.watch.remember()
        problems = await self._policies.load_first()
        self.loads["refused" if problems else "live"] += 1
        for problem in problems:
            LOG.error("no policy, so everything is refused until a reload succeeds: %s", problem)
        if self._policies.live is None:
            self.history.not_loaded(problems, "start")
        else:
            await self.history.loaded(self._policies.live, "start")
        self._follow()
        await self._behind()

    async def reload(self, author: str) -> Outcome:
        """Puts the policy file live everywhere or nowhere."""
        async with self._lock:
            return await self._reload(author)

    async def roll_back(self, number: int, author: str) -> tuple[Version, Outcome] | None:
        """An earlier version, as a new one: see History.rollback."""

        async def reload(note: str) -> Outcome:
            return await self._reload(author, note)

        async with self._lock:
            return await self.history.rollback(number, reload)

    async def _reload(self, author: str, note: str = "") -> Outcome:
        outcome = await self._policies.reload(self._workers, self._ahead)
        self._journal.reloaded(outcome, author)
        self.loads["live" if outcome.ok else "refused"] += 1
        if outcome.ok and self._policies.live is not None:
            await self.history.loaded(self._policies.live, author, note)
        else:
            self.history.not_loaded(outcome.problems, author)
        self._follow()
        await self._behind()
        if outcome.ok:
            LOG.info(
                "policy %s is live (before: %s), asked for by %s",
                outcome.version,
                outcome.previous or "none",
                author,
            )
        else:
            kept = outcome.version or "none"
            LOG.error("the policy file was refused, policy %s stays:\n%s", kept, "\n".join(outcome.problems))
        return outcome

    async def _ahead(self, policy: CompiledPolicy) -> None:
        """The first policy that grants rights by columns is put in force when it can be judged by."""
        if self._catalogs is not None:
            await self._catalogs.before(policy.limits_columns)

    async def _behind(self) -> None:
        live = self._policies.live
        if self._catalogs is not None:
            await self._catalogs.follow(live is not None and live.policy.limits_columns)

    async def _reload_watched(self) -> None:
        async with self._lock:
            # Whoever wrote the file may have asked for the reload too: once is enough.
            if self.history.refused is None and await self.watch.is_live():
                return
            await self._reload("file watch")

    def _live_text(self) -> bytes | None:
        live = self._policies.live
        return live.text.encode() if live is not None else None
