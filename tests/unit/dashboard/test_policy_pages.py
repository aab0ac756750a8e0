from __future__ import annotations

from pathlib import Path

import pytest

from dbgate.dashboard.judge import Judge
from tests.unit.dashboard.pages import EVENT, Gateway, Pages, line, write_log

POLICY = """version: 1
access_control:
  - name: app
    user: app
    allowed_tables: [shop.orders]
    allowed_operations: [SELECT]
"""


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
    gateway.texts[2] = POLICY
    site.log_in("vic")
    fields = {"csrf": site.csrf(), "user": "app", "source": "10.0.0.1", "schema": "shop", "instance": "gw-a"}
    allowed = site.post("/tester", {**fields, "sql": "SELECT * FROM orders"}).text
    assert "<strong>Allowed</strong>" in allowed and "Access rule: <strong>app</strong>" in allowed
    blocked = site.post("/tester", {**fields, "sql": "DELETE FROM orders"}, **{"hx-request": "true"}).text
    assert "<strong>Blocked</strong>" in blocked and "operation-denied" in blocked and "<html" not in blocked
    assert "Enter a statement" in site.post("/tester", {**fields, "sql": " "}).text
    assert "no IP address" in site.post("/tester", {**fields, "sql": "SELECT 1", "source": "<x>"}).text
    assert "database user" in site.post("/tester", {**fields, "sql": "SELECT 1", "user": ""}).text
    assert "more than" in site.post("/tester", {**fields, "sql": "x" * 100_001}).text
    assert gateway.acts == []
    gateway.texts[2] = "nonsense: 1\n"
    gateway.versions[0]["sha256"] = "other"
    assert "cannot read that policy" in site.post("/tester", {**fields, "sql": "SELECT 1"}).text
    gateway.versions[0]["live"] = False
    assert "everything is refused" in site.post("/tester", {**fields, "sql": "SELECT 1"}).text


@pytest.mark.parametrize(
    "statement", ["SELECT salary FROM payroll WHERE id = ?", "SELECT salary FROM payroll"]
)
def test_a_record_with_its_explanation(site: Pages, gateway: Gateway, tmp_path: Path, statement: str) -> None:
    gateway.texts[2] = POLICY
    write_log(tmp_path / "audit.jsonl", [line(statement=statement, db_user="app")])
    site.log_in("vic")
    text = site.get(f"/record/{EVENT}").text
    assert "SELECT on shop.payroll is not granted" in text  # as it was
    assert "table-denied" in text and "Access rule: <strong>app</strong>" in text  # as it would be
    assert site.get("/record/01M837Y5646H237SQ1Z692PPKK").status_code == 404
    assert site.get("/record/nonsense").status_code == 404


def test_the_judge_keeps_few_policies() -> None:
    judge = Judge()
    for number in range(12):
        text = {"text": POLICY, "sha256": str(number), "number": number, "shapes": None}
        answer = judge.explain(text, "SELECT 1", "app", "10.0.0.1", "", False)  # type: ignore[arg-type]
        assert answer["decision"] == "allow" and len(answer["steps"]) == 12
    assert len(judge._compiled) <= 8
