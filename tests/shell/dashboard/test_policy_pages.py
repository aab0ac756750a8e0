from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dbgate.control.client import ControlClient, Refused
from tests.shell.dashboard.pages import EVENT, Gateway, Pages, line, write_log


def test_the_policy_with_its_hits(site: Pages, gateway: Gateway) -> None:
    gateway.texts[2] = "version: 1\n" + "# <b>\n" * 6
    site.log_in("vic")
    text = site.get("/policy").text
    assert "number 2" in text and "&lt;b&gt;" in text
    assert "blocked-operation: 1 blocked" in text  # line 7, in the fake's statistics
    assert "Rules that were hit" in text and 'href="#line-7"' in text
    assert "/policy/versions/1?instance=gw-a" in text
    assert "/policy/rollback/" not in text and "/policy/reload" not in text
    site.log_in("ada")
    text = site.get("/policy?instance=gw-a").text
    assert "/policy/rollback/1?instance=gw-a" in text and "/policy/reload" in text


def test_a_refused_file_is_shown(site: Pages, gateway: Gateway) -> None:
    gateway.problems = ["policy.yaml:3:1: <no> such key"]
    site.look()
    site.log_in("ada")
    assert "policy.yaml:3:1: &lt;no&gt; such key" in site.get("/policy").text
    assert "refused the latest policy file" in site.get("/alerts").text
    answer = site.post("/policy/reload", {"csrf": site.csrf(), "instance": "gw-a"})
    assert answer.status_code == 422 and "&lt;no&gt; such key" in answer.text
    assert site.acts()[-1]["outcome"] == "refused"


def test_versions_and_differences(site: Pages) -> None:
    site.log_in("vic")
    assert "access_control: []" in site.get("/policy/versions/2?instance=gw-a").text
    assert site.get("/policy/versions/9?instance=gw-a").status_code == 404
    text = site.get("/policy/diff?instance=gw-a&from=1&to=2").text
    assert "access rule &#39;app&#39;" in text and 'class="add">+mode: enforce' in text
    assert site.get("/policy/diff?instance=gw-a&from=1&to=9").status_code == 404
    assert site.get("/policy/diff?instance=gw-a&from=&to=x").status_code == 400
    assert site.get("/policy/versions/2?instance=gw-b").status_code == 502


def test_an_administrator_goes_back(site: Pages, gateway: Gateway) -> None:
    site.log_in("ada")
    assert "mode: monitor → enforce" in site.get("/policy/rollback/1?instance=gw-a").text
    assert gateway.acts == []
    fields = {"csrf": site.csrf(), "instance": "gw-a"}
    answer = site.post("/policy/rollback/1", fields)
    assert answer.status_code == 303
    assert "Version 3 is live: a copy of version 1." in site.get(answer.headers["location"]).text
    ((verb, number, author),) = gateway.acts
    assert (verb, number) == ("rollback", "1") and author.startswith("ada via ")
    assert site.acts()[-1]["detail"] == "to 1, now version 3"
    gateway.read_only = "it is on a read-only disk"
    answer = site.post("/policy/rollback/1", fields)
    assert answer.status_code == 409 and "read-only disk" in answer.text
    assert site.acts()[-1]["outcome"] == "refused"


def test_a_gateway_that_is_down_says_so(site: Pages) -> None:
    site.log_in("vic")
    text = site.get("/policy?instance=gw-b").text
    assert "gw-b is down" in text and "there is no such socket" in text


def test_the_tester(site: Pages, gateway: Gateway) -> None:
    site.log_in("vic")
    fields = {"csrf": site.csrf(), "user": "app", "source": "10.0.0.1", "schema": "shop", "instance": "gw-a"}
    blocked = site.post("/tester", {**fields, "sql": "SELECT 1"}, **{"hx-request": "true"}).text
    assert "<strong>Blocked</strong>" in blocked and "table-denied" in blocked and "<html" not in blocked
    assert "Judged by gw-a itself" in blocked and "mariadb 10.11.6" in blocked and "3 objects" in blocked
    asked = gateway.explained[0]
    assert (asked.sql, asked.user, asked.source, asked.schema) == ("SELECT 1", "app", "10.0.0.1", "shop")
    assert (asked.masked, asked.session_id) == (False, None)
    gateway.explanation = {
        "decision": "allow",
        "rule": "",
        "reason": "granted by <entry>",
        "notes": ["its rate_limit is not asked"],
        "behind": [
            {"path": "view shop.<v>", "needs": [], "functions": [], "calls": [], "problem": "dynamic SQL"}
        ],
    }
    allowed = site.post("/tester", {**fields, "sql": "SELECT * FROM orders"}).text
    assert "<strong>Allowed</strong>" in allowed and "Access rule: <strong>app</strong>" in allowed
    assert "Its rate_limit is not asked." in allowed and "view shop.&lt;v&gt;" in allowed
    assert "granted by &lt;entry&gt;" in allowed
    assert "Enter a statement" in site.post("/tester", {**fields, "sql": " "}).text
    assert "no IP address" in site.post("/tester", {**fields, "sql": "SELECT 1", "source": "<x>"}).text
    assert "database user" in site.post("/tester", {**fields, "sql": "SELECT 1", "user": ""}).text
    assert "more than" in site.post("/tester", {**fields, "sql": "x" * 100_001}).text
    assert gateway.acts == []


def test_a_gateway_that_is_too_old_to_explain(
    site: Pages, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def old(self: ControlClient, asked: object) -> Any:
        raise Refused(404, "no-such-path", "there is no such path", "", [])

    monkeypatch.setattr(ControlClient, "policy_explain", old)
    site.log_in("vic")
    fields = {"csrf": site.csrf(), "user": "app", "source": "10.0.0.1", "schema": "", "instance": "gw-a"}
    assert (
        "gw-a cannot explain. Upgrade that gateway."
        in site.post("/tester", {**fields, "sql": "SELECT 1"}).text
    )


def test_a_record_with_its_explanation(site: Pages, gateway: Gateway, tmp_path: Path) -> None:
    """explain_record: as the log has it, in its session where that is open."""
    statement = "SELECT salary FROM payroll WHERE id = ?"
    write_log(
        tmp_path / "audit.jsonl",
        [
            line(
                statement=statement, db_user="app", session_id="gone", digest="0" * 32, detections=["stacked"]
            )
        ],
    )
    site.log_in("vic")
    text = site.get(f"/record/{EVENT}").text
    assert "SELECT on shop.payroll is not granted" in text  # as it was
    assert "table-denied" in text and "Access rule: <strong>app</strong>" in text  # as it would be
    assert "another digest" not in text
    asked = gateway.explained[0]  # the session is not open any more
    assert (asked.sql, asked.user, asked.session_id) == (statement, "app", None)
    assert (asked.masked, asked.detections) == (True, ["stacked"])
    gateway.explanation = {"digest": "1" * 32}
    assert "another digest" in site.get(f"/record/{EVENT}").text
    assert site.get("/record/01M837Y5646H237SQ1Z692PPKK").status_code == 404
    assert site.get("/record/nonsense").status_code == 404


def test_a_record_whose_values_were_kept(site: Pages, gateway: Gateway, tmp_path: Path) -> None:
    write_log(tmp_path / "audit.jsonl", [line(statement="SELECT 1", db_user="app", session_id="01J-1")])
    site.log_in("vic")
    site.get(f"/record/{EVENT}")
    asked = gateway.explained[0]
    assert (asked.session_id, asked.masked, asked.detections) == ("01J-1", False, None)
