"""Whether a text is new."""

from __future__ import annotations

from dbgate.policy.learned import NO_SHAPES, LearnedShape, keeps_session, novelty
from dbgate.sql.statement import (
    NEED_ANY_RIGHT,
    NEED_SCHEMA_VISIBLE,
    Need,
    RoutineRef,
    Statement,
)
from tests.unit.policy.making import need, statement

DIGEST = "0" * 32
NEVER = "its shape was never learned for this user"


def shape(operations: str = "SELECT", tables: str = "shop.users", detectors: str = "") -> LearnedShape:
    return LearnedShape(
        frozenset(operations.split()), frozenset(tables.split()), frozenset(detectors.split())
    )


def test_what_is_known_is_not_new() -> None:
    assert novelty(shape(), DIGEST, (statement("SELECT"),)) == ""
    assert novelty(None, DIGEST, (statement("SELECT"),)) == NEVER
    assert DIGEST not in NO_SHAPES


def test_a_shape_holds_for_its_operations_and_tables() -> None:
    assert novelty(shape("INSERT"), DIGEST, (statement("SELECT"),)) == (
        "its shape was learned without the operation SELECT"
    )
    assert novelty(shape(), DIGEST, (statement("SELECT", "users", "other"),)) == (
        "its shape was learned on other tables than other.users"
    )
    unqualified = Statement("SELECT", ("SELECT",), (need("SELECT", "users", ""),))
    assert "other tables than users" in novelty(shape(), DIGEST, (unqualified,))
    assert novelty(shape(tables="users"), DIGEST, (unqualified,)) == ""
    lock = Statement("LOCK", ("LOCK",), (Need(NEED_ANY_RIGHT, "LOCK", "shop", "secret"),))
    assert "other tables than shop.secret" in novelty(shape("LOCK"), DIGEST, (lock,))


def test_what_has_no_shape_and_what_needs_none() -> None:
    assert novelty(None, "", (statement("SELECT"),)) == ""
    plain = Statement("SET", ("SET",), (), True)
    use = Statement("USE", ("USE",), (Need(NEED_SCHEMA_VISIBLE, "USE", "shop"),), True)
    assert novelty(None, DIGEST, (plain, use)) == ""
    assert keeps_session((plain, use))
    for other in (
        statement("SELECT"),
        Statement("SET", (), (need("SELECT"),), True),
        Statement("DO", (), (), True, functions=(RoutineRef("shop", "f"),)),
        Statement("DO", (), (), True, calls=(RoutineRef("shop", "p"),)),
    ):
        assert not keeps_session((plain, other))
        assert novelty(None, DIGEST, (plain, other)) == NEVER
