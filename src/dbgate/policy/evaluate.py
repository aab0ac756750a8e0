"""The decision. `decide` is every step but the fourth and depends on nothing but its arguments, so that a verdict
may be kept; `admit` is the fourth, time and rate, and `combine` puts the two together."""

from __future__ import annotations

from typing import Final

from dbgate.policy import behind as deeper
from dbgate.policy import steps
from dbgate.policy.compiled import CompiledEntry, CompiledPolicy
from dbgate.policy.source import NO_RULE, parse_address
from dbgate.policy.verdict import BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.catalog import Behind, unfolded
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import Analysis, Statement

NO_POLICY: Final = Verdict(BLOCK, "no-policy", 0, "no policy is loaded", "enforce", "", 1)


def find_entry(policy: CompiledPolicy | None, user: str, client_ip: str) -> CompiledEntry | None:
    """The first access rule of the file that matches `user` (case-sensitive) from `client_ip`; None: no rule does."""
    if policy is None:
        return None
    address = parse_address(client_ip)
    best = NO_RULE
    exact = policy.users.get(user)
    if exact is not None:
        best = exact.find(address)
    for number in policy.user_globs.find(user):
        rule = policy.glob_sources[number].find(address)
        if rule < best:
            best = rule
    if best == NO_RULE:
        return None
    variants = policy.variants.get(user)
    if variants is not None:
        variant = variants.get(best)
        if variant is not None:
            return variant
    return policy.entries[best]


def decide(
    policy: CompiledPolicy | None,
    entry: CompiledEntry | None,
    analysis: Analysis,
    behind: tuple[Behind, ...] = (),
    columns: TableColumns | None = None,
) -> Verdict:
    """The verdict on `analysis` for who `entry` is, without step 4. Never raises: an error inside is a block.
    behind: what the catalog knows of the names in it (sql.catalog.reached); columns: of which columns its tables are,
    None = it does not know, and nothing is granted by columns."""
    return decide_noting(policy, entry, analysis, [], behind, columns)


def decide_noting(
    policy: CompiledPolicy | None,
    entry: CompiledEntry | None,
    analysis: Analysis,
    findings: list[Verdict],
    behind: tuple[Behind, ...] = (),
    columns: TableColumns | None = None,
) -> Verdict:
    """`decide`, which also leaves in `findings` what its steps found, the verdict itself included."""
    try:
        return _decide(policy, entry, analysis, findings, behind, columns)
    except Exception as error:
        name = entry.name if entry is not None else ""
        reason = f"{type(error).__name__} while deciding"
        return Verdict(BLOCK, "internal-error", 0, reason, "enforce", name, 0)


def _decide(
    policy: CompiledPolicy | None,
    entry: CompiledEntry | None,
    analysis: Analysis,
    findings: list[Verdict],
    behind: tuple[Behind, ...],
    columns: TableColumns | None,
) -> Verdict:
    if policy is None:
        findings.append(NO_POLICY)
        return NO_POLICY
    found = _unreadable(analysis, entry)
    if found is not None:
        findings.append(found)
        return found
    if entry is None:
        found = Verdict(BLOCK, "no-access-rule", 0, "no access rule matches", "enforce", "", 3)
        findings.append(found)
        return found
    units = analysis.statements
    for unit in units:
        if unit.folded is not None:
            units = unfolded(units)
            break
    found = steps.block_statements(policy, entry, units)
    if found is None and behind:
        found = deeper.block_statements(policy, entry, behind)
    if found is not None:
        findings.append(found)
        if found.effect == BLOCK:
            return found
    found = steps.content(policy, entry, units, analysis)
    if found is not None:
        findings.append(found)
        if found.effect == BLOCK:
            return found
    found = steps.procedures(policy, entry, units, analysis.folded)
    if found is None and behind:
        found = deeper.procedures(policy, entry, behind, analysis.folded)
    if found is not None:
        findings.append(found)
        if found.effect == BLOCK:
            return found
    found = steps.schema_access(policy, entry, units)
    if found is None and behind:
        found = deeper.schema_access(policy, entry, behind)
    if found is not None:
        findings.append(found)
        if found.effect == BLOCK:
            return found
    found = steps.blocked_operations(entry, units)
    if found is None and behind:
        found = deeper.blocked_operations(entry, behind)
    if found is not None:
        findings.append(found)
        if found.effect == BLOCK:
            return found
    found = steps.granted(entry, units, analysis.folded, columns)
    if found is None and behind:
        found = deeper.granted(entry, behind, analysis.folded, columns)
    if found is not None:
        findings.append(found)
        if found.effect == BLOCK:
            return found
    found = steps.functions(entry, units, analysis.folded)
    if found is None and behind:
        found = deeper.functions(entry, behind, analysis.folded)
    if found is not None:
        findings.append(found)
        if found.effect == BLOCK:
            return found
    return findings[0] if findings else entry.allowed


def _unreadable(analysis: Analysis, entry: CompiledEntry | None) -> Verdict | None:
    """Step 2: what could not be parsed, and what would leave the session's state unknown."""
    if analysis.error != "":
        return _never_monitored("parse-error", analysis.error, entry)
    if analysis.session_state != "":
        return _never_monitored("session-state", analysis.session_state, entry)
    if not analysis.statements:
        return _never_monitored("parse-error", "there is no statement in this text", entry)
    for unit in analysis.statements:
        statement: Statement | None = unit
        while statement is not None:
            if statement.session_state != "":
                return _never_monitored("session-state", statement.session_state, entry)
            statement = statement.folded
    return None


def _never_monitored(rule: str, reason: str, entry: CompiledEntry | None) -> Verdict:
    return Verdict(BLOCK, rule, 0, reason, "enforce", entry.name if entry is not None else "", 2)


def admit(
    policy: CompiledPolicy | None, entry: CompiledEntry | None, wall: float, rate_ok: bool
) -> Verdict | None:
    """Step 4, None where nothing is against it. wall: seconds since the epoch; rate_ok: the bucket of this user and
    source had a token. Without a policy or a rule there is nothing to judge by, and `decide` blocks."""
    if policy is None or entry is None:
        return None
    if entry.clock is not None and not entry.clock.is_open(wall):
        reason = f"entry '{entry.name}' is open only {entry.clock.text}"
        return _at_the_door(entry, "time-restriction", entry.clock_line, reason)
    if not rate_ok and entry.rate > 0.0:
        reason = f"more than {entry.rate_text} by this user and source"
        return _at_the_door(entry, "rate-limit", entry.rate_line, reason)
    return None


def _at_the_door(entry: CompiledEntry, rule: str, line: int, reason: str) -> Verdict:
    return Verdict(BLOCK if entry.enforced else WOULD_BLOCK, rule, line, reason, entry.mode, entry.name, 4)


def combine(admitted: Verdict | None, decided: Verdict) -> Verdict:
    """One verdict from step 4's and the other steps': the first enforced block, else the first monitored one."""
    if admitted is None:
        return decided
    if admitted.effect == decided.effect:
        return admitted if admitted.step < decided.step else decided
    return admitted if admitted.effect > decided.effect else decided


def row_cap(policy: CompiledPolicy | None, entry: CompiledEntry | None) -> tuple[int, str]:
    """(rows per result set, mode); 0 rows = no cap. The entry's own number, else data_protection's."""
    if entry is not None:
        return entry.row_cap, entry.mode
    if policy is not None:
        return policy.row_cap, policy.row_cap_mode
    return 0, "enforce"
