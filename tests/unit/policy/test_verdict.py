"""A verdict is a value."""

from __future__ import annotations

from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict


def test_a_verdict_keeps_what_it_is_given() -> None:
    verdict = Verdict(BLOCK, "table-denied", 12, "why", "enforce", "app", 10)
    assert (verdict.effect, verdict.rule, verdict.line, verdict.reason) == (BLOCK, "table-denied", 12, "why")
    assert (verdict.mode, verdict.entry, verdict.step) == ("enforce", "app", 10)


def test_it_shows_itself() -> None:
    assert repr(Verdict(ALLOW)) == "Verdict(allow, '', line=0, '', '')"
    assert repr(Verdict(WOULD_BLOCK, "rate-limit", 3, "r", "monitor")) == (
        "Verdict(would_block, 'rate-limit', line=3, 'r', 'monitor')"
    )
