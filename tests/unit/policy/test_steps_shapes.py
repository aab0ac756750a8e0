"""Step 6 with learned shapes."""

from __future__ import annotations

from dbgate.policy.compile import compile_policy
from dbgate.policy.compiled import CompiledPolicy
from dbgate.policy.evaluate import decide, find_entry
from dbgate.policy.load import parse_policy
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.statement import Analysis, Detection
from tests.rows import rows
from tests.unit.policy.making import statement

DIGEST = "0" * 32
OTHER = "1" * 32
NEVER = "its shape was never learned for this user"
POLICY = """\
access_control:
- {name: app, user: [app, other, "glob_*"], allowed_tables: [shop.users], allowed_operations: [SELECT, INSERT]}
sql_rules:
  injection: {mode: INJECTION}
  shapes: {mode: MODE, file: shapes.yaml}
  block_patterns: [never]
"""
SHAPES = f"""\
users:
  app: [{{shape: "{DIGEST}", operations: [SELECT], tables: [shop.users], detectors: [tautology]}}]
  glob_1: [{{shape: "{OTHER}", operations: [SELECT], tables: [shop.users]}}]
  nobody: []
"""


def policy(mode: str, injection: str = "enforce") -> CompiledPolicy:
    text = POLICY.replace("MODE", mode).replace("INJECTION", injection)
    return compile_policy(parse_policy(text, "policy.yaml", lambda name: SHAPES.encode()))


def judge(
    made: CompiledPolicy, user: str, digest: str, *detectors: str, canonical: str = "SELECT 1"
) -> Verdict:
    unit = statement("SELECT")
    unit.detections = tuple(Detection(name, "why") for name in detectors)
    found = Analysis((unit,), "", "", "masked", digest, canonical, canonical, True)
    return decide(made, find_entry(made, user, "10.0.0.1"), found)


@rows(("mode", "effect"), [("learning", ALLOW), ("detect", WOULD_BLOCK), ("enforce", BLOCK)])
def test_modes(mode: str, effect: int) -> None:
    made = policy(mode)
    assert judge(made, "app", DIGEST).effect == ALLOW
    new = judge(made, "app", OTHER)
    assert new.effect == effect
    if effect != ALLOW:
        assert (new.rule, new.line, new.reason, new.step) == ("shape", 5, NEVER, 6)
        assert new.mode == ("enforce" if effect == BLOCK else "monitor")


def test_shapes_are_each_users_own() -> None:
    made = policy("enforce")
    assert judge(made, "glob_1", OTHER).effect == ALLOW
    for user, digest in (("glob_1", DIGEST), ("glob_2", OTHER), ("other", DIGEST)):
        assert judge(made, user, digest).rule == "shape"
    entries = [find_entry(made, user, "10.0.0.1") for user in ("app", "glob_1", "other")]
    assert len({entry.number for entry in entries if entry is not None}) == 3
    assert find_entry(made, "nobody", "10.0.0.1") is None


def test_a_detector_that_was_learned_with_its_shape_does_not_count() -> None:
    made = policy("enforce")
    assert judge(made, "app", DIGEST, "tautology").effect == ALLOW
    assert judge(made, "app", DIGEST, "tautology", "stacked").reason == "stacked: why"
    assert judge(policy("learning"), "app", DIGEST, "tautology").rule == "injection"


def test_a_new_shape_that_a_detector_hits_is_the_strong_signal() -> None:
    found = judge(policy("detect"), "app", OTHER, "tautology")
    assert (found.effect, found.rule, found.reason) == (BLOCK, "injection", f"tautology: why; and {NEVER}")
    found = judge(policy("enforce", "monitor"), "app", OTHER, "tautology")
    assert (found.effect, found.rule) == (BLOCK, "shape")
    assert found.reason == f"{NEVER}, and the injection detector tautology hits it"
    found = judge(policy("detect", "monitor"), "app", OTHER, "tautology")
    assert (found.effect, found.rule) == (WOULD_BLOCK, "injection")


def test_patterns_come_behind_shapes() -> None:
    assert judge(policy("detect"), "app", OTHER, canonical="never").rule == "block-pattern"
    assert judge(policy("enforce"), "app", OTHER, canonical="never").rule == "shape"
