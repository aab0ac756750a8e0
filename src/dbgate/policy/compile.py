"""PolicyFile → CompiledPolicy: every list becomes a dict, every glob an index, every mode a bool."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from dbgate.policy.clock import DAYS, EVERY_DAY, Clock, Window
from dbgate.policy.compiled import (
    PROCEDURES_BLACKLIST,
    PROCEDURES_BY_CALL,
    PROCEDURES_WHITELIST,
    CompiledEntry,
    CompiledPolicy,
    PatternRules,
    ProcedureRules,
    Settings,
    ShapeRule,
    SqlRules,
)
from dbgate.policy.globs import GlobIndex, is_glob
from dbgate.policy.learned import NO_SHAPES, LearnedShape
from dbgate.policy.load import PolicyFile
from dbgate.policy.model import Entry, TimeRestriction
from dbgate.policy.operations import ALL_OPERATIONS, OPERATIONS, operations_mask
from dbgate.policy.patterns import RegexList
from dbgate.policy.rights import Rights
from dbgate.policy.routines import RoutineList
from dbgate.policy.shapefile import Shape
from dbgate.policy.source import SourceIndex
from dbgate.policy.values import parse_duration, parse_rate, parse_window, parse_zone
from dbgate.sql.shape import StatementPattern

# What a shape that was never learned does, by mode of `shapes`: nothing, a would-block, a block.
_NEW_SHAPES: Final = {"learning": -1, "detect": 0, "enforce": 1}


def compile_policy(file: PolicyFile) -> CompiledPolicy:
    """The policy of `file`, ready to decide by. Takes time in proportion to the file: not for an event loop."""
    policy = file.policy
    general = policy.global_
    protection = policy.data_protection
    entries = [_entry(file, number) for number in range(len(policy.access_control))]
    users, globs = _users(policy.access_control)
    sensitive = [item.pattern for item in protection.sensitive_columns]
    alerts = policy.alerts
    return CompiledPolicy(
        version=file.version,
        entries=entries,
        users=users,
        user_globs=GlobIndex(list(globs)),
        glob_sources=list(globs.values()),
        variants=_variants(file, entries),
        sql=_sql_rules(file),
        procedures=_procedures(file),
        block_schema_access=protection.block_schema_access,
        block_schema_line=file.line("data_protection", "block_schema_access") or file.line("data_protection"),
        row_cap=protection.max_result_rows or 0,
        row_cap_mode=general.mode,
        sensitive=RegexList(sensitive) if sensitive else None,
        settings=Settings(
            max_connections=general.max_connections or 0,
            idle_timeout_s=parse_duration(general.connection_timeout) if general.connection_timeout else 0.0,
            log_level=general.log_level or "",
            log_format=general.log_format or "",
            log_literals=general.log_literals,
            alert_on_block=alerts.on_block,
            alert_on_high_volume=alerts.on_high_volume_query,
            alert_threshold_qps=alerts.threshold_qps or 0,
            alert_webhook=alerts.webhook or "",
            records_required=policy.audit.on_failure == "block",
        ),
    )


def entry_name(entry: Entry) -> str:
    """What the entry is called in records: its name, or user@source as the file has them."""
    if entry.name is not None:
        return entry.name
    sources = [network.text for network in entry.source_ip] if entry.source_ip else ["*"]
    return f"{','.join(entry.user)}@{','.join(sources)}"


def _entry(file: PolicyFile, number: int) -> CompiledEntry:
    entry = file.policy.access_control[number]
    here = ("access_control", number)
    default_schema = file.policy.global_.default_schema or ""
    cap = entry.max_result_rows
    if cap is None:
        row_cap = file.policy.data_protection.max_result_rows or 0
        row_cap_line = file.line("data_protection", "max_result_rows")
    else:
        row_cap = cap
        row_cap_line = file.line(*here, "max_result_rows")
    # A right that blocked_operations takes away again is none: it makes no table visible either.
    usable = ALL_OPERATIONS & ~operations_mask(entry.blocked_operations)
    functions = entry.allowed_functions
    return CompiledEntry(
        number=number,
        name=entry_name(entry),
        line=file.line(*here),
        enforced=(entry.mode or file.policy.global_.mode) == "enforce",
        rights=_rights(entry, usable, False, default_schema),
        rights_folded=_rights(entry, usable, True, default_schema),
        bare=operations_mask(entry.allowed_operations) & usable,
        blocked=_operation_lines(file, entry.blocked_operations, (*here, "blocked_operations")),
        functions=RoutineList(functions, default_schema, False) if functions else None,
        functions_line=file.line(*here, "allowed_functions"),
        clock=_clock(entry.time_restriction) if entry.time_restriction is not None else None,
        clock_line=file.line(*here, "time_restriction"),
        rate=parse_rate(entry.rate_limit) if entry.rate_limit is not None else 0.0,
        rate_text=entry.rate_limit or "",
        rate_line=file.line(*here, "rate_limit"),
        row_cap=row_cap,
        row_cap_line=row_cap_line,
        learned=NO_SHAPES,
        require_tls=entry.require_tls,
        require_tls_line=file.line(*here, "require_tls"),
        subject=GlobIndex([entry.cert_subject]) if entry.cert_subject is not None else None,
        subject_line=file.line(*here, "cert_subject"),
        admin=tuple(entry.admin_statements),
    )


def _variants(file: PolicyFile, entries: list[CompiledEntry]) -> dict[str, dict[int, CompiledEntry]]:
    """User → number of each entry that names the user → the entry with that user's shapes. Numbers of their own keep
    the verdicts apart that are cached."""
    if file.shapes is None:
        return {}
    exact: dict[str, list[int]] = {}
    globs: list[tuple[str, int]] = []
    for number, entry in enumerate(file.policy.access_control):
        for name in entry.user:
            if is_glob(name):
                globs.append((name, number))
            else:
                exact.setdefault(name, []).append(number)
    index = GlobIndex([name for name, _ in globs])
    variants: dict[str, dict[int, CompiledEntry]] = {}
    free = len(entries)
    for user, shapes in file.shapes.users.items():
        learned = {shape.shape: _learned(shape) for shape in shapes.values()}
        variants[user] = {}
        for number in {*exact.get(user, []), *(globs[found][1] for found in index.find(user))}:
            variants[user][number] = _variant(entries[number], free, learned)
            free += 1
    return variants


def _learned(shape: Shape) -> LearnedShape:
    return LearnedShape(frozenset(shape.operations), frozenset(shape.tables), frozenset(shape.detectors))


def _variant(entry: CompiledEntry, number: int, learned: dict[str, LearnedShape]) -> CompiledEntry:
    return CompiledEntry(
        number=number,
        name=entry.name,
        line=entry.line,
        enforced=entry.enforced,
        rights=entry.rights,
        rights_folded=entry.rights_folded,
        bare=entry.bare,
        blocked=entry.blocked,
        functions=entry.functions,
        functions_line=entry.functions_line,
        clock=entry.clock,
        clock_line=entry.clock_line,
        rate=entry.rate,
        rate_text=entry.rate_text,
        rate_line=entry.rate_line,
        row_cap=entry.row_cap,
        row_cap_line=entry.row_cap_line,
        learned=learned,
        require_tls=entry.require_tls,
        require_tls_line=entry.require_tls_line,
        subject=entry.subject,
        subject_line=entry.subject_line,
        admin=entry.admin,
    )


def _rights(entry: Entry, usable: int, fold: bool, default_schema: str) -> Rights:
    rights = Rights(fold, default_schema)
    mask = operations_mask(entry.allowed_operations) & usable
    for table in entry.allowed_tables:
        rights.add(table, mask)
    for grant in entry.grants:
        mask = operations_mask(grant.operations) & usable
        for table in grant.tables:
            rights.add(table, mask)
    rights.seal()
    return rights


def _operation_lines(file: PolicyFile, names: list[str], path: tuple[str | int, ...]) -> dict[str, int]:
    """Operation → line of its item. A REPLACE both inserts and deletes, so forbidding either forbids it."""
    lines: dict[str, int] = {}
    for index, name in enumerate(names):
        if name != "*" and name not in OPERATIONS:
            continue  # a statement shape
        line = _item_line(file, path, index)
        for operation in OPERATIONS if name == "*" else (name,):
            lines.setdefault(operation, line)
            if operation in ("INSERT", "DELETE"):
                lines.setdefault("REPLACE", line)
    return lines


def _item_line(file: PolicyFile, path: tuple[str | int, ...], index: int) -> int:
    """The line of a list's item; of the key, where a single value stands in the list's place."""
    return file.line(*path, index) or file.line(*path)


def _clock(restriction: TimeRestriction) -> Clock:
    windows = [parse_window(text) for text in restriction.allow or []] or [Window(0, 1440, "all day")]
    days = EVERY_DAY
    if restriction.days is not None:
        days = sum(1 << DAYS.index(day) for day in set(restriction.days))
    zone = UTC if restriction.timezone == "UTC" else parse_zone(restriction.timezone)
    text = ", ".join(window.text for window in windows)
    if restriction.days is not None:
        text += f" on {', '.join(restriction.days)}"
    return Clock(windows, days, zone, f"{text} ({restriction.timezone})")


def _users(entries: list[Entry]) -> tuple[dict[str, SourceIndex], dict[str, SourceIndex]]:
    """Sources by exact user and by glob, each in the order of the file."""
    users: dict[str, SourceIndex] = {}
    globs: dict[str, SourceIndex] = {}
    for number, entry in enumerate(entries):
        for user in entry.user:
            index = (globs if is_glob(user) else users).setdefault(user, SourceIndex())
            index.add(entry.source_ip or [], number)
    return users, globs


def _sql_rules(file: PolicyFile) -> SqlRules:
    rules = file.policy.sql_rules
    mode = rules.mode or file.policy.global_.mode
    path = ("sql_rules", "block_statements")
    shapes = [
        ShapeRule(StatementPattern(text), text, _item_line(file, path, index))
        for index, text in enumerate(rules.block_statements)
        if text not in OPERATIONS
    ]
    detectors, detector_lines, others = _detectors(file, mode)
    detectors_line = file.line("sql_rules", "injection") or file.line("sql_rules")
    return SqlRules(
        enforced=mode == "enforce",
        block_operations=_operation_lines(file, rules.block_statements, path),
        shapes=shapes,
        require_where=_where_lines(file),
        patterns=_patterns(file, False),
        literal_patterns=_patterns(file, True),
        detectors=detectors,
        detector_lines=detector_lines,
        detectors_line=detectors_line,
        other_detectors=others,
        new_shapes=_NEW_SHAPES[rules.shapes.mode] if rules.shapes is not None else -1,
        new_shapes_line=file.line("sql_rules", "shapes"),
    )


def _where_lines(file: PolicyFile) -> dict[str, int]:
    path = ("sql_rules", "require_where")
    names = file.policy.sql_rules.require_where
    return {name: _item_line(file, path, index) for index, name in enumerate(names)}


def _patterns(file: PolicyFile, literals: bool) -> PatternRules | None:
    texts: list[str] = []
    lines: list[int] = []
    for index, item in enumerate(file.policy.sql_rules.block_patterns):
        if item.literals == literals:
            texts.append(item.pattern)
            lines.append(_item_line(file, ("sql_rules", "block_patterns"), index))
    return PatternRules(texts, lines) if texts else None


def _detectors(file: PolicyFile, mode: str) -> tuple[dict[str, bool], dict[str, int], int]:
    injection = file.policy.sql_rules.injection
    mode = injection.mode or mode
    if injection.detectors is None:
        return {}, {}, 1 if mode == "enforce" else 0
    detectors: dict[str, bool] = {}
    lines: dict[str, int] = {}
    for index, detector in enumerate(injection.detectors):
        detectors[detector.name] = (detector.mode or mode) == "enforce"
        lines[detector.name] = file.line("sql_rules", "injection", "detectors", index)
    return detectors, lines, -1


def _procedures(file: PolicyFile) -> ProcedureRules:
    control = file.policy.procedure_control
    default_schema = file.policy.global_.default_schema or ""
    section = file.line("procedure_control")
    kind = PROCEDURES_BY_CALL
    routines: RoutineList | None = None
    line = section
    if control.mode == "whitelist":
        kind = PROCEDURES_WHITELIST
        routines = RoutineList(control.whitelist, default_schema, False)
        line = file.line("procedure_control", "whitelist") or section
    elif control.mode == "blacklist":
        kind = PROCEDURES_BLACKLIST
        routines = RoutineList(control.blacklist, default_schema, True)
        line = file.line("procedure_control", "blacklist") or section
    return ProcedureRules(
        kind=kind,
        routines=routines,
        line=line,
        block_dynamic=control.block_dynamic_sql,
        block_dynamic_line=file.line("procedure_control", "block_dynamic_sql") or section,
        block_create=control.block_create_alter,
        block_create_line=file.line("procedure_control", "block_create_alter") or section,
    )
