"""What absent keys mean."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from dbgate.policy.model import Alerts, Grant, Policy, ProcedureControl, SqlRules, TimeRestriction


def test_absent_keys_are_the_strict_choice() -> None:
    policy = Policy.model_validate({})
    assert policy.version == 1
    assert policy.global_.mode == "enforce"
    assert policy.global_.log_literals is False
    assert policy.sql_rules.injection.detectors is None
    assert policy.procedure_control.mode is None
    assert policy.procedure_control.block_dynamic_sql is True
    assert policy.procedure_control.block_create_alter is True
    assert policy.data_protection.block_schema_access is True
    assert policy.access_control == []
    assert policy.audit.on_failure == "allow"
    assert policy.alerts.on_block is False


def test_one_or_a_list() -> None:
    policy = Policy.model_validate(
        {"access_control": [{"user": "a", "source_ip": "10.0.0.0/8", "allowed_operations": "select"}]}
    )
    entry = policy.access_control[0]
    assert entry.user == ["a"]
    assert [network.text for network in entry.source_ip or []] == ["10.0.0.0/8"]
    assert entry.allowed_operations == ["SELECT"]


def test_bare_items() -> None:
    rules = SqlRules.model_validate(
        {
            "block_patterns": "x",
            "injection": {"detectors": ["stacked", {"name": "tautology", "mode": "monitor"}]},
        }
    )
    assert [(item.pattern, item.literals) for item in rules.block_patterns] == [("x", False)]
    assert rules.injection.detectors is not None
    assert [(item.name, item.mode) for item in rules.injection.detectors] == [
        ("stacked", None),
        ("tautology", "monitor"),
    ]


def test_columns_of_a_grant() -> None:
    grant = {"tables": "shop.orders", "operations": "SELECT"}
    assert Grant.model_validate(grant).columns is None
    assert Grant.model_validate({**grant, "columns": "ID"}).columns == ["id"]
    assert Grant.model_validate({**grant, "columns": ["id", "`a.b`"]}).columns == ["id", "a.b"]
    for columns in (None, [], ["*"], ["id", "Id"]):
        with pytest.raises(ValidationError):
            Grant.model_validate({**grant, "columns": columns})
    with pytest.raises(
        ValidationError, match="only SELECT, INSERT or UPDATE can be granted on columns, not REPLACE"
    ):
        Grant.model_validate({**grant, "operations": ["SELECT", "REPLACE"], "columns": "id"})


def test_the_version() -> None:
    assert Policy.model_validate({"version": 1}).version == 1
    for value in (2, True, "1", None):
        with pytest.raises(ValidationError):
            Policy.model_validate({"version": value})


def test_what_belongs_together() -> None:
    assert TimeRestriction.model_validate({"days": "mon"}).days == ["mon"]
    assert ProcedureControl.model_validate({"mode": "blacklist", "blacklist": "a"}).mode == "blacklist"
    assert Alerts.model_validate({"on_high_volume_query": True, "threshold_qps": 5}).threshold_qps == 5
    for model, data in (
        (TimeRestriction, {}),
        (ProcedureControl, {"blacklist": "a"}),
        (Alerts, {"on_high_volume_query": True}),
        (Policy, {"version": 3}),
        (Policy, {"nope": 1}),
    ):
        with pytest.raises(ValidationError):
            model.model_validate(data)


def test_nothing_changes_later() -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({}).version = 2


def test_each_item_of_a_long_list_rests() -> None:
    rests: list[int] = []
    grants = [{"tables": "t", "operations": "SELECT"}] * 2
    Policy.model_validate(
        {"access_control": [{"user": "a", "grants": grants}] * 3}, context=lambda: rests.append(1)
    )
    assert len(rests) == 3 + 3 * 2
