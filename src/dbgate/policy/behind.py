"""The steps of the decision for what stands behind the names of a statement: views, triggers and the bodies of routines.

What a client names itself needs its name granted. What is behind it is judged by what it reads, writes and does, as if
the client had sent that: the same steps, on the catalog's units. Names of routines that a body calls need no grant of
their own, because their bodies are judged in their turn; the blacklist of procedures holds for them all the same.
"""

from __future__ import annotations

from typing import Final

from dbgate.policy import steps
from dbgate.policy.compiled import PROCEDURES_BLACKLIST, CompiledEntry, CompiledPolicy
from dbgate.policy.verdict import BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.catalog import FUNCTION, NO_CATALOG, PROCEDURE, Behind
from dbgate.sql.columns import TableColumns

_BEHIND: Final = "; behind "
_UNFOLLOWED: Final = " cannot be followed: "


def by_what_is_behind(reason: str) -> bool:
    """Whether the reason of a verdict, as the log has it, is one of this module: found through a name."""
    return _BEHIND in reason or _UNFOLLOWED in reason or reason.startswith(NO_CATALOG)


def _told(found: Verdict, one: Behind) -> Verdict:
    """The same verdict, whose reason says behind what it was found."""
    reason = f"{found.reason}{_BEHIND}{one.path}" if one.path != "" else found.reason
    return Verdict(found.effect, found.rule, found.line, reason, found.mode, found.entry, found.step)


def _unfollowed(entry: CompiledEntry, one: Behind, step: int, rule: str, line: int) -> Verdict:
    reason = f"{one.path}{_UNFOLLOWED}{one.problem}" if one.path != "" else one.problem
    effect = BLOCK if entry.enforced else WOULD_BLOCK
    return Verdict(effect, rule, line, reason, entry.mode, entry.name, step)


def block_statements(
    policy: CompiledPolicy, entry: CompiledEntry, behind: tuple[Behind, ...]
) -> Verdict | None:
    """Step 5, by operations: a shape is that of a statement which a client sends."""
    for one in behind:
        found = steps.block_statements(policy, entry, (one.unit,))
        if found is not None:
            return _told(found, one)
    return None


def procedures(
    policy: CompiledPolicy, entry: CompiledEntry, behind: tuple[Behind, ...], folded: bool
) -> Verdict | None:
    """Step 7: procedures that cannot be followed, dynamic SQL in any body, and the blacklist at any depth."""
    rules = policy.procedures
    for one in behind:
        if one.problem != "" and one.dynamic:
            return _unfollowed(entry, one, 7, "dynamic-sql", rules.block_dynamic_line)
        if one.problem != "" and one.kind == PROCEDURE:
            return _unfollowed(entry, one, 7, "procedure", rules.line)
        if rules.kind == PROCEDURES_BLACKLIST and one.unit.calls:
            found = steps.procedures(policy, entry, (one.unit,), folded)
            if found is not None:
                return _told(found, one)
    return None


def schema_access(policy: CompiledPolicy, entry: CompiledEntry, behind: tuple[Behind, ...]) -> Verdict | None:
    """Step 8."""
    for one in behind:
        found = steps.schema_access(policy, entry, (one.unit,))
        if found is not None:
            return _told(found, one)
    return None


def blocked_operations(entry: CompiledEntry, behind: tuple[Behind, ...]) -> Verdict | None:
    """Step 9."""
    for one in behind:
        found = steps.blocked_operations(entry, (one.unit,))
        if found is not None:
            return _told(found, one)
    return None


def granted(
    entry: CompiledEntry, behind: tuple[Behind, ...], folded: bool, columns: TableColumns | None = None
) -> Verdict | None:
    """Step 10; a view or trigger that cannot be followed is a table whose rights nobody knows."""
    for one in behind:
        if one.problem != "" and one.kind != FUNCTION:
            return _unfollowed(entry, one, 10, "table-denied", entry.line)
        found = steps.granted(entry, (one.unit,), folded, columns)
        if found is not None:
            return _told(found, one)
    return None


def functions(entry: CompiledEntry, behind: tuple[Behind, ...], folded: bool) -> Verdict | None:
    """Step 11: functions that cannot be followed, and those of which only the name is known."""
    for one in behind:
        if one.problem != "":
            return _unfollowed(entry, one, 11, "function-denied", entry.functions_line or entry.line)
        found = steps.functions(entry, (one.unit,), folded)
        if found is not None:
            return _told(found, one)
    return None
