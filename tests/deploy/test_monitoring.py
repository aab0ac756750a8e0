"""Alert rules and the Grafana dashboard name only metrics and labels that /metrics has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from dbgate.gateway.health import Health
from dbgate.stats.layout import PAGE_BYTES
from dbgate.stats.snapshot import StatsReader
from dbgate.workers.metrics import Facts, exposition

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "deploy" / "monitoring"
METRIC = re.compile(r"\bdbgate_[a-z_]+")


def exposed() -> set[str]:
    """The names of all samples and families of /metrics."""
    reader = StatsReader([memoryview(bytearray(PAGE_BYTES))], 0.0)
    facts = Facts(
        totals=reader.sample(1.0),
        health=Health(alive=True),
        instance="gw1",
        started_at=1.0,
        policy_version="",
        policy_loaded_at=0.0,
        policy_refused=False,
        loads={"live": 1},
        posts={"sent": 1, "failed": 0, "dropped": 0},
        expiries={"tls_cert": 1.0},
    )
    found = set()
    for family in text_string_to_metric_families(exposition(facts).decode()):
        found.add(family.name + ("_total" if family.type == "counter" else ""))
        found.update(sample.name for sample in family.samples)
    return found


def alerts() -> list[dict[str, Any]]:
    loaded = yaml.safe_load((FOLDER / "alerts.yaml").read_text())
    assert set(loaded) == {"groups"}
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def balanced(expression: str) -> bool:
    depth = 0
    for sign in re.sub(r'"[^"]*"', "", expression):
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return False
    return depth == 0


def test_alert_rules() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names)) >= 10
    known = exposed()
    for rule in alerts():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"critical", "warning"} and rule["annotations"]["summary"]
        assert balanced(rule["expr"]), rule["alert"]
        metrics = set(METRIC.findall(rule["expr"]))
        assert metrics <= known, rule["alert"]
        assert metrics or rule["alert"] == "DbgateDown"
        assert re.fullmatch(r"\d+[sm]", rule.get("for", "1m"))


def test_every_alert_is_explained() -> None:
    text = (PROJECT / "docs" / "runbook.md").read_text()
    assert [rule["alert"] for rule in alerts() if f"`{rule['alert']}`" not in text] == []


def test_every_alert_of_the_document_on_metrics_is_there() -> None:
    named = set(re.findall(r"alert: (Dbgate\w+)", (PROJECT / "docs" / "monitoring.md").read_text()))
    assert named and named <= {rule["alert"] for rule in alerts()}


def test_the_dashboard() -> None:
    loaded = json.loads((FOLDER / "grafana.json").read_text())
    assert loaded["title"] == "dbgate" and loaded["schemaVersion"] >= 36
    ids = [panel["id"] for panel in loaded["panels"]]
    assert len(ids) == len(set(ids)) >= 8
    variables = {variable["name"] for variable in loaded["templating"]["list"]}
    known = exposed()
    taken: set[tuple[int, int]] = set()
    for panel in loaded["panels"]:
        assert panel["type"] in {"stat", "timeseries"} and panel["title"]
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken
        taken |= cells
        for target in panel["targets"]:
            expression = target["expr"]
            assert balanced(expression)
            named = set(METRIC.findall(expression))
            assert named and named <= known, expression
            assert set(re.findall(r"\$(?!__)(\w+)", expression)) <= variables
