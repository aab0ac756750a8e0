"""Steps 5 to 11 of the order of decision (docs/policy.md), each a function.

Each takes the compiled policy, the access rule and `units`: the statements of one text, followed by the statements
that its dynamic SQL folds to. Each gives its first enforced block, else its first monitored one, else None.
"""

from __future__ import annotations

from dbgate.policy.bycolumn import lacking, some_columns
from dbgate.policy.compiled import (
    PROCEDURES_BLACKLIST,
    PROCEDURES_WHITELIST,
    CompiledEntry,
    CompiledPolicy,
    PatternRules,
)
from dbgate.policy.folding import CASELESS_SCHEMAS, is_system_schema
from dbgate.policy.learned import novelty
from dbgate.policy.operations import mask_allows
from dbgate.policy.rights import Rights
from dbgate.policy.verdict import BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import (
    NEED_ANY_RIGHT,
    NEED_BARE,
    NEED_SCHEMA,
    NEED_SCHEMA_VISIBLE,
    NEED_TABLE,
    Analysis,
    Need,
    RoutineRef,
    Statement,
)

Units = tuple[Statement, ...]


def _blocks(enforced: bool, step: int, rule: str, line: int, reason: str, entry: CompiledEntry) -> Verdict:
    return Verdict(
        BLOCK if enforced else WOULD_BLOCK,
        rule,
        line,
        reason,
        "enforce" if enforced else "monitor",
        entry.name,
        step,
    )


def block_statements(policy: CompiledPolicy, entry: CompiledEntry, units: Units) -> Verdict | None:
    """Step 5: block_statements, then require_where."""
    sql = policy.sql
    if sql.block_operations:
        for unit in units:
            name = _listed_operation(unit, sql.block_operations)
            if name:
                reason = f"{name} is in block_statements"
                return _blocks(sql.enforced, 5, "block-statement", sql.block_operations[name], reason, entry)
    for shape in sql.shapes:
        for unit in units:
            if shape.pattern.matches(unit):
                reason = f"the statement has the shape {shape.text!r} of block_statements"
                return _blocks(sql.enforced, 5, "block-statement", shape.line, reason, entry)
    for unit in units:
        for name in unit.unfiltered:
            if name in sql.require_where:
                reason = f"{name} without a WHERE that can be false"
                return _blocks(sql.enforced, 5, "require-where", sql.require_where[name], reason, entry)
    return None


def _listed_operation(unit: Statement, listed: dict[str, int]) -> str:
    """An operation of `unit` that is in `listed`, "" for none. The verb counts too: DROP USER is the operation
    GRANT, and who forbids DROP means it."""
    for name in unit.operations:
        if name in listed:
            return name
    return unit.verb if unit.verb in listed else ""


def content(policy: CompiledPolicy, entry: CompiledEntry, units: Units, analysis: Analysis) -> Verdict | None:
    """Step 6: injection detectors, each in its own mode, then learned shapes, then block_patterns. A hit that was
    learned with its shape does not count; one on a shape that is new is the surest sign of an attack there is."""
    sql = policy.sql
    monitored: Verdict | None = None
    new = ""
    accepted: frozenset[str] = frozenset()
    hit = ""
    if sql.new_shapes >= 0:
        known = entry.learned.get(analysis.digest)
        new = novelty(known, analysis.digest, units)
        if known is not None and new == "":
            accepted = known.detectors
    for unit in units:
        for detection in unit.detections:
            if detection.detector in accepted:
                continue
            hit = hit or detection.detector
            enforced = sql.other_detectors
            if detection.detector in sql.detectors:
                enforced = 1 if sql.detectors[detection.detector] else 0
            if enforced < 0:
                continue
            line = sql.detector_lines.get(detection.detector, sql.detectors_line)
            reason = f"{detection.detector}: {detection.reason}"
            if new != "":
                reason = f"{reason}; and {new}"
            found = _blocks(enforced == 1, 6, "injection", line, reason, entry)
            if enforced == 1:
                return found
            if monitored is None:
                monitored = found
    if new != "":
        if hit != "":
            new = f"{new}, and the injection detector {hit} hits it"
        if sql.new_shapes == 1 or monitored is None:
            found = _blocks(sql.new_shapes == 1, 6, "shape", sql.new_shapes_line, new, entry)
            if sql.new_shapes == 1:
                return found
            monitored = found
    if sql.patterns is not None:
        found_pattern = _pattern(sql.patterns, analysis.canonical, units, False, sql.enforced, entry)
        if found_pattern is not None and (sql.enforced or monitored is None):
            return found_pattern
    if sql.literal_patterns is not None:
        found_pattern = _pattern(
            sql.literal_patterns, analysis.canonical_literals, units, True, sql.enforced, entry
        )
        if found_pattern is not None and (sql.enforced or monitored is None):
            return found_pattern
    return monitored


def _pattern(
    rules: PatternRules, text: str, units: Units, literals: bool, enforced: bool, entry: CompiledEntry
) -> Verdict | None:
    index = rules.regexes.first(text)
    if index < 0:
        for unit in units:
            if unit.folded is None:
                continue
            inner = unit.folded.canonical_literals if literals else unit.folded.canonical
            if inner == "":
                # Patterns that cannot read what dynamic SQL runs must not let it pass.
                reason = "block_patterns cannot be applied to the text of this dynamic SQL"
                return _blocks(enforced, 6, "block-pattern", rules.lines[0], reason, entry)
            index = rules.regexes.first(inner)
            if index >= 0:
                break
    if index < 0:
        return None
    return _blocks(enforced, 6, "block-pattern", rules.lines[index], f"matches {rules.texts[index]!r}", entry)


def procedures(policy: CompiledPolicy, entry: CompiledEntry, units: Units, folded: bool) -> Verdict | None:
    """Step 7: dynamic SQL, routine definitions, and which procedures may be called."""
    rules = policy.procedures
    for unit in units:
        if unit.dynamic != "" and (rules.block_dynamic or unit.folded is None):
            if rules.block_dynamic:
                reason = f"dynamic SQL ({unit.dynamic}) is blocked by block_dynamic_sql"
            else:
                reason = f"dynamic SQL ({unit.dynamic}) whose text is not known beforehand"
            return _blocks(entry.enforced, 7, "dynamic-sql", rules.block_dynamic_line, reason, entry)
        if unit.creates_routine and rules.block_create:
            reason = f"{unit.verb} of a routine, trigger or event is blocked by block_create_alter"
            return _blocks(entry.enforced, 7, "procedure", rules.block_create_line, reason, entry)
        for call in unit.calls:
            reason = _call_problem(policy, call, folded)
            if reason != "":
                return _blocks(entry.enforced, 7, "procedure", rules.line, reason, entry)
    return None


def _call_problem(policy: CompiledPolicy, call: RoutineRef, folded: bool) -> str:
    rules = policy.procedures
    if rules.routines is None:
        return ""
    name = f"{call.schema}.{call.name}" if call.schema != "" else call.name
    if rules.kind == PROCEDURES_WHITELIST and not rules.routines.holds(call.schema, call.name, folded):
        return f"procedure {name} is not on the whitelist"
    if rules.kind == PROCEDURES_BLACKLIST:
        if call.schema == "":
            return f"procedure {name} has no schema, so the blacklist cannot tell which one it is"
        if rules.routines.holds(call.schema, call.name, folded):
            return f"procedure {name} is on the blacklist"
    return ""


def schema_access(policy: CompiledPolicy, entry: CompiledEntry, units: Units) -> Verdict | None:
    """Step 8: the server's own schemas."""
    if not policy.block_schema_access:
        return None
    for unit in units:
        for need in unit.needs:
            if need.schema != "" and is_system_schema(need.schema):
                return _closed(policy, entry, need.schema)
        for routine in unit.calls + unit.functions:
            if is_system_schema(routine.schema):
                return _closed(policy, entry, routine.schema)
    return None


def _closed(policy: CompiledPolicy, entry: CompiledEntry, schema: str) -> Verdict:
    reason = f"schema {schema} is closed by block_schema_access"
    return _blocks(entry.enforced, 8, "schema-access", policy.block_schema_line, reason, entry)


def blocked_operations(entry: CompiledEntry, units: Units) -> Verdict | None:
    """Step 9: the entry's blocked_operations."""
    if not entry.blocked:
        return None
    for unit in units:
        name = _listed_operation(unit, entry.blocked)
        if name:
            reason = f"{name} is in blocked_operations of entry '{entry.name}'"
            return _blocks(entry.enforced, 9, "blocked-operation", entry.blocked[name], reason, entry)
    return None


def granted(
    entry: CompiledEntry, units: Units, folded: bool, columns: TableColumns | None = None
) -> Verdict | None:
    """Step 10: every need of every statement is granted, on whole tables or on the columns that it touches. columns:
    what the catalog knows of tables, None = nothing."""
    rights = entry.rights_folded if folded else entry.rights
    limits = entry.column_rights
    for unit in units:
        partly: list[Need] | None = None
        for need in unit.needs:
            if not _grants(entry, rights, need, need.schema, need.table) and not _grants_caseless(
                entry, need, folded
            ):
                if limits is None or not some_columns(limits, rights, need):
                    return _denied(entry, need, folded)
                if partly is None:
                    partly = []
                partly.append(need)
        if limits is not None and partly is not None:
            found = lacking(limits, rights, unit, partly, columns, entry.name)
            if found is not None:
                line = found[1] or entry.line
                return _blocks(entry.enforced, 10, "column-denied", line, found[0], entry)
        if not unit.needs and not unit.session:
            # Analysis named no table for it: then each of its operations must be granted without one.
            if not unit.operations:
                reason = f"nothing is known of what {unit.verb} needs"
                return _blocks(entry.enforced, 10, "operation-denied", entry.line, reason, entry)
            for operation in unit.operations:
                if not mask_allows(entry.bare, operation):
                    return _denied(entry, Need(NEED_BARE, operation), folded)
    return None


def _grants_caseless(entry: CompiledEntry, need: Need, folded: bool) -> bool:
    """Whether `entry` grants a need in one of the schemas that compare without case on every server."""
    schema = need.schema.lower()
    if folded or schema not in CASELESS_SCHEMAS:
        return False
    return _grants(entry, entry.rights_folded, need, schema, need.table.lower())


def _grants(entry: CompiledEntry, rights: Rights, need: Need, schema: str, table: str) -> bool:
    kind = need.kind
    if kind == NEED_BARE:
        return mask_allows(entry.bare, need.operation)
    if schema == "":
        return False  # an unqualified name and no current schema: nobody can say what it means
    if kind == NEED_TABLE:
        return mask_allows(rights.on_table(schema, table), need.operation)
    if kind == NEED_ANY_RIGHT:
        return rights.on_table(schema, table) != 0
    if kind == NEED_SCHEMA:
        return mask_allows(rights.on_schema(schema), need.operation)
    if kind == NEED_SCHEMA_VISIBLE:
        return rights.in_schema(schema) != 0
    return False


def _denied(entry: CompiledEntry, need: Need, folded: bool) -> Verdict:
    """The verdict for a need that is not granted: operation-denied where the operation is what is missing,
    table-denied where the entry has it elsewhere, and nothing on this table."""
    known = mask_allows(entry.granted, need.operation)
    rule = "table-denied" if known else "operation-denied"
    target = f"{need.schema}.{need.table}"
    if need.kind == NEED_BARE:
        rule = "operation-denied"
        reason = f"{need.operation} without a table is not in allowed_operations of entry '{entry.name}'"
    elif need.schema == "":
        rule = "table-denied"
        reason = f"{need.operation} on {need.table or 'a schema'}: no schema is named and none is current"
    elif need.kind == NEED_ANY_RIGHT:
        rule = "table-denied"
        reason = f"no right on {target} is granted to entry '{entry.name}'"
    elif need.kind == NEED_SCHEMA_VISIBLE:
        rule = "table-denied"
        reason = f"no table of schema {need.schema} is granted to entry '{entry.name}'"
    elif need.kind == NEED_SCHEMA:
        reason = f"{need.operation} on the whole schema {need.schema} is not granted to entry '{entry.name}'"
    else:
        reason = f"{need.operation} on {target} is not granted to entry '{entry.name}'"
        rights = entry.rights_folded if folded else entry.rights
        if rights.on_table(need.schema, need.table) != 0:
            rule = "operation-denied"
    return _blocks(entry.enforced, 10, rule, entry.line, reason, entry)


def functions(entry: CompiledEntry, units: Units, folded: bool) -> Verdict | None:
    """Step 11: stored and loadable functions are on the entry's list."""
    for unit in units:
        for routine in unit.functions:
            if entry.functions is None or not entry.functions.holds(routine.schema, routine.name, folded):
                name = f"{routine.schema}.{routine.name}" if routine.schema != "" else routine.name
                reason = f"function {name} is not in allowed_functions of entry '{entry.name}'"
                line = entry.functions_line or entry.line
                return _blocks(entry.enforced, 11, "function-denied", line, reason, entry)
    return None
