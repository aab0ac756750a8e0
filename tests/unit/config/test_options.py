"""The table of settings: every row is whole, its default passes its own parser and bounds, and the docs have it."""

from __future__ import annotations

from pathlib import Path

from dbgate.config.options import NOT_YET, OPTIONS, Option, not_yet
from tests.rows import rows

DOCS = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"


@rows("option", OPTIONS, ids=lambda option: option.name)
def test_default_is_valid(option: Option) -> None:
    value = option.parse(option.default)
    if option.high:
        assert isinstance(value, int | float)
        assert option.low <= value <= option.high
    assert option.help


def test_spellings() -> None:
    option = next(option for option in OPTIONS if option.name == "max_packet")
    assert option.flag == "--max-packet"
    assert option.variable == "DBGATE_MAX_PACKET"
    assert len({option.name for option in OPTIONS}) == len(OPTIONS)


@rows("option", OPTIONS, ids=lambda option: option.name)
def test_documented(option: Option) -> None:
    lines = [line for line in DOCS.read_text().splitlines() if line.startswith(f"| `{option.name}` |")]
    assert len(lines) == 1, f"docs/configuration.md needs one row for {option.name}"
    assert f"`{option.default or '(empty)'}`" in lines[0]


def test_not_yet() -> None:
    assert all(not_yet(name) for name in NOT_YET)
    assert not_yet("dashboard_anything")
    assert not not_yet("listen")
    assert not {option.name for option in OPTIONS} & set(NOT_YET)
