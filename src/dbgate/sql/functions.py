"""Which names before "(" are the server's own: everything else there is a stored or loadable function.

A built-in is told apart as the server does: by its spelling, by whether it is quoted (the grammar's own functions
such as COUNT or IF are not, when quoted), and for some by whether "(" follows at once (IGNORE_SPACE). See the tables'
modules for how they were made.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql import words_mariadb, words_mysql
from dbgate.sql.statement import MARIADB, LexContext

# How a name must be written to be a built-in.
TOUCHING: Final = 1  # unquoted, "(" at once
APART: Final = 2  # unquoted, with anything between
QUOTED_TOO: Final = 4

# Built-ins that came after 10.11.
_MARIADB_NEWER: Final = (
    (110200, "JSON_KEY_VALUE JSON_ARRAY_INTERSECT JSON_OBJECT_FILTER_KEYS JSON_OBJECT_TO_ARRAY"),
    (110300, "KDF JSON_SCHEMA_VALID DATE_FORMAT"),
    (
        110700,
        "UUID_V4 UUID_V7 VEC_DISTANCE VEC_DISTANCE_EUCLIDEAN VEC_DISTANCE_COSINE VEC_FROMTEXT VEC_TOTEXT",
    ),
    (110800, "FORMAT_BYTES FORMAT_PICO_TIME ST_GEOHASH ST_ISVALID ST_SIMPLIFY ST_VALIDATE ST_LATFROMGEOHASH"),
)
# Built-ins that MySQL dropped before 9.
_MYSQL_OLDER: Final = "PASSWORD ENCODE DECODE DES_ENCRYPT DES_DECRYPT ENCRYPT MD5 SHA SHA1"
# MySQL 9 has these as functions of a component that is installed by default.
_MYSQL_COMPONENT: Final = "MD5 SHA SHA1"

# Functions that wait, hold or read something outside the query: a SELECT of them is more than a driver's chatter.
_REACHING: Final = frozenset(
    [
        "SLEEP",
        "BENCHMARK",
        "BINLOG_GTID_POS",
        "GET_LOCK",
        "RELEASE_LOCK",
        "RELEASE_ALL_LOCKS",
        "IS_FREE_LOCK",
        "IS_USED_LOCK",
        "LOAD_FILE",
        "MASTER_POS_WAIT",
        "MASTER_GTID_WAIT",
        "SOURCE_POS_WAIT",
        "WAIT_FOR_EXECUTED_GTID_SET",
        "WSREP_SYNC_WAIT_UPTO_GTID",
        "EXTRACTVALUE",
        "UPDATEXML",
        "NEXTVAL",
        "SETVAL",
        "LASTVAL",
        "NAME_CONST",
        "PS_THREAD_ID",
        "ROLES_GRAPHML",
    ]
)


def _table(native: str, grammar: str, reserved: str, spaced: str) -> dict[str, int]:
    apart = frozenset(grammar.split()) | frozenset(reserved.split())
    only_touching = frozenset(spaced.split())
    table: dict[str, int] = {}
    for word in native.split():
        table[word] = TOUCHING | APART | QUOTED_TOO
    for word in apart:
        table[word] = table.get(word, 0) | TOUCHING | (0 if word in only_touching else APART)
    return table


_MARIADB: Final = _table(
    words_mariadb.NATIVE_TEXT,
    words_mariadb.GRAMMAR_TEXT,
    words_mariadb.RESERVED_TEXT,
    words_mariadb.SPACED_TEXT,
)
_MYSQL: Final = _table(
    words_mysql.NATIVE_TEXT + _MYSQL_COMPONENT,
    words_mysql.GRAMMAR_TEXT,
    words_mysql.RESERVED_TEXT,
    words_mysql.SPACED_TEXT,
)
_MYSQL_OLD: Final = frozenset(_MYSQL_OLDER.split())
RESERVED: Final = {
    MARIADB: frozenset(words_mariadb.RESERVED_TEXT.split()),
    3 - MARIADB: frozenset(words_mysql.RESERVED_TEXT.split()),
}


def builtin(word: str, written: int, ctx: LexContext) -> bool:
    """Whether `word` (upper case) before "(" is the server's own, written TOUCHING, APART or QUOTED_TOO."""
    if ctx.flavour == MARIADB:
        if _MARIADB.get(word, 0) & written:
            return True
        if ctx.version >= 110200:
            for since, names in _MARIADB_NEWER:
                if ctx.version >= since and word in names.split():
                    return True
        return False
    if _MYSQL.get(word, 0) & written:
        return True
    return ctx.version < 90000 and word in _MYSQL_OLD


# Names that are built-in and may be a stored function all the same (seen on MySQL 9.7, whose component for them may be
# absent, and on MariaDB 10.11, where they have another number of arguments).
_UNSURE_MARIADB: Final = frozenset(
    ("POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION")
)
_UNSURE_MYSQL: Final = frozenset(_MYSQL_COMPONENT.split())


def unsure(word: str, ctx: LexContext) -> bool:
    """Whether the server may take a stored function in the current schema for this built-in (upper case)."""
    if ctx.flavour == MARIADB:
        return word in _UNSURE_MARIADB
    return word in _UNSURE_MYSQL and ctx.version >= 90000


def reaching(word: str) -> bool:
    """Whether this built-in (upper case) waits, locks, or reads a file, a sequence or another session's state."""
    return word in _REACHING
