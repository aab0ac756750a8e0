"""How much memory a session costs that is logged in and does nothing."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass

import pymysql
from pymysql.connections import Connection

from benchmarks.candidates import DBGATE, HAPROXY, Candidate
from benchmarks.load import LoadError
from benchmarks.processes import pss_of
from benchmarks.stage import Column, Stage

FIRST = 50  # sessions before the count begins: pools and arenas that exist once
SETTLE = 1.0  # seconds


def open_sessions(port: int, count: int) -> list[Connection[pymysql.cursors.Cursor]]:
    """Logged in, with no query."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if count + 200 > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1000), hard))
    # ssl_disabled: PyMySQL would load all the machine's certificates for each, 20 ms of CPU
    opened: list[Connection[pymysql.cursors.Cursor]] = []
    try:
        for _ in range(count):
            opened.append(
                pymysql.connect(
                    host="127.0.0.1",
                    port=port,
                    user="app",
                    password="app_pw",
                    database="sbtest",
                    connect_timeout=20,
                    ssl_disabled=True,
                )
            )
    except (pymysql.Error, OSError) as error:
        close(opened)
        raise LoadError(f"session {len(opened) + 1} of {count}: {error}") from error
    return opened


def close(sessions: list[Connection[pymysql.cursors.Cursor]]) -> None:
    for one in sessions:
        one.close()


@dataclass(kw_only=True)
class IdleMemory:
    """Of the candidate's own processes; the kernel's socket buffers and the server's threads are not in it."""

    name: str = "idle"
    title: str = "Idle sessions"
    what: str = "memory of the candidate's processes (PSS) for each session that is logged in and idle"
    columns: tuple[Column, ...] = (
        Column(key="session_kb", title="KB a session", digits=1),
        Column(key="sessions", title="sessions"),
        Column(key="base_mb", title="MB without them", digits=1),
    )
    candidates: tuple[str, ...] = (HAPROXY, DBGATE)
    compared: bool = False
    rounds: int = 1
    weight: float = 3.0

    def begin(self, candidates: list[Candidate], stage: Stage) -> None:
        pass

    def run(self, candidate: Candidate, stage: Stage) -> dict[str, float]:
        pid = candidate.pid()
        assert pid is not None
        sessions = open_sessions(candidate.port, FIRST)
        try:
            time.sleep(SETTLE)
            before = pss_of(pid)
            sessions += open_sessions(candidate.port, stage.idle)
            time.sleep(SETTLE)
            grown = pss_of(pid) - before
        finally:
            close(sessions)
        return {"session_kb": grown / stage.idle, "sessions": float(stage.idle), "base_mb": before / 1024}
