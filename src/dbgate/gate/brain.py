"""What all sessions of a worker share: the policy with its epoch, the caches, the limits, the rates.

Every verdict of the gate is made by `Brain.judge`, from an `Analysis` and nothing else. Verdicts are cached per
`Scope`: lexer context, schema, access rule and epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from dbgate.audit.record import Record
from dbgate.gate.bucket import Bucket
from dbgate.gate.doors import Doors
from dbgate.gate.familiar import Familiar
from dbgate.gate.judged import Judged
from dbgate.gate.legs import Legs
from dbgate.gate.limits import Limits
from dbgate.gate.question import Analyst
from dbgate.gate.sensitive import SensitiveNames
from dbgate.policy.compiled import CompiledEntry, CompiledPolicy
from dbgate.policy.evaluate import admit, combine, decide, find_entry, row_cap
from dbgate.policy.source import counted_as
from dbgate.policy.verdict import BLOCK, Verdict
from dbgate.sql.analyze import analyze, command
from dbgate.sql.cache import Cache, View
from dbgate.sql.catalog import Catalog, known_columns, reached
from dbgate.sql.columns import TableColumns
from dbgate.sql.digest import fast_digest
from dbgate.sql.lexer import lex
from dbgate.sql.mask import masked_literals
from dbgate.sql.memory import Memory
from dbgate.sql.statement import Analysis, LexContext
from dbgate.wire.constants import COM_QUERY, HEADER

_ANALYSIS_COST: Final = 1500
# Bytes of a text up to which it is looked up by its shape here: making its key takes 17 µs a KiB at worst, uncompiled 65.
LONGEST_KEYED: Final = 16384


@final
class Scope:
    """Everything that a cached verdict depends on besides the text. Sessions hold it until something of it changes.

    view: verdicts by the command's bytes as they travel (exact) and by digest (shaped); cap: rows per result set,
    -1 = none; simple: neither clock nor rate, and the gateway not halted, so that a cached verdict is final; watched:
    replies need a cap or names;
    door: what speaks against the connection itself (policy.transport); attributes: COM_QUERY carries query attributes.
    """

    def __init__(
        self,
        epoch: int,
        policy: CompiledPolicy | None,
        entry: CompiledEntry | None,
        ctx: LexContext,
        schema: str,
        view: View[Judged],
        door: Verdict | None = None,
        attributes: bool = False,
    ) -> None:
        self.epoch = epoch
        self.door = door
        self.policy = policy
        self.entry = entry
        self.ctx = ctx
        self.schema = schema
        self.view = view
        self.attributes = attributes
        self.version = ""
        self.cap = -1
        self.cap_enforced = False
        self.names_wanted = False
        self.simple = True
        if policy is not None and entry is not None:
            self.version = policy.version
            cap, mode = row_cap(policy, entry)
            self.cap = cap if cap > 0 else -1
            self.cap_enforced = mode == "enforce"
            self.names_wanted = policy.watches_columns
            self.simple = not entry.has_clock and entry.rate <= 0.0
        self.watched = self.cap >= 0 or self.names_wanted


@final
class Brain:
    """One a worker. `publish` is the only way to change the policy; epoch counts its calls.

    new_event_id: gives ULIDs; wall_offset: wall clock minus monotonic clock, seconds. ledger(key, spent): adds `spent`
    to what this worker let pass under a rate's key, and gives what all other workers have, so far; None = no others.
    legs: what is configured of TLS; None = nothing.
    """

    def __init__(
        self,
        policy: CompiledPolicy | None,
        limits: Limits,
        new_event_id: Callable[[], str],
        wall_offset: float = 0.0,
        ledger: Callable[[str, int], int] | None = None,
        legs: Legs | None = None,
    ) -> None:
        self.policy = policy
        self.legs = legs or Legs()
        self.epoch = 1
        # Why no statement may pass at all (audit.on_failure: block); "" = nothing is in the way.
        self.halted = ""
        self.limits = limits
        self.new_event_id = new_event_id
        self.wall_offset = wall_offset
        self.ledger = ledger
        # Takes the record of a statement before its reply is passed on to the end; None = records are kept later.
        self.keep: Callable[[Record], None] | None = None
        self.doors: Doors | None = None  # limits that are not one session's; None = there are none
        self.catalog: Catalog | None = None  # None = judge by names alone
        self.changes = 0  # statements that may have changed what the catalog says
        self.on_change: Callable[[int], None] | None = None
        # Analyses long statements elsewhere, for gate.handover; None = here.
        self.analyst: Analyst | None = None
        self.tickets = 0  # questions to it, so far
        self.on_want: Callable[[str, int, str], None] | None = None  # asks the supervisor, for gate.inband
        self.fold_names = False  # as the last session learned it; the server's, so the same for all
        self.context: LexContext | None = None  # of the latest login; None = there was none yet
        self.verdicts: Cache[Judged] = Cache(limits.cache * 3 // 4, Judged.cost)
        self.analyses: Cache[Analysis] = Cache(limits.cache // 4, analysis_cost)
        self._scopes: dict[str, Scope] = {}
        self._buckets: dict[str, Bucket] = {}
        self.familiar = Familiar()
        self.sensitive = SensitiveNames(policy, limits.remembered)

    def publish(self, policy: CompiledPolicy | None) -> None:
        """Put a policy in force for every session, from its next command on."""
        self.policy = policy
        self.epoch += 1
        self.verdicts.clear()
        self._scopes.clear()
        self._buckets.clear()
        self.familiar.forget()
        self.sensitive = SensitiveNames(policy, self.limits.remembered)

    def publish_catalog(self, catalog: Catalog | None) -> None:
        """Put a catalog in force, as `publish` does a policy."""
        self.catalog = catalog
        self.epoch += 1
        self.verdicts.clear()
        self._scopes.clear()

    def halt(self, why: str) -> None:
        """Let no statement pass from now on, `why` being the reason in its record; "" = they pass again. A new epoch:
        nothing that was judged before is taken without a look at this."""
        if why != self.halted:
            self.halted = why
            self.epoch += 1
            self._scopes.clear()

    def changed(self) -> int:
        """A statement that may change what the catalog says has run: says so, and gives the number by which the news of
        the next catalog will come (Gate.settled); 0 = nobody keeps one."""
        if self.catalog is None or self.on_change is None:
            return 0
        self.changes += 1
        self.on_change(self.changes)
        return self.changes

    def idle_timeout(self) -> float:
        """Seconds, 0 = none. The policy's own takes precedence."""
        policy = self.policy
        if policy is not None and policy.idle_timeout_s > 0.0:
            return policy.idle_timeout_s
        return self.limits.idle_timeout

    def entry_for(self, user: str, client_ip: str) -> CompiledEntry | None:
        """The access rule of a user from there under the present policy."""
        return find_entry(self.policy, user, client_ip) if self.policy is not None else None

    def scope(
        self,
        ctx: LexContext,
        schema: str,
        entry: CompiledEntry | None,
        attributes: bool,
        door: Verdict | None = None,
    ) -> Scope:
        """The scope for a session in this state; attributes: its COM_QUERY carries query attributes; door: what the
        access rule has against its connection (policy.transport), the same for each connection of that reason."""
        number = -1 if entry is None else entry.number
        why = "" if door is None else door.reason
        key = f"{self.epoch}.{number}.{attributes:d}.{ctx.key}.{why}.{schema}"
        found = self._scopes.get(key)
        if found is None:
            if len(self._scopes) >= self.limits.remembered:
                self._scopes.clear()
            found = Scope(
                self.epoch, self.policy, entry, ctx, schema, self.verdicts.view(key), door, attributes
            )
            if self.halted:
                found.simple = False
            self._scopes[key] = found
        return found

    def recall(self, scope: Scope, raw: bytes) -> Judged | None:
        """The verdict for a chunk that is one COM_QUERY and differs only in its literals from one that was judged in this
        scope; None where it is not certainly one, or its shape is not known."""
        size = len(raw) - HEADER
        if size > LONGEST_KEYED or size < 3 or raw[HEADER] != COM_QUERY or raw[3] != 0:
            return None
        if size != raw[0] | raw[1] << 8 | raw[2] << 16 or size > self.limits.statement:
            return None
        at = HEADER + 1
        if scope.attributes:
            if raw[at] != 0 or raw[at + 1] != 1:  # no attributes, in one set of them
                return None
            at += 2
        policy = scope.policy
        if policy is None or policy.reads_literals or policy.log_literals:
            return None
        shape = fast_digest(raw[at:], scope.ctx)
        if shape is None:
            return None
        judged = scope.view.shaped.get(b"Q" + shape)
        if judged is None:
            return None
        verdicts = self.verdicts
        verdicts.exact_misses += 1
        verdicts.shape_hits += 1
        if verdicts.came_before(raw):
            scope.view.put_alias(raw, judged)
        return judged

    def judge_text(self, scope: Scope, raw: bytes, text: bytes, prepared: bool) -> Judged:
        """The verdict for one SQL text that is not known by its bytes. raw: the command as it travels, under which it
        is kept (b"" = not at all)."""
        shape = self.shape_of(scope, text, prepared)
        if shape is not None:
            judged = self.find_shape(scope, raw, shape)
            if judged is not None:
                return judged
        analysis = self.known_analysis(scope, text, prepared)
        if analysis is None:
            analysis = analyze(text, scope.ctx, scope.schema, prepared)
            self.keep_analysis(scope, text, prepared, analysis)
        return self.judge_analysed(scope, raw, text, prepared, shape, analysis, "")

    def shape_of(self, scope: Scope, text: bytes, prepared: bool) -> bytes | None:
        """The key of the verdicts that a text shares with those that differ in literals only; None = it shares none."""
        if not self.shapes_count(scope):
            return None
        shape = fast_digest(text, scope.ctx)
        return None if shape is None else (b"P" if prepared else b"Q") + shape

    def find_shape(self, scope: Scope, raw: bytes, shape: bytes) -> Judged | None:
        """The verdict that is known for a shape, remembered by these bytes where they came before."""
        judged = scope.view.find_shape(shape)
        if judged is not None and raw and self.verdicts.came_before(raw):
            scope.view.put_alias(raw, judged)
        return judged

    def judge_analysed(
        self,
        scope: Scope,
        raw: bytes,
        text: bytes,
        prepared: bool,
        shape: bytes | None,
        analysis: Analysis,
        shown: str,
    ) -> Judged:
        """The verdict for a text by its analysis, remembered by its bytes (raw) and shape. shown: the text for the log
        where the policy wants its literals, "" = to be made here."""
        judged = self.judge(scope, analysis, "PREPARE" if prepared else "QUERY")
        if scope.policy is not None and scope.policy.log_literals:
            judged.masked = shown or masked_literals(text, lex(text, scope.ctx))
        elif shape is not None and analysis.shared:
            scope.view.put_shape(shape, judged)
        if raw:
            scope.view.put_exact(raw, judged)
        return judged

    def judge_recalled(self, scope: Scope, text: bytes, memory: Memory) -> Judged:
        """The verdict for dynamic SQL, by what the session is known to have left on the server. Never kept."""
        analysis = analyze(text, scope.ctx, scope.schema, False, memory)
        return self.judge_analysed(scope, b"", text, False, None, analysis, "")

    def judge_command(self, scope: Scope, kind: str, name: str, label: str) -> Judged:
        """The verdict for a command that is not text, put in words by sql.analyze.command."""
        raw = f"{kind} {name}".encode("utf-8", "surrogateescape")
        judged = scope.view.find_exact(raw)
        if judged is None:
            judged = self.judge(scope, command(kind, name, scope.ctx, scope.schema), label)
            scope.view.put_exact(raw, judged)
        return judged

    def judge(self, scope: Scope, analysis: Analysis, label: str) -> Judged:
        """Decide an analysis; whatever goes wrong while deciding is a block (policy.evaluate sees to it)."""
        behind = reached(self.catalog, analysis)
        policy = scope.policy
        columns: TableColumns | None = None
        limited = policy is not None and policy.limits_columns
        if limited:
            columns = known_columns(self.catalog, analysis)
        verdict = combine(scope.door, decide(policy, scope.entry, analysis, behind, columns))
        return Judged(analysis, verdict, self._sensitive_of(scope, analysis), label, behind, limited)

    def admitted(
        self,
        scope: Scope,
        judged: Judged,
        user: str,
        client_ip: str,
        now: float,
        counts: bool,
        owes: bool = True,
    ) -> Verdict:
        """The verdict with time and rate, which no cache holds. counts: it is a statement that a rate counts; owes:
        it owes a record."""
        if self.halted and owes and judged.effect != BLOCK:
            return refusal("audit-failure", self.halted)
        entry = scope.entry
        policy = scope.policy
        if scope.simple or entry is None or policy is None:
            return judged.verdict
        rate_ok = not counts or entry.rate <= 0.0 or self._take(user, client_ip, entry, judged, now)
        return combine(admit(policy, entry, now + self.wall_offset, rate_ok), judged.verdict)

    def _sensitive_of(self, scope: Scope, analysis: Analysis) -> tuple[str, ...]:
        if not scope.names_wanted or scope.policy is None:
            return ()
        names: set[str] = set()
        for statement in analysis.statements:
            names.update(statement.identifiers)
        return tuple(sorted(scope.policy.sensitive(tuple(sorted(names)))))

    def shapes_count(self, scope: Scope) -> bool:
        """Whether a verdict may be shared by texts that differ in literals only."""
        policy = scope.policy
        return policy is None or not (policy.reads_literals or policy.log_literals)

    def known_analysis(self, scope: Scope, text: bytes, prepared: bool) -> Analysis | None:
        """What is remembered of a text, whatever the policy."""
        if len(text) > self.analyses.entry_limit:
            return None
        return self.analyses.view(f"{prepared:d}.{scope.ctx.key}.{scope.schema}").find_exact(text)

    def keep_analysis(self, scope: Scope, text: bytes, prepared: bool, analysis: Analysis) -> None:
        """Remember it."""
        self.analyses.view(f"{prepared:d}.{scope.ctx.key}.{scope.schema}").put_exact(text, analysis)

    def _take(self, user: str, client_ip: str, entry: CompiledEntry, judged: Judged, now: float) -> bool:
        key = f"{user}@{counted_as(client_ip)}"
        count = max(1, len(judged.analysis.statements))  # of a text of several, each counts
        ledger = self.ledger
        elsewhere = 0 if ledger is None else ledger(key, 0)
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self.limits.remembered:
                self._buckets.clear()
            bucket = Bucket(now, elsewhere)
            self._buckets[key] = bucket
        if not bucket.take(entry.rate, entry.burst, now, count, elsewhere):
            return False
        if ledger is not None:
            ledger(key, count)
        return True


def analysis_cost(analysis: Analysis) -> int:
    """Roughly the bytes that an analysis holds, for a bounded cache."""
    texts = len(analysis.masked) + len(analysis.canonical) + len(analysis.canonical_literals)
    for statement in analysis.statements:
        texts += statement.constants()
        uses = statement.columns
        if uses is not None:
            texts += len(uses.shape) + 60 * len(uses.names)
    return _ANALYSIS_COST * (1 + len(analysis.statements)) + texts


def refusal(rule: str, reason: str) -> Verdict:
    """A block that no policy can change: the gate's own rules."""
    return Verdict(BLOCK, rule, 0, reason, "enforce")
