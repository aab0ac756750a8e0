"""The file that a server may ask a client for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbgate.wire.files import names_file
from tests.rows import rows


@rows(
    ("text", "name"),
    [
        (b"LOAD DATA LOCAL INFILE '/a/b.csv' INTO TABLE t", b"/a/b.csv"),
        (b'LOAD DATA LOCAL INFILE "b" INTO TABLE t', b"b"),
        (rb"LOAD DATA LOCAL INFILE 'C:\\data\\x' INTO TABLE t", rb"C:\data\x"),
        (rb"LOAD DATA LOCAL INFILE 'C:\data\x' INTO TABLE t", b"C:datax"),
        (b"LOAD DATA LOCAL INFILE 'it''s' INTO TABLE t", b"it's"),
        (rb"LOAD DATA LOCAL INFILE 'it\'s' INTO TABLE t", b"it's"),
        (b"", b"/etc/passwd"),
        (b"LOAD DATA LOCAL INFILE '\xe9' INTO TABLE t", "é".encode()),
        (rb"LOAD DATA LOCAL INFILE 'a\tb' INTO TABLE t", b"a\tb"),
    ],
)
def test_the_file_of_the_statement(text: bytes, name: bytes) -> None:
    assert names_file(text, name)


@rows("name", [b"/etc/passwd", b"b", b"/a", b"a/b.csv", b"b.csv'", b""])
def test_another_file(name: bytes) -> None:
    assert not names_file(b"LOAD DATA LOCAL INFILE '/a/b.csv' INTO TABLE t", name)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12))
def test_any_name_that_is_quoted_as_servers_want_it(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace("'", "''")
    assert names_file(f"LOAD DATA LOCAL INFILE '{quoted}' INTO TABLE t".encode(), name.encode())
