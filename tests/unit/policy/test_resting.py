"""Whoever asks for it is asked to rest, again and again, wherever the work is long."""

from __future__ import annotations

from dbgate.policy.compile import build_policy
from dbgate.policy.load import kept_shapes, parse_policy
from dbgate.policy.planning import plan_policy
from dbgate.policy.resting import no_rest

SHAPES = "users:\n  u1:\n" + "".join(f'    - {{shape: "{n:032x}"}}\n' for n in range(50))


def test_every_stage_of_a_long_file_rests() -> None:
    entries = "".join(f"- {{user: u{n}, grants: [{{tables: t, operations: SELECT}}]}}\n" for n in range(50))
    text = f"access_control:\n{entries}sql_rules: {{shapes: {{mode: detect, file: s.yaml}}}}\n"
    rests: list[int] = []

    def rest() -> None:
        rests[-1] += 1

    rests.append(0)
    file = parse_policy(text, "p.yaml", kept_shapes(SHAPES), rest)
    rests.append(0)
    plan = plan_policy(file, rest)
    rests.append(0)
    policy = build_policy(plan, rest)
    assert len(policy.entries) == 50
    assert all(count >= 100 for count in rests), rests
    no_rest()
    assert (
        build_policy(plan_policy(parse_policy(text, "p.yaml", kept_shapes(SHAPES)))).version == policy.version
    )
