"""A policy as plain values: what the supervisor has read and checked, in a form that a worker makes a CompiledPolicy of
at little cost, piece by piece (compile.building).

The long lists are kept encoded (msgspec.Raw) until their turn comes, so that nothing has to be decoded at once.
"""

from __future__ import annotations

from typing import Final

import msgspec

PIECE: Final = 64  # items of a list that are decoded and compiled at once


class NameRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A names.QualifiedName with the operations granted on it (operations.operations_mask; 0 where it is no right).
    grant: number of the grant whose columns it is about, -1 = all."""

    schema: str | None
    schema_glob: bool
    name: str
    name_glob: bool
    mask: int = 0
    grant: int = -1


class ColumnsRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A columngrants.ColumnGrant, or a part of one: those with the same number are one grant."""

    grant: int
    mask: int
    columns: list[str]
    line: int


class SourceRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A source.Network. value: in hexadecimal, as it may have 128 bits."""

    bits: int
    length: int
    value: str


class ClockPlan(msgspec.Struct, frozen=True, array_like=True):
    """A clock.Clock. windows: start, end, text of each; zone: "UTC" or a name of the tz database."""

    windows: list[tuple[int, int, str]]
    days: int
    zone: str
    text: str


class EntryPlan(msgspec.Struct, frozen=True, array_like=True):
    """A compiled.CompiledEntry. rights, functions: lists of NameRow; cased: some name among the rights
    is not in lower case; columns: lists of ColumnsRow, by number; users, sources (lists of SourceRow): whom it matches;
    the other fields as there."""

    name: str
    line: int
    enforced: bool
    rights: list[msgspec.Raw]
    cased: bool
    columns: list[msgspec.Raw]
    bare: int
    blocked: dict[str, int]
    functions: list[msgspec.Raw] | None
    functions_line: int
    clock: ClockPlan | None
    clock_line: int
    rate: float
    rate_text: str
    rate_line: int
    row_cap: int
    row_cap_line: int
    require_tls: bool
    require_tls_line: int
    subject: str | None
    subject_line: int
    admin: list[str]
    users: list[str]
    sources: list[msgspec.Raw]


class ShapePlan(msgspec.Struct, frozen=True, array_like=True):
    """A learned shape: learned.LearnedShape, by its digest."""

    shape: str
    operations: list[str]
    tables: list[str]
    detectors: list[str]


class VariantPlan(msgspec.Struct, frozen=True, array_like=True):
    """What a user is known to send. entries: numbers of the entries that match the user; shapes: lists of ShapePlan."""

    user: str
    entries: list[int]
    shapes: list[msgspec.Raw]


class PatternPlan(msgspec.Struct, frozen=True, array_like=True):
    """Regular expressions, or shapes of statements, and the line of each."""

    texts: list[str]
    lines: list[int]


class SqlPlan(msgspec.Struct, frozen=True, array_like=True):
    """A compiled.SqlRules."""

    enforced: bool
    block_operations: dict[str, int]
    shapes: PatternPlan
    require_where: dict[str, int]
    patterns: PatternPlan
    literal_patterns: PatternPlan
    detectors: dict[str, bool]
    detector_lines: dict[str, int]
    detectors_line: int
    other_detectors: int
    new_shapes: int
    new_shapes_line: int


class ProcedurePlan(msgspec.Struct, frozen=True, array_like=True):
    """A compiled.ProcedureRules. routines: lists of NameRow, None = no list counts; loose: as
    routines.RoutineList has it."""

    kind: int
    routines: list[msgspec.Raw] | None
    loose: bool
    line: int
    block_dynamic: bool
    block_dynamic_line: int
    block_create: bool
    block_create_line: int


class SettingsPlan(msgspec.Struct, frozen=True, array_like=True):
    """A compiled.Settings."""

    max_connections: int
    idle_timeout_s: float
    log_level: str
    log_format: str
    log_literals: bool
    alert_on_block: bool
    alert_on_high_volume: bool
    alert_threshold_qps: int
    alert_webhook: str
    records_required: bool


class PolicyPlan(msgspec.Struct, frozen=True, array_like=True):
    """A compiled.CompiledPolicy. entries: EntryPlan each; variants: VariantPlan each."""

    version: str
    default_schema: str
    entries: list[msgspec.Raw]
    variants: list[msgspec.Raw]
    sql: SqlPlan
    procedures: ProcedurePlan
    block_schema_access: bool
    block_schema_line: int
    row_cap: int
    row_cap_mode: str
    sensitive: list[str]
    settings: SettingsPlan


ENCODER: Final = msgspec.msgpack.Encoder()
POLICY: Final = msgspec.msgpack.Decoder(PolicyPlan)
ENTRY: Final = msgspec.msgpack.Decoder(EntryPlan)
VARIANT: Final = msgspec.msgpack.Decoder(VariantPlan)
NAMES: Final = msgspec.msgpack.Decoder(list[NameRow])
COLUMNS: Final = msgspec.msgpack.Decoder(list[ColumnsRow])
SOURCES: Final = msgspec.msgpack.Decoder(list[SourceRow])
SHAPES: Final = msgspec.msgpack.Decoder(list[ShapePlan])
