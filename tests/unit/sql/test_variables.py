from __future__ import annotations

import re
from pathlib import Path

from dbgate.sql.variables import (
    ALLOWED_VALUES,
    FOLLOWED,
    HARMLESS,
    REFUSED,
    REFUSED_PREFIXES,
    allowed_value,
    refused,
)
from tests.rows import rows

DOCUMENT = Path(__file__).parents[3] / "docs" / "variables.md"


@rows(
    "name",
    [
        "timestamp",
        "gtid_next",
        "resultset_metadata",
        "pseudo_thread_id",
        "sql_log_bin",
        "session_track_schema",
    ],
)
def test_refused(name: str) -> None:
    assert refused(name) and name not in HARMLESS


def test_the_value_that_changes_nothing() -> None:
    assert allowed_value("session_track_schema", "ON")
    assert not allowed_value("session_track_schema", "0")
    assert not allowed_value("session_track_gtids", "ON")
    assert all(refused(name) for name in ALLOWED_VALUES)


def test_lists_are_apart() -> None:
    assert not HARMLESS & FOLLOWED
    assert not [name for name in HARMLESS | FOLLOWED if refused(name)]


def test_the_document_shows_the_lists() -> None:
    parts = DOCUMENT.read_text().split("\n## ")
    shown = {
        part.split("\n", 1)[0]: set(re.findall(r"`([a-z_]+\*?)`", part.split("\n", 1)[1]))
        for part in parts[1:]
    }
    assert shown["Harmless"] == HARMLESS
    assert shown["Harmless where the value is followed"] == FOLLOWED
    assert shown["Refused to everyone"] - set(ALLOWED_VALUES) == REFUSED | {f"{p}*" for p in REFUSED_PREFIXES}
