from __future__ import annotations

import pytest

from dbgate.dashboard import users
from tests.shell.dashboard.pages import HASHER


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a password costs is tested once, in test_users.py."""
    monkeypatch.setattr(users, "HASHER", HASHER)
