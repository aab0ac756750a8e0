"""docs/audit.md names every field, in order, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from dbgate.audit.line import Line

TEXT = (Path(__file__).parents[3] / "docs" / "audit.md").read_text()


def test_every_field_is_described_in_order() -> None:
    table = TEXT.split("## Fields")[1].split("## Events")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    described = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert described == [field.name for field in msgspec.structs.fields(Line)]
