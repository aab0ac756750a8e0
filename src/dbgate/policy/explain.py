"""Why a statement gets its verdict: the same functions as the data path, with their steps written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dbgate.policy.compiled import CompiledPolicy
from dbgate.policy.evaluate import admit, combine, decide_noting, find_entry
from dbgate.policy.transport import transport
from dbgate.policy.verdict import ALLOW, BLOCK, EFFECT_NAMES, Verdict
from dbgate.sql.catalog import Behind
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import Analysis

STEP_NAMES: Final = {
    1: "policy loaded",
    2: "statement parsed",
    3: "access rule found",
    4: "time and rate",
    5: "block_statements, require_where",
    6: "injection, shapes, block_patterns",
    7: "procedures and dynamic SQL",
    8: "schema access",
    9: "blocked_operations",
    10: "every operation is granted",
    11: "functions",
    12: "allow",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the order of decision. outcome: "passed", "would_block", "block", or "not reached"; the rest as
    in the step's Verdict, empty where it found nothing."""

    number: int
    name: str
    outcome: str
    rule: str = ""
    line: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """verdict: what the data path decides; entry, entry_line: the access rule, "" and 0 where none matches."""

    verdict: Verdict
    user: str
    client_ip: str
    entry: str
    entry_line: int
    steps: tuple[Step, ...]


def explain(
    policy: CompiledPolicy | None,
    user: str,
    client_ip: str,
    analysis: Analysis,
    wall: float,
    rate_ok: bool = True,
    behind: tuple[Behind, ...] = (),
    tls: bool = True,
    subject: str | None = None,
    refused: Verdict | None = None,
    columns: TableColumns | None = None,
) -> Explanation:
    """How `analysis` is decided for `user` from `client_ip` at `wall` (seconds since the epoch). behind, columns: as in
    evaluate.decide. tls, subject: of the connection, as policy.transport takes them; subject None: with whatever
    certificate the access rule demands. refused: what the gateway itself has against the statement (its size, the
    session's state), whatever the policy says."""
    entry = find_entry(policy, user, client_ip)
    admitted = admit(policy, entry, wall, rate_ok)
    findings: list[Verdict] = []
    decided = decide_noting(policy, entry, analysis, findings, behind, columns)
    door = None if subject is None and tls else transport(entry, tls, subject or "")
    verdict = combine(admitted, combine(door, decided))
    if refused is not None:
        verdict = refused
        findings = [refused]
        admitted = door = None
    if door is not None:
        findings.append(door)
    if admitted is not None:
        findings.append(admitted)
    found = {finding.step: finding for finding in findings}
    last = verdict.step if verdict.effect == BLOCK else max(STEP_NAMES)
    steps: list[Step] = []
    for number, name in STEP_NAMES.items():
        finding = found.get(number)
        if number > last:
            steps.append(Step(number, name, "not reached"))
        elif finding is None:
            steps.append(Step(number, name, "passed"))
        else:
            outcome = EFFECT_NAMES[finding.effect]
            steps.append(Step(number, name, outcome, finding.rule, finding.line, finding.reason))
    if verdict.effect == ALLOW:
        steps[-1] = Step(12, STEP_NAMES[12], "passed", "", verdict.line, verdict.reason)
    return Explanation(
        verdict=verdict,
        user=user,
        client_ip=client_ip,
        entry=entry.name if entry is not None else "",
        entry_line=entry.line if entry is not None else 0,
        steps=tuple(steps),
    )
