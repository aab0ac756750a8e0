"""YAML as values with places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import PolicyError
from dbgate.policy import yamltext
from dbgate.policy.yamltext import MAX_CHARACTERS, Document, Place, read_yaml, resolve_scalar, show_path
from tests.rows import rows


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        read_yaml(text, "f")
    return [str(problem) for problem in caught.value.problems]


@rows(
    ("text", "value"),
    [
        ("12:30", "12:30"),
        ("no", "no"),
        ("off", "off"),
        ("Yes", "Yes"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-5", -5),
        ("1_000", "1_000"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("2024-01-01", "2024-01-01"),
        ("=", "="),
        ("9" * 30, float("9" * 30)),
        ("9" * 50, "9" * 50),
        ("10.0.0.0/8", "10.0.0.0/8"),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    assert resolve_scalar(text) == value
    assert type(resolve_scalar(text)) is type(value)


def test_not_a_number() -> None:
    value = resolve_scalar(".nan")
    assert value != value


def test_values_and_places() -> None:
    document = read_yaml("a: 12:30\nb:\n  - x\n  - 'no'\n  - !!str 7\nc: {d: 1}\n", "f")
    assert document.data == {"a": "12:30", "b": ["x", "no", "7"], "c": {"d": 1}}
    assert document.values[("a",)] == Place(1, 4)
    assert document.keys[("b",)] == Place(2, 1)
    assert document.values[("b", 1)] == Place(4, 5)
    assert document.values[("c", "d")] == Place(6, 8)
    assert document.place(("c", "d", "e", 0)) == Place(6, 8)
    assert document.place(()) == Place(1, 1)
    assert Document().place(("a",)) == Place(1, 1)


def test_columns_count_characters() -> None:
    assert read_yaml("é: {ü: 한글, b: 1}", "f").values[("é", "b")] == Place(1, 15)


def test_aliases_stand_for_their_anchor() -> None:
    document = read_yaml("a: &x [1, 2]\nb: *x\nc: &y v\nd: *y\n", "f")
    assert document.data == {"a": [1, 2], "b": [1, 2], "c": "v", "d": "v"}
    assert document.values[("b", 1)] == Place(1, 11)


def test_paths_are_shown() -> None:
    assert show_path(("access_control", 2, "grants", 0, "tables")) == "access_control[2].grants[0].tables"
    assert show_path(()) == ""


@rows("text", ["", "# nothing\n", "---\n", "--- # x\n...\n"])
def test_an_empty_file(text: str) -> None:
    assert problems(text)[0].endswith("the file is empty: expected a policy, at least access_control")


@rows(
    ("text", "problem"),
    [
        ("a: [1,\n", "f:2:1: not YAML: did not find expected node content"),
        ("a: b: c", "f:1:5: not YAML: mapping values are not allowed in this context"),
        (
            "a:\n\t- b",
            "f:2:1: not YAML: found character that cannot start any token: a tab, where YAML wants spaces",
        ),
        ("a: @b", "f:1:4: not YAML: found character that cannot start any token"),
        ("a: 'x", "f:1:6: not YAML: found unexpected end of stream"),
        ("a: 1\nbé: \x01", "f:2:5: not YAML: control characters are not allowed"),
        ("a: 1\nbé: \udc80", "f:2:5: not YAML: half a surrogate pair"),
        ("a: 1\n---\nb: 2\n", "f:2:1: a policy file is one YAML document; this starts a second one"),
        ("a: !!int '7'", "f:1:4: tags are not supported"),
        ("a: !x [7]", "f:1:4: tags are not supported"),
        ("a: !!python/object/apply:os.system [x]", "f:1:4: tags are not supported"),
        ("a: *x", "f:1:4: *x stands for an anchor that is not defined before it"),
        ("a: &x [1, *x]", "f:1:11: *x stands inside what it stands for"),
    ],
)
def test_what_is_refused_at_once(text: str, problem: str) -> None:
    assert problems(text) == [problem]


def test_what_is_reported_and_read_over() -> None:
    document = read_yaml("a: 1\nb: 2\na: 3\n? [x]\n: 4\n<<: 5\n'<<': 6\n", "f")
    assert document.data == {"a": 1, "b": 2, "<<": 6}
    assert [str(problem) for problem in document.problems] == [
        "f:3:1: a: this key stands here twice, first in line 1",
        "f:4:3: a key must be a plain word",
        "f:6:1: <<: merge keys are not supported: write the keys out",
    ]


def test_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamltext, "MAX_VALUES", 1000)
    assert "more than 1000 values" in problems("[" + "1," * 1001 + "]")[0]
    assert "nested more than 20 deep" in problems("[" * 5000)[0]
    assert "nested more than 20 deep" in problems("\n".join(f"{' ' * n}a:" for n in range(30)))[0]
    assert f"more than {MAX_CHARACTERS} characters" in problems("#" * (MAX_CHARACTERS + 1))[0]
    laughs = "a0: &a0 [1,2,3,4,5,6,7,8,9]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 8)
    )
    assert "aliases make this file too big" in problems(laughs)[0]
    deep = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 40))
    assert "aliases make this file too big" in problems(deep)[0]


@given(st.text(max_size=60) | st.text("ab:-[]{}&*!#|>'\"\n ?,~1", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_yaml(text, "f")
    except PolicyError as error:
        assert error.problems and all(p.line >= 1 and p.column >= 1 for p in error.problems)
