"""Policies that nobody has any more are freed piece by piece; those that somebody has are left alone."""

from __future__ import annotations

import sys

from dbgate.policy.compiled import CompiledPolicy
from dbgate.workers.fading import STEP, Fading
from dbgate.workers.reload import load_text

SHAPES = 'users: {u1: [{shape: "' + "a" * 32 + '"}]}\n'


def policy(count: int) -> CompiledPolicy:
    entries = "".join(f'- {{user: u{n}}}\n- {{user: "g{n}*"}}\n' for n in range(count))
    rules = "sql_rules: {shapes: {mode: detect, file: s.yaml}}\n"
    return load_text(f"access_control:\n{entries}{rules}", "p.yaml", SHAPES).policy


def test_what_somebody_has_is_kept_whole() -> None:
    fading = Fading()
    mine = policy(3)
    fading.add(mine)
    fading.add(policy(3))
    assert sum(1 for _ in fading.freeing()) == (6 + 6 + 1 + STEP - 1) // STEP
    assert len(fading) == 1
    assert [entry.name for entry in mine.entries][:2] == ["u0@*", "g0*@*"]
    del mine
    list(fading.freeing())
    assert len(fading) == 0
    assert list(fading.freeing()) == []


def test_it_goes_in_steps() -> None:
    fading = Fading()
    gone = policy(50)
    last = gone.entries[-1]
    first = gone.entries[0]
    held = sys.getrefcount(first)
    fading.add(gone)
    del gone
    steps = fading.freeing()
    next(steps)
    assert sys.getrefcount(first) == held  # the policy's own list is gone, the part has not had its turn
    for _ in steps:
        pass
    assert sys.getrefcount(first) == held - 1
    assert (last.name, first.name) == ("g49*@*", "u0@*")
