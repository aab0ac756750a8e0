"""Parts of the supervisor that need no process: who is stuck, what health says. The rest is in tests/integration."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, cast

import pytest

from dbgate.config.settings import load
from dbgate.gateway.board import BEAT_MS, FAILED_MS, REACHED_MS, SESSIONS
from dbgate.workers import supervisor as module
from dbgate.workers.process import WorkerGone, WorkerProcess
from dbgate.workers.supervisor import Supervisor
from tests.shell.gateway.shell import run


class FakeWorker:
    def __init__(self, row: int) -> None:
        self.row = row
        self.ready = asyncio.Event()
        self.ready.set()
        self.restarts = 0
        self.aborted = 0

    def abort_stuck(self) -> None:
        self.aborted += 1

    async def sessions(self) -> object:
        raise WorkerGone("gone")


def make(tmp_path: Path, workers: int = 2, **flags: str) -> Supervisor:
    text = tmp_path / "p.yaml"
    text.write_text("version: 1\nglobal: {max_connections: 5}\naccess_control: []\n")
    settings = load({"audit_log": "off", "policy": str(text), "workers": str(workers), **flags}, {})
    made = Supervisor(settings, "gw-1", print, lambda supervisor: cast(Any, None))
    made.workers = [cast(WorkerProcess, FakeWorker(row)) for row in range(workers)]
    return made


def test_a_stuck_worker_is_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        made = make(tmp_path)
        now = 1000.0
        made.board.set(0, BEAT_MS, int((now - 59) * 1000))
        made.board.set(1, BEAT_MS, int((now - 61) * 1000))
        made.board.set(1, SESSIONS, 3)
        made._end_stuck_workers(now)
        assert [cast(FakeWorker, worker).aborted for worker in made.workers] == [0, 1]
        assert "worker 1 has not moved for 61 s" in caplog.text
        made._end_stuck_workers(now + 1)
        assert cast(FakeWorker, made.workers[1]).aborted == 1  # once is enough
        assert made.board.total(SESSIONS) == 0

    run(main())


def test_health(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probes: list[str] = []

    async def probe(address: object, timeout: float) -> str:
        probes.append("")
        return "Connection refused"

    monkeypatch.setattr(module, "probe", probe)

    async def main() -> None:
        made = make(tmp_path)
        now = time.monotonic()
        state = await made.health()
        assert state.alive
        assert state.reasons == ("no policy", "server unreachable: Connection refused")
        await made.policies.load_first()
        made.board.set(0, REACHED_MS, int(time.monotonic() * 1000))
        state = await made.health()
        assert state.reasons == ()
        assert len(probes) == 1  # a session has just reached the server: nobody needs to ask
        made.board.set(1, FAILED_MS, int(time.monotonic() * 1000) + 5)
        assert "server unreachable: Connection refused" in (await made.health()).reasons
        assert made.session_limit == 5
        made.board.set(0, SESSIONS, 5)
        made.board.set(1, REACHED_MS, int(time.monotonic() * 1000) + 9)
        made.draining = True
        assert (await made.health()).reasons == ("draining", "over the limit of connections")
        for row in range(2):
            made.board.set(row, BEAT_MS, int((now - 11) * 1000))
        assert not (await made.health()).alive

    run(main())


def test_a_worker_that_is_gone_has_no_sessions(tmp_path: Path) -> None:
    async def main() -> None:
        assert await make(tmp_path).crew.sessions() == []

    run(main())


def test_banner(tmp_path: Path) -> None:
    async def main() -> None:
        made = make(tmp_path, 1, control_socket="off", admin_listen="off")
        line = made.banner()
        assert "dbgate listens on 127.0.0.1:13306, server 127.0.0.1:3306, NO POLICY" in line
        assert "1 worker (" in line
        assert line.endswith("control off, health off, audit off")
        await made.policies.load_first()
        assert f"policy {made.policies.version} from " in made.banner()

    run(main())
