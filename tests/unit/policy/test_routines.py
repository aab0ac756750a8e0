"""Lists of routines."""

from __future__ import annotations

from dbgate.policy.names import parse_name
from dbgate.policy.routines import RoutineList


def routines(*names: str, default_schema: str = "", loose: bool = False) -> RoutineList:
    return RoutineList([parse_name(name, "routine") for name in names], default_schema, loose)


def test_names_have_no_case_and_schemas_follow_the_server() -> None:
    made = routines("Shop.F_Tax")
    assert made.holds("Shop", "f_TAX", False)
    assert not made.holds("shop", "f_tax", False)
    assert made.holds("shop", "f_tax", True)
    assert not made.holds("shop", "f_tax2", True)


def test_without_a_schema_it_is_any_or_the_default_one_or_none_at_all() -> None:
    anywhere = routines("f")
    assert anywhere.holds("a", "f", False) and anywhere.holds("", "f", False)
    placed = routines("f", default_schema="shop")
    assert placed.holds("shop", "f", False) and placed.holds("", "f", True)
    assert not placed.holds("other", "f", False)
    qualified = routines("shop.f", default_schema="shop")
    assert not qualified.holds("", "f", False)


def test_globs() -> None:
    made = routines("tools.*", "rep_*")
    assert made.holds("tools", "anything", False) and made.holds("x", "REP_1", False)
    assert not made.holds("x", "anything", False)
    assert routines("*").holds("any", "thing", False)


def test_accents_hide_nothing_from_a_list_that_forbids() -> None:
    forbidding = routines("sp_evil", "sp_ñ", loose=True)
    assert forbidding.holds("a", "SP_ÉVIL", False)
    assert forbidding.holds("a", "sp_n", False)
    assert not routines("sp_evil").holds("a", "sp_évil", False)
