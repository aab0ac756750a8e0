"""A verdict with everything that a record says of the statement, worked out once and shared through the caches."""

from __future__ import annotations

from typing import final

from dbgate.audit.record import NOTHING, What, Why
from dbgate.policy.verdict import ALLOW, EFFECT_NAMES, Verdict
from dbgate.sql.catalog import Behind, may_change
from dbgate.sql.statement import NEED_ANY_RIGHT, NEED_TABLE, Analysis, Statement
from dbgate.wire.whole import Seen


@final
class Judged:
    """One analysis under one policy and access rule. Never changed after construction, but for what is found out later
    and is the same for everybody: why and seen.

    what: of the records of this statement; why_for: the verdict's part of them. quick: allowed, and nothing of the
    session follows from it: neither what it does nor what its reply says. seen: what its replies looked like (pure
    Python only).
    operation: the first statement's verb; multi: more than one statement; local_infile: one of them is LOAD … LOCAL;
    moves: something of the session must be followed after the server's OK; rereads: it must be read from the server;
    defines: it may change views, routines or triggers, by itself or by what is behind its names (`behind`), or, where the
    policy limits columns (`columns`), what columns tables have;
    recalls: it runs dynamic SQL whose text it does not tell; remembers: it leaves such a text on the server (sql.memory);
    plain: nothing of that, the common case; sensitive: names in it that sensitive_columns means.
    """

    def __init__(
        self,
        analysis: Analysis,
        verdict: Verdict,
        sensitive: tuple[str, ...],
        fallback: str,
        behind: tuple[Behind, ...] = (),
        columns: bool = False,
    ) -> None:
        # Those that the short way reads stand together.
        self.verdict = verdict
        self.what = NOTHING
        self.why: Why | None = None
        self.seen: Seen | None = None
        self.quick = False
        self.plain = False
        self.effect = verdict.effect
        self.analysis = analysis
        statements = analysis.statements
        self.multi = len(statements) > 1
        self.local_infile = False
        self.rereads = False
        self.recalls = False
        self.remembers = False
        self.new_schema = _last_schema(statements)
        self.new_charset = ""
        operations: set[str] = set()
        tables: dict[str, bool] = {}
        functions: set[str] = set()
        detections: set[str] = set()
        for statement in statements:
            self._add(statement, operations, tables, functions, detections)
        if statements and not self.multi:
            self.new_charset = statements[0].new_charset
        self.moves = self.rereads or self.new_schema is not None or self.new_charset != ""
        self.defines = False
        for statement in statements:
            if may_change(statement, columns):
                self.defines = True
        for one in behind:
            if one.defines or (columns and one.alters):
                self.defines = True
        self.plain = not (self.moves or self.multi or self.local_infile or self.defines)
        self.quick = self.plain and self.effect == ALLOW and not (self.recalls or self.remembers)
        self.what = What(
            statements[0].verb if statements else fallback,
            tuple(sorted(operations)),
            tuple(tables),
            tuple([table for table in tables if tables[table]]),
            tuple(sorted(functions)),
            tuple(sorted(detections)),
            sensitive,
            analysis.masked,
            analysis.digest,
        )

    # --- as records have them ---

    @property
    def operation(self) -> str:
        return self.what.operation

    @property
    def operations(self) -> tuple[str, ...]:
        return self.what.operations

    @property
    def tables(self) -> tuple[str, ...]:
        return self.what.tables

    @property
    def written(self) -> tuple[str, ...]:
        return self.what.written

    @property
    def functions(self) -> tuple[str, ...]:
        return self.what.functions

    @property
    def detections(self) -> tuple[str, ...]:
        return self.what.detections

    @property
    def sensitive(self) -> tuple[str, ...]:
        return self.what.sensitive

    @property
    def digest(self) -> str:
        return self.what.digest

    @property
    def masked(self) -> str:
        return self.what.statement

    @masked.setter
    def masked(self, value: str) -> None:
        self.what = self.what.copy()
        self.what.statement = value

    def why_for(self, version: str) -> Why:
        """The part of a record that is this verdict's, under the policy of this version."""
        why = self.why
        if why is None or why.policy_version != version:
            why = why_of(self.verdict, version)
            self.why = why
        return why

    def _add(
        self,
        statement: Statement,
        operations: set[str],
        tables: dict[str, bool],
        functions: set[str],
        detections: set[str],
    ) -> None:
        operations.update(statement.operations)
        if statement.dynamic != "" and statement.folded is None:
            self.recalls = True
        if statement.dynamic == "PREPARE" or statement.assigned:
            self.remembers = True
        for need in statement.needs:
            if need.kind in (NEED_TABLE, NEED_ANY_RIGHT):
                table = f"{need.schema}.{need.table}" if need.schema else need.table
                tables[table] = tables.get(table, False) or need.written
        for routine in statement.functions:
            functions.add(f"{routine.schema}.{routine.name}" if routine.schema else routine.name)
        for routine in statement.calls:
            functions.add(f"{routine.schema}.{routine.name}" if routine.schema else routine.name)
        for detection in statement.detections:
            detections.add(detection.detector)
        if statement.local_infile:
            self.local_infile = True
        # What a procedure does to the session is not in the statement's text. Functions and triggers do nothing: both
        # servers put sql_mode and character sets back behind them, and allow no USE (seen on MariaDB 10.11, MySQL 9.7).
        if statement.rereads or statement.calls or (self.multi and statement.new_charset):
            self.rereads = True
        if statement.folded is not None:
            self._add(statement.folded, operations, tables, functions, detections)

    def cost(self) -> int:
        """Roughly the bytes that it holds, for a bounded cache."""
        masked = len(self.what.statement)
        held = 2000 + masked * 5 + 150 * (len(self.what.tables) + len(self.analysis.statements))
        for statement in self.analysis.statements:
            held += statement.constants()
            uses = statement.columns
            if uses is not None:
                held += len(uses.shape) + 60 * len(uses.names)
        return held


def why_of(verdict: Verdict, version: str) -> Why:
    """The part of a record that is a verdict's."""
    if verdict.effect == ALLOW:
        return Why(EFFECT_NAMES[ALLOW], "", 0, verdict.reason, "", version)
    return Why(
        EFFECT_NAMES[verdict.effect], verdict.rule, verdict.line, verdict.reason, verdict.mode, version
    )


def _last_schema(statements: tuple[Statement, ...]) -> str | None:
    """The current schema behind a text, None = unchanged."""
    schema: str | None = None
    for statement in statements:
        if statement.new_schema is not None:
            schema = statement.new_schema
    return schema
