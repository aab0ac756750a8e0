"""What another policy would have done with recorded statements: counts, by rule and digest, of what would change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, final

from dbgate.policy.rejudge import FIXED_RULES, Recorded, Rejudge
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict

BLOCKED: Final = "newly_blocked"
ALLOWED: Final = "newly_allowed"
MONITORED: Final = "newly_monitored"

_EFFECTS: Final = {"allow": ALLOW, "would_block": WOULD_BLOCK, "block": BLOCK}
_MOST_GROUPS: Final = 20_000
_SHOWN: Final = 300  # characters of an example


@dataclass(slots=True)
class Group:
    """Statements of one digest that change in one way. what: BLOCKED, ALLOWED or MONITORED; rule, line: that block, would
    block, or blocked before; entry: the access rule that decides now; the rest is of the first one seen."""

    what: str
    rule: str
    line: int
    digest: str
    entry: str
    user: str
    statement: str
    reason: str
    count: int = 0


@dataclass(slots=True)
class Tally:
    """records: statements looked at; same: nothing changes for them; unknown: why there is no answer → how many;
    ungrouped: changes that are counted, but in no group, because there were too many."""

    records: int = 0
    same: int = 0
    changed: dict[str, int] = field(default_factory=lambda: {BLOCKED: 0, ALLOWED: 0, MONITORED: 0})
    unknown: dict[str, int] = field(default_factory=dict)
    groups: dict[tuple[str, str, int, str, str], Group] = field(default_factory=dict)
    ungrouped: int = 0

    @property
    def undecided(self) -> int:
        """Statements without an answer."""
        return sum(self.unknown.values())

    def by_count(self) -> list[Group]:
        """The groups: what is newly blocked first, then most first."""
        order = (BLOCKED, ALLOWED, MONITORED)
        return sorted(
            self.groups.values(), key=lambda group: (order.index(group.what), -group.count, group.digest)
        )


@final
class Backtest:
    """after: the candidate; before: the policy to compare with, None = what was decided at the time."""

    def __init__(self, after: Rejudge, before: Rejudge | None = None) -> None:
        self.tally = Tally()
        self._after = after
        self._before = before

    def add(self, seen: Recorded, decision: str) -> None:
        """One record of a statement; decision: as the record has it."""
        tally = self.tally
        tally.records += 1
        if seen.rule in FIXED_RULES:
            tally.same += 1
            return
        new, unknown = self._after.judge(seen)
        if self._before is not None and not unknown:
            old, unknown = self._before.judge(seen)
        else:
            # A row cap is no verdict on the statement: it was let through.
            effect = ALLOW if seen.rule == "max-result-rows" else _EFFECTS.get(decision, ALLOW)
            old = Verdict(effect, seen.rule if effect != ALLOW else "")
        if unknown:
            tally.unknown[unknown] = tally.unknown.get(unknown, 0) + 1
        elif new.effect == BLOCK and old.effect != BLOCK:
            self._change(BLOCKED, new, new, seen)
        elif old.effect == BLOCK and new.effect != BLOCK:
            self._change(ALLOWED, old, new, seen)
        elif new.effect == WOULD_BLOCK and old.effect == ALLOW:
            self._change(MONITORED, new, new, seen)
        else:
            tally.same += 1

    def _change(self, what: str, cause: Verdict, new: Verdict, seen: Recorded) -> None:
        tally = self.tally
        tally.changed[what] += 1
        key = (what, cause.rule, cause.line, seen.digest or seen.statement[:_SHOWN], new.entry)
        group = tally.groups.get(key)
        if group is None:
            if len(tally.groups) >= _MOST_GROUPS:
                tally.ungrouped += 1
                return
            group = Group(
                what,
                cause.rule,
                cause.line,
                seen.digest,
                new.entry,
                seen.user,
                seen.statement[:_SHOWN],
                new.reason,
            )
            tally.groups[key] = group
        group.count += 1
