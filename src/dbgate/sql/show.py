"""SHOW, DESCRIBE of a table, and the table maintenance verbs."""

from __future__ import annotations

from typing import Final

from dbgate.sql.facts import Facts
from dbgate.sql.modes import EXPR
from dbgate.sql.scan import Scanner

# Everyone may ask these (policy.md, Session statements).
_SESSION: Final = frozenset(
    ("VARIABLES", "STATUS", "WARNINGS", "ERRORS", "COLLATION", "CHARACTER", "CHARSET")
)
# They list what is in one schema.
_LISTS: Final = frozenset(("TABLES", "TRIGGERS", "EVENTS", "TABLE", "OPEN"))
# They describe one table.
_COLUMNS: Final = frozenset(("COLUMNS", "FIELDS", "INDEX", "INDEXES", "KEYS"))
_PLAIN: Final = frozenset(
    [
        "DATABASES",
        "SCHEMAS",
        "ENGINES",
        "STORAGE",
        "PRIVILEGES",
        "PLUGINS",
        "AUTHORS",
        "CONTRIBUTORS",
        "LOCALES",
        "PROFILE",
        "PROFILES",
        "PACKAGE",
        "PROCEDURE",
        "FUNCTION",
        "LIBRARY",
    ]
)
_ADMIN: Final = frozenset(
    [
        "GRANTS",
        "PROCESSLIST",
        "MASTER",
        "BINARY",
        "BINLOG",
        "LOGS",
        "SLAVE",
        "REPLICA",
        "REPLICAS",
        "RELAYLOG",
        "ENGINE",
        "EXPLAIN",
        "ANALYZE",
        "ALL",
        "USER",
        "USER_STATISTICS",
        "CLIENT_STATISTICS",
        "INDEX_STATISTICS",
        "TABLE_STATISTICS",
        "MUTEX",
        "INNODB",
        "PARSE_TREE",
        "HOSTS",
        "QUERY_RESPONSE_TIME",
        "WSREP_MEMBERSHIP",
        "WSREP_STATUS",
        "AUDIT",
    ]
)
_NAMED_TABLES: Final = frozenset(("TABLE", "VIEW", "SEQUENCE", "MATERIALIZED"))
_ROUTINES: Final = frozenset(("PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE", "LIBRARY"))


def show(scanner: Scanner, i: int, hi: int) -> None:
    """SHOW at i - 1."""
    facts = scanner.facts
    words = facts.tokens.words
    facts.verb = "SHOW"
    while i < hi and words[i] in ("FULL", "EXTENDED", "GLOBAL", "SESSION", "LOCAL"):
        i += 1
    word = words[i] if i < hi else ""
    after = words[i + 1] if i + 1 < hi else ""
    if word == "CREATE":
        _show_create(facts, i + 1, hi)
        return
    if word == "COUNT" and after == "(":  # SHOW COUNT(*) WARNINGS
        facts.session = True
        return
    if word in ("SLAVE", "REPLICA", "MASTER", "ALL", "ENGINE", "BINARY"):
        facts.bare("ADMIN")
    elif word in _COLUMNS:
        i = _show_columns(facts, i + 1, hi)
    elif word in _LISTS:
        if word == "TABLE" and after != "STATUS":
            facts.fail("a SHOW that is not understood")
        i = _show_list(facts, i + 1, hi)
    elif word in _SESSION:
        facts.session = True
    elif word in _ADMIN:
        facts.bare("ADMIN")
    elif word in _PLAIN:
        facts.bare("SHOW")
        if word == "PROFILE":
            return
    else:
        facts.fail("a SHOW that is not understood")
        return
    # LIKE '…' or WHERE …, which may hold subqueries and functions.
    while i < hi and words[i] not in ("WHERE", "LIKE"):
        if words[i] == "SELECT":
            facts.fail("a SHOW that is not understood")
        i += 1
    if scanner.maria and "WITH" in words[i:hi]:
        facts.fail("a WITH inside a SHOW")  # MariaDB 10.11 was seen to crash of it
    scanner.run(min(i + 1, hi), hi, EXPR)
    scanner.finish()
    if facts.session and (scanner.selects or not facts.plain):
        facts.session = False
        facts.bare("SHOW")


def _show_create(facts: Facts, i: int, hi: int) -> None:
    words = facts.tokens.words
    word = words[i] if i < hi else ""
    i += 1
    if i + 2 < hi and words[i] == "IF" and words[i + 1] == "NOT" and words[i + 2] == "EXISTS":
        i += 3
    if word in _NAMED_TABLES:
        schema, name, i = facts.dotted(i, hi)
        facts.any_right(schema, name, "SHOW")
    elif word in ("DATABASE", "SCHEMA"):
        _, name, i = facts.dotted(i, hi)
        facts.visible("SHOW", name)
        facts.bare("SHOW")
    elif word in _ROUTINES:
        if word == "PACKAGE" and i < hi and words[i] == "BODY":
            i += 1
        schema, _, i = facts.dotted(i, hi)
        facts.bare("SHOW")
        facts.visible("SHOW", schema)
    elif word in ("USER", "SERVER", "ROLE"):
        facts.bare("ADMIN")
        i = hi
    else:
        facts.fail("a SHOW CREATE that is not understood")
    if i < hi:
        facts.fail("words behind a SHOW CREATE")


def _show_columns(facts: Facts, i: int, hi: int) -> int:
    """… FROM t [FROM schema]: returns the index behind the names."""
    words = facts.tokens.words
    if i >= hi or words[i] not in ("FROM", "IN"):
        facts.fail("a SHOW that is not understood")
        return hi
    schema, name, i = facts.dotted(i + 1, hi)
    if i < hi and words[i] in ("FROM", "IN"):
        _, schema, i = facts.dotted(i + 1, hi)
    facts.any_right(schema, name, "SHOW")
    return i


def _show_list(facts: Facts, i: int, hi: int) -> int:
    """… [FROM schema]: returns the index behind the name."""
    words = facts.tokens.words
    schema = ""
    while i < hi and words[i] in ("STATUS", "TABLES"):
        i += 1
    if i < hi and words[i] in ("FROM", "IN"):
        _, schema, i = facts.dotted(i + 1, hi)
    facts.bare("SHOW")
    facts.visible("SHOW", schema)
    return i


def describe(facts: Facts, i: int, hi: int) -> None:
    """DESCRIBE t [column] at i - 1."""
    facts.verb = "SHOW"
    schema, name, i = facts.dotted(i, hi)
    facts.any_right(schema, name, "SHOW")
    if i < hi - 1 and not (hi - i <= 5 and "." in facts.tokens.words[i:hi]):
        facts.fail("words behind a DESCRIBE")


def maintain(facts: Facts, i: int, hi: int, operation: str) -> None:
    """CHECK, OPTIMIZE, ANALYZE, REPAIR, CHECKSUM TABLE(S) list at i: `operation` is ADMIN, or SELECT of a CHECKSUM."""
    words = facts.tokens.words
    facts.verb = operation
    while i < hi and words[i] in ("NO_WRITE_TO_BINLOG", "LOCAL"):
        i += 1
    if i >= hi or words[i] not in ("TABLE", "TABLES", "VIEW"):
        facts.fail("a table was expected")
        return
    while not facts.error:
        schema, name, i = facts.dotted(i + 1, hi)
        if operation == "SELECT":
            facts.table("SELECT", schema, name)
        else:
            facts.any_right(schema, name, operation)
        if i >= hi or words[i] != ",":
            break
    if operation != "SELECT":
        facts.bare(operation)


def lock(facts: Facts, i: int, hi: int) -> None:
    """LOCK TABLES t [AS a] READ | WRITE, …; LOCK INSTANCE at i - 1."""
    words = facts.tokens.words
    facts.verb = "LOCK"
    if i >= hi or words[i] not in ("TABLE", "TABLES"):
        facts.verb = "ADMIN"
        facts.bare("ADMIN")
        return
    facts.bare("LOCK")
    while not facts.error:
        schema, name, i = facts.dotted(i + 1, hi)
        facts.any_right(schema, name, "LOCK")
        while i < hi and words[i] != ",":
            i += 1
        if i >= hi:
            return
