"""The supervisor's own audit records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dbgate.config.settings import load
from dbgate.workers.journal import Journal
from dbgate.workers.policies import Outcome


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_reloads_and_alerts_are_recorded(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    journal = Journal(load({"audit_log": str(file)}, {}), "gw-1")
    journal.start()
    journal.reloaded(Outcome(True, "new", "old", True), "alice (uid 1000)")
    journal.reloaded(Outcome(False, "new", "new", False, ("p.yaml:1:1: bad",)), "signal")
    journal.write("alert", "9 statements blocked in 1.0 s", "new")
    journal.reopen()
    journal.close()
    good, bad, alert = read(file)
    assert good["event"] == "policy.reload"
    assert good["instance"] == "gw-1"
    assert good["policy_version"] == "new"
    assert good["reason"] == "asked for by alice (uid 1000); before: old"
    assert (good["decision"], bad["decision"]) == ("allow", "block")
    assert "refused: p.yaml:1:1: bad" in bad["reason"]
    assert alert["event"] == "alert"


def test_off() -> None:
    journal = Journal(load({"audit_log": "off"}, {}), "gw-1")
    journal.start()
    journal.write("alert", "x", "v")
    journal.reopen()
    journal.close()
