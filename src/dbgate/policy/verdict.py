"""A decision is a value. The gate acts on it, the audit log describes it, explain prints it."""

from __future__ import annotations

from typing import Final, final

ALLOW: Final = 0
WOULD_BLOCK: Final = 1  # a monitored rule would have blocked it; the statement passes
BLOCK: Final = 2

EFFECT_NAMES: Final = ("allow", "would_block", "block")


@final
class Verdict:
    """effect: ALLOW, WOULD_BLOCK or BLOCK; rule: a rule id of policy.md ("" for ALLOW by the last step, where
    `entry` names the access rule that granted); line: the rule's line in the policy file, 0 where it has none;
    reason: one line for the log, never for the client; mode: "enforce" | "monitor" | "";
    entry: the access rule's name, "" where none matched; step: the number of the step of docs/policy.md's order
    of decision that made it, 0 where something failed inside."""

    def __init__(
        self,
        effect: int,
        rule: str = "",
        line: int = 0,
        reason: str = "",
        mode: str = "",
        entry: str = "",
        step: int = 0,
    ) -> None:
        self.effect = effect
        self.rule = rule
        self.line = line
        self.reason = reason
        self.mode = mode
        self.entry = entry
        self.step = step

    def __repr__(self) -> str:
        return f"Verdict({EFFECT_NAMES[self.effect]}, {self.rule!r}, line={self.line}, {self.reason!r}, {self.mode!r})"
