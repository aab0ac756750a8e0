"""Where a worker's sessions have their long statements analysed: a queue, and one process that works it off.

The queue holds tickets and no texts: a session waits with its command, of which it has one, and is not read further. So
the queue is as long as there are sessions, and costs no memory; who waits too long is blocked by the gate
(gate.handover.PATIENCE). The process starts with the first statement that needs it, and ends when none came for a while.

What goes wrong (it died, took too long, talked nonsense) costs the statement that it was at; then it is started again, with
back-off.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from dbgate.analyst import parcel
from dbgate.analyst.child import Child, command
from dbgate.gate.question import Answer, Question

LOG: Final = logging.getLogger("dbgate.analyst")

LIMIT: Final = 10.0  # seconds for one statement, and as many again for each MiB of it
IDLE: Final = 60.0  # seconds without one after which the process ends
BACKOFF_FIRST: Final = 0.1  # seconds before it is started again, doubled up to BACKOFF_MOST
BACKOFF_MOST: Final = 5.0
_BROKEN: Final = (OSError, EOFError, ValueError, TimeoutError)


class Desk:
    """One a worker (gate.question.Analyst). question(session_id, ticket) gives what is asked, None = nobody waits any
    more; answer(session_id, ticket, answer) takes what came, None = nothing: both must not raise.

    handed, analysed, failed: statements so far. arguments: what starts the process, limit, idle: seconds."""

    def __init__(
        self,
        question: Callable[[str, int], Question | None],
        answer: Callable[[str, int, Answer | None], None],
        arguments: Sequence[str] = (),
        limit: float = LIMIT,
        idle: float = IDLE,
    ) -> None:
        self._question = question
        self._answer = answer
        self._arguments = tuple(arguments) or command()
        self._limit = limit
        self._idle = idle
        self._queue: deque[tuple[str, int]] = deque()
        self._child: Child | None = None
        self._working: asyncio.Task[None] | None = None
        self._farewells: set[asyncio.Task[None]] = set()
        self._sleep: asyncio.TimerHandle | None = None
        self._backoff = 0.0
        self._closed = False
        self.handed = 0
        self.analysed = 0
        self.failed = 0

    @property
    def waiting(self) -> int:
        """Statements in the queue, the one that is being analysed included."""
        return len(self._queue) + (1 if self._working is not None else 0)

    @property
    def pid(self) -> int:
        """Of the process; 0 = there is none."""
        return 0 if self._child is None else self._child.pid

    def ask(self, session_id: str, ticket: int) -> None:
        """See gate.question.Analyst."""
        self._queue.append((session_id, ticket))
        if self._working is None and not self._closed:
            if self._sleep is not None:
                self._sleep.cancel()
                self._sleep = None
            self._working = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Ends the process; nobody is given an answer any more."""
        self._closed = True
        self._queue.clear()
        if self._sleep is not None:
            self._sleep.cancel()
        working = self._working
        if working is not None:
            working.cancel()
            await asyncio.wait([working])
        self._let_go(True)
        if self._farewells:
            await asyncio.wait(self._farewells)

    async def _work(self) -> None:
        """Works the queue off."""
        try:
            while self._queue:
                session_id, ticket = self._queue.popleft()
                question = self._question(session_id, ticket)
                if question is None:
                    continue
                self.handed += 1
                answer = await self._analyse(question)
                if answer is None:
                    self.failed += 1
                else:
                    self.analysed += 1
                self._answer(session_id, ticket, answer)
        finally:
            self._working = None
        self._sleep = asyncio.get_running_loop().call_later(self._idle, self._let_go, False)

    async def _analyse(self, question: Question) -> Answer | None:
        try:
            if self._child is not None and self._child.gone:
                LOG.error("the process that analyses long statements has ended; started again")
                self._let_go(True)
            child = self._child
            if child is None:
                if self._backoff:
                    await asyncio.sleep(self._backoff)
                child = self._child = await Child.start(self._arguments)
            async with asyncio.timeout(self._limit * (1 + len(question.text) / (1 << 20))):
                data = await child.ask(
                    parcel.pack_head(
                        question.ctx,
                        question.schema,
                        question.prepared,
                        question.literals,
                        question.shapes,
                        question.memory,
                    ),
                    question.text,
                )
            if not data:
                LOG.error("a statement of %d bytes could not be analysed", len(question.text))
                return None
            answer = Answer(*parcel.open_answer(data, question.text, question.ctx))
        except _BROKEN as error:
            # The kind of error and nothing else: its words may carry a piece of the statement.
            self._backoff = min(max(BACKOFF_FIRST, self._backoff * 2), BACKOFF_MOST)
            LOG.error(
                "the process that analyses long statements failed (%s); started again in %.1f s",
                type(error).__name__,
                self._backoff,
            )
            self._let_go(True)
            return None
        self._backoff = 0.0
        return answer

    def _let_go(self, at_once: bool) -> None:
        """The process ends, beside whatever comes next."""
        child = self._child
        self._child = None
        self._sleep = None
        if child is not None:
            farewell = asyncio.get_running_loop().create_task(child.end(at_once))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)
