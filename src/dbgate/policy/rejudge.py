"""A recorded statement under another policy: what would have come of it?

The log keeps the statement with `?` for its literals, and its facts. It is analysed again, and counts only where the result
has the digest and the facts of the record. Where a rule of the other policy reads a literal that was not kept, there is
no answer: `unknown` says why, and nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, final

from dbgate.policy.compiled import CompiledEntry, CompiledPolicy
from dbgate.policy.evaluate import admit, combine, decide, find_entry
from dbgate.policy.verdict import ALLOW, BLOCK, Verdict
from dbgate.sql.analyze import analyze
from dbgate.sql.canonical import reads_literals
from dbgate.sql.outline import ANY_LITERAL
from dbgate.sql.shape import StatementPattern, without_true
from dbgate.sql.statement import (
    MARIADB,
    MYSQL,
    NEED_ANY_RIGHT,
    NEED_TABLE,
    Analysis,
    Detection,
    LexContext,
    Statement,
)

# Blocks that no policy makes or lifts.
FIXED_RULES: Final = frozenset(
    ("parse-error", "statement-size", "session-state", "protocol-command", "internal-error", "audit-failure")
)
# What depends on more than the statement, and is in no record.
_OUTER_RULES: Final = frozenset(("rate-limit", "tls-required"))

NOT_READ: Final = "its text was cut, or its secrets were taken out, so it cannot be analysed again"
OTHER_FACTS: Final = "the record tells of other tables or operations than its text (views, routines)"
OUTER: Final = "it was refused by its rate, or for want of TLS, which is not judged here"
BEHIND: Final = "it was refused for what a view, routine or trigger does, which is not judged here"
PATTERN: Final = "block_patterns read literals that the log does not keep"
SHAPE: Final = "a shape in block_statements reads literals that the log does not keep"
WHERE: Final = "whether its WHERE can be false depends on literals that the log does not keep"
COLUMNS: Final = "it is granted by columns, and which columns the tables had is not in the log"
STATE: Final = "what it does to the session depends on literals that the log does not keep"

_CACHE_BYTES: Final = 48 << 20
_ENTRY_COST: Final = 1200  # bytes of a remembered answer, besides its texts
_MOST_CLIENTS: Final = 20_000

# The log does not say how the server split the text; the digest tells which of these did it in the same way.
_CONTEXTS: Final = tuple(
    LexContext(flavour, version, ansi_quotes=quotes, fold_names=fold)
    for fold in (False, True)
    for flavour, version in ((MARIADB, 101100), (MYSQL, 80400))
    for quotes in (False, True)
)
_LITERALS: Final = frozenset("'0123456789")  # what they begin with in an outline
_QUOTED: Final = re.compile(r"['\"0-9?]")
_WHERE: Final = re.compile(r"\b(?:WHERE|HAVING|ON)\b", re.IGNORECASE)
_LIKE: Final = re.compile(r"\bLIKE\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One record of the log, fields as docs/audit.md has them. wall: Unix seconds; behind: its reason tells of
    what stands behind a name (policy.behind)."""

    user: str
    client_ip: str
    schema: str
    statement: str
    digest: str
    operations: tuple[str, ...]
    tables: tuple[str, ...]
    detections: tuple[str, ...]
    rule: str
    wall: float
    behind: bool = False


@final
class Rejudge:
    """policy: the other one. Answers are remembered by everything that they depend on: the access rule, and of the record
    the text, schema, digest and facts. Time is not among it; it is judged for each record. Memory is bounded."""

    def __init__(self, policy: CompiledPolicy) -> None:
        self.policy = policy
        self._clients: dict[tuple[str, str], CompiledEntry | None] = {}
        self._answers: dict[tuple[object, ...], tuple[Verdict, str]] = {}
        self._bytes = 0

    def judge(self, seen: Recorded) -> tuple[Verdict, str]:
        """The verdict, and "" or why there is none that can be trusted."""
        entry = self._entry(seen.user, seen.client_ip)
        key = (
            -1 if entry is None else entry.number,
            seen.statement,
            seen.schema,
            seen.digest,
            seen.operations,
            seen.tables,
            seen.detections,
        )
        answer = self._answers.get(key)
        if answer is None:
            answer = self._decide(entry, seen)
            self._bytes += _ENTRY_COST + 2 * len(seen.statement) + 100 * len(seen.tables)
            if self._bytes > _CACHE_BYTES:
                self._answers.clear()
                self._bytes = 0
            self._answers[key] = answer
        verdict, unknown = answer
        if entry is not None and entry.clock is not None:
            admitted = admit(self.policy, entry, seen.wall, True)
            if admitted is not None and admitted.effect == BLOCK:
                return combine(admitted, verdict) if not unknown else admitted, ""
            verdict = combine(admitted, verdict)
        if not unknown and seen.rule in _OUTER_RULES and verdict.effect != BLOCK:
            unknown = OUTER
        if not unknown and seen.behind and verdict.effect != BLOCK:
            unknown = BEHIND
        return verdict, unknown

    def _entry(self, user: str, client_ip: str) -> CompiledEntry | None:
        who = (user, client_ip)
        if who in self._clients:
            return self._clients[who]
        if len(self._clients) >= _MOST_CLIENTS:
            self._clients.clear()
        found = find_entry(self.policy, user, client_ip)
        self._clients[who] = found
        return found

    def _decide(self, entry: CompiledEntry | None, seen: Recorded) -> tuple[Verdict, str]:
        analysis, why = reread(seen)
        if entry is None:  # whatever it does
            return decide(self.policy, None, _ANYTHING), ""
        if analysis is None:
            return Verdict(ALLOW), why
        verdict = decide(self.policy, entry, analysis)
        if verdict.rule in FIXED_RULES:
            return verdict, STATE
        if verdict.rule == "column-denied":
            return verdict, COLUMNS
        if "?" not in seen.statement:
            return verdict, ""
        found = doubts(self.policy, analysis, seen.statement)
        if verdict.effect == BLOCK:
            return verdict, found.get(verdict.rule, "")
        enforced = self.policy.sql.enforced
        return verdict, next(iter(found.values()), "") if enforced else ""


def doubts(policy: CompiledPolicy, analysis: Analysis, text: str) -> dict[str, str]:
    """Rule → why it may hit or miss with the literals that were there in place of the `?` in `text`."""
    found: dict[str, str] = {}
    if _literal_patterns(policy):
        found["block-pattern"] = PATTERN
    for unit in analysis.statements:
        if any(_shape_doubts(shape.pattern, unit, text) for shape in policy.sql.shapes):
            found["block-statement"] = SHAPE
        for operation in ("UPDATE", "DELETE"):
            if operation not in policy.sql.require_where or operation not in unit.operations:
                continue
            flagged = operation in unit.unfiltered
            if (flagged and _WHERE.search(text)) or (not flagged and _LIKE.search(text)):
                found["require-where"] = WHERE
    return found


def _shape_doubts(shape: StatementPattern, unit: Statement, text: str) -> bool:
    if not unit.outline or unit.outline[0] != shape.items[0]:
        return False
    if any(item == ANY_LITERAL or item[0] in _LITERALS for item in shape.items):
        return True
    if not shape.whole or "WHERE" in shape.items or "WHERE" not in unit.outline:
        return False
    # It also means a WHERE that is always true, which literals make.
    return without_true(unit.outline) != unit.outline or _LIKE.search(text) is not None


_ANYTHING: Final = analyze(b"SELECT 1", _CONTEXTS[0], "")


def _literal_patterns(policy: CompiledPolicy) -> bool:
    sql = policy.sql
    if sql.literal_patterns is not None:
        return True
    texts = sql.patterns.texts if sql.patterns is not None else []
    return any(_QUOTED.search(text) or reads_literals(text) for text in texts)


def reread(seen: Recorded) -> tuple[Analysis | None, str]:
    """The analysis of the record's text, with the record's detections, and ""; None and why there is none."""
    text = seen.statement.encode("utf-8", "backslashreplace")
    why = NOT_READ
    for context in _CONTEXTS:
        schema = seen.schema.lower() if context.fold_names else seen.schema
        analysis = analyze(text, context, schema)
        if analysis.error or (seen.digest and analysis.digest != seen.digest):
            continue
        if not seen.digest and "?" in seen.statement:
            continue  # a command that is no text has no literals
        operations, tables = facts(analysis)
        if operations == set(seen.operations) and tables == set(seen.tables):
            found = tuple(Detection(name, "recorded") for name in seen.detections)
            for number, unit in enumerate(analysis.statements):
                unit.detections = found if number == 0 else ()
                if unit.folded is not None:
                    unit.folded.detections = ()
            return analysis, ""
        why = OTHER_FACTS
    return None, why


def facts(analysis: Analysis) -> tuple[set[str], set[str]]:
    """Operations and tables, as a record has them."""
    operations: set[str] = set()
    tables: set[str] = set()
    for first in analysis.statements:
        unit = first
        while True:
            operations.update(unit.operations)
            for need in unit.needs:
                if need.kind in (NEED_TABLE, NEED_ANY_RIGHT):
                    tables.add(f"{need.schema}.{need.table}" if need.schema else need.table)
            if unit.folded is None:
                break
            unit = unit.folded
    return operations, tables
