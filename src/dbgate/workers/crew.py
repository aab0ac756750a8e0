"""What only the workers know, asked of all of them at once; who does not answer in time is left out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

from dbgate.workers.messages import Killed, Reading
from dbgate.workers.process import WorkerGone, WorkerProcess
from dbgate.workers.together import Together

T = TypeVar("T")

LOG: Final = logging.getLogger("dbgate.workers")

ASK_SECONDS: Final = 3.0  # for a worker's answer
LIST_SECONDS: Final = 0.5  # between two lists of sessions …
LIST_BURST: Final = 4  # … but for so many after a while in which nobody looked


class Crew:
    """workers: as they are now."""

    def __init__(self, workers: Sequence[WorkerProcess]) -> None:
        self._workers = workers
        self._lists = Together(self._sessions, LIST_SECONDS, LIST_BURST)

    async def sessions(self) -> list[dict[str, Any]]:
        """Every open session, of all workers that answer in time. A worker makes its list for all who look at the same
        time, so that watching costs it no more than LIST_SECONDS says."""
        return await self._lists.answer()

    async def _sessions(self) -> list[dict[str, Any]]:
        answers = await asyncio.gather(*(self._ask(worker, worker.sessions()) for worker in self._workers))
        return [session for answer in answers if answer is not None for session in answer]

    async def kill(self, session_id: str) -> Killed | None:
        """Ends one session; None where no worker has it."""
        answers = [self._ask(worker, worker.kill_session(session_id)) for worker in self._workers]
        return next((one for one in await asyncio.gather(*answers) if one is not None and one.found), None)

    async def reading(self, session_id: str) -> Reading | None:
        """How the server reads what that session sends ("" = a new one); None where no worker knows."""
        answers = [self._ask(worker, worker.reading(session_id)) for worker in self._workers]
        known = [found for found in await asyncio.gather(*answers) if found is not None and found.known]
        return known[0] if known else None

    async def _ask(self, worker: WorkerProcess, question: Coroutine[Any, Any, T]) -> T | None:
        """The answer, or None where the worker does not give one in time."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await question
        except (WorkerGone, TimeoutError):
            LOG.warning("worker %d did not answer", worker.row)
            return None
