from __future__ import annotations

from dbgate.sql.words_mysql import GRAMMAR_TEXT, NATIVE_TEXT, RESERVED_TEXT, SPACED_TEXT


def test_lists() -> None:
    assert {"SELECT", "FROM", "LATERAL", "WINDOW"} <= set(RESERVED_TEXT.split())
    assert {"CONCAT", "ST_GEOMFROMTEXT", "LOAD_FILE"} <= set(NATIVE_TEXT.split())
    assert {"COUNT", "NOW"} <= set(GRAMMAR_TEXT.split())
    assert set(SPACED_TEXT.split()) <= set(GRAMMAR_TEXT.split()) | set(RESERVED_TEXT.split())
    assert not set(NATIVE_TEXT.split()) & set(RESERVED_TEXT.split())
