"""A worker process: an event loop, a listening socket, the sessions that came in by it, and the supervisor's link.

Started by workers.process with five inherited descriptors: link, listening socket, board, statistics, rates. It takes
no signals: the supervisor has them, and says by the link what to do. When the link breaks the supervisor is gone, and
so is the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Final, cast

from dbgate.gateway.board import Board
from dbgate.gateway.connection import Session
from dbgate.gateway.listener import raise_file_limit
from dbgate.gateway.proxy_protocol import ProxyFront, Trusted
from dbgate.policy.compile import build_policy, building
from dbgate.policy.compiled import CompiledPolicy
from dbgate.sql import catalog_text
from dbgate.workers import log
from dbgate.workers.link import Link
from dbgate.workers.loop import run
from dbgate.workers.memory import settle_memory
from dbgate.workers.messages import (
    Abort,
    AskReading,
    CatalogTaken,
    Changed,
    Commit,
    Committed,
    Drain,
    Kill,
    ListSessions,
    Prepare,
    Prepared,
    Ready,
    Renew,
    Reopen,
    Settled,
    Start,
    TakeCatalog,
    Told,
    ToWorker,
    Wanted,
)
from dbgate.workers.slices import in_slices
from dbgate.workers.wiring import Wiring

LOG: Final = logging.getLogger("dbgate.workers")

# Seconds for which a thread may keep the event loop waiting for the interpreter's lock
SWITCHING: Final = 0.0005
_BEAT_SECONDS: Final = 1.0
_END_SECONDS: Final = 5.0  # for the audit log's last lines


class Worker:
    """One process's everything. run() returns when the process should end."""

    def __init__(self, link: Link[ToWorker], sock: socket.socket, wiring: Wiring, start: Start) -> None:
        self.link = link
        self.sock = sock
        self.wiring = wiring
        self.start = start
        self.prepared: dict[int, CompiledPolicy] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.ended = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        hub = self.wiring.hub
        server = await loop.create_server(self._protocols(loop), sock=self.sock)
        hub.timers.start(loop)
        self.wiring.brain.on_change = self._changed
        self.wiring.brain.on_want = self._wanted
        listening = loop.create_task(self._listen())
        beat = loop.create_task(self._beat())
        self.link.send(Ready(self.wiring.policy_version))
        settle_memory()
        await self.ended.wait()
        server.close()
        hub.drain()  # so that clients are told what it is
        hub.kill_all()
        hub.timers.stop()
        hub.flush()
        await self.wiring.desk.close()
        for task in (listening, beat, *self.tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.sleep(0)  # the transports that were just closed
        await loop.run_in_executor(None, self.wiring.close, _END_SECONDS)
        await self.link.close()

    def _protocols(self, loop: asyncio.AbstractEventLoop) -> Callable[[], asyncio.Protocol]:
        """What makes the protocol of each new connection."""
        hub = self.wiring.hub
        settings = self.start.settings
        if not settings.trusted_proxies:
            return lambda: cast(asyncio.Protocol, Session(hub, loop))
        trusted = Trusted(settings.trusted_proxies)
        return lambda: ProxyFront(
            hub,
            trusted,
            settings.handshake_timeout,
            lambda ip, port, since: cast(asyncio.Protocol, Session(hub, loop, ip, port, since)),
        )

    async def _listen(self) -> None:
        """The supervisor's messages, in order; what takes long is done beside. One that fails here must not cost this
        worker its ear: where the supervisor waits for an answer, it asks again or starts another process."""
        while (message := await self.link.receive()) is not None:
            try:
                await self._take(message)
            except Exception:
                LOG.exception("the supervisor's %s could not be done", type(message).__name__)
        self.ended.set()

    async def _take(self, message: ToWorker) -> None:
        if isinstance(message, Prepare):
            self._beside(self._prepare(message))
        elif isinstance(message, Commit):
            policy = self.prepared.pop(message.number, None)
            if policy is not None:  # else it was aborted, and the supervisor waits for no answer
                self.wiring.publish(policy, message.epoch)
                self.link.send(Committed(message.number))
        elif isinstance(message, Abort):
            self.prepared.pop(message.number, None)
        elif isinstance(message, TakeCatalog):
            await self._take_catalog(message)
        elif isinstance(message, Settled):
            self.wiring.settled(message.number)
        elif isinstance(message, ListSessions):
            self._beside(self._list_sessions(message.number))
        elif isinstance(message, AskReading):
            self.link.send(self.wiring.reading(message.number, message.session_id))
        elif isinstance(message, Told):
            self.wiring.told(message)
        elif isinstance(message, Kill):
            self.link.send(self.wiring.kill(message.number, message.session_id))
        elif isinstance(message, Reopen):
            self.wiring.reopen()
        elif isinstance(message, Renew):
            self.wiring.renew(message.certificates)
        elif isinstance(message, Drain):
            self._beside(self._drain(message.seconds))

    async def _take_catalog(self, message: TakeCatalog) -> None:
        """Nothing behind the message is looked at before it is in force: Settled means this one."""
        try:
            loop = asyncio.get_running_loop()
            catalog = await loop.run_in_executor(None, catalog_text.parse, message.text)
        except Exception:  # no answer: the supervisor ends this process, and starts another
            LOG.exception("a catalog that the supervisor made cannot be read here")
            return
        self.wiring.publish_catalog(catalog)
        self.link.send(CatalogTaken(message.number))

    def _changed(self, number: int) -> None:
        self.link.send(Changed(number))

    def _wanted(self, session_id: str, number: int, what: str) -> None:
        self.link.send(Wanted(session_id, number, what))

    def _beside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _prepare(self, message: Prepare) -> None:
        try:
            policy = await in_slices(building(message.plan))
        except (
            Exception
        ) as error:  # the supervisor has made a policy of the same plan, so this is a defect here
            LOG.exception("a policy that the supervisor took cannot be compiled here")
            self.link.send(Prepared(message.number, "", f"{type(error).__name__}: {error}"))
            return
        self.prepared = {message.number: policy}  # one that was given up meanwhile goes with it
        self.link.send(Prepared(message.number, policy.version))

    async def _list_sessions(self, number: int) -> None:
        try:
            await in_slices(self.wiring.list_sessions(number, self.link.send))
        except Exception:  # no answer: whoever asked gets the other workers' sessions
            LOG.exception("the sessions could not be listed")

    async def _drain(self, seconds: float) -> None:
        hub = self.wiring.hub
        hub.drain()
        until = time.monotonic() + seconds
        # Also while others have sessions: the supervisor keeps this socket open, and whom the kernel sends there would
        # wait for an answer until the last of them is gone.
        while (hub.sessions or hub.ending or self.wiring.seats.taken) and time.monotonic() < until:
            await asyncio.sleep(0.02)
        self.ended.set()

    async def _beat(self) -> None:
        while True:
            self.wiring.beat()
            await in_slices(self.wiring.letting_go())
            await asyncio.sleep(_BEAT_SECONDS)


async def serve(link_fd: int, listen_fd: int, board_fd: int, stats_fd: int, rates_fd: int) -> int:
    """Serves until the supervisor says so, or is gone; gives the exit status."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=link_fd))
    link: Link[ToWorker] = Link(reader, writer, ToWorker)
    start = await link.receive()
    if not isinstance(start, Start):
        return 1
    log.set_up(start.settings.log_level, f"worker {start.worker}")
    policy = build_policy(start.plan) if start.plan else None
    board = Board(board_fd, start.workers)
    wiring = Wiring(start, board, stats_fd, rates_fd, policy, asyncio.get_running_loop())
    if warning := raise_file_limit(wiring.seats.limit):
        LOG.warning(warning)
    sock = socket.socket(fileno=listen_fd)
    sock.setblocking(False)
    await Worker(link, sock, wiring, start).run()
    return 0


def main(arguments: list[str]) -> int:
    """arguments: the five descriptors. Signals are the supervisor's: a Ctrl-C, or a stop that a service manager
    sends to the whole group, must not cut the drain short."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    # The audit log's thread shares the interpreter's lock with the event loop: the loop should not wait 5 ms for it.
    sys.setswitchinterval(SWITCHING)
    faulthandler.enable()  # the supervisor ends a worker that is stuck with SIGABRT: its log then says where
    link, listen, board, stats, rates = map(int, arguments)
    return run(serve(link, listen, board, stats, rates))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
