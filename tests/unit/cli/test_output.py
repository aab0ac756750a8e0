from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.cli import output as out
from tests.rows import rows


@given(st.text(st.characters(), max_size=50))
def test_nothing_that_a_terminal_obeys_is_shown(text: str) -> None:
    shown = out.printable(text)
    shown.encode()
    assert all(character.isprintable() or character == "\n" or character.isspace() for character in shown)
    assert "\x1b" not in shown
    assert "\n" not in out.one_line(text)


@rows(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("grün 数据", "grün 数据"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\udc80b", "a\\udc80b"),
        ("a\tb", "a\\tb"),
        ("a\nb", "a\nb"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert out.printable(text) == shown


def test_one_line_folds_white_space() -> None:
    assert out.one_line(" SELECT\n\t1 ") == "SELECT 1"


@rows(
    ("value", "shown"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (150_000, "150 kB"), (2.5e12, "2.5 TB")],
)
def test_size(value: float, shown: str) -> None:
    assert out.size(value) == shown


@rows(("value", "shown"), [(250, "250 µs"), (1234, "1.2 ms"), (3_400_000, "3.4 s")])
def test_micros(value: float, shown: str) -> None:
    assert out.micros(value) == shown


@rows(
    ("seconds", "shown"),
    [(-5, "0s"), (12, "12s"), (65, "1m05s"), (3 * 3600 + 300, "3h05m"), (2 * 86400 + 4 * 3600, "2d4h")],
)
def test_age(seconds: float, shown: str) -> None:
    assert out.age(seconds) == shown


def test_number_of_what_is_not_there() -> None:
    assert out.number({"a": {"b": 3.7}}, "a", "b") == 3
    assert out.number({"a": 1}, "a", "b") == 0
    assert out.number({}, "a") == 0
    assert out.number({"a": "x"}, "a") == 0
    assert out.count(1234567) == "1,234,567"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    out.print_json({"a": [1]})
    out.print_json_line({"a": [1]})
    text = capsys.readouterr().out
    assert text.endswith('{"a":[1]}\n')
    assert json.loads(text.rsplit("{", 1)[0]) == {"a": [1]}


def test_cells_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    made = out.table(("A", "B"), numbers=("B",), whole={"A": out.longest(["[red]x[/red]"])})
    made.add_row(out.cell("[red]x[/red]"), out.cell(5))
    out.console().print(out.heading("[bold]H"), made)
    assert "[red]x[/red]" in capsys.readouterr().out
    assert out.longest([]) == 0


def test_a_pipe_gets_everything_and_no_colour(capsys: pytest.CaptureFixture[str]) -> None:
    made = out.table(("A",))
    made.add_row(out.cell("x" * 500, "bold red"))
    out.console().print(made)
    text = capsys.readouterr().out
    assert "x" * 500 in text
    assert "\x1b" not in text


def test_a_terminal_gets_what_fits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    made = out.table(("A", "ID"), whole={"ID": 10})
    made.add_row(out.cell("x" * 500), out.cell("0123456789"))
    out.console().print(made)
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 40
    assert lines[1].rstrip().endswith("0123456789")


def test_a_line_set_in_goes_on_below(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    out.console().print(out.indented("one two three four \x1b five"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert all(line.startswith("    ") for line in lines)


def test_a_line_set_in_is_not_filled_up_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    out.console().print(out.indented("user: app"))
    assert capsys.readouterr().out == "    user: app\n"


def test_json_for_a_terminal_is_the_same_json() -> None:
    value = {"a": "\x7f\x9b31m\u202eü数\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")}
    text = json.dumps(value, ensure_ascii=False)
    shown = out.printable_json(text)
    assert shown.isprintable()
    assert "ü数😀" in shown
    assert json.loads(shown) == value
    assert out.printable_json('{"a": 1}') == '{"a": 1}'


def test_a_moment() -> None:
    assert out.moment("1970-01-01T00:01:00Z") == 60.0
    for text in ("", "yesterday", "0001-01-01T00:00:00", "9999-99-99"):
        assert out.moment(text) is None
