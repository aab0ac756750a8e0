"""A policy's plan → CompiledPolicy: every list becomes a dict, every glob an index, every mode a bool.

Made piece by piece, so that a worker can go on serving its sessions meanwhile: nothing between two yields takes long,
however large the policy is.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC
from typing import TYPE_CHECKING

import msgspec

from dbgate.policy.clock import Clock, Window
from dbgate.policy.columngrants import ColumnGrants
from dbgate.policy.compiled import (
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
from dbgate.policy.names import NamePart, QualifiedName
from dbgate.policy.patterns import TOGETHER, RegexList
from dbgate.policy.plan import (
    COLUMNS,
    ENTRY,
    NAMES,
    POLICY,
    SHAPES,
    SOURCES,
    VARIANT,
    ClockPlan,
    EntryPlan,
    NameRow,
    PatternPlan,
    ProcedurePlan,
    SettingsPlan,
    SqlPlan,
)
from dbgate.policy.planning import plan_policy
from dbgate.policy.resting import Rest, no_rest
from dbgate.policy.rights import Rights
from dbgate.policy.routines import RoutineList
from dbgate.policy.source import Network, SourceIndex
from dbgate.policy.values import parse_burst, parse_zone
from dbgate.sql.shape import StatementPattern

if TYPE_CHECKING:  # a worker reads no files
    from dbgate.policy.load import PolicyFile


def compile_policy(file: PolicyFile) -> CompiledPolicy:
    """The policy of `file`, ready to decide by. Takes time in proportion to the file: not for an event loop."""
    return build_policy(plan_policy(file))


def build_policy(plan: bytes, rest: Rest = no_rest) -> CompiledPolicy:
    """The policy of an encoded plan. ValueError (msgspec's, RE2's) where it is none. rest: see resting.py."""
    pieces = building(plan)
    while True:
        rest()
        try:
            next(pieces)
        except StopIteration as done:
            policy: CompiledPolicy = done.value
            return policy


def building(plan: bytes) -> Generator[None, None, CompiledPolicy]:
    """As build_policy, piece by piece: what it returns in the end is the policy."""
    whole = POLICY.decode(plan)
    yield
    entries: list[CompiledEntry] = []
    users = _Users()
    for raw in whole.entries:
        entry = ENTRY.decode(raw)
        entries.append((yield from _entry(entry, len(entries), whole.default_schema)))
        yield from users.add(entry, len(entries) - 1)
    variants = yield from _variants(whole.variants, entries)
    sql = yield from _sql_rules(whole.sql)
    procedures = yield from _procedures(whole.procedures, whole.default_schema)
    sensitive = yield from _regexes(whole.sensitive)
    return CompiledPolicy(
        version=whole.version,
        entries=entries,
        users=users.exact,
        user_globs=users.globs,
        glob_sources=list(users.by_glob.values()),
        variants=variants,
        sql=sql,
        procedures=procedures,
        block_schema_access=whole.block_schema_access,
        block_schema_line=whole.block_schema_line,
        row_cap=whole.row_cap,
        row_cap_mode=whole.row_cap_mode,
        sensitive=sensitive if whole.sensitive else None,
        settings=_settings(whole.settings),
    )


def _settings(plan: SettingsPlan) -> Settings:
    return Settings(
        max_connections=plan.max_connections,
        idle_timeout_s=plan.idle_timeout_s,
        log_level=plan.log_level,
        log_format=plan.log_format,
        log_literals=plan.log_literals,
        alert_on_block=plan.alert_on_block,
        alert_on_high_volume=plan.alert_on_high_volume,
        alert_threshold_qps=plan.alert_threshold_qps,
        alert_webhook=plan.alert_webhook,
        records_required=plan.records_required,
    )


def _name(row: NameRow) -> QualifiedName:
    schema = None if row.schema is None else NamePart(row.schema, row.schema_glob)
    return QualifiedName(schema, NamePart(row.name, row.name_glob), row.name)


class _Users:
    """Sources by exact user and by glob, each in the order of the file."""

    def __init__(self) -> None:
        self.exact: dict[str, SourceIndex] = {}
        self.by_glob: dict[str, SourceIndex] = {}
        self.globs = GlobIndex([])

    def add(self, entry: EntryPlan, number: int) -> Generator[None, None, None]:
        """Entry `number` is that of its users, from its sources."""
        for user in entry.users:
            index = self._index(user)
            if not entry.sources:
                index.add([], number)
            for raw in entry.sources:
                rows = SOURCES.decode(raw)
                index.add(
                    [Network(row.bits, row.length, int(row.value, 16), "", False) for row in rows], number
                )
                yield
            yield

    def _index(self, user: str) -> SourceIndex:
        if not is_glob(user):
            return self.exact.setdefault(user, SourceIndex())
        found = self.by_glob.get(user)
        if found is None:
            found = SourceIndex()
            self.by_glob[user] = found
            self.globs.add(user)
        return found


def _entry(plan: EntryPlan, number: int, default_schema: str) -> Generator[None, None, CompiledEntry]:
    rights = Rights(False, default_schema)
    folded = Rights(True, default_schema) if plan.cased else rights
    for raw in plan.rights:
        for row in NAMES.decode(raw):
            name = _name(row)
            rights.add(name, row.mask, row.grant)
            if plan.cased:
                folded.add(name, row.mask, row.grant)
        yield
    columns = yield from _columns(plan.columns)
    functions = yield from _routines(plan.functions, default_schema, False)
    return CompiledEntry(
        number=number,
        name=plan.name,
        line=plan.line,
        enforced=plan.enforced,
        rights=rights,
        rights_folded=folded,
        bare=plan.bare,
        blocked=plan.blocked,
        functions=functions,
        functions_line=plan.functions_line,
        clock=_clock(plan.clock) if plan.clock is not None else None,
        clock_line=plan.clock_line,
        rate=plan.rate,
        rate_text=plan.rate_text,
        rate_line=plan.rate_line,
        row_cap=plan.row_cap,
        row_cap_line=plan.row_cap_line,
        learned=NO_SHAPES,
        require_tls=plan.require_tls,
        require_tls_line=plan.require_tls_line,
        subject=GlobIndex([plan.subject]) if plan.subject is not None else None,
        subject_line=plan.subject_line,
        admin=tuple(plan.admin),
        burst=parse_burst(plan.rate_text) if plan.rate_text else 0.0,
        column_rights=columns,
    )


def _columns(plan: list[msgspec.Raw]) -> Generator[None, None, ColumnGrants | None]:
    if not plan:
        return None
    grants = ColumnGrants()
    for raw in plan:
        for row in COLUMNS.decode(raw):
            grants.add(row.grant, row.mask, row.columns, row.line)
        yield
    return grants


def _clock(plan: ClockPlan) -> Clock:
    zone = UTC if plan.zone == "UTC" else parse_zone(plan.zone)
    return Clock([Window(start, end, text) for start, end, text in plan.windows], plan.days, zone, plan.text)


def _routines(
    plan: list[msgspec.Raw] | None, default_schema: str, loose: bool
) -> Generator[None, None, RoutineList | None]:
    if plan is None:
        return None
    routines = RoutineList([], default_schema, loose)
    for raw in plan:
        for row in NAMES.decode(raw):
            routines.add(_name(row))
        yield
    return routines


def _variants(
    plans: list[msgspec.Raw], entries: list[CompiledEntry]
) -> Generator[None, None, dict[str, dict[int, CompiledEntry]]]:
    """User → number of each entry that names the user → the entry with that user's shapes. Numbers of their own keep
    the verdicts apart that are cached."""
    variants: dict[str, dict[int, CompiledEntry]] = {}
    free = len(entries)
    for encoded in plans:
        plan = VARIANT.decode(encoded)
        learned: dict[str, LearnedShape] = {}
        for raw in plan.shapes:
            for one in SHAPES.decode(raw):
                learned[one.shape] = LearnedShape(
                    frozenset(one.operations), frozenset(one.tables), frozenset(one.detectors)
                )
            yield
        mine: dict[int, CompiledEntry] = {}
        for number in plan.entries:
            mine[number] = _variant(entries[number], free, learned)
            free += 1
        variants[plan.user] = mine
    return variants


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
        burst=entry.burst,
        column_rights=entry.column_rights,
    )


def _regexes(texts: list[str]) -> Generator[None, None, RegexList]:
    regexes = RegexList([])
    for at in range(0, len(texts), TOGETHER):
        regexes.add(texts[at : at + TOGETHER])
        yield
    return regexes


def _patterns(plan: PatternPlan) -> Generator[None, None, PatternRules | None]:
    regexes = yield from _regexes(plan.texts)
    return PatternRules(plan.texts, plan.lines, regexes) if plan.texts else None


def _sql_rules(plan: SqlPlan) -> Generator[None, None, SqlRules]:
    shapes: list[ShapeRule] = []
    for text, line in zip(plan.shapes.texts, plan.shapes.lines, strict=True):
        shapes.append(ShapeRule(StatementPattern(text), text, line))
        yield
    patterns = yield from _patterns(plan.patterns)
    literal_patterns = yield from _patterns(plan.literal_patterns)
    return SqlRules(
        enforced=plan.enforced,
        block_operations=plan.block_operations,
        shapes=shapes,
        require_where=plan.require_where,
        patterns=patterns,
        literal_patterns=literal_patterns,
        detectors=plan.detectors,
        detector_lines=plan.detector_lines,
        detectors_line=plan.detectors_line,
        other_detectors=plan.other_detectors,
        new_shapes=plan.new_shapes,
        new_shapes_line=plan.new_shapes_line,
    )


def _procedures(plan: ProcedurePlan, default_schema: str) -> Generator[None, None, ProcedureRules]:
    routines = yield from _routines(plan.routines, default_schema, plan.loose)
    return ProcedureRules(
        kind=plan.kind,
        routines=routines,
        line=plan.line,
        block_dynamic=plan.block_dynamic,
        block_dynamic_line=plan.block_dynamic_line,
        block_create=plan.block_create,
        block_create_line=plan.block_create_line,
    )
