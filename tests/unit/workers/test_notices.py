from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dbgate.config.settings import load
from dbgate.errors import ConfigError
from dbgate.workers.journal import Journal
from dbgate.workers.loop import run
from dbgate.workers.notices import Notices
from dbgate.workers.policies import Policies
from dbgate.workers.reload import load_text

POLICY = "alerts: {webhook: 'http://127.0.0.1:1/'}\naccess_control: []\n"


class Told:
    """In the webhook's place."""

    def __init__(self) -> None:
        self.url = ""
        self.lines: list[tuple[str, str, str]] = []
        self.closed = False

    def aim(self, url: str) -> None:
        self.url = url

    def tell(self, kind: str, text: str, policy_version: str) -> None:
        self.lines.append((kind, text, policy_version))

    def close(self, timeout: float) -> None:
        self.closed = True


def made(tmp_path: Path) -> tuple[Notices, Told, Policies, Journal]:
    settings = load({"audit_log": str(tmp_path / "audit.jsonl")}, {})
    journal = Journal(settings, "gw")
    policies = Policies("policy.yaml")
    notices = Notices(settings, "gw", journal, policies)
    told = Told()
    notices.webhook = told  # type: ignore[assignment]
    return notices, told, policies, journal


def test_an_alert_goes_to_all_three(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    notices, told, _, journal = made(tmp_path)
    journal.start()
    notices.tell("blocks", "5 statements blocked in 1.0 s")
    journal.close()
    record: dict[str, Any] = json.loads((tmp_path / "audit.jsonl").read_text())
    assert record["event"] == "alert" and record["reason"] == "5 statements blocked in 1.0 s"
    assert told.lines == [("blocks", "5 statements blocked in 1.0 s", "")]
    assert "alert: 5 statements" in caplog.text


def test_the_live_policy_says_where(tmp_path: Path) -> None:
    notices, told, policies, _ = made(tmp_path)
    policies.live = load_text(POLICY, "policy.yaml")
    notices.follow()
    assert told.url == "http://127.0.0.1:1/"
    policies.last_problems = ("policy.yaml:1:1: bad",)
    notices.follow()
    notices.follow()
    assert [line for _, line, _ in told.lines] == ["the policy file was refused: policy.yaml:1:1: bad"]
    policies.last_problems = ()
    policies.live = None
    notices.follow()
    assert told.url == "" and len(told.lines) == 1
    run(notices.close())
    assert told.closed


def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    settings = load({"webhook_key_file": str(tmp_path / "none"), "audit_log": "off"}, {})
    with pytest.raises(ConfigError, match="webhook_key_file"):
        Notices(settings, "gw", Journal(settings, "gw"), Policies("x"))
