"""Single values of the file."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from dbgate.policy import fields
from dbgate.policy.fields import (
    AdminStatement,
    AsList,
    AsSection,
    BlockStatement,
    Columns,
    Count,
    FailureAction,
    FilteredOperation,
    Flag,
    MaskAction,
    NotNull,
    NotSupported,
    Operation,
    RegexText,
    RoutineName,
    SchemaName,
    Some,
    Source,
    TableName,
    Text,
    WebAddress,
    checked,
    one_of,
    read_operation,
    read_text,
    supported,
)
from tests.rows import rows


def message(kind: object, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)  # type: ignore[misc]
    return str(caught.value.errors()[0]["ctx"]["error"])


@rows("value", [7, None, "", "  ", "a\nb", "a\x00", [], {}, True])
def test_a_text_can_be_read(value: object) -> None:
    assert message(Text, value).startswith("expected a text")
    with pytest.raises(ValueError, match="expected a text"):
        read_text(value)


def test_values_that_are_taken() -> None:
    assert read_text("보고서 é") == "보고서 é"
    assert read_operation("select") == "SELECT"
    assert one_of("a", "b")("a") == "a"
    assert supported("a", later=("b",))("a") == "a"
    assert checked(int)("7") == "7"
    assert checked(int)(7) == "7"
    assert TypeAdapter(Flag).validate_python(True) is True
    assert TypeAdapter(Count).validate_python(5) == 5
    assert TypeAdapter(FilteredOperation).validate_python("delete") == "DELETE"
    assert TypeAdapter(BlockStatement).validate_python(" drop ") == "DROP"
    assert TypeAdapter(BlockStatement).validate_python("drop table *") == "drop table *"
    assert TypeAdapter(RegexText).validate_python("a\nb") == "a\nb"
    assert TypeAdapter(TableName).validate_python("a.b").name.text == "b"
    assert TypeAdapter(RoutineName).validate_python("a.b").name.text == "b"
    assert TypeAdapter(Source).validate_python("10.0.0.0/8").length == 8
    assert TypeAdapter(Operation).validate_python("*") == "*"
    assert TypeAdapter(MaskAction).validate_python("alert") == "alert"
    assert TypeAdapter(FailureAction).validate_python("allow") == "allow"
    assert TypeAdapter(Columns).validate_python("ID") == ["id"]


def test_columns_stand_beside_operations_that_can_be_granted_on_them() -> None:
    class Grant(BaseModel):
        operations: list[str]
        columns: Columns

    assert Grant(operations=["SELECT", "UPDATE"], columns=["id"]).columns == ["id"]
    with pytest.raises(
        ValidationError, match="only SELECT, INSERT or UPDATE can be granted on columns, not DROP"
    ):
        Grant(operations=["SELECT", "DROP"], columns=["id"])


def test_a_shape_that_can_never_match_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "never_matches", lambda shape: shape.example.decode())
    told = message(BlockStatement, "DELETE FROM *")
    assert told == "expected a statement shape that can match: 'DELETE FROM t' does not have this one"


def test_a_schema_is_one_name() -> None:
    assert TypeAdapter(SchemaName).validate_python("shop") == "shop"
    assert TypeAdapter(SchemaName).validate_python("`a.b*`") == "a.b*"
    for value in ("a.b", "a*", "*", "a b", 5):
        assert message(SchemaName, value).startswith("expected ")


@rows(
    ("kind", "value", "words"),
    [
        (Flag, "yes", "expected true or false, found 'yes'"),
        (Count, True, "expected a whole number from 1 to 1000000000, found true"),
        (Count, 0, "expected a whole number from 1 to 1000000000, found the number 0"),
        (NotSupported, None, "not supported yet"),
        (MaskAction, "mask", "not supported yet: mask (supported: alert)"),
        (MaskAction, 5, "expected alert or mask or block, found the number 5"),
        (BlockStatement, "*", "expected an operation or a statement shape, found '*', which would block everything"),
        (BlockStatement, "DELTE", "expected an operation or *, found 'DELTE'; did you mean 'DELETE'?"),
        (BlockStatement, "HELLO WORLD", "expected an operation or a statement shape: a statement shape begins with a "
         "statement's name, as in DELETE FROM * WHERE 1=1"),
        (FilteredOperation, "DROP", "expected UPDATE or DELETE, found 'DROP'"),
        (RegexText, 5, "expected a regular expression, found the number 5"),
        (Columns, ["a", "b", "A"], "'a' stands here twice; columns compare without case"),
        (Columns, [], "an empty list matches nothing; leave the key out where everything is meant"),
        (Columns, [1], "expected a text, found the number 1; put it in quotes"),
        (RoutineName, "a.b.c", "expected [schema.]routine, found 'a.b.c': more than one dot; a name that contains one "
         "goes in backticks"),
    ],
)  # fmt: skip
def test_values_that_are_refused(kind: object, value: object, words: str) -> None:
    assert message(kind, value) == words


@rows("value", ["(", "a(?=b)"])
def test_a_bad_expression_is_refused_in_re2s_words(value: str) -> None:
    assert message(RegexText, value).startswith("expected a regular expression in RE2 syntax: ")


def test_a_bad_source_says_what_a_good_one_is() -> None:
    assert message(Source, "10.0.0.0/99").startswith(
        "expected an address or a CIDR block such as 10.0.0.0/8: "
    )


def test_one_or_a_list_and_what_null_is() -> None:
    numbers = TypeAdapter(Annotated[list[int], AsList])
    assert [numbers.validate_python(value) for value in (None, 1, [1, 2])] == [[], [1], [1, 2]]
    assert TypeAdapter(Annotated[list[int], AsList, Some]).validate_python(1) == [1]
    assert message(Annotated[list[int], AsList, Some], None).startswith("an empty list matches nothing")
    assert message(Annotated[int | None, NotNull], None).startswith("this key has no value")
    assert TypeAdapter(Annotated[int | None, NotNull]).validate_python(3) == 3
    sections = TypeAdapter(Annotated[dict[str, int], AsSection])
    assert [sections.validate_python(value) for value in (None, {"a": 1})] == [{}, {"a": 1}]


def test_a_word_that_is_checked_is_given_back_as_it_was() -> None:
    assert message(Flag, 1) == "expected true or false, found the number 1"
    with pytest.raises(ValueError, match="expected a text"):
        checked(int)(None)
    with pytest.raises(ValueError, match="expected a or b, found 'c'"):
        one_of("a", "b")("c")


@rows("value", ["https://alerts.example/hook", "http://10.0.0.1:8080/x?y=1", "https://[fd00::1]/"])
def test_a_web_address(value: str) -> None:
    assert TypeAdapter(WebAddress).validate_python(value) == value


@rows(
    "value",
    [
        "ftp://x/",
        "https://",
        "//x/",
        "https://x:0/",
        "https://x:99999/",
        "https://[x/",
        "https://x/ y",
        "https://é/",
        "https://x/" + "y" * 2048,
    ],
)
def test_no_web_address(value: str) -> None:
    assert message(WebAddress, value).startswith("expected an address such as https://alerts.example/hook")


def test_a_web_address_has_no_password() -> None:
    assert message(WebAddress, "https://a:b@x/") == "expected an address without user and password"


def test_admin_statements_in_any_case() -> None:
    adapter = TypeAdapter(AdminStatement)
    assert [adapter.validate_python(text) for text in ("EXPLAIN", "stats")] == ["EXPLAIN", "STATS"]
    assert "did you mean 'RULES'" in message(AdminStatement, "RULE")
    assert "expected a text" in message(AdminStatement, 1)
