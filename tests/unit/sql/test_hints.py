from __future__ import annotations

from tests.rows import rows
from tests.unit.sql.contexts import MY, needs, one


@rows(
    ("hint", "expected"),
    [
        ("SET_VAR(sort_buffer_size = 16M)", "SELECT shop.users"),
        ("INDEX(users i)", "SELECT shop.users"),
        ("set_var (`max_connections`=1)", "SELECT shop.users; bare SET"),
    ],
)
def test_needs(hint: str, expected: str) -> None:
    assert needs(f"SELECT /*+ {hint} */ * FROM users", MY) == expected


@rows("name", ["sql_mode", "timestamp", "character_set_client"])
def test_session_state(name: str) -> None:
    assert one(f"SELECT /*+ SET_VAR({name}=1) */ * FROM users", MY).session_state != ""


def test_comments_are_no_hints() -> None:
    assert needs("SELECT /* SET_VAR(max_connections=1) */ * FROM users", MY) == "SELECT shop.users"
