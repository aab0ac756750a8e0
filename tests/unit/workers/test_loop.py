"""uvloop where it is there, asyncio where not."""

from __future__ import annotations

import asyncio
import importlib.util

import pytest
import uvloop

from dbgate.workers import loop


async def kind() -> type[asyncio.AbstractEventLoop]:
    return type(asyncio.get_running_loop())


def test_uvloop() -> None:
    assert loop.run(kind()) is uvloop.Loop


def test_asyncio_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBGATE_LOOP", "asyncio")
    assert loop.run(kind()) is not uvloop.Loop


def test_asyncio_without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert loop.factory() is None
