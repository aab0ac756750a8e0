from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dbgate.dashboard import users
from tests.shell.dashboard.pages import HASHER, Gateway, Pages, line, pages, write_log
from tests.unit.control.fake import serving


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a password costs is tested once, in test_users.py."""
    monkeypatch.setattr(users, "HASHER", HASHER)


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(str(tmp_path / "audit.jsonl"))


@pytest.fixture
def site(tmp_path: Path, gateway: Gateway) -> Iterator[Pages]:
    """A dashboard before one gateway that is up and one that is not there; nobody is logged in."""
    write_log(tmp_path / "audit.jsonl", [line()])
    with serving(gateway, tmp_path / "a.sock"):
        with pages(tmp_path, {"gw-a": tmp_path / "a.sock", "gw-b": tmp_path / "nowhere.sock"}) as found:
            yield found
