"""The supervisor: one process that owns the sockets, the policy, the control API, health, and all signals; the
workers do the sessions. A failure of anything here cannot stop a query."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, Final

from dbgate.config.parse import Address
from dbgate.config.settings import Settings
from dbgate.control.api import Operator
from dbgate.errors import ConfigError
from dbgate.gateway import board as board_module
from dbgate.gateway.board import Board
from dbgate.gateway.certificates import expiry_warnings, load_contexts, read_files
from dbgate.gateway.health import Health, HealthServer
from dbgate.gateway.listener import bind, bound_address
from dbgate.gateway.probe import probe
from dbgate.gateway.rates import Ledger
from dbgate.hot import describe
from dbgate.stats import layout
from dbgate.stats.snapshot import StatsReader
from dbgate.workers import log, metrics, orphans
from dbgate.workers.activation import ADMIN, CLIENTS
from dbgate.workers.alerts import Alerts
from dbgate.workers.catalogs import Catalogs
from dbgate.workers.controls import Controls
from dbgate.workers.cores import free_cores, worker_count
from dbgate.workers.crew import Crew
from dbgate.workers.inband import Inband
from dbgate.workers.journal import Journal
from dbgate.workers.memory import settle_memory
from dbgate.workers.messages import Start
from dbgate.workers.notices import Notices
from dbgate.workers.notify import Notifier
from dbgate.workers.pages import StatsPages
from dbgate.workers.policies import Outcome, Policies
from dbgate.workers.policy_life import PolicyLife
from dbgate.workers.process import WorkerProcess

LOG: Final = logging.getLogger("dbgate.workers")

START_SECONDS: Final = 30.0  # for the workers' first words
EVIDENCE_SECONDS: Final = 10.0  # how long what was last seen of the server counts
PROBE_SECONDS: Final = 3.0
BEAT_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 10.0  # without a sign of life after which a worker does not count as running
STUCK_SECONDS: Final = 60.0  # … and after which it is ended
GRACE_SECONDS: Final = 10.0  # beyond the drain's time, before a worker is ended by force


class Supervisor:
    """settings: of the instance; say: prints the one line at the start (and nothing else); operator: makes the control
    API's view of it; sockets: those that the service manager handed over (activation.py)."""

    def __init__(
        self,
        settings: Settings,
        instance: str,
        say: Callable[[str], None],
        operator: Callable[[Supervisor], Operator],
        sockets: Mapping[str, socket.socket] | None = None,
    ) -> None:
        self.settings = settings
        self.instance = instance
        self.certificates = read_files(settings)  # as they were when they were last good
        self.policies = Policies(settings.policy)
        self.draining = False
        self.workers: list[WorkerProcess] = []
        self.started_at = time.time()
        self.listen = settings.listen
        self.admin: Address | None = None
        self._say = say
        self._given = sockets or {}
        self._notifier = Notifier()
        self._stopped = asyncio.Event()
        self._serving = asyncio.Event()  # the start is over
        self._sockets: list[socket.socket] = []
        self._lives: list[asyncio.Task[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._probe_lock = asyncio.Lock()
        self._probed = (0.0, "")  # monotonic second, and "" or why the server did not answer
        self._board_fd = Board.create()
        self.board = Board(self._board_fd)
        self._count = worker_count(settings.workers, free_cores())
        self._stats_fd = StatsPages.create(self._count)
        self._pages = StatsPages(self._stats_fd)
        self._rates_fd = Ledger.create(self._count)
        self._rates = Ledger(self._rates_fd, 0, self._count)
        self.stats = StatsReader(self._pages.pages, time.monotonic())
        self.journal = Journal(settings, instance)
        self.catalogs = Catalogs(settings, self.workers)
        self.catalogs.certificates = self.certificates
        self.policy_life = PolicyLife(
            settings, self.policies, self.journal, self.workers, self._follow_policy, self.catalogs
        )
        self.notices = Notices(settings, instance, self.journal, self.policies)
        self.alerts = Alerts(self.notices.tell)
        self.crew = Crew(self.workers)
        self.operator = operator(self)
        self.controls = Controls(settings, self.operator)
        self.inband = Inband(self.operator, self.policies)

    # --- life ---

    async def run(self) -> int:
        """Serves until SIGTERM, SIGINT or a failed start; gives the exit status. ConfigError where a socket cannot
        be had."""
        health: HealthServer | None = None
        loop = asyncio.get_running_loop()
        # From the first moment on: unheard they would end the process, and the start may wait for the server.
        loop.add_signal_handler(signal.SIGHUP, lambda: self._beside(self._reload_signal()))
        loop.add_signal_handler(signal.SIGUSR1, self.reopen_logs)
        try:
            if (given := self._given.get(CLIENTS)) is not None:
                self._sockets = [given, *(given.dup() for _ in range(self._count - 1))]
            else:
                self._sockets = bind(self.settings.listen, self._count)
            self.listen = bound_address(self._sockets[0])
            admin = self._given.get(ADMIN)
            if admin is None and self.settings.admin_listen is not None:
                admin = bind(self.settings.admin_listen, 1, "admin_listen")[0]
            if admin is not None:
                self.admin = bound_address(admin)
                health = HealthServer(admin, self.health, self.metrics)
                await health.start()
            await self.policy_life.first()
            await self.catalogs.first()
            loop.add_signal_handler(signal.SIGTERM, self._stop_signal)
            loop.add_signal_handler(signal.SIGINT, self._stop_signal)
            self.journal.start()
            if not await self._start_workers():
                return 1
            await self.controls.start()
            self._beside(self._beat())
            self._beside(self.catalogs.run())
            if self.settings.policy_watch:
                self._beside(self.policy_life.watch.run())
            settle_memory()
            self._say(self.banner())
            self._notifier.ready(self.banner())
            self._serving.set()
            await self._stopped.wait()
            return 0
        finally:
            await self.controls.stop()
            await self._end()
            if health is not None:
                await health.stop()
            await asyncio.to_thread(self.journal.close)
            await self.notices.close()

    def banner(self) -> str:
        """The line at the start."""
        policy = (
            f"policy {self.policies.version}" if self.policies.live else "NO POLICY (everything is refused)"
        )
        count = len(self.workers)
        parts = [
            f"dbgate listens on {self.listen}",
            f"server {self.settings.upstream}",
            f"{policy} from {self.settings.policy}",
            f"{count} worker{'s' if count != 1 else ''} ({describe()})",
            f"control {self.settings.control_socket or 'off'}",
            f"health {f'http://{self.admin}/health' if self.admin else 'off'}",
            f"audit {self.settings.audit_log or 'off'}",
        ]
        return ", ".join(parts)

    async def _start_workers(self) -> bool:
        shared = (self._board_fd, self._stats_fd, self._rates_fd)
        for row, sock in enumerate(self._sockets):
            self.workers.append(
                WorkerProcess(
                    row,
                    sock,
                    shared,
                    self._start_message,
                    self._worker_ended,
                    self.catalogs.changed,
                    self.inband.wanted,
                )
            )
        self._lives = [asyncio.create_task(worker.live()) for worker in self.workers]
        stopped: asyncio.Task[Any] = asyncio.create_task(self._stopped.wait())
        ready: asyncio.Task[Any] = asyncio.create_task(self._all_ready())
        done, waiting = await asyncio.wait(
            {stopped, ready}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for task in waiting:
            task.cancel()
        if not done:
            LOG.error("the workers did not start within %.0f s; their own lines above say why", START_SECONDS)
        return bool(done)

    async def _all_ready(self) -> None:
        for worker in self.workers:
            await worker.ready.wait()

    def _start_message(self, row: int) -> Start:
        live = self.policies.live
        return Start(
            worker=row,
            workers=len(self.workers),
            instance=self.instance,
            settings=replace(self.settings, catalog_password=""),
            plan=live.plan if live else b"",
            epoch=self.policies.epoch,
            catalog=self.catalogs.text,
            certificates=self.certificates,
        )

    def _worker_ended(self, row: int) -> None:
        self.board.clear_row(row)
        self._rates.clear_row(row)

    async def _end(self) -> None:
        await self.inband.close()
        for worker in self.workers:
            worker.stop()
        for sock in self._sockets:
            sock.close()
        pending = [*self._lives, *self._tasks]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _beat(self) -> None:
        """Once a second: rates need something to compare with, and alerts are looked at."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._notifier.alive()
            try:
                self._end_stuck_workers(time.monotonic())
                orphans.reap({worker.pid for worker in self.workers})
                now = time.monotonic()
                totals = self.stats.sample(now)
                live = self.policies.live
                if live is None:
                    continue
                threshold = live.policy.alert_threshold_qps if live.policy.alert_on_high_volume else 0
                self.alerts.look(
                    now,
                    totals.slots[layout.QUERIES],
                    totals.slots[layout.BLOCKED],
                    live.policy.alert_on_block,
                    threshold,
                    totals.slots[layout.CAPPED],
                )
            except Exception:  # statistics must not end the supervisor
                LOG.exception("the look at the counters failed")

    def _end_stuck_workers(self, now: float) -> None:
        """A worker whose loop stands still holds up all of its sessions, and would for ever."""
        for worker in self.workers:
            silent = self._silence(worker, now)
            if silent > STUCK_SECONDS:
                LOG.error(
                    "worker %d has not moved for %.0f s: it is ended and started again", worker.row, silent
                )
                worker.abort_stuck()
                self.board.clear_row(worker.row)

    def _silence(self, worker: WorkerProcess, now: float) -> float:
        """Seconds since a worker's last sign of life; 0 for one that is starting."""
        beat = self.board.get(worker.row, board_module.BEAT_MS)
        return now - beat / 1000 if beat and worker.ready.is_set() else 0.0

    # --- signals ---

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop_signal(self) -> None:
        if self.draining:
            LOG.warning("second signal: sessions are cut off now")
            self._stopped.set()
            return
        self._beside(self.drain())

    async def drain(self) -> None:
        """Lets sessions end for drain_timeout, refuses new ones, then ends the gateway."""
        self.draining = True
        seconds = self.settings.drain_timeout
        self._notifier.stopping(f"draining, {seconds:.0f} s at most")
        LOG.info("draining: %d sessions have %.0f s to end", self.board.total(board_module.SESSIONS), seconds)
        for worker in self.workers:
            worker.drain(seconds)
        await asyncio.wait(self._lives, timeout=seconds + GRACE_SECONDS)
        self._stopped.set()

    async def _reload_signal(self) -> None:
        await self._serving.wait()
        self._notifier.reloading()
        self.controls.renew()
        try:
            files = await asyncio.to_thread(read_files, self.settings)
            load_contexts(self.settings, files)
        except ConfigError as error:
            LOG.error("certificates were not renewed, those before them stay: %s", error)
        else:
            log.warn(expiry_warnings(files, time.time()))
            self.certificates = self.catalogs.certificates = files
            for worker in self.workers:
                worker.renew(files)
        await self.reload_policy("SIGHUP")
        self._notifier.ready(self.banner())

    def reopen_logs(self) -> None:
        """SIGUSR1: log files that were moved away are let go."""
        self.journal.reopen()
        for worker in self.workers:
            worker.reopen()

    # --- policy ---

    async def reload_policy(self, author: str) -> Outcome:
        """Puts the policy file live everywhere or nowhere, and says so in the logs and in the history."""
        return await self.policy_life.reload(author)

    def _follow_policy(self) -> None:
        live = self.policies.live
        log.follow_policy(self.settings, live.policy if live else None, "supervisor")
        self.notices.follow()

    # --- health ---

    async def health(self) -> Health:
        """See gateway.health."""
        now = time.monotonic()
        alive = any(
            worker.ready.is_set() and self._silence(worker, now) < SILENT_SECONDS for worker in self.workers
        )
        reasons: list[str] = []
        if not alive:
            reasons.append("no worker is running")
        if self.draining:
            reasons.append("draining")
        if self.policies.live is None:
            reasons.append("no policy")
        if self.board.total(board_module.HALTED):
            reasons.append("audit records cannot be kept, and the policy requires them (audit.on_failure)")
        if self.catalogs.lacking:
            reasons.append(f"no catalog: {self.catalogs.lacking}")
        sessions = self.board.total(board_module.SESSIONS)
        if sessions >= self.session_limit:
            reasons.append("over the limit of connections")
        if why := await self._server_trouble():
            reasons.append(f"server unreachable: {why}")
        details: dict[str, object] = {
            "instance": self.instance,
            "policy_version": self.policies.version,
            "policy_number": self.policy_life.history.live,
            "policy_refused": self.policy_life.history.refusal(),
            "sessions": sessions,
            "max_connections": self.session_limit,
            "workers": len(self.workers),
            "workers_ready": sum(worker.ready.is_set() for worker in self.workers),
            "worker_restarts": sum(worker.restarts for worker in self.workers),
            "catalog": self.catalogs.describe() if self.catalogs.configured else None,
            "uptime_s": int(time.time() - self.started_at),
        }
        return Health(alive=alive, reasons=tuple(reasons), details=details)

    async def metrics(self) -> bytes:
        """For /metrics: see workers.metrics."""
        facts = metrics.gather(self, self.stats.sample(time.monotonic()), await self.health())
        return metrics.exposition(facts)

    @property
    def session_limit(self) -> int:
        """Sessions at once: the smaller of the setting and the policy's max_connections."""
        live = self.policies.live
        most = live.policy.max_connections if live is not None else 0
        return min(most, self.settings.max_connections) if most else self.settings.max_connections

    async def _server_trouble(self) -> str:
        """ "" or why the server cannot be reached: by the sessions' own connects while they tell something new, else
        by a probe, at most one in EVIDENCE_SECONDS."""
        fresh = int((time.monotonic() - EVIDENCE_SECONDS) * 1000)
        reached = self.board.latest(board_module.REACHED_MS)
        failed = self.board.latest(board_module.FAILED_MS)
        if reached > fresh and reached >= failed:
            return ""
        async with self._probe_lock:
            at, why = self._probed
            # A server that comes back should be seen soon, and one that a session has just missed at once.
            pause = 1.0 if why else EVIDENCE_SECONDS
            if time.monotonic() - at >= pause or (not why and failed > at * 1000):
                why = await probe(self.settings.upstream, PROBE_SECONDS)
                self._probed = (time.monotonic(), why)
            return why
