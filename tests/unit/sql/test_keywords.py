from __future__ import annotations

from dbgate.sql.keywords import UPPER


def test_spellings() -> None:
    assert UPPER[b"select"] == UPPER[b"SELECT"] == UPPER[b"Select"] == "SELECT"
    assert UPPER[b"<=>"] == "<=>"
    assert b"sElect" not in UPPER
