"""Who takes notice of processes that nobody waits for."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from dbgate.workers.orphans import reap


class Kernel:
    """Children that have ended, in the kernel's order; none: there is no child at all."""

    def __init__(self, *ended: int, none: bool = False) -> None:
        self.ended = list(ended)
        self.none = none

    def waitid(self, which: int, number: int, options: int) -> SimpleNamespace | None:
        assert (which, options) == (os.P_ALL, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if self.none:
            raise ChildProcessError
        return SimpleNamespace(si_pid=self.ended[0]) if self.ended else None

    def waitpid(self, pid: int, options: int) -> tuple[int, int]:
        assert options == os.WNOHANG
        self.ended.remove(pid)
        return pid, 0


def reaped(monkeypatch: pytest.MonkeyPatch, kernel: Kernel, known: set[int], pid: int = 1) -> int:
    monkeypatch.setattr(os, "getpid", lambda: pid)
    monkeypatch.setattr(os, "waitid", kernel.waitid)
    monkeypatch.setattr(os, "waitpid", kernel.waitpid)
    try:
        return reap(known)
    finally:
        monkeypatch.undo()


def test_orphans_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(11, 12)
    assert reaped(monkeypatch, kernel, {9}) == 2 and kernel.ended == []
    assert reaped(monkeypatch, Kernel(none=True), {9}) == 0


def test_a_worker_is_left_to_who_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(11, 9, 12)
    assert reaped(monkeypatch, kernel, {9}) == 1 and kernel.ended == [9, 12]


def test_only_as_process_1(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(11)
    assert reaped(monkeypatch, kernel, set(), pid=77) == 0 and kernel.ended == [11]
