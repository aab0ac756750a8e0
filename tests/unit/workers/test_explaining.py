"""The supervisor's judgement where no worker, no login and no server tells anything; with them: tests/integration/test_explain.py."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dbgate.config.settings import load
from dbgate.control.api import NotAsked
from dbgate.control.messages import ExplainAnswer, ExplainBody
from dbgate.sql.catalog import Catalog
from dbgate.sql.catalog_text import dump
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import MYSQL
from dbgate.workers import explaining
from dbgate.workers.catalogs import Catalogs
from dbgate.workers.crew import Crew
from dbgate.workers.explaining import DYNAMIC, RATE, Explainer
from dbgate.workers.messages import Reading
from dbgate.workers.process import WorkerGone
from dbgate.workers.reload import load_text

POLICY = """\
version: 1
access_control:
  - name: app
    user: app
    source_ip: 10.0.0.0/8
    rate_limit: 5/s
    allowed_tables: [shop.orders]
    allowed_operations: [SELECT, UPDATE]
sql_rules: {require_where: [UPDATE], block_patterns: ["'x'"]}
procedure_control: {block_dynamic_sql: false}
"""


class Worker:
    row = 0

    def __init__(self, reading: Reading | None) -> None:
        self._reading = reading

    async def reading(self, session_id: str) -> Reading:
        if self._reading is None:
            raise WorkerGone("worker 0 is not running")
        return self._reading


def explainer(
    monkeypatch: pytest.MonkeyPatch,
    reading: Reading | None = None,
    greeting: bytes = b"",
    policy: str = POLICY,
    **flags: str,
) -> Explainer:
    async def look(address: object, timeout: float) -> tuple[str, bytes]:
        return ("" if greeting else "no answer in time"), greeting

    monkeypatch.setattr(explaining, "look", look)
    settings = load({"audit_log": "off", **flags}, {})
    live = load_text(policy, "policy.yaml") if policy else None
    made = SimpleNamespace(
        settings=settings,
        policies=SimpleNamespace(live=live, path="policy.yaml"),
        catalogs=Catalogs(settings, []),
        crew=Crew([cast(Any, Worker(reading))]),
    )
    return Explainer(cast(Any, made))


def ask(made: Explainer, **asked: Any) -> ExplainAnswer:
    answer = asyncio.run(
        made.explain(ExplainBody(**{"user": "app", "source": "10.0.0.1", "schema": "shop", **asked}))
    )
    assert answer is not None
    return answer


KNOWN = Reading(
    1,
    True,
    "app",
    "10.0.0.9",
    "shop",
    True,
    "CN=app",
    "",
    MYSQL,
    90704,
    "latin1",
    ansi_quotes=True,
    fold_names=True,
)


def test_where_nobody_tells_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(explainer(monkeypatch), sql="SELECT 1 FROM orders")
    assert (answer["decision"], answer["notes"]) == ("allow", [RATE])
    assert answer["sent"]["server"] == "mariadb 10.11.0"
    assert answer["sent"].get("assumed") == ["sql_mode", "server", "fold_names"]
    assert answer["catalog"].startswith("the gateway has none")
    answer = ask(explainer(monkeypatch, policy=""), sql="SELECT 1")
    assert (answer["rule"], answer["policy"]["version"]) == ("no-policy", "")
    assert "server" in (
        ask(explainer(monkeypatch, greeting=b"\x09x"), sql="SELECT 1")["sent"].get("assumed") or []
    )


def test_a_login_tells_how_the_server_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    made = explainer(monkeypatch, KNOWN)
    answer = ask(made, sql='SELECT 1 FROM "ORDERS"', schema="SHOP")
    sent = answer["sent"]
    assert (answer["decision"], sent["server"], sent["sql_mode"], sent["charset"]) == (
        "allow",
        "mysql 9.7.4",
        "ANSI_QUOTES",
        "utf8mb4",
    )
    assert ask(made, sql='SELECT 1 FROM "orders"', sql_mode="")["rule"] == "parse-error"
    session = asyncio.run(made.explain(ExplainBody(sql="SELECT 'ä' FROM orders", session_id="s-1")))
    assert session is not None
    assert (session["sent"]["source"], session["sent"]["charset"]) == ("10.0.0.9", "latin1")
    assert session["sent"].get("cert_subject") == "CN=app"
    assert asyncio.run(explainer(monkeypatch).explain(ExplainBody(sql="SELECT 1", session_id="s-1"))) is None


def test_what_the_gateway_itself_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    made = explainer(monkeypatch, KNOWN, max_statement="4KiB")
    answer = ask(made, sql="SELECT 1 FROM orders WHERE " + "1 = 1 AND " * 500 + "1")
    assert (answer["decision"], answer["rule"], answer["statements"]) == ("block", "statement-size", [])
    assert [step["outcome"] for step in answer["steps"]][:3] == ["passed", "block", "not reached"]
    stuck = explainer(
        monkeypatch,
        Reading(1, True, unfollowed="sql_mode ORACLE is not followed", flavour=MYSQL, charset="utf8"),
    )
    assert asyncio.run(stuck.explain(ExplainBody(sql="SELECT 1", session_id="s"))) is not None
    assert ask(stuck, sql="SELECT 1", session_id="s")["rule"] == "session-state"
    assert ask(stuck, sql="SELECT 1 FROM orders", session_id="s", sql_mode="")["decision"] == "allow"


def test_what_the_log_does_not_keep_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    made = explainer(monkeypatch, KNOWN)
    answer = ask(made, sql="UPDATE orders SET a = ? WHERE id LIKE ?", masked=True, detections=["tautology"])
    assert (answer["rule"], answer["statements"][0]["detections"][0]["reason"]) == ("injection", "recorded")
    assert any("WHERE" in note for note in answer["notes"])
    assert any("block_patterns" in note for note in answer["notes"])
    answer = ask(made, sql="EXECUTE IMMEDIATE 'SELECT 1'", masked=True, detections=[])
    assert answer["statements"][0]["folded"] is not None
    assert DYNAMIC in ask(made, sql="EXECUTE IMMEDIATE @x")["notes"]


def test_the_catalog_is_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    made = explainer(monkeypatch, KNOWN, catalog_user="seer", catalog_password="x")
    assert ask(made, sql="SELECT 1 FROM orders")["decision"] == "block"  # it was never read
    catalogs = cast(Any, made)._supervisor.catalogs
    catalogs.text, catalogs._read_at = dump(Catalog((), folded=True)), 1.0
    answer = ask(made, sql="SELECT 1 FROM orders")
    assert answer["decision"] == "allow"
    assert answer["catalog"].startswith("0 objects")


def test_the_columns_are_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = """version: 1
access_control:
  - {user: app, grants: [{tables: [shop.orders], operations: [SELECT], columns: [id, total]}]}
"""
    made = explainer(monkeypatch, KNOWN, policy=policy, catalog_user="seer", catalog_password="x")
    catalogs = cast(Any, made)._supervisor.catalogs
    for names, decision in ((("id", "total"), "allow"), (("id", "ssn", "total"), "block")):
        columns = TableColumns({"shop\0orders": names})
        catalogs.text = dump(Catalog((), folded=True, columns=columns))
        assert ask(made, sql="SELECT * FROM orders")["decision"] == decision
    answer = ask(made, sql="SELECT * FROM orders")
    assert answer["rule"] == "column-denied"
    assert "ssn" in answer["reason"]


@pytest.mark.parametrize(
    "asked",
    [
        {"user": "app"},
        {"user": "app", "sql": "x", "sql_base64": "eA=="},
        {"sql": "x"},
        {"user": "app", "sql": "x", "source": "localhost"},
        {"user": "a\0b", "sql": "x"},
        {"user": "app", "sql_base64": "!"},
        {"user": "app", "sql": "数", "charset": "latin1"},
    ],
)
def test_questions_that_make_no_sense(monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]) -> None:
    with pytest.raises(NotAsked):
        asyncio.run(explainer(monkeypatch).explain(ExplainBody(**asked)))


def test_bytes_travel_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer = ask(
        explainer(monkeypatch), sql_base64="U0VMRUNUICf/JyBGUk9NIG9yZGVycw==", source="::ffff:10.0.0.1"
    )
    assert (answer["decision"], answer["sent"]["source"]) == ("allow", "10.0.0.1")
