"""The loop folds what the expression folds, byte for byte."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql.digest import FOLD
from dbgate.sql.lists import folded
from dbgate.sql.skeleton import skeleton
from tests.rows import rows


def by_expression(key: bytes) -> bytes:
    def put(match: re.Match[bytes]) -> bytes:
        return (match[1] or match[3]) + b"\1"

    return FOLD.sub(put, key)


@rows(
    "text",
    [
        b"",
        b"(",
        b"IN (",
        b"IN (1",
        b"IN (1,",
        b"IN (1,2",
        b"IN (1,2)",
        b"IN (1,2,)",
        b"IN (1, -2 , 3 ) AND b in('a',\"b\")",
        b"IN ('a','b') OR c IN ('a', 1)",
        b"IN (1) OR c IN ()",
        b"IN (-)",
        b"JOIN (1,2) t",
        b"(IN(1,2))IN(3,4)",
        b"INSERT INTO t VALUES (1, 'a'), (2, \"b\"),\n(NULL, default)",
        b"INSERT INTO t VALUE(true,-1);",
        b"INSERT INTO t VALUES (1), ",
        b"INSERT INTO t VALUES (1), 2",
        b"INSERT INTO t VALUES (1), (",
        b"INSERT INTO t VALUES (1), (2",
        b"INSERT INTO t VALUES (1 2)",
        b"INSERT INTO t VALUES (1, NOW()), (2, NOW())",
        b"INSERT INTO t VALUES (nullable)",
        b"myvalues (1), values_(1), values (1), s(1), value",
        b"alues(1)",
    ],
)
def test_statements(text: bytes) -> None:
    key = skeleton(text, False, False)
    assert folded(key) == by_expression(key)


def test_keys_that_end_anywhere() -> None:
    for whole in (b"a IN (\0\0\0, \0\0\0) b", b"VALUES (\0'\0\0, -\0\0\0), (null , true) , (\0\0\0)"):
        for end in range(len(whole) + 1):
            assert folded(whole[:end]) == by_expression(whole[:end])


def test_what_is_folded() -> None:
    assert folded(b"a IN (\0\0\0, \0\0\0) b") == b"a IN (\0\0\0\1) b"
    assert folded(b"VALUES (\0'\0\0),(NULL) c") == b"VALUES \1 c"


PIECES = st.sampled_from(
    b"IN|in|VALUES|value|s|(|(|)|)|,|,| |\n|-|NULL|true|default|x|_|\0\0\0|\0\0\0|\0'\0\0|\0\"\0\0|\0|'|\xc3|\v".split(
        b"|"
    )
)


@given(st.lists(PIECES, max_size=24).map(b"".join))
def test_any_key(key: bytes) -> None:
    assert folded(key) == by_expression(key)


LITERAL = st.sampled_from([b"1", b"-2", b"'x'", b'"y"', b"NULL", b"1.5", b"a"])
ROW = st.lists(LITERAL, min_size=1, max_size=4).map(lambda items: b"(" + b",".join(items) + b")")


@given(
    st.sampled_from([b"x IN ", b"VALUES", b"values\t", b"VALUE ", b"IN"]),
    st.lists(ROW, min_size=1, max_size=4),
    st.sampled_from([b",", b", ", b" ,", b" "]),
    st.sampled_from([b"", b")", b",", b" ON DUPLICATE KEY UPDATE a = VALUES(a)"]),
)
def test_lists_and_rows(head: bytes, listed: list[bytes], comma: bytes, tail: bytes) -> None:
    key = skeleton(head + comma.join(listed) + tail, False, False)
    assert folded(key) == by_expression(key)
