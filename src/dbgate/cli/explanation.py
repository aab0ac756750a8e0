"""An explanation as text blocks for people, and as JSON values for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dbgate.policy.verdict import ALLOW, BLOCK, EFFECT_NAMES
from dbgate.sql.statement import (
    NEED_ANY_RIGHT,
    NEED_BARE,
    NEED_SCHEMA,
    NEED_SCHEMA_VISIBLE,
    NEED_TABLE,
)

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from dbgate.policy.explain import Explanation
    from dbgate.sql.catalog import Behind
    from dbgate.sql.statement import Analysis, Need, RoutineRef, Statement

_KINDS: Final = {
    NEED_TABLE: "table",
    NEED_ANY_RIGHT: "any right on table",
    NEED_SCHEMA: "schema",
    NEED_SCHEMA_VISIBLE: "a table in schema",
    NEED_BARE: "operation",
}
_HEADLINES: Final = {"allow": "ALLOWED", "would_block": "WOULD BE BLOCKED (monitor)", "block": "BLOCKED"}
_STYLES: Final = {"allow": "bold green", "would_block": "bold yellow", "block": "bold red"}
_OUTCOME_STYLES: Final = {
    "passed": "green",
    "would_block": "yellow",
    "block": "bold red",
    "not reached": "dim",
}


def as_json(
    explanation: Explanation,
    analysis: Analysis,
    sent: dict[str, Any],
    policy: dict[str, Any],
    behind: tuple[Behind, ...] = (),
) -> dict[str, Any]:
    """The whole explanation. Its field names stay; more may come."""
    verdict = explanation.verdict
    return {
        "decision": EFFECT_NAMES[verdict.effect],
        "rule": verdict.rule,
        "rule_line": verdict.line,
        "reason": verdict.reason,
        "mode": verdict.mode,
        "access_rule": explanation.entry,
        "access_rule_line": explanation.entry_line,
        "policy": policy,
        "sent": sent,
        "steps": [
            {
                "number": step.number,
                "name": step.name,
                "outcome": step.outcome,
                "rule": step.rule,
                "rule_line": step.line,
                "reason": step.reason,
            }
            for step in explanation.steps
        ],
        "statement": analysis.masked,
        "digest": analysis.digest,
        "error": analysis.error,
        "session_state": analysis.session_state,
        "statements": [_statement(statement) for statement in analysis.statements],
        "catalog": policy.get("catalog", ""),
        "behind": [
            {
                "path": one.path,
                "needs": [_need(need) for need in one.unit.needs],
                "functions": [_routine(routine) for routine in one.unit.functions],
                "calls": [_routine(routine) for routine in one.unit.calls],
                "problem": one.problem,
            }
            for one in behind
        ],
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "verb": statement.verb,
        "operations": list(statement.operations),
        "needs": [_need(need) for need in statement.needs],
        "functions": [_routine(routine) for routine in statement.functions],
        "calls": [_routine(routine) for routine in statement.calls],
        "detections": [{"detector": hit.detector, "reason": hit.reason} for hit in statement.detections],
        "session_statement": statement.session,
        "creates_routine": statement.creates_routine,
        "dynamic_sql": statement.dynamic,
        "folded": _statement(statement.folded) if statement.folded is not None else None,
        "without_where": list(statement.unfiltered),
        "session_state": statement.session_state,
        "new_schema": statement.new_schema,
    }


def _need(need: Need) -> dict[str, Any]:
    return {
        "kind": _KINDS.get(need.kind, str(need.kind)),
        "operation": need.operation,
        "schema": need.schema,
        "table": need.table,
        "written": need.written,
    }


def _routine(routine: RoutineRef) -> str:
    return f"{routine.schema}.{routine.name}" if routine.schema else routine.name


def as_text(
    explanation: Explanation,
    analysis: Analysis,
    sent: dict[str, Any],
    policy: dict[str, Any],
    behind: tuple[Behind, ...] = (),
) -> Group:
    """The explanation as blocks: verdict, steps, what each statement does."""
    from rich.console import Group

    from dbgate.cli import output as out

    blocks: list[Any] = [_headline(explanation, policy["file"])]
    if explanation.verdict.reason:
        blocks.append(out.cell(explanation.verdict.reason, wrap=True))
    blocks += ["", _circumstances(explanation, sent, policy), "", _steps(explanation)]
    if analysis.error:
        blocks += ["", out.cell(f"It could not be understood: {analysis.error}", "red")]
    for number, statement in enumerate(analysis.statements, 1):
        many = f"Statement {number}" if len(analysis.statements) > 1 else "The statement"
        blocks += ["", out.heading(f"{many}: {statement.verb}"), _facts(statement)]
    if behind:
        blocks += ["", out.heading("Behind its names"), *_behind(behind)]
    if policy.get("catalog"):
        blocks += ["", out.cell(f"catalog: {policy['catalog']}", "dim", wrap=True)]
    return Group(*blocks)


def _headline(explanation: Explanation, file: str) -> Any:
    from dbgate.cli import output as out

    verdict = explanation.verdict
    effect = EFFECT_NAMES[verdict.effect]
    text = out.cell(_HEADLINES[effect], _STYLES[effect])
    if verdict.rule:
        text.append(" " + out.one_line(f"by rule {verdict.rule}"), style="bold")
        text.append(" " + out.one_line(f"({file}:{verdict.line})") if verdict.line else "")
    elif verdict.effect == ALLOW and explanation.entry:
        where = f" ({file}:{explanation.entry_line})" if explanation.entry_line else ""
        text.append(" " + out.one_line(f"by access rule {explanation.entry}{where}"))
    if verdict.effect == BLOCK and verdict.mode == "":
        text.append(" (never monitored)", style="dim")
    return text


def _circumstances(explanation: Explanation, sent: dict[str, Any], policy: dict[str, Any]) -> Any:
    from dbgate.cli import output as out

    entry = f"access rule {explanation.entry}" if explanation.entry else "no access rule"
    schema = f"schema {sent['schema']}" if sent["schema"] else "no current schema"
    mode = f", sql_mode {sent['sql_mode']}" if sent["sql_mode"] else ""
    return out.cell(
        f"{sent['user']} from {sent['source']} ({entry}), {schema}, at {sent['at']}, "
        f"{sent['server']} in {sent['charset']}{mode}, policy {policy['version']}",
        "dim",
        wrap=True,
    )


def _steps(explanation: Explanation) -> Table:
    from dbgate.cli import output as out

    made = out.table(
        ("STEP", "", "OUTCOME", "RULE", "LINE", "WHY"),
        numbers=("STEP", "LINE"),
        whole={"STEP": 4, "": out.longest(step.name for step in explanation.steps), "OUTCOME": 11},
    )
    for step in explanation.steps:
        outcome = step.outcome.replace("_", " ")
        made.add_row(
            out.cell(step.number),
            out.cell(step.name),
            out.cell(outcome, _OUTCOME_STYLES.get(step.outcome, "")),
            out.cell(step.rule),
            out.cell(step.line or ""),
            out.cell(step.reason, wrap=True),
        )
    return made


def _facts(statement: Statement) -> Table:
    """What a verdict on the statement rests on, a line each; what does not apply is left out."""
    from rich.table import Table

    from dbgate.cli import output as out

    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    tables = [need for need in statement.needs if need.table]
    rows = (
        ("operations", ", ".join(statement.operations)),
        ("reads", _names(need for need in tables if not need.written)),
        ("writes", _names(need for need in tables if need.written)),
        ("schemas", ", ".join(sorted({n.schema for n in statement.needs if n.schema and not n.table}))),
        ("functions", ", ".join(_routine(routine) for routine in statement.functions)),
        ("calls", ", ".join(_routine(routine) for routine in statement.calls)),
        ("no WHERE", ", ".join(statement.unfiltered)),
        ("dynamic SQL", statement.dynamic),
        ("session", "sets up or keeps the session: needs no right of its own" if statement.session else ""),
        ("session state", statement.session_state),
        ("new schema", statement.new_schema or ""),
        ("routine", "creates, alters or drops one" if statement.creates_routine else ""),
        *(("detector", f"{hit.detector}: {hit.reason}") for hit in statement.detections),
    )
    for name, value in rows:
        if value:
            made.add_row(f"  {name}", out.cell(value, wrap=True))
    if statement.folded is not None:
        made.add_row("  runs", _facts(statement.folded))
    return made


def _behind(behind: tuple[Behind, ...]) -> list[Any]:
    """Each object that the statement reaches, and what its body does."""
    from dbgate.cli import output as out

    blocks: list[Any] = []
    for one in behind:
        blocks.append(out.cell(f"  {one.path}", "bold", wrap=True))
        tables = [need for need in one.unit.needs if need.table]
        for name, value in (
            ("reads", _names(need for need in tables if not need.written)),
            ("writes", _names(need for need in tables if need.written)),
            ("functions", ", ".join(_routine(routine) for routine in one.unit.functions)),
            ("calls", ", ".join(_routine(routine) for routine in one.unit.calls)),
            ("cannot be followed", one.problem),
        ):
            if value:
                blocks.append(
                    out.cell(f"    {name}: {value}", "red" if value == one.problem else "", wrap=True)
                )
    return blocks


def _names(needs: Any) -> str:
    return ", ".join(sorted({f"{need.schema or '(no schema)'}.{need.table}" for need in needs}))
