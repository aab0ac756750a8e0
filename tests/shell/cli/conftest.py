from __future__ import annotations

from pathlib import Path

import pytest

from dbgate.cli import top as top_module
from tests.shell.cli.asking import POLICY
from tests.unit.cli.conftest import gateway, operator, plain_surroundings, run

__all__ = ["gateway", "operator", "plain_surroundings", "run"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the command lines of `asking` need: a policy and a log, in a terminal that `top` takes for one."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "audit.jsonl").write_text("{}\n")
    monkeypatch.setattr(top_module, "on_a_terminal", lambda: True)
    return tmp_path
