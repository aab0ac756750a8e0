"""An explanation as JSON values: what /v1/policy/explain answers, and what dbgate-cli prints where it judges by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from dbgate.policy.verdict import EFFECT_NAMES
from dbgate.sql.statement import (
    MARIADB,
    NEED_ANY_RIGHT,
    NEED_BARE,
    NEED_SCHEMA,
    NEED_SCHEMA_VISIBLE,
    NEED_TABLE,
    LexContext,
)

if TYPE_CHECKING:
    from dbgate.control.messages import (
        ExplainAnswer,
        ExplainedPolicy,
        ExplainedSent,
        NeedInfo,
        StatementInfo,
    )
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


def as_json(
    explanation: Explanation,
    analysis: Analysis,
    sent: ExplainedSent,
    policy: ExplainedPolicy,
    behind: tuple[Behind, ...] = (),
    notes: tuple[str, ...] = (),
) -> ExplainAnswer:
    """The whole explanation."""
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
        "catalog": policy["catalog"],
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
        "notes": list(notes),
    }


def _statement(statement: Statement) -> StatementInfo:
    # Dynamic SQL that is a constant may hold dynamic SQL in its turn, in as many levels as fit into its text.
    chain = [statement]
    while chain[-1].folded is not None:
        chain.append(chain[-1].folded)
    found: StatementInfo | None = None
    for one in reversed(chain):
        found = _one(one, found)
    assert found is not None  # noqa: S101 - the chain has at least the statement itself
    return found


def _one(statement: Statement, folded: Any) -> StatementInfo:
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
        "folded": folded,
        "without_where": list(statement.unfiltered),
        "session_state": statement.session_state,
        "new_schema": statement.new_schema,
    }


def _need(need: Need) -> NeedInfo:
    return {
        "kind": _KINDS.get(need.kind, str(need.kind)),
        "operation": need.operation,
        "schema": need.schema,
        "table": need.table,
        "written": need.written,
    }


def _routine(routine: RoutineRef) -> str:
    return f"{routine.schema}.{routine.name}" if routine.schema else routine.name


def server_words(ctx: LexContext) -> str:
    """`mariadb 10.11.6`."""
    version = ctx.version
    return (
        f"{'mariadb' if ctx.flavour == MARIADB else 'mysql'} "
        f"{version // 10_000}.{version // 100 % 100}.{version % 100}"
    )


def mode_words(ctx: LexContext) -> str:
    """The part of sql_mode that decides how a text is read."""
    modes = (
        ("ANSI_QUOTES", ctx.ansi_quotes),
        ("NO_BACKSLASH_ESCAPES", ctx.no_backslash_escapes),
        ("IGNORE_SPACE", ctx.ignore_space),
        ("PIPES_AS_CONCAT", ctx.pipes_as_concat),
        ("HIGH_NOT_PRECEDENCE", ctx.high_not_precedence),
    )
    return ",".join(name for name, on in modes if on)


def time_words(wall: float) -> str:
    """Unix seconds as RFC 3339, UTC."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
