"""A policy made ready: what every decision looks things up in. Built by compile.py, never changed afterwards."""

from __future__ import annotations

from typing import Final, final

from dbgate.policy.clock import Clock
from dbgate.policy.columngrants import ColumnGrants
from dbgate.policy.globs import GlobIndex
from dbgate.policy.learned import LearnedShape
from dbgate.policy.patterns import RegexList
from dbgate.policy.rights import Rights
from dbgate.policy.routines import RoutineList
from dbgate.policy.source import SourceIndex
from dbgate.policy.verdict import ALLOW, Verdict
from dbgate.sql.canonical import reads_literals
from dbgate.sql.shape import StatementPattern

# What procedure_control's lists mean.
PROCEDURES_BY_CALL: Final = 0
PROCEDURES_WHITELIST: Final = 1
PROCEDURES_BLACKLIST: Final = 2

_REMEMBERED_NAMES: Final = 4096
_REMEMBERED_LENGTH: Final = 64  # the longest name a server takes; longer ones are not worth keeping


@final
class CompiledEntry:
    """One access rule. Lines are those of the file, 0 where the key is absent.

    enforced: its mode; bare: operations granted without a table; granted: operations granted anywhere;
    blocked: operation → line of the item in blocked_operations; rate: statements per second, 0 = no limit;
    burst: as many may come at once;
    row_cap: rows per result set, 0 = no cap; learned: the shapes that its user is known to send, by digest (an entry
    has a variant for each user with learned shapes); subject: the one glob of cert_subject, None = any; admin: the
    in-band statements that its users may send; column_rights: its grants by columns, None = it has none;
    allowed: the verdict of step 12."""

    def __init__(
        self,
        number: int,
        name: str,
        line: int,
        enforced: bool,
        rights: Rights,
        rights_folded: Rights,
        bare: int,
        blocked: dict[str, int],
        functions: RoutineList | None,
        functions_line: int,
        clock: Clock | None,
        clock_line: int,
        rate: float,
        rate_text: str,
        rate_line: int,
        row_cap: int,
        row_cap_line: int,
        learned: dict[str, LearnedShape],
        require_tls: bool = False,
        require_tls_line: int = 0,
        subject: GlobIndex | None = None,
        subject_line: int = 0,
        admin: tuple[str, ...] = (),
        burst: float = 0.0,
        column_rights: ColumnGrants | None = None,
    ) -> None:
        self.number = number
        self.name = name
        self.line = line
        self.enforced = enforced
        self.mode = "enforce" if enforced else "monitor"
        self.rights = rights
        self.rights_folded = rights_folded
        self.bare = bare
        self.granted = bare | rights.reachable
        if column_rights is not None:
            self.granted |= column_rights.reachable
        self.column_rights = column_rights
        self.blocked = blocked
        self.functions = functions
        self.functions_line = functions_line
        self.clock = clock
        self.clock_line = clock_line
        self.has_clock = clock is not None
        self.rate = rate
        self.burst = burst
        self.rate_text = rate_text
        self.rate_line = rate_line
        self.row_cap = row_cap
        self.row_cap_line = row_cap_line
        self.learned = learned
        self.require_tls = require_tls
        self.require_tls_line = require_tls_line
        self.subject = subject
        self.subject_line = subject_line
        self.admin = admin
        self.allowed = Verdict(ALLOW, "", line, f"granted by entry '{name}'", "", name, 12)


@final
class ShapeRule:
    """One block_statements item that is a statement shape."""

    def __init__(self, pattern: StatementPattern, text: str, line: int) -> None:
        self.pattern = pattern
        self.text = text
        self.line = line


@final
class PatternRules:
    """block_patterns that read one of the two canonical texts, with their lines."""

    def __init__(self, patterns: list[str], lines: list[int], regexes: RegexList | None = None) -> None:
        self.texts = patterns
        self.lines = lines
        self.regexes = regexes if regexes is not None else RegexList(patterns)


@final
class SqlRules:
    """sql_rules. block_operations, require_where: operation → line; detectors: name → enforced, and its line;
    detectors_line: the line of those that have none of their own;
    other_detectors: what a detector that is not named there does (1 enforced, 0 monitored, -1 off);
    new_shapes: what a shape that was never learned does (as other_detectors), and the line of `shapes`;
    reads_literals: whether a shape or pattern may tell apart texts that differ only in their literals."""

    def __init__(
        self,
        enforced: bool,
        block_operations: dict[str, int],
        shapes: list[ShapeRule],
        require_where: dict[str, int],
        patterns: PatternRules | None,
        literal_patterns: PatternRules | None,
        detectors: dict[str, bool],
        detector_lines: dict[str, int],
        detectors_line: int,
        other_detectors: int,
        new_shapes: int,
        new_shapes_line: int,
    ) -> None:
        self.enforced = enforced
        self.block_operations = block_operations
        self.shapes = shapes
        self.require_where = require_where
        self.patterns = patterns
        self.literal_patterns = literal_patterns
        self.detectors = detectors
        self.detector_lines = detector_lines
        self.detectors_line = detectors_line
        self.other_detectors = other_detectors
        self.new_shapes = new_shapes
        self.new_shapes_line = new_shapes_line
        self.reads_literals = (
            literal_patterns is not None
            or any(shape.pattern.reads_literals for shape in shapes)
            or (patterns is not None and any(reads_literals(text) for text in patterns.texts))
        )


@final
class ProcedureRules:
    """procedure_control: kind is PROCEDURES_…, `routines` the list that it means; then the switches."""

    def __init__(
        self,
        kind: int,
        routines: RoutineList | None,
        line: int,
        block_dynamic: bool,
        block_dynamic_line: int,
        block_create: bool,
        block_create_line: int,
    ) -> None:
        self.kind = kind
        self.routines = routines
        self.line = line
        self.block_dynamic = block_dynamic
        self.block_dynamic_line = block_dynamic_line
        self.block_create = block_create
        self.block_create_line = block_create_line


@final
class Settings:
    """What the file says to the gateway itself. 0 and "" where it says nothing."""

    def __init__(
        self,
        max_connections: int,
        idle_timeout_s: float,
        log_level: str,
        log_format: str,
        log_literals: bool,
        alert_on_block: bool,
        alert_on_high_volume: bool,
        alert_threshold_qps: int,
        alert_webhook: str = "",
        records_required: bool = False,
    ) -> None:
        self.max_connections = max_connections
        self.idle_timeout_s = idle_timeout_s
        self.log_level = log_level
        self.log_format = log_format
        self.log_literals = log_literals
        self.alert_on_block = alert_on_block
        self.alert_on_high_volume = alert_on_high_volume
        self.alert_threshold_qps = alert_threshold_qps
        self.alert_webhook = alert_webhook
        self.records_required = records_required  # audit.on_failure: block


@final
class CompiledPolicy:
    """A whole policy. users: user → sources of the rules that name it exactly; user_globs with glob_sources: the
    same for globs; variants: user → number of an entry → that entry with the user's learned shapes; version: short hash
    of the file's text; reads_literals: a verdict must not be reused for a text that differs only in its literals
    (Analysis.shared says whether the analysis may be); limits_columns: some rule has grants by columns, so that the
    catalog's columns are needed."""

    def __init__(
        self,
        version: str,
        entries: list[CompiledEntry],
        users: dict[str, SourceIndex],
        user_globs: GlobIndex,
        glob_sources: list[SourceIndex],
        variants: dict[str, dict[int, CompiledEntry]],
        sql: SqlRules,
        procedures: ProcedureRules,
        block_schema_access: bool,
        block_schema_line: int,
        row_cap: int,
        row_cap_mode: str,
        sensitive: RegexList | None,
        settings: Settings,
    ) -> None:
        self.version = version
        self.entries = entries
        self.users = users
        self.user_globs = user_globs
        self.glob_sources = glob_sources
        self.variants = variants
        self.sql = sql
        self.procedures = procedures
        self.block_schema_access = block_schema_access
        self.block_schema_line = block_schema_line
        self.row_cap = row_cap
        self.row_cap_mode = row_cap_mode
        self.reads_literals = sql.reads_literals
        self.settings = settings
        self.max_connections = settings.max_connections
        self.idle_timeout_s = settings.idle_timeout_s
        self.log_level = settings.log_level
        self.log_format = settings.log_format
        self.log_literals = settings.log_literals
        self.alert_on_block = settings.alert_on_block
        self.alert_on_high_volume = settings.alert_on_high_volume
        self.alert_threshold_qps = settings.alert_threshold_qps
        self.alert_webhook = settings.alert_webhook
        self.records_required = settings.records_required
        self.watches_columns = sensitive is not None
        self.limits_columns = False
        for entry in entries:
            if entry.column_rights is not None:
                self.limits_columns = True
        self._sensitive = sensitive
        self._sensitive_names: dict[str, bool] = {}

    def sensitive(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of `names` (columns of a statement or of a result) that sensitive_columns means, in their order."""
        if self._sensitive is None:
            return ()
        found: list[str] = []
        for name in names:
            known = self._sensitive_names.get(name)
            if known is None:
                known = self._sensitive.first(name) >= 0
                if len(name) <= _REMEMBERED_LENGTH:
                    if len(self._sensitive_names) >= _REMEMBERED_NAMES:
                        self._sensitive_names.clear()
                    self._sensitive_names[name] = known
            if known:
                found.append(name)
        return tuple(found)
