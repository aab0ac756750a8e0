from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator
from tests.unit.policy.test_whocan import LIMITED, TEXT


@pytest.fixture(autouse=True)
def policy() -> None:
    Path("p.yaml").write_text(TEXT)


def test_who_may(run: Run) -> None:
    result = run("policy", "who-can", "select", "shop.users", "-f", "p.yaml")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["USER", "FROM", "RULE", "LINE", "MAY", "HOW"]
    assert len(lines) == 5
    assert lines[1].split()[:5] == ["app_one", "10.0.0.0/8", "app", "3", "yes"]
    assert "only 09:00-18:00" in lines[2]
    assert "at most 5/s" in lines[2]
    assert "earlier rules name app_one (line 3)" in lines[2]
    assert "would be blocked by table-denied, which is in monitor mode" in lines[4]
    assert "only over TLS" in run("policy", "who-can", "DELETE", "users", "-f", "p.yaml").stdout
    everybody = run("policy", "who-can", "SELECT", "users", "-f", "p.yaml", "--all").stdout
    assert "an earlier rule matches first" in everybody
    assert "table-denied: SELECT on shop.users is not granted to entry 'none'" in everybody


def test_json_and_nobody(run: Run) -> None:
    answer = json.loads(run("policy", "who-can", "SELECT", "users", "-f", "p.yaml", "-o", "json").stdout)
    assert (answer["schema"], answer["table"], answer["anybody"]) == ("shop", "users", True)
    assert [who["user"] for who in answer["who"]] == ["app_one", "app_*", "app_one", "watched"]
    assert answer["who"][1]["exceptions"] == [{"user": "app_one", "line": 3}]
    Path("p.yaml").write_text(TEXT.replace("mode: monitor, ", ""))
    result = run("policy", "who-can", "INSERT", "shop.users", "-f", "p.yaml")
    assert (result.exit_code, result.stdout) == (1, "Nobody may INSERT on shop.users under p.yaml.\n")
    nobody = run("policy", "who-can", "INSERT", "shop.users", "-f", "p.yaml", "-o", "json")
    assert (nobody.exit_code, json.loads(nobody.stdout)["anybody"]) == (1, False)
    assert "Nobody may LOCK under" in run("policy", "who-can", "LOCK", "-f", "p.yaml").stdout


def test_wrong_questions(run: Run) -> None:
    for arguments in (("FLY", "a.b"), ("SELECT",)):
        assert run("policy", "who-can", *arguments, "-f", "p.yaml").exit_code == 2
    Path("p.yaml").write_text(TEXT.replace("default_schema: shop", "mode: enforce"))
    result = run("policy", "who-can", "SELECT", "users", "-f", "p.yaml")
    assert result.exit_code == 2
    assert "names no schema" in result.stderr


def test_of_the_running_gateway(run: Run, gateway: FakeOperator) -> None:
    gateway.texts[2] = TEXT
    answer = json.loads(run("policy", "who-can", "SELECT", "shop.users", "-o", "json").stdout)
    assert answer["policy"] == "version 2"
    assert run("policy", "who-can", "SELECT", "a.b", "--socket", "/nonexistent").exit_code == 3


def test_who_may_do_it_to_a_column(run: Run) -> None:
    Path("p.yaml").write_text(LIMITED)
    shown = run("policy", "who-can", "select", "shop.orders", "-f", "p.yaml")
    assert [line.split()[0] for line in shown.stdout.splitlines()[1:]] == ["whole", "part"]
    assert "only the columns id, state, total" in shown.stdout
    assert "only the column state" in run("policy", "who-can", "UPDATE", "shop.orders", "-f", "p.yaml").stdout
    ssn = run("policy", "who-can", "SELECT", "shop.orders.SSN", "-f", "p.yaml", "-o", "json")
    answer = json.loads(ssn.stdout)
    assert (answer["table"], answer["column"], [who["user"] for who in answer["who"]]) == (
        "orders",
        "SSN",
        ["whole"],
    )
    total = json.loads(
        run("policy", "who-can", "SELECT", "shop.orders.total", "-f", "p.yaml", "-o", "json").stdout
    )
    assert [(who["user"], who["columns"]) for who in total["who"]] == [
        ("whole", []),
        ("part", ["id", "state", "total"]),
    ]
    nobody = run("policy", "who-can", "UPDATE", "shop.orders.ssn", "-f", "p.yaml")
    assert (nobody.exit_code, nobody.stdout) == (1, "Nobody may UPDATE on shop.orders.ssn under p.yaml.\n")
    wrong = run("policy", "who-can", "DELETE", "shop.orders.ssn", "-f", "p.yaml")
    assert (wrong.exit_code, "DELETE is not done to a column" in wrong.stderr) == (2, True)
    assert "name the table: shop.orders" in wrong.stderr
