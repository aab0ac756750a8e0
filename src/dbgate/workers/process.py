"""One worker process as the supervisor sees it: started, talked to, and started again when it crashed."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from dbgate.workers.link import Link
from dbgate.workers.messages import (
    Abort,
    AskReading,
    CatalogTaken,
    Changed,
    Commit,
    Committed,
    Drain,
    Kill,
    Killed,
    ListSessions,
    Prepare,
    Prepared,
    Reading,
    Ready,
    Renew,
    Reopen,
    Sessions,
    Settled,
    Start,
    TakeCatalog,
    Told,
    ToSupervisor,
    ToWorker,
    Wanted,
)

LOG: Final = logging.getLogger("dbgate.workers")

BACKOFF_FIRST: Final = 0.1  # seconds before a crashed worker is started again, doubled up to BACKOFF_MOST
BACKOFF_MOST: Final = 5.0
STEADY: Final = 30.0  # seconds of life after which a crash counts as the first again


Answer = TypeVar("Answer", Prepared, Committed, CatalogTaken, Sessions, Killed, Reading)


class WorkerGone(Exception):
    """The worker ended before it answered."""


class WorkerProcess:
    """row: its number, which is also its row on the board; sock: the listening socket it serves;
    shared: descriptors of the memory that all share (board, statistics, rates); start: gives the
    Start message as it must be now (the live policy); ended: called, with the row, after each end of the process;
    changed: called with row, process and number of each of its messages Changed; wanted: with each of its messages Wanted."""

    def __init__(
        self,
        row: int,
        sock: socket.socket,
        shared: tuple[int, ...],
        start: Callable[[int], Start],
        ended: Callable[[int], None],
        changed: Callable[[int, int, int], None] | None = None,
        wanted: Callable[[WorkerProcess, Wanted], None] | None = None,
    ) -> None:
        self.row = row
        self.ready = asyncio.Event()
        self.pid = 0
        self.restarts = 0
        self.policy_version = ""
        self._sock = sock
        self._shared = shared
        self._start = start
        self._ended = ended
        self._changed = changed
        self._wanted = wanted
        self._link: Link[ToSupervisor] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._answers: dict[int, asyncio.Future[ToSupervisor]] = {}
        self._lists: dict[int, list[dict[str, Any]]] = {}  # of sessions, as far as they have come
        self._numbers = itertools.count(1)
        self._stopping = False
        # What was asked of a process that is still being made
        self._draining: Drain | None = None
        self._ending = False

    async def live(self) -> None:
        """Runs the process, again and again, until stop() or drain() was called and it has ended."""
        backoff = BACKOFF_FIRST
        while not self._stopping:
            born = time.monotonic()
            try:
                code = await self._one_life()
            except Exception:  # whatever it is, the next life may go better, and the other workers go on
                LOG.exception("worker %d cannot be started", self.row)
                code = -1
            self._ended(self.row)
            if self._stopping:
                return
            if time.monotonic() - born >= STEADY:
                backoff = BACKOFF_FIRST
            self.restarts += 1
            LOG.error(
                "worker %d (pid %d) ended with status %d; started again in %.1f s",
                self.row,
                self.pid,
                code,
                backoff,
            )
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, BACKOFF_MOST)

    async def _one_life(self) -> int:
        ours, theirs = socket.socketpair()
        try:
            fds = (theirs.fileno(), self._sock.fileno(), *self._shared)
            # The interpreter's own options (-X dev, -W error) hold for the workers too.
            options = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *options,
                "-m",
                "dbgate.workers.worker",
                *map(str, fds),
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.pid = self._process.pid
        if self._ending:
            self._process.kill()
        reader, writer = await asyncio.open_connection(sock=ours)
        link: Link[ToSupervisor] = Link(reader, writer, ToSupervisor)
        self._link = link
        try:
            link.send(self._start(self.row))
            if self._draining is not None:
                link.send(self._draining)
            while (message := await link.receive()) is not None:
                self._take(message)
            return await self._process.wait()
        finally:
            self.ready.clear()
            self._link = None
            for waiting in self._answers.values():
                if not waiting.done():
                    waiting.set_exception(WorkerGone(f"worker {self.row} ended"))
            self._answers.clear()
            await link.close()
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()

    def _take(self, message: ToSupervisor) -> None:
        if isinstance(message, Ready):
            self.policy_version = message.policy_version
            self.ready.set()
            return
        if isinstance(message, Changed):
            if self._changed is not None:
                self._changed(self.row, self.pid, message.number)
            return
        if isinstance(message, Wanted):
            if self._wanted is not None:
                self._wanted(self, message)
            return
        if isinstance(message, Sessions):
            listed = self._lists.get(message.number)
            if listed is None:
                return
            listed += message.sessions
            if message.more:
                return
        waiting = self._answers.pop(message.number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    # --- requests ---

    async def _ask(self, message: ToWorker, number: int, kind: type[Answer]) -> Answer:
        if self._link is None or not self.ready.is_set():
            raise WorkerGone(f"worker {self.row} is not running")
        answer: asyncio.Future[ToSupervisor] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._link.send(message)
        try:
            found = await answer
        finally:
            self._answers.pop(number, None)
        if not isinstance(found, kind):
            raise WorkerGone(f"worker {self.row} gave an answer of another kind")
        return found

    async def prepare(self, plan: bytes) -> tuple[int, Prepared]:
        """The worker's answer, and the number by which the policy is committed or aborted."""
        number = next(self._numbers)
        return number, await self._ask(Prepare(number, plan), number, Prepared)

    async def commit(self, number: int, version: str, epoch: int) -> None:
        """Put the prepared policy in force there. WorkerGone where it does not say that it has."""
        await self._ask(Commit(number, epoch), number, Committed)
        self.policy_version = version

    def abort(self, number: int) -> None:
        """See messages.Abort."""
        self._say(Abort(number))

    async def take_catalog(self, text: str) -> None:
        """Returns when it is in force there; a worker that is starting gets it too, and is not waited for."""
        number = next(self._numbers)
        if self.ready.is_set():
            await self._ask(TakeCatalog(number, text), number, CatalogTaken)
        else:
            self._say(TakeCatalog(number, text))

    def settled(self, number: int) -> None:
        """See messages.Settled."""
        self._say(Settled(number))

    async def sessions(self) -> list[dict[str, Any]]:
        """Its open sessions, as Gate.describe has them."""
        number = next(self._numbers)
        listed: list[dict[str, Any]] = []
        self._lists[number] = listed
        try:
            await self._ask(ListSessions(number), number, Sessions)
        finally:
            del self._lists[number]
        return listed

    async def reading(self, session_id: str) -> Reading:
        """See messages.AskReading."""
        number = next(self._numbers)
        return await self._ask(AskReading(number, session_id), number, Reading)

    def tell(self, answer: Told) -> None:
        """See messages.Told."""
        self._say(answer)

    async def kill_session(self, session_id: str) -> Killed:
        """End one session, if it is there."""
        number = next(self._numbers)
        return await self._ask(Kill(number, session_id), number, Killed)

    def renew(self, certificates: dict[str, bytes]) -> None:
        """See messages.Renew."""
        self._say(Renew(certificates))

    def reopen(self) -> None:
        """See messages.Reopen."""
        self._say(Reopen())

    def drain(self, seconds: float) -> None:
        """Asks for an orderly end; live() returns when it is done."""
        self._stopping = True
        self._draining = Drain(seconds)
        self._say(self._draining)

    def stop(self) -> None:
        """Ends the process now, for good."""
        self._stopping = self._ending = True
        self.crash()

    def crash(self) -> None:
        """Ends the process now; live() starts another."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def abort_stuck(self) -> None:
        """Ends a process whose loop stands still, so that its log says where; live() starts another."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGABRT)

    def _say(self, message: ToWorker) -> None:
        if self._link is not None:
            self._link.send(message)
