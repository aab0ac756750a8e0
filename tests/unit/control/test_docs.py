"""docs/control-api.md says what the API has: verbs with who may use them, and every field."""

from __future__ import annotations

import re
import typing
from pathlib import Path

from dbgate.control.endpoints import ENDPOINTS
from dbgate.control.messages import PolicyVersion, SessionInfo
from dbgate.control.peer import AUTHORISED, EVERYBODY, VIEWERS
from dbgate.stats.snapshot import Stats
from tests.rows import rows

TEXT = (Path(__file__).parents[3] / "docs" / "control-api.md").read_text()


def test_every_verb_is_described_with_who_may_use_it() -> None:
    rows = re.findall(r"^\| `(GET|POST) (\S+)` \|.*\| (\w+) \|$", TEXT, re.MULTILINE)
    assert {(method, path): who for method, path, who in rows} == {
        (endpoint.method, endpoint.path): "everybody"
        if AUTHORISED[endpoint.verb] == EVERYBODY
        else "viewers"
        if AUTHORISED[endpoint.verb] == VIEWERS
        else "operators"
        for endpoint in ENDPOINTS
    }


@rows(
    ("heading", "message"),
    [("## Policy versions", PolicyVersion), ("## Sessions", SessionInfo), ("## Statistics", Stats)],
)
def test_every_field_is_described(heading: str, message: type) -> None:
    section = TEXT.split(heading)[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    described = {name for cell in first for name in re.findall(r"`(\w+)`", cell)}
    assert described == set(typing.get_type_hints(message))
