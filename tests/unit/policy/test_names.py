"""Names in a policy file."""

from __future__ import annotations

import pytest

from dbgate.policy.names import parse_name
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
