"""PolicyFile → plan: every list in the order of the file, every mode decided, every line looked up. What is left to do is
compile.py's, and needs nothing of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from dbgate.policy.clock import DAYS, EVERY_DAY, Window
from dbgate.policy.compiled import PROCEDURES_BLACKLIST, PROCEDURES_BY_CALL, PROCEDURES_WHITELIST
from dbgate.policy.globs import GlobIndex, is_glob
from dbgate.policy.names import QualifiedName
from dbgate.policy.operations import ALL_OPERATIONS, OPERATIONS, PARTLY, operations_mask
from dbgate.policy.plan import (
    ENCODER,
    PIECE,
    ClockPlan,
    ColumnsRow,
    EntryPlan,
    NameRow,
    PatternPlan,
    PolicyPlan,
    ProcedurePlan,
    SettingsPlan,
    ShapePlan,
    SourceRow,
    SqlPlan,
    VariantPlan,
)
from dbgate.policy.resting import Rest, no_rest
from dbgate.policy.values import parse_duration, parse_rate, parse_window

if TYPE_CHECKING:  # reading a file is the business of whoever made it: a worker has only the plan
    from dbgate.policy.load import PolicyFile
    from dbgate.policy.model import Entry, TimeRestriction
    from dbgate.policy.shapefile import ShapeFile

# What a shape that was never learned does, by mode of `shapes`: nothing, a would-block, a block.
_NEW_SHAPES: Final = {"learning": -1, "detect": 0, "enforce": 1}


def plan_policy(file: PolicyFile, rest: Rest = no_rest) -> bytes:
    """The plan of `file`, encoded. Takes time in proportion to the file: not for an event loop. rest: see resting.py."""
    policy = file.policy
    general = policy.global_
    protection = policy.data_protection
    alerts = policy.alerts
    entries: list[msgspec.Raw] = []
    for number in range(len(policy.access_control)):
        rest()
        entries.append(_raw(_entry(file, number)))
    plan = PolicyPlan(
        version=file.version,
        default_schema=general.default_schema or "",
        entries=entries,
        variants=_variants(file.shapes, policy.access_control, rest) if file.shapes is not None else [],
        sql=_sql_rules(file),
        procedures=_procedures(file),
        block_schema_access=protection.block_schema_access,
        block_schema_line=file.line("data_protection", "block_schema_access") or file.line("data_protection"),
        row_cap=protection.max_result_rows or 0,
        row_cap_mode=general.mode,
        sensitive=[item.pattern for item in protection.sensitive_columns],
        settings=SettingsPlan(
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
    return ENCODER.encode(plan)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(ENCODER.encode(value))


def _pieces(rows: Sequence[object]) -> list[msgspec.Raw]:
    """A list in parts that are decoded one at a time."""
    return [_raw(rows[at : at + PIECE]) for at in range(0, len(rows), PIECE)]


def _row(name: QualifiedName, mask: int = 0, grant: int = -1) -> NameRow:
    schema = name.schema
    if schema is None:
        return NameRow(None, False, name.name.text, name.name.glob, mask, grant)
    return NameRow(schema.text, schema.glob, name.name.text, name.name.glob, mask, grant)


def entry_name(entry: Entry) -> str:
    """What the entry is called in records: its name, or user@source as the file has them."""
    if entry.name is not None:
        return entry.name
    sources = [network.text for network in entry.source_ip] if entry.source_ip else ["*"]
    return f"{','.join(entry.user)}@{','.join(sources)}"


def _entry(file: PolicyFile, number: int) -> EntryPlan:
    entry = file.policy.access_control[number]
    here = ("access_control", number)
    cap = entry.max_result_rows
    if cap is None:
        row_cap = file.policy.data_protection.max_result_rows or 0
        row_cap_line = file.line("data_protection", "max_result_rows")
    else:
        row_cap = cap
        row_cap_line = file.line(*here, "max_result_rows")
    # A right that blocked_operations takes away again is none: it makes no table visible either.
    usable = ALL_OPERATIONS & ~operations_mask(entry.blocked_operations)
    columns = _columns(file, number, usable)
    rights = _rights(entry, usable)
    functions = [_row(name) for name in entry.allowed_functions]
    sources = [SourceRow(one.bits, one.length, f"{one.value:x}") for one in entry.source_ip or []]
    return EntryPlan(
        name=entry_name(entry),
        line=file.line(*here),
        enforced=(entry.mode or file.policy.global_.mode) == "enforce",
        rights=_pieces(rights),
        cased=any(_cased(row) for row in rights) or not _lower(file.policy.global_.default_schema or ""),
        columns=columns,
        bare=operations_mask(entry.allowed_operations) & usable,
        blocked=_operation_lines(file, entry.blocked_operations, (*here, "blocked_operations")),
        functions=_pieces(functions) if functions else None,
        functions_line=file.line(*here, "allowed_functions"),
        clock=_clock(entry.time_restriction) if entry.time_restriction is not None else None,
        clock_line=file.line(*here, "time_restriction"),
        rate=parse_rate(entry.rate_limit) if entry.rate_limit is not None else 0.0,
        rate_text=entry.rate_limit or "",
        rate_line=file.line(*here, "rate_limit"),
        row_cap=row_cap,
        row_cap_line=row_cap_line,
        require_tls=entry.require_tls,
        require_tls_line=file.line(*here, "require_tls"),
        subject=entry.cert_subject,
        subject_line=file.line(*here, "cert_subject"),
        admin=entry.admin_statements,
        users=entry.user,
        sources=_pieces(sources),
    )


def _cased(row: NameRow) -> bool:
    return not (_lower(row.name) and (row.schema is None or _lower(row.schema)))


def _lower(name: str) -> bool:
    return name == name.lower()


def _rights(entry: Entry, usable: int) -> list[NameRow]:
    mask = operations_mask(entry.allowed_operations) & usable
    rows = [_row(table, mask) for table in entry.allowed_tables]
    for number, grant in enumerate(entry.grants):
        mask = operations_mask(grant.operations) & usable
        if grant.columns is None:
            rows += [_row(table, mask) for table in grant.tables]
        elif mask:
            rows += [_row(table, PARTLY, number) for table in grant.tables]
    return rows


def _columns(file: PolicyFile, number: int, usable: int) -> list[msgspec.Raw]:
    """What the grants by columns grant, in parts of about PIECE columns."""
    pieces: list[msgspec.Raw] = []
    rows: list[ColumnsRow] = []
    held = 0
    for at, grant in enumerate(file.policy.access_control[number].grants):
        mask = operations_mask(grant.operations) & usable
        if grant.columns is None or not mask:
            continue
        line = file.line("access_control", number, "grants", at, "columns")
        for start in range(0, len(grant.columns), PIECE):
            names = grant.columns[start : start + PIECE]
            rows.append(ColumnsRow(at, mask, names, line))
            held += len(names)
            if held >= PIECE:
                pieces.append(_raw(rows))
                rows, held = [], 0
    return [*pieces, _raw(rows)] if rows else pieces


def _variants(shapes: ShapeFile, entries: list[Entry], rest: Rest) -> list[msgspec.Raw]:
    """For each user with learned shapes: these, and the entries that name the user."""
    exact: dict[str, list[int]] = {}
    globs: list[tuple[str, int]] = []
    for number, entry in enumerate(entries):
        for name in entry.user:
            if is_glob(name):
                globs.append((name, number))
            else:
                exact.setdefault(name, []).append(number)
    index = GlobIndex([name for name, _ in globs])
    variants = []
    for user, known in shapes.users.items():
        numbers = {*exact.get(user, []), *(globs[found][1] for found in index.find(user))}
        rows = []
        for one in known.values():
            rest()
            rows.append(
                ShapePlan(one.shape, sorted(one.operations), sorted(one.tables), sorted(one.detectors))
            )
        variants.append(_raw(VariantPlan(user, sorted(numbers), _pieces(rows))))
    return variants


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


def _clock(restriction: TimeRestriction) -> ClockPlan:
    windows = [parse_window(text) for text in restriction.allow or []] or [Window(0, 1440, "all day")]
    days = EVERY_DAY
    if restriction.days is not None:
        days = sum(1 << DAYS.index(day) for day in set(restriction.days))
    text = ", ".join(window.text for window in windows)
    if restriction.days is not None:
        text += f" on {', '.join(restriction.days)}"
    rows = [(window.start, window.end, window.text) for window in windows]
    return ClockPlan(rows, days, restriction.timezone, f"{text} ({restriction.timezone})")


def _sql_rules(file: PolicyFile) -> SqlPlan:
    rules = file.policy.sql_rules
    mode = rules.mode or file.policy.global_.mode
    path = ("sql_rules", "block_statements")
    shapes = PatternPlan([], [])
    for index, text in enumerate(rules.block_statements):
        if text not in OPERATIONS:
            shapes.texts.append(text)
            shapes.lines.append(_item_line(file, path, index))
    detectors, detector_lines, others = _detectors(file, mode)
    detectors_line = file.line("sql_rules", "injection") or file.line("sql_rules")
    return SqlPlan(
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


def _patterns(file: PolicyFile, literals: bool) -> PatternPlan:
    found = PatternPlan([], [])
    for index, item in enumerate(file.policy.sql_rules.block_patterns):
        if item.literals == literals:
            found.texts.append(item.pattern)
            found.lines.append(_item_line(file, ("sql_rules", "block_patterns"), index))
    return found


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


def _procedures(file: PolicyFile) -> ProcedurePlan:
    control = file.policy.procedure_control
    section = file.line("procedure_control")
    kind = PROCEDURES_BY_CALL
    names: list[QualifiedName] | None = None
    line = section
    if control.mode == "whitelist":
        kind = PROCEDURES_WHITELIST
        names = control.whitelist
        line = file.line("procedure_control", "whitelist") or section
    elif control.mode == "blacklist":
        kind = PROCEDURES_BLACKLIST
        names = control.blacklist
        line = file.line("procedure_control", "blacklist") or section
    return ProcedurePlan(
        kind=kind,
        routines=None if names is None else _pieces([_row(name) for name in names]),
        loose=kind == PROCEDURES_BLACKLIST,
        line=line,
        block_dynamic=control.block_dynamic_sql,
        block_dynamic_line=file.line("procedure_control", "block_dynamic_sql") or section,
        block_create=control.block_create_alter,
        block_create_line=file.line("procedure_control", "block_create_alter") or section,
    )
