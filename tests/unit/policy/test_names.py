"""Names in a policy file."""

from __future__ import annotations

import pytest

from dbgate.policy.names import parse_column, parse_name
from tests.rows import rows


@rows(
    ("text", "schema", "name"),
    [
        ("users", None, ("users", False)),
        ("shop.users", ("shop", False), ("users", False)),
        ("shop.report_*", ("shop", False), ("report_*", True)),
        ("shop_?.*", ("shop_?", True), ("*", True)),
        ("*", ("*", True), ("*", True)),
        ("*.*", ("*", True), ("*", True)),
        ("report_*", None, ("report_*", True)),
        ("`a.b`.`c*`", ("a.b", False), ("c*", False)),
        ("`we``ird`", None, ("we`ird", False)),
        ("my-db.täble", ("my-db", False), ("täble", False)),
    ],
)
def test_names(text: str, schema: tuple[str, bool] | None, name: tuple[str, bool]) -> None:
    parsed = parse_name(text, "table")
    assert parsed.text == text
    assert (parsed.name.text, parsed.name.glob) == name
    found = None if parsed.schema is None else (parsed.schema.text, parsed.schema.glob)
    assert found == schema


def test_everything_is_the_unquoted_star() -> None:
    assert parse_name("*", "table").name.everything
    assert not parse_name("`*`", "table").name.everything
    assert not parse_name("a*", "table").name.everything


@rows(
    ("text", "message"),
    [
        ("a.b.c", "more than one dot"),
        ("", "a name is missing"),
        (".users", "a name is missing"),
        ("shop.", "a name is missing"),
        ("shop. users", "goes in backticks"),
        ("a,b", "goes in backticks"),
        ("`a", "must end before the dot"),
        ("`a`b", "must end before the dot"),
        ("``", "must end before the dot"),
        ("a`b", "goes in backticks"),
    ],
)
def test_bad_names(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_name(text, "table")


@rows(
    ("text", "column"),
    [
        ("id", "id"),
        ("Total", "total"),
        ("größe", "größe"),
        ("`a.b*`", "a.b*"),
        ("`we``ird Name`", "we`ird name"),
    ],
)
def test_columns_have_no_case(text: str, column: str) -> None:
    assert parse_column(text) == column


@rows(
    ("text", "message"),
    [
        (
            "*",
            "expected a column, found '\\*': columns are named one by one; leave the key out where all are meant",
        ),
        ("user_?", "columns are named one by one"),
        ("orders.id", "its table stands in tables; a name that contains a dot goes in backticks"),
        ("a b", "such characters goes in backticks"),
        ("`a", "must end with the text"),
        ("`a`b", "must end with the text"),
        ("``", "must end with the text"),
    ],
)
def test_bad_columns(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_column(text)
