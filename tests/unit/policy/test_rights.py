"""Which names a list of rights covers."""

from __future__ import annotations

from dbgate.policy.names import parse_name
from dbgate.policy.operations import PARTLY
from dbgate.policy.rights import Rights, TableRights


def rights(*names: tuple[str, int], fold: bool = False, default_schema: str = "") -> Rights:
    made = Rights(fold, default_schema)
    for text, mask in names:
        made.add(parse_name(text, "table"), mask)
    return made


def test_an_exact_table_is_that_table_only() -> None:
    made = rights(("shop.users", 1), ("shop.users", 2))
    assert made.on_table("shop", "users") == 3
    assert made.on_table("shop", "orders") == made.on_table("other", "users") == 0
    assert made.on_table("Shop", "users") == made.on_table("shop", "Users") == 0
    assert (made.on_schema("shop"), made.in_schema("shop"), made.in_schema("other")) == (0, 3, 0)
    assert made.reachable == 3


def test_a_star_does_not_cross_the_dot() -> None:
    made = rights(("shop.*", 1), ("*.log", 2), ("a*.b*", 4))
    assert made.on_table("shop", "x") == 1
    assert made.on_table("shop", "log") == 3
    assert made.on_table("axx", "bxx") == 4
    assert made.on_table("axx", "x") == made.on_table("x", "bxx") == 0
    assert (made.on_schema("shop"), made.on_schema("axx"), made.on_schema("other")) == (1, 0, 0)
    assert (made.in_schema("axx"), made.in_schema("other")) == (6, 2)


def test_a_star_alone_is_everything() -> None:
    for text in ("*", "*.*"):
        made = rights((text, 1), default_schema="shop")
        assert made.on_table("any", "thing") == made.on_schema("any") == made.in_schema("any") == 1


def test_schemas_by_glob() -> None:
    made = rights(("t_*.*", 1), ("t_*.users", 2), ("t_1.logs", 4))
    assert made.on_table("t_1", "users") == 3
    assert made.on_table("t_1", "logs") == 5
    assert made.on_schema("t_1") == 1
    assert made.in_schema("t_1") == 7


def test_a_name_without_a_schema() -> None:
    anywhere = rights(("users", 1), ("log_*", 2))
    assert anywhere.on_table("a", "users") == anywhere.on_table("b", "users") == 1
    assert anywhere.on_table("a", "log_1") == 2
    assert anywhere.on_schema("a") == 0
    assert anywhere.in_schema("whatever") == 3
    placed = rights(("users", 1), ("log_*", 2), default_schema="Shop")
    assert placed.on_table("Shop", "users") == 1
    assert placed.on_table("Shop", "log_1") == 2
    assert placed.on_table("shop", "users") == placed.on_table("a", "users") == placed.in_schema("a") == 0


def test_folded_names_are_in_lower_case() -> None:
    made = rights(("Shop.Users", 1), ("Orders", 2), ("Sh*.X*", 4), fold=True, default_schema="SHOP")
    assert made.on_table("shop", "users") == 1
    assert made.on_table("shop", "orders") == 2
    assert made.on_table("sha", "xx") == 4


def test_names_in_backticks_are_no_globs() -> None:
    made = rights(("`a*`.`b.c`", 1))
    assert made.on_table("a*", "b.c") == 1
    assert made.on_table("ax", "b.c") == 0


def test_one_schema_alone() -> None:
    made = TableRights()
    made.add("t", False, 1)
    made.add("*", True, 2)
    made.add("x*y", True, 4)
    assert (made.on_table("t"), made.on_table("xy"), made.on_table("z")) == (3, 6, 2)
    assert (made.whole, made.reachable) == (2, 7)


def test_grants_by_columns_are_found_like_rights() -> None:
    made = Rights(False, "shop")
    for number, text in enumerate(
        ("shop.users", "shop.*", "shop.u*s", "*", "*.users", "s*.users", "users", "Shop.users", "shop.orders")
    ):
        made.add(parse_name(text, "table"), PARTLY, number)
    made.add(parse_name("shop.us*", "table"), 1)
    made.add(parse_name("shop.users", "table"), 2)
    assert made.on_table("shop", "users") == PARTLY | 3
    assert sorted(made.grants_on("shop", "users")) == [0, 1, 2, 3, 4, 5, 6]
    assert sorted(made.grants_on("shop", "x")) == [1, 3]
    assert sorted(made.grants_on("other", "users")) == [3, 4]
    assert rights(("shop.users", 1), ("shop.*", 1)).grants_on("shop", "users") == []


def test_grants_by_columns_of_folded_names_and_of_any_schema() -> None:
    made = Rights(True, "")
    made.add(parse_name("Users", "table"), PARTLY, 0)
    made.add(parse_name("Shop.Users", "table"), PARTLY, 1)
    assert sorted(made.grants_on("shop", "users")) == [0, 1]
    assert made.grants_on("b", "users") == [0]
    assert (made.in_schema("b"), made.on_schema("shop"), made.reachable) == (PARTLY, 0, PARTLY)
