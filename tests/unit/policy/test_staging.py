from __future__ import annotations

import pytest

from dbgate.policy.load import PolicyFile, parse_policy
from dbgate.policy.staging import promoted, staged
from tests.rows import rows

TEXT = """\
# the shop
global:
  mode: monitor   # for now
access_control:
  - name: app
    user: app
    allowed_tables: [a.b]
    allowed_operations: [SELECT]
    mode: "monitor"
  - {user: other, source_ip: 10.0.0.0/8, allowed_tables: [a.b], allowed_operations: [SELECT], mode: 'monitor'}
  - {user: done, allowed_tables: [a.b], allowed_operations: [SELECT], mode: enforce}
sql_rules:
  mode: monitor
  injection:
    detectors:
      - tautology
      - name: stacked
        mode: monitor
  shapes: {mode: detect, file: s.yaml}
"""
SHAPES = b"users: {}\n"


def parse(text: str = TEXT) -> PolicyFile:
    return parse_policy(text, "p.yaml", lambda name: SHAPES)


def hit(rule: str, line: int, monitored: int = 1) -> dict[str, object]:
    return {"rule": rule, "line": line, "blocked": 0, "monitored": monitored, "last_hit_ms": 0}


def test_what_is_staged() -> None:
    found = staged(parse())
    assert [(one.name, one.line, one.was) for one in found] == [
        ("global", 3, "monitor"),
        ("app", 9, "monitor"),
        ("other@10.0.0.0/8", 10, "monitor"),
        ("sql_rules", 13, "monitor"),
        ("injection.stacked", 18, "monitor"),
        ("shapes", 19, "detect"),
    ]
    assert all(one.clean for one in found)
    assert staged(parse("access_control: []\n")) == []
    injection = parse("sql_rules: {injection: {mode: monitor}}\n")
    assert [one.name for one in staged(injection, [hit("injection", 1)]) if one.own] == ["injection"]


@rows(
    ("rule", "line", "own", "hiding"),
    [
        ("table-denied", 5, ["global", "app"], []),
        ("rate-limit", 10, ["global", "other@10.0.0.0/8"], ["sql_rules", "injection.stacked", "shapes"]),
        ("tls-required", 5, ["global", "app"], ["sql_rules", "injection.stacked", "shapes"]),
        ("procedure", 0, ["global", "app", "other@10.0.0.0/8"], []),
        ("schema-access", 30, ["global", "app", "other@10.0.0.0/8"], []),
        ("require-where", 13, ["global", "sql_rules"], ["app", "other@10.0.0.0/8", "injection.stacked", "shapes"]),
        ("injection", 16, ["global", "sql_rules"], ["app", "other@10.0.0.0/8", "shapes"]),
        ("injection", 17, ["global", "injection.stacked"], ["app", "other@10.0.0.0/8", "sql_rules", "shapes"]),
        ("shape", 19, ["global", "shapes"], ["app", "other@10.0.0.0/8", "sql_rules"]),
        ("a-later-rule", 5, [], []),
    ],
)  # fmt: skip
def test_whose_hit_it_is(rule: str, line: int, own: list[str], hiding: list[str]) -> None:
    found = staged(parse(), [hit(rule, line, 3), hit("table-denied", 5, 0)])
    assert [one.name for one in found if one.own] == own
    assert [one.name for one in found if one.hiding] == hiding
    assert all(one.own[0].count == 3 for one in found if one.own)
    assert not any(one.clean for one in found if one.own or one.hiding)


def test_only_the_mode_is_changed() -> None:
    file = parse()
    texts = [promoted(TEXT, file, one) for one in staged(file)]
    expected = [
        TEXT.replace("mode: monitor   # for now", "mode: enforce   # for now"),
        TEXT.replace('mode: "monitor"', "mode: enforce"),
        TEXT.replace("mode: 'monitor'", "mode: enforce"),
        TEXT.replace("sql_rules:\n  mode: monitor", "sql_rules:\n  mode: enforce"),
        TEXT.replace("stacked\n        mode: monitor", "stacked\n        mode: enforce"),
        TEXT.replace("mode: detect", "mode: enforce"),
    ]
    assert texts == expected


def test_one_value_in_a_lists_place() -> None:
    text = "access_control: {user: a, allowed_operations: SHOW, mode: monitor}\n"
    file = parse_policy(text)
    (one,) = staged(file, [hit("operation-denied", 1)])
    assert one.own
    assert promoted(text, file, one) == text.replace("monitor", "enforce")


def test_what_cannot_be_done_for_sure() -> None:
    rule = "{user: a, allowed_operations: [SHOW], mode: %s}"
    text = f"access_control:\n- {rule % '&m monitor'}\n- {rule.replace('user: a', 'user: b') % '*m'}\n"
    file = parse_policy(text)
    for one in staged(file):
        with pytest.raises(ValueError, match=r"not written out|other places"):
            promoted(text, file, one)
    whole = "access_control:\n- &r {user: a, allowed_operations: [SHOW], mode: monitor}\n- *r\n"
    file = parse_policy(whole)
    with pytest.raises(ValueError, match="other places"):
        promoted(whole, file, staged(file)[0])
    # Enforced shapes must be there.
    shapes = "sql_rules: {shapes: {mode: detect, file: s.yaml}}\n"
    file = parse_policy(shapes, "p.yaml", lambda name: SHAPES)
    file = PolicyFile(file.policy, file.filename, file.version, file.document, None, None)
    with pytest.raises(ValueError, match="not be valid"):
        promoted(shapes, file, staged(file)[0])
