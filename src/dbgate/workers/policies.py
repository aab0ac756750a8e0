"""The one policy that is live in all workers, and the way a new one gets there.

Two steps. First every worker makes a policy of the new plan and says so; then every worker swaps. Before the first swap the
new policy can still be given up, and the old one has stayed everywhere. After it, a worker that dies is started again
with the new one, and a worker that does not answer is ended, so that no worker goes on with the old.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from dbgate.errors import PolicyError
from dbgate.policy.compiled import CompiledPolicy
from dbgate.workers.background import Gently, in_background
from dbgate.workers.messages import Prepared
from dbgate.workers.process import WorkerGone, WorkerProcess
from dbgate.workers.reload import Loaded, load_file

LOG: Final = logging.getLogger("dbgate.workers")

PREPARE_SECONDS: Final = 60.0  # a very large policy takes some seconds to compile
COMMIT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a reload. version: the one that is live now, "" = none; problems: why the new one was refused,
    one line each; changed: whether the live policy is another than before."""

    ok: bool
    version: str
    previous: str
    changed: bool = False
    problems: tuple[str, ...] = ()


class Policies:
    """path: the policy file; live: what every worker has, None = no policy, so everything is refused."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.live: Loaded | None = None
        self.epoch = 0  # how often `live` changed
        self.loaded_at = 0.0  # Unix seconds
        self.last_problems: tuple[str, ...] = ()
        self._lock = asyncio.Lock()

    @property
    def version(self) -> str:
        return self.live.version if self.live is not None else ""

    async def load_first(self) -> tuple[str, ...]:
        """Before the workers start. Gives the findings, none = it is live."""
        try:
            self._now_live(await in_background(partial(load_file, self.path)))
        except PolicyError as error:
            self.last_problems = tuple(str(problem) for problem in error.problems)
        return self.last_problems

    async def reload(
        self,
        workers: Sequence[WorkerProcess],
        ahead: Callable[[CompiledPolicy], Awaitable[None]] | None = None,
    ) -> Outcome:
        """Reads the file again and puts it live everywhere, or nowhere. One reload at a time. ahead: is waited for before
        the new policy is put anywhere."""
        async with self._lock:
            before = self.version
            try:
                loaded = await in_background(partial(load_file, self.path, Gently()))
                if ahead is not None:
                    await ahead(loaded.policy)
                await self._everywhere(loaded, workers)
            except PolicyError as error:
                self.last_problems = tuple(str(problem) for problem in error.problems)
            except _Refused as error:
                self.last_problems = (str(error),)
            else:
                return Outcome(True, self.version, before, self.version != before)
            return Outcome(False, before, before, False, self.last_problems)

    async def _everywhere(self, loaded: Loaded, workers: Sequence[WorkerProcess]) -> None:
        # worker, its process, the number it prepared under
        numbers: list[tuple[WorkerProcess, int, int]] = []
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                for worker in workers:
                    await worker.ready.wait()
                answers = await asyncio.gather(
                    *(worker.prepare(loaded.plan) for worker in workers),
                    return_exceptions=True,
                )
        except TimeoutError:
            raise _Refused(
                "not every worker could compile the policy in time; the old policy stays"
            ) from None
        problem = ""
        for worker, answer in zip(workers, answers, strict=True):
            if isinstance(answer, WorkerGone):
                problem = f"{answer}; the old policy stays, try again"
            elif isinstance(answer, BaseException):
                raise answer
            else:
                number, prepared = answer
                numbers.append((worker, worker.pid, number))
                problem = problem or _disagreement(worker, prepared, loaded)
        if not problem and any(worker.pid != pid or not worker.ready.is_set() for worker, pid, _ in numbers):
            problem = "a worker ended meanwhile; the old policy stays, try again"
        if problem:
            for worker, _, number in numbers:
                worker.abort(number)
            raise _Refused(problem)
        self._now_live(loaded)  # from here on a worker that starts, starts with this one
        await asyncio.gather(*(self._commit(worker, number, loaded.version) for worker, _, number in numbers))

    async def _commit(self, worker: WorkerProcess, number: int, version: str) -> None:
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await worker.commit(number, version, self.epoch)
        except WorkerGone:
            return
        except TimeoutError:
            LOG.error("worker %d does not take the new policy: it is ended and started again", worker.row)
            worker.crash()

    def _now_live(self, loaded: Loaded) -> None:
        self.live = loaded
        self.epoch += 1
        self.loaded_at = time.time()
        self.last_problems = ()


class _Refused(Exception):
    """The workers cannot take the policy; the message says why."""


def _disagreement(worker: WorkerProcess, prepared: Prepared, loaded: Loaded) -> str:
    if prepared.error:
        return f"worker {worker.row} cannot compile the policy: {prepared.error}; the old policy stays"
    if prepared.version != loaded.version:
        return f"worker {worker.row} compiled another version ({prepared.version}); the old policy stays"
    return ""
