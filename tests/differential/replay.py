"""Runs recorded statements on a server, one after the other, and judges each: what ORMs and test suites really send."""

from __future__ import annotations

from collections import Counter

from dbgate.sql.analyze import analyze
from dbgate.sql.statement import LexContext
from tests.differential.catalog import read_catalog
from tests.differential.judge import Behind, locks_rows, misses, refused
from tests.differential.truth import MySQLTruth, Truth

_DEFINES = (
    "CREATE",
    "ALTER",
    "DROP",
    "RENAME",
    "TRUNCATE",
    "GRANT",
    "REVOKE",
    "PREPARE",
    "EXECUTE",
    "CALL",
    "BEGIN",
)


class Replay:
    """One session on a server that tells what it opens. misses: (text, what); refusals: why → texts that the server
    took and we never would; detected: texts in which an injection detector fires."""

    def __init__(self, truth: Truth, ctx: LexContext) -> None:
        self.truth = truth
        self.ctx = ctx
        self.schema = truth.client.schema
        self.behind: Behind = read_catalog(truth.admin, ctx)
        self.counts: Counter[str] = Counter()
        self.missed: list[tuple[bytes, list[str]]] = []
        self.refusals: dict[str, list[bytes]] = {}
        self.detected: list[tuple[bytes, list[str]]] = []
        if isinstance(truth, MySQLTruth):
            truth.names()
        truth.opened()

    def run(self, text: bytes) -> str:
        """Runs one text; gives the server's error, or ""."""
        analysis = analyze(text, self.ctx, self.schema)
        defines = any(statement.verb in _DEFINES for statement in analysis.statements) or bool(analysis.error)
        outcome = self.truth.client.run(text)
        truth = self.truth
        found = truth.opened(defines) if isinstance(truth, MySQLTruth) else truth.opened()
        self.counts["run"] += 1
        self.counts["accepted"] += not outcome
        self.counts["tables"] += len(found)
        why = refused(analysis)
        if why:
            self.counts["refused"] += 1
            if not outcome:
                self.refusals.setdefault(why, []).append(text)
        else:
            what = misses(analysis, found, self.behind, locks_rows(text, self.ctx))
            if what and defines:  # it may be about what it has just made
                self.behind.tables.update(read_catalog(truth.admin, self.ctx).tables)
                what = misses(analysis, found, self.behind, locks_rows(text, self.ctx))
            if what:
                self.missed.append((text, what))
            if not outcome:
                hits = [hit.reason for statement in analysis.statements for hit in statement.detections]
                if hits:
                    self.detected.append((text, hits))
                for statement in analysis.statements:
                    if statement.new_schema is not None:
                        self.schema = statement.new_schema
        if defines and not outcome:
            self.behind = read_catalog(truth.admin, self.ctx)
            if isinstance(truth, MySQLTruth):
                truth.clear()
        return outcome
