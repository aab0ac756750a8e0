"""The file of learned shapes: what is read, what is refused, and that what is written is read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import PolicyError
from dbgate.policy.shapefile import Shape, ShapeFile, parse_shapes, quoted, write_shapes
from tests.rows import rows

KEY = "0123456789abcdef0123456789abcdef"
GOOD = f"""\
version: 1
users:
  app:
    - statement: "SELECT a FROM users WHERE id = ?"
      operations: [SELECT]
      tables: [shop.users]
      columns: [a, id]
      detectors: [tautology]
      shape: "{KEY}"
  other:
"""


def refusal(text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse_shapes(text, "s.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_a_good_file() -> None:
    found = parse_shapes(GOOD, "s.yaml").users
    assert found == {
        "app": {
            KEY: Shape(
                KEY,
                "SELECT a FROM users WHERE id = ?",
                {"SELECT"},
                {"shop.users"},
                {"a", "id"},
                {"tautology"},
            )
        },
        "other": {},
    }
    assert parse_shapes("version: 1", "s.yaml").users == {}


@rows(
    ("text", "problem"),
    [
        ("", "s.yaml:1:1: the file is empty: expected learned shapes, at least users"),
        ("[]", "s.yaml:1:1: expected a mapping (key: value), found a list"),
        ("version: 2", "s.yaml:1:10: version: expected 1, the only version of this format"),
        ("usres: {}", "s.yaml:1:1: usres: unknown key; did you mean 'users'?"),
        ("users: [a]", "s.yaml:1:8: users: expected a mapping (user: list of shapes), found a list"),
        ("users: {a: b}", "s.yaml:1:12: users.a: expected a list of shapes, found 'b'"),
        (
            "users: {a: [{}]}",
            "s.yaml:1:13: users.a[0].shape: expected 32 hex digits in quotes, found nothing",
        ),
        ("users: {a: [x]}", "s.yaml:1:13: users.a[0]: expected a mapping (key: value), found 'x'"),
        (f"users: {{a: [{{shape: '{KEY}', statement: 1}}]}}", "expected a text, found the number 1"),
        (
            f"users: {{a: [{{shape: '{KEY}', qqqq: 1}}]}}",
            "qqqq: unknown key; known here: statement, operations",
        ),
        (f"users: {{a: [{{shape: '{KEY}', tables: x}}]}}", "users.a[0].tables: expected a list, found 'x'"),
        (
            f"users: {{a: [{{shape: '{KEY}', tables: [1]}}]}}",
            "tables[0]: expected a text, found the number 1",
        ),
        (
            f"users: {{a: [{{shape: '{KEY}', operations: [SELEKT]}}]}}",
            "none of operations; did you mean 'SELECT'?",
        ),
        (f"users: {{a: [{{shape: '{KEY}', detectors: [x]}}]}}", "detectors: 'x' is none of detectors"),
        (f"users: {{a: [{{shape: '{KEY}'}}, {{shape: '{KEY}'}}]}}", "this shape stands in the list twice"),
        ("users: {a: [], a: []}", "this key stands here twice"),
    ],
)
def test_a_bad_file(text: str, problem: str) -> None:
    assert any(problem in line for line in refusal(text)), refusal(text)


def test_every_problem_is_told_in_file_order() -> None:
    places = [line.split(": ")[0] for line in refusal("version: 2\nusers:\n  a: 1\nx: 1\n")]
    assert places == ["s.yaml:1:10", "s.yaml:3:6", "s.yaml:4:1"]


def test_what_is_written() -> None:
    text = write_shapes(parse_shapes(GOOD, "s.yaml"))
    assert text.startswith("# What each user is known to send")
    body = GOOD.replace("  app:", '  "app":').replace("  other:\n", '  "other": []\n')
    assert text.partition("version")[2] == body.partition("version")[2]
    assert write_shapes(ShapeFile()).endswith("users: {}\n")


def test_quoted() -> None:
    assert quoted('a"b\\c\n\x85é😀') == '"a\\"b\\\\c\\U0000000a\\U00000085é😀"'
    assert quoted("\udc80") == '"\\\\udc80"'


WORDS = st.sets(
    st.one_of(st.text(max_size=8), st.sampled_from(["no", "null", "1", "a.b", "0o1", "~"])), max_size=3
)
WRITABLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    st.dictionaries(
        WRITABLE,
        st.dictionaries(
            st.text("0123456789abcdef", min_size=32, max_size=32),
            st.tuples(WRITABLE, WORDS, WORDS),
            max_size=3,
        ),
        max_size=3,
    )
)
def test_what_is_written_is_read_again(made: dict[str, dict[str, tuple[str, set[str], set[str]]]]) -> None:
    file = ShapeFile(
        {
            user: {
                key: Shape(key, statement, {"SELECT"}, tables, columns)
                for key, (statement, tables, columns) in shapes.items()
            }
            for user, shapes in made.items()
        }
    )
    assert parse_shapes(write_shapes(file), "s.yaml") == file
