"""The policy file as a tree of models: which keys there are, what each may hold, what absent means.

Structure only. What the values mean together is compile.py's; the text and its places are load.py's.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    model_validator,
)

from dbgate.policy.fields import (
    AdminStatement,
    AsList,
    AsSection,
    BlockStatement,
    Columns,
    Count,
    Day,
    DetectorName,
    Duration,
    FailureAction,
    FilteredOperation,
    Flag,
    ListMode,
    LogFormat,
    LogLevel,
    MaskAction,
    Mode,
    NotNull,
    NotSupported,
    Operation,
    Rate,
    RegexText,
    RoutineName,
    SchemaName,
    ShapesMode,
    Some,
    Source,
    TableName,
    Text,
    WebAddress,
    WindowText,
    Zone,
)


def _version(value: object) -> int:
    if value != 1 or not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("expected 1, the only version of this format")
    return 1


def _pattern_item(value: object) -> object:
    return {"pattern": value} if isinstance(value, str) else value


def _detector_item(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class Section(BaseModel):
    """Base of all: nothing is coerced, nothing unknown is taken, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Global(Section):
    """`global`."""

    mode: Mode = "enforce"
    default_schema: Annotated[SchemaName | None, NotNull] = None
    max_connections: Annotated[Count | None, NotNull] = None
    connection_timeout: Annotated[Duration | None, NotNull] = None
    log_level: Annotated[LogLevel | None, NotNull] = None
    log_format: Annotated[LogFormat | None, NotNull] = None
    log_literals: Flag = False


class TimeRestriction(Section):
    """`time_restriction` of an entry; allow absent = all day, days absent = every day."""

    allow: Annotated[Annotated[list[WindowText], AsList, Some] | None, NotNull] = None
    days: Annotated[Annotated[list[Day], AsList, Some] | None, NotNull] = None
    timezone: Zone = "UTC"

    @model_validator(mode="after")
    def _says_something(self) -> TimeRestriction:
        if self.allow is None and self.days is None:
            raise ValueError("expected allow or days; null means always")
        return self


class Grant(Section):
    """One item of `grants`: each operation on each table; columns None = on all of its columns."""

    tables: Annotated[list[TableName], AsList, Some]
    operations: Annotated[list[Operation], AsList, Some]
    columns: Annotated[Columns | None, NotNull] = None


def _resting(value: object, info: ValidationInfo) -> object:
    """An item of a list that may be long. The context of the validation is a resting.Rest, or None."""
    if info.context is not None:
        info.context()
    return value


class Entry(Section):
    """One item of `access_control`."""

    name: Annotated[Text | None, NotNull] = None
    user: Annotated[list[Text], AsList, Some]
    source_ip: Annotated[Annotated[list[Source], AsList, Some] | None, NotNull] = None
    cert_subject: Annotated[Text | None, NotNull] = None
    require_tls: Flag = False
    allowed_tables: Annotated[list[TableName], AsList] = []
    allowed_operations: Annotated[list[Operation], AsList] = []
    blocked_operations: Annotated[list[Operation], AsList] = []
    grants: Annotated[list[Annotated[Grant, BeforeValidator(_resting)]], AsList] = []
    allowed_functions: Annotated[list[RoutineName], AsList] = []
    admin_statements: Annotated[list[AdminStatement], AsList] = []
    time_restriction: TimeRestriction | None = None
    max_result_rows: Annotated[Count | None, NotNull] = None
    rate_limit: Annotated[Rate | None, NotNull] = None
    mode: Annotated[Mode | None, NotNull] = None


class BlockPattern(Section):
    """One item of `block_patterns`; a bare text is the pattern."""

    pattern: RegexText
    literals: Flag = False


class Detector(Section):
    """One item of `detectors`; a bare text is the name."""

    name: DetectorName
    mode: Annotated[Mode | None, NotNull] = None


class Injection(Section):
    """`injection`; detectors None = all."""

    mode: Annotated[Mode | None, NotNull] = None
    detectors: Annotated[list[Annotated[Detector, BeforeValidator(_detector_item)]] | None, NotNull] = None


class Shapes(Section):
    """`shapes`; file: where the learned ones are, beside the policy file where it is no absolute path."""

    mode: ShapesMode
    file: Text


class SqlRules(Section):
    """`sql_rules`."""

    mode: Annotated[Mode | None, NotNull] = None
    block_statements: Annotated[list[BlockStatement], AsList] = []
    block_patterns: Annotated[list[Annotated[BlockPattern, BeforeValidator(_pattern_item)]], AsList] = []
    injection: Annotated[Injection, AsSection] = Injection()
    shapes: Annotated[Shapes | None, NotNull] = None
    require_where: Annotated[list[FilteredOperation], AsList] = []


class ProcedureControl(Section):
    """`procedure_control`; mode None = the CALL operation alone decides."""

    mode: Annotated[ListMode | None, NotNull] = None
    whitelist: Annotated[list[RoutineName], AsList] = []
    blacklist: Annotated[list[RoutineName], AsList] = []
    block_dynamic_sql: Flag = True
    block_create_alter: Flag = True

    @model_validator(mode="after")
    def _lists_have_a_mode(self) -> ProcedureControl:
        if self.mode is None and (self.whitelist or self.blacklist):
            raise ValueError("expected mode: whitelist or mode: blacklist beside the list")
        return self


class SensitiveColumn(Section):
    """One item of `sensitive_columns`."""

    pattern: RegexText
    action: MaskAction = "alert"
    mask: NotSupported = None


class DataProtection(Section):
    """`data_protection`."""

    max_result_rows: Annotated[Count | None, NotNull] = None
    block_schema_access: Flag = True
    sensitive_columns: Annotated[list[SensitiveColumn], AsList] = []


class Audit(Section):
    """`audit`."""

    on_failure: FailureAction = "allow"


class Alerts(Section):
    """`alerts`."""

    on_block: Flag = False
    on_high_volume_query: Flag = False
    threshold_qps: Annotated[Count | None, NotNull] = None
    webhook: Annotated[WebAddress | None, NotNull] = None

    @model_validator(mode="after")
    def _volume_has_a_threshold(self) -> Alerts:
        if self.on_high_volume_query and self.threshold_qps is None:
            raise ValueError("expected threshold_qps beside on_high_volume_query: true")
        return self


class Policy(Section):
    """The whole file. `global` is a word of Python, so the field has another name."""

    version: Annotated[int, PlainValidator(_version)] = 1
    global_: Annotated[Global, AsSection, Field(alias="global")] = Global()
    access_control: Annotated[list[Annotated[Entry, BeforeValidator(_resting)]], AsList] = []
    sql_rules: Annotated[SqlRules, AsSection] = SqlRules()
    procedure_control: Annotated[ProcedureControl, AsSection] = ProcedureControl()
    data_protection: Annotated[DataProtection, AsSection] = DataProtection()
    audit: Annotated[Audit, AsSection] = Audit()
    alerts: Annotated[Alerts, AsSection] = Alerts()
