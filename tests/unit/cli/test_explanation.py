from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console

from dbgate.cli.explanation import as_text
from dbgate.control.explained import as_json
from dbgate.policy.explain import Explanation, Step
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.statement import (
    NEED_BARE,
    NEED_SCHEMA_VISIBLE,
    NEED_TABLE,
    Analysis,
    Detection,
    Need,
    RoutineRef,
    Statement,
)
from tests.rows import rows

SENT = {
    "user": "app",
    "source": "10.0.0.1",
    "schema": "shop",
    "at": "2026-01-31T09:00:00Z",
    "server": "mariadb 10.11.0",
    "charset": "utf8mb4",
    "sql_mode": "ANSI_QUOTES",
    "prepared": False,
}
POLICY = {"file": "policy.yaml", "version": "abc", "catalog": ""}


def explanation(verdict: Verdict, entry: str = "app") -> Explanation:
    steps = (
        Step(1, "policy loaded", "passed"),
        Step(6, "injection, block_patterns", "would_block", "injection", 30, "it always holds"),
        Step(10, "every operation is granted", "block", "table-denied", 12, "no right on shop.secrets"),
        Step(11, "functions", "not reached"),
    )
    return Explanation(verdict, "app", "10.0.0.1", entry, 5 if entry else 0, steps)


def analysis(*statements: Statement, error: str = "") -> Analysis:
    return Analysis(statements, error, "", "SELECT ?", "0" * 32, "SELECT ?", "SELECT 1", True)


def shown(*arguments: Any, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(as_text(as_json(*arguments)))
    return console.file.getvalue()  # type: ignore[attr-defined]


STATEMENT = Statement(
    "INSERT",
    ("INSERT", "SELECT"),
    (
        Need(NEED_TABLE, "INSERT", "shop", "orders", True),
        Need(NEED_TABLE, "SELECT", "", "secrets"),
        Need(NEED_SCHEMA_VISIBLE, "USE", "hr"),
        Need(NEED_BARE, "SET"),
    ),
    functions=(RoutineRef("shop", "f_tax"),),
    calls=(RoutineRef("", "p"),),
    creates_routine=True,
    dynamic="PREPARE",
    folded=Statement("DROP", ("DROP",), (Need(NEED_TABLE, "DROP", "shop", "users", True),)),
    unfiltered=("DELETE",),
    detections=(Detection("tautology", "1 = 1 always holds"),),
    session_state="it cannot be known",
    session=True,
    new_schema="hr",
)


def test_a_block_names_rule_line_and_reason() -> None:
    verdict = Verdict(BLOCK, "table-denied", 12, "no right on shop.secrets", "enforce", "app")
    text = shown(explanation(verdict), analysis(STATEMENT), SENT, POLICY)
    lines = text.splitlines()
    assert lines[0] == "BLOCKED by rule table-denied (policy.yaml:12)"
    assert lines[1] == "no right on shop.secrets"
    text = " ".join(text.split())
    assert "sql_mode ANSI_QUOTES" in text
    assert "access rule app" in text
    assert "would block" in text
    for part in (
        "INSERT, SELECT",
        "(no schema).secrets",
        "shop.orders",
        "shop.f_tax",
        "tautology: 1 = 1 always holds",
        "shop.users",
        "needs no right of its own",
        "hr",
    ):
        assert part in text


@rows(
    ("verdict", "entry", "headline"),
    [
        (Verdict(ALLOW, entry="app"), "app", "ALLOWED by access rule app (policy.yaml:5)"),
        (Verdict(ALLOW), "", "ALLOWED"),
        (
            Verdict(WOULD_BLOCK, "shape", 9, "", "monitor"),
            "app",
            "WOULD BE BLOCKED (monitor) by rule shape (policy.yaml:9)",
        ),
        (Verdict(BLOCK, "no-access-rule"), "", "BLOCKED by rule no-access-rule (never monitored)"),
    ],
)
def test_headlines(verdict: Verdict, entry: str, headline: str) -> None:
    assert shown(explanation(verdict, entry), analysis(), SENT, POLICY).splitlines()[0] == headline


def test_what_could_not_be_understood_and_several_statements() -> None:
    sent = {**SENT, "schema": "", "sql_mode": ""}
    one = Statement("SELECT", ("SELECT",), ())
    text = shown(
        explanation(Verdict(BLOCK, "parse-error")), analysis(one, one, error="NUL outside"), sent, POLICY
    )
    assert "It could not be understood: NUL outside" in text
    assert "Statement 1: SELECT" in text
    assert "Statement 2: SELECT" in text
    assert "no current schema" in text


def test_names_cannot_send_control_sequences_or_markup() -> None:
    bad = Statement("SELECT", ("SELECT",), (Need(NEED_TABLE, "SELECT", "s", "[red]\x1b[2J"),))
    text = shown(explanation(Verdict(BLOCK, "x", 1, "\x1b[0m")), analysis(bad, error="\x1b"), SENT, POLICY)
    assert "\x1b" not in text
    assert "s.[red]\\x1b[2J" in text


def test_it_fits_a_narrow_terminal() -> None:
    text = shown(explanation(Verdict(BLOCK, "x", 1, "y " * 200)), analysis(STATEMENT), SENT, POLICY, width=70)
    assert max(len(line) for line in text.splitlines()) <= 70


def test_json_has_everything() -> None:
    verdict = Verdict(BLOCK, "table-denied", 12, "why", "enforce", "app")
    got = as_json(explanation(verdict), analysis(STATEMENT), SENT, POLICY)
    assert json.loads(json.dumps(got)) == got
    assert (got["decision"], got["rule"], got["rule_line"], got["mode"]) == (
        "block",
        "table-denied",
        12,
        "enforce",
    )
    assert (got["access_rule"], got["access_rule_line"]) == ("app", 5)
    assert [step["outcome"] for step in got["steps"]] == ["passed", "would_block", "block", "not reached"]
    statement = got["statements"][0]
    assert statement["needs"][0] == {
        "kind": "table",
        "operation": "INSERT",
        "schema": "shop",
        "table": "orders",
        "written": True,
    }
    assert statement["functions"] == ["shop.f_tax"]
    assert statement["calls"] == ["p"]
    assert statement["folded"]["operations"] == ["DROP"]
    assert statement["detections"] == [{"detector": "tautology", "reason": "1 = 1 always holds"}]
