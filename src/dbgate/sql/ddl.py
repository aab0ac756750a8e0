"""CREATE, ALTER, DROP, RENAME, TRUNCATE: what they name, and the queries inside them."""

from __future__ import annotations

from typing import Final

from dbgate.sql.facts import Facts
from dbgate.sql.modes import NAMES
from dbgate.sql.scan import Scanner
from dbgate.sql.tokens import QUOTED, STRING, USER_VAR, WORD

_OBJECTS: Final = frozenset(
    [
        "TABLE",
        "TABLES",
        "VIEW",
        "INDEX",
        "DATABASE",
        "SCHEMA",
        "SEQUENCE",
        "PROCEDURE",
        "FUNCTION",
        "TRIGGER",
        "EVENT",
        "PACKAGE",
        "LIBRARY",
        "USER",
        "ROLE",
        "SERVER",
        "TABLESPACE",
        "LOGFILE",
        "RESOURCE",
        "REFERENCE",
        "INSTANCE",
        "CATALOG",
        "PREPARE",
        "POLICY",
    ]
)
# Words that may stand between the verb and its object.
_BEFORE: Final = frozenset(
    [
        "OR",
        "REPLACE",
        "TEMPORARY",
        "UNIQUE",
        "FULLTEXT",
        "SPATIAL",
        "VECTOR",
        "ONLINE",
        "OFFLINE",
        "IGNORE",
        "AGGREGATE",
        "UNDO",
        "MATERIALIZED",
        "JSON",
        "RELATIONAL",
        "DUALITY",
        "EXTERNAL",
        "SQL",
        "SECURITY",
        "INVOKER",
        "DEFINER",
        "ALGORITHM",
        "=",
        "UNDEFINED",
        "MERGE",
        "TEMPTABLE",
        "NO_WRITE_TO_BINLOG",
        "LOCAL",
        "FORCE",
        "MASKING",
    ]
)
_ROUTINES: Final = frozenset(("PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE", "LIBRARY"))
_ADMIN: Final = frozenset(
    ("SERVER", "TABLESPACE", "LOGFILE", "RESOURCE", "REFERENCE", "INSTANCE", "CATALOG", "POLICY")
)
# Engines whose tables stand for something elsewhere: a file, another table, another server.
_REACHING_ENGINES: Final = frozenset(
    ("CONNECT", "FEDERATED", "FEDERATEDX", "SPIDER", "S3", "MRG_MYISAM", "MERGE", "CSV")
)


def define(scanner: Scanner, i: int, hi: int, verb: str) -> int:
    """CREATE, ALTER or DROP at i - 1. Returns where a stored program's body may begin, or -1."""
    facts = scanner.facts
    words = facts.tokens.words
    facts.verb = verb
    start = i
    while i < hi and words[i] not in _OBJECTS:
        if words[i] == "DEFINER" and i + 1 < hi and words[i + 1] == "=":
            i = _user(facts, i + 2, hi)
        elif words[i] in _BEFORE:
            i += 1
        else:
            facts.fail(f"a {verb} that is not understood")
            return -1
    if i >= hi:
        facts.fail(f"a {verb} that is not understood")
        return -1
    what = words[i]
    if "REPLACE" in words[start:i]:
        facts.operations.add("DROP")
    i = _if_exists(facts, i + 1, hi)
    if what in _ROUTINES:
        return _routine(scanner, i, hi, verb, what, "REPLACE" in words[start:i])
    if what in ("USER", "ROLE"):
        facts.bare("GRANT")
    elif what in _ADMIN:
        facts.bare("ADMIN")
    elif what == "PREPARE":
        facts.verb = "PREPARE"  # with no target: every prepared statement may be gone
        facts.bare("PREPARE")
    elif what in ("DATABASE", "SCHEMA"):
        _schema(facts, i, hi, verb)
    elif what == "INDEX":
        _index(facts, i, hi, verb)
    elif verb == "DROP":
        _list(facts, i, hi, "DROP")
    else:
        replaces = "REPLACE" in words[start:i]
        _table(scanner, i, hi, verb, what, replaces)
    return -1


def _user(facts: Facts, i: int, hi: int) -> int:
    """Behind DEFINER =: a user, CURRENT_USER, or a role; returns the index behind it."""
    tokens = facts.tokens
    if i < hi:
        i += 1
    if i < hi and tokens.kinds[i] == USER_VAR:
        i += 1
        if i < hi and tokens.words[i] == "%":
            i += 1
    elif i + 1 < hi and tokens.words[i] == "(" and tokens.words[i + 1] == ")":
        i += 2
    return i


def _if_exists(facts: Facts, i: int, hi: int) -> int:
    words = facts.tokens.words
    if i + 1 < hi and words[i] == "IF":
        i += 2 if words[i + 1] == "EXISTS" else 3
    return i


def _schema(facts: Facts, i: int, hi: int, verb: str) -> None:
    name = ""
    words = facts.tokens.words
    if i < hi and not (verb == "ALTER" and words[i] in _SCHEMA_OPTIONS):
        _, name, i = facts.dotted(i, hi)
    elif verb != "ALTER":
        facts.fail("a schema was expected")
    facts.whole_schema(verb, name)
    if verb == "DROP":
        facts.rereads = True
        if facts.schema_name(name) == facts.schema:
            facts.new_schema = ""


_SCHEMA_OPTIONS: Final = frozenset(
    ("DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "ENCRYPTION", "COMMENT", "READ")
)


def _index(facts: Facts, i: int, hi: int, verb: str) -> None:
    words = facts.tokens.words
    while i < hi and words[i] != "ON":
        i += 1
    schema, name, _ = facts.dotted(i + 1, hi)
    facts.table(verb, schema, name, True)


def _list(facts: Facts, i: int, hi: int, operation: str) -> None:
    """Names with commas between, and a trailing RESTRICT, CASCADE, WAIT n, NOWAIT."""
    words = facts.tokens.words
    while not facts.error:
        schema, name, i = facts.dotted(i, hi)
        facts.table(operation, schema, name, True)
        while i < hi and words[i] != ",":
            i += 1
        if i >= hi:
            return
        i += 1


def _table(scanner: Scanner, i: int, hi: int, verb: str, what: str, replaces: bool) -> None:
    """CREATE or ALTER of a table, view or sequence."""
    facts = scanner.facts
    words = facts.tokens.words
    schema, name, i = facts.dotted(i, hi)
    if facts.error:
        return
    facts.table(verb, schema, name, True)
    if replaces:
        facts.table("DROP", schema, name, True)
    if what == "TABLE":
        _options(facts, i, hi)
        if verb == "ALTER":
            _alterations(facts, i, hi, schema, name)
        else:
            at = i + 1 if i < hi and words[i] == "(" else i
            if at < hi and words[at] == "LIKE":
                source, table, _ = facts.dotted(at + 1, hi)
                facts.table("SELECT", source, table)
                return
    scanner.run(i, hi, NAMES)
    scanner.finish()


def _options(facts: Facts, i: int, hi: int) -> None:
    """Parts of a table's definition that reach other tables: foreign keys, MERGE unions, remote engines."""
    tokens = facts.tokens
    words = tokens.words
    while i < hi:
        word = words[i]
        after = words[i + 1] if i + 1 < hi else ""
        if word == "REFERENCES":
            schema, name, i = facts.dotted(i + 1, hi)
            facts.any_right(schema, name)
            continue
        if word == "UNION" and (
            after == "="
            or (
                after == "(" and i + 2 < hi and words[i + 2] not in ("SELECT", "(", "WITH", "VALUES", "TABLE")
            )
        ):
            i += 3 if after == "=" else 2
            while i < hi and words[i] != ")" and not facts.error:
                schema, name, i = facts.dotted(i, hi)
                for operation in ("SELECT", "UPDATE", "DELETE"):
                    facts.table(operation, schema, name, operation != "SELECT")
                if i < hi and words[i] == ",":
                    i += 1
        elif word == "ENGINE" and i + 1 < hi:
            at = i + 2 if after == "=" else i + 1
            if at < hi and WORD <= tokens.kinds[at] <= STRING:
                text = tokens.kinds[at] == STRING  # which may hold escapes: '\CSV'
                name = (tokens.string(at).decode("latin-1") if text else tokens.name(at)).strip().upper()
                if name in _REACHING_ENGINES:
                    facts.bare("ADMIN")
        elif word == "DIRECTORY" and i and words[i - 1] in ("DATA", "INDEX"):
            facts.bare("ADMIN")
        i += 1


def _alterations(facts: Facts, i: int, hi: int, schema: str, name: str) -> None:
    """What ALTER TABLE does besides: new names, partitions exchanged or emptied."""
    words = facts.tokens.words
    depth = 0
    while i < hi and not facts.error:
        word = words[i]
        after = words[i + 1] if i + 1 < hi else ""
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif depth:
            pass
        elif word == "RENAME" and after not in ("COLUMN", "INDEX", "KEY", "CONSTRAINT"):
            at = i + 2 if after in ("TO", "AS", "=") else i + 1
            other, table, i = facts.dotted(at, hi)
            facts.table("RENAME", schema, name, True)
            facts.table("RENAME", other, table, True)
            continue
        elif word == "TABLE" and i:
            other, table, i = facts.dotted(i + 1, hi)
            facts.table("ALTER", other, table, True)
            continue
        elif word in ("DROP", "TRUNCATE") and after == "PARTITION":
            facts.table(word, schema, name, True)
        i += 1


def _routine(scanner: Scanner, i: int, hi: int, verb: str, what: str, replaces: bool) -> int:
    facts = scanner.facts
    words = facts.tokens.words
    facts.creates_routine = True
    facts.program = what
    if what == "PACKAGE" and i < hi and words[i] == "BODY":
        i = _if_exists(facts, i + 1, hi)
    schema, name, i = facts.dotted(i, hi)
    if facts.error:
        return -1
    facts.bare(verb)
    if replaces:
        facts.bare("DROP")
    if schema:  # plain names in what follows are in the schema of the program, not in the current one
        facts.schema = facts.schema_name(schema)
    if what == "TRIGGER" and verb == "CREATE":
        while i < hi and words[i] != "ON":
            i += 1
        schema, name, i = facts.dotted(i + 1, hi)
        facts.table("CREATE", schema, name, True)
        return i
    facts.visible(verb, schema)
    if "SONAME" in words[i:hi]:
        facts.bare("ADMIN")
        return -1
    return i if verb != "DROP" else -1


def rename(facts: Facts, i: int, hi: int) -> None:
    """RENAME TABLE a TO b, …; RENAME USER at i - 1."""
    words = facts.tokens.words
    facts.verb = "RENAME"
    if i < hi and words[i] == "USER":
        facts.bare("GRANT")
        return
    if i >= hi or words[i] not in ("TABLE", "TABLES"):
        facts.fail("a RENAME that is not understood")
        return
    i = _if_exists(facts, i + 1, hi)
    while not facts.error:
        schema, name, i = facts.dotted(i, hi)
        facts.table("RENAME", schema, name, True)
        while i < hi and words[i] not in (",", "TO"):
            i += 1
        if i >= hi:
            return
        i += 1


def truncate(facts: Facts, i: int, hi: int) -> None:
    """TRUNCATE [TABLE] t at i - 1."""
    facts.verb = "TRUNCATE"
    if i < hi and facts.tokens.words[i] == "TABLE":
        i += 1
    schema, name, i = facts.dotted(i, hi)
    facts.table("TRUNCATE", schema, name, True)
    if i < hi and facts.tokens.words[i] not in ("WAIT", "NOWAIT"):
        facts.fail("words behind a TRUNCATE")


def grant(facts: Facts, i: int, hi: int, verb: str) -> None:
    """GRANT, REVOKE at i - 1."""
    facts.verb = verb
    facts.bare(verb)


def flush(facts: Facts, i: int, hi: int) -> None:
    """FLUSH at i - 1; the tables it names are opened."""
    words = facts.tokens.words
    kinds = facts.tokens.kinds
    facts.verb = "ADMIN"
    facts.bare("ADMIN")
    while i < hi and words[i] in ("NO_WRITE_TO_BINLOG", "LOCAL"):
        i += 1
    if i + 1 < hi and words[i] in ("TABLE", "TABLES"):
        i += 1
        while i < hi and (words[i] == "." or (WORD <= kinds[i] <= QUOTED and words[i] != "WITH")):
            schema, name, i = facts.dotted(i, hi)
            facts.any_right(schema, name)
            if i < hi and words[i] == ",":
                i += 1
            else:
                return
