from __future__ import annotations

from dbgate.policy.staging import ORDER
from dbgate.stats import layout


def test_areas_do_not_overlap() -> None:
    fixed = [
        value
        for name, value in vars(layout).items()
        if name.isupper() and isinstance(value, int) and layout.CONNECTIONS <= value <= layout.LONG_WAITING
        if name not in ("HITS", "VERSION", "RULE_BITS") and not name.startswith(("HIT_", "SLOT_"))
    ]
    assert len(fixed) == len(set(fixed))
    assert max(fixed) < layout.FIRST_OPERATION
    assert layout.FIRST_OPERATION + len(layout.OPERATIONS) <= layout.FIRST_BLOCKED
    assert layout.FIRST_BLOCKED + len(layout.RULES) <= layout.FIRST_MONITORED
    assert layout.FIRST_MONITORED + len(layout.RULES) <= layout.FIRST_BUCKET
    assert layout.PAGE_BYTES == layout.SLOTS * 8
    assert len(layout.RULES) < 1 << layout.RULE_BITS


def test_names_are_distinct_and_end_with_other() -> None:
    for names in (layout.OPERATIONS, layout.RULES):
        assert len(names) == len(set(names))
        assert names[-1] == "other"


def test_rules_stand_in_the_order_of_decision() -> None:
    """policy.staging goes by the same order, and neither may import the other."""
    assert [rule for rule in layout.RULES if rule in ORDER] == list(ORDER)
