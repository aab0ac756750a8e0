from __future__ import annotations

from dbgate.sql.charset import (
    HIGH_REFUSED,
    LATIN1,
    REFUSED,
    UTF8,
    charset_class,
    charset_followed,
    charset_known,
    charset_of_collation,
    charset_of_collation_name,
    codec,
)
from tests.rows import rows


@rows(
    ("name", "what"),
    [
        ("utf8mb4", UTF8), ("utf8", UTF8), ("utf8mb3", UTF8), ("latin1", LATIN1), ("binary", HIGH_REFUSED),
        ("ujis", HIGH_REFUSED), ("cp1251", HIGH_REFUSED), ("gbk", REFUSED), ("big5", REFUSED), ("sjis", REFUSED),
        ("cp932", REFUSED), ("gb18030", REFUSED), ("euckr", REFUSED), ("ucs2", REFUSED), ("utf16", REFUSED),
        ("swe7", REFUSED), ("", REFUSED), ("klingon", REFUSED),
    ],
)  # fmt: skip
def test_class(name: str, what: int) -> None:
    assert charset_class(name) == what
    assert charset_followed(name) == (what != REFUSED)


def test_known() -> None:
    assert charset_known("utf8mb4") and charset_known("gbk") and not charset_known("bla")


@rows(
    ("collation", "name"),
    [
        (33, "utf8mb3"), (45, "utf8mb4"), (255, "utf8mb4"), (8, "latin1"), (28, "gbk"), (249, "gb18030"),
        (2304, "utf8mb4"), (224, "utf8mb4"), (63, "binary"), (1270, "utf8mb4"), (0, ""), (99999, ""),
    ],
)  # fmt: skip
def test_collation_ids(collation: int, name: str) -> None:
    assert charset_of_collation(collation) == name


def test_collation_names() -> None:
    assert charset_of_collation_name("utf8mb4_general_ci") == "utf8mb4"
    assert charset_of_collation_name("binary") == "binary"
    assert charset_of_collation_name("uca1400_ai_ci") == ""


def test_codec() -> None:
    assert codec("utf8mb4") == "utf-8"
    assert codec("latin1") == "latin-1"
