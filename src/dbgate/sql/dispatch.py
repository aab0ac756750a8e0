"""One statement's tokens → what it does: its first words choose who reads the rest."""

from __future__ import annotations

from typing import Final

from dbgate.sql import ddl, dml, show
from dbgate.sql.dynamic import fold_text
from dbgate.sql.facts import Facts
from dbgate.sql.hints import judge_hints
from dbgate.sql.modes import EXPR, NAMES
from dbgate.sql.programs import StatementScan, program, routine_body, starts_compound
from dbgate.sql.scan import Scanner
from dbgate.sql.setting import set_statement, setting, transaction
from dbgate.sql.statement import LexContext
from dbgate.sql.tokens import QUOTED, WORD, Tokens

_QUERIES: Final = frozenset(("SELECT", "(", "VALUES", "TABLE", "WITH"))
_EXPLAINED: Final = frozenset(
    ("SELECT", "(", "VALUES", "TABLE", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE")
)
_ADMIN: Final = frozenset(
    [
        "KILL",
        "SHUTDOWN",
        "RESET",
        "CHANGE",
        "PURGE",
        "BINLOG",
        "INSTALL",
        "UNINSTALL",
        "BACKUP",
        "CLONE",
        "RESTART",
        "STOP",
        "IMPORT",
    ]
)
_TRANSACTION: Final = frozenset(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"))
_HELP_TABLES: Final = ("help_topic", "help_category", "help_relation", "help_keyword")


def next_end(tokens: Tokens, i: int) -> int:
    """The index of the next ";" from i on, or of the end."""
    try:
        return tokens.words.index(";", i)
    except ValueError:
        return len(tokens)


def scan_text(tokens: Tokens, ctx: LexContext, schema: str, lo: int) -> tuple[Facts, int]:
    """The statement that begins at lo: its facts, and the index of the ";" (or end) behind it."""
    facts = Facts(tokens, ctx, schema)
    hi = next_end(tokens, lo)
    if tokens.words[lo] not in _QUERIES and starts_compound(tokens, lo, hi):
        hi = len(tokens)
        facts.verb = "BEGIN"
        program(facts, lo, hi, _part)
        return facts, hi
    body = _scan(facts, lo, hi)
    if body >= 0 and not facts.error:
        hi = len(tokens)
        what = facts.program
        routine_body(facts, body, hi, what, _part)
    return facts, hi


def _part(tokens: Tokens, schema: str, lo: int, hi: int, unit: Facts) -> Facts:
    """A statement inside a stored program."""
    facts = Facts(tokens, unit.ctx, schema)
    facts.inner = True
    if _scan(facts, lo, hi) >= 0:
        facts.fail("a routine that is defined inside another statement")
    return facts


def scan_part(tokens: Tokens, schema: str, lo: int, hi: int, unit: Facts) -> Facts:
    """The statement in tokens [lo, hi) of the stored program `unit`, whose text this is."""
    return _part(tokens, schema, lo, hi, unit)


def scan_body(tokens: Tokens, ctx: LexContext, schema: str, scan: StatementScan) -> Facts:
    """What the body of a CREATE PROCEDURE, FUNCTION or TRIGGER does, each of its statements read by `scan`; what its
    creation itself needs is left out."""
    facts = Facts(tokens, ctx, schema)
    body = _scan(facts, 0, next_end(tokens, 0))
    if body < 0:
        facts.fail("a definition that is not understood")
    if not facts.error:
        facts.needs.clear()
        routine_body(facts, body, len(tokens), facts.program, scan)
    return facts


def _scan(facts: Facts, lo: int, hi: int) -> int:
    """Reads the statement in tokens [lo, hi); returns where a stored program's body may begin, or -1."""
    tokens = facts.tokens
    words = tokens.words
    scanner = Scanner(facts)
    i = lo
    prefix = ""
    while i < hi and not facts.error:
        word = words[i]
        after = words[i + 1] if i + 1 < hi else ""
        if word == "SET" and after == "STATEMENT" and i + 2 < hi and words[i + 2] not in ("=", ":="):
            i = set_statement(scanner, i + 2, hi)
        elif word in ("EXPLAIN", "DESCRIBE", "DESC") or (word == "ANALYZE" and after not in _MAINTAINED):
            prefix = "EXPLAIN"
            i = _explain(facts, i + 1, hi)
            if i < 0:
                break
        else:
            break
    body = -1
    if i >= hi:
        facts.fail("a statement without an end")
    elif i >= 0 and not facts.error:
        body = _verb(scanner, i, hi)
    if prefix:
        if facts.verb in ("SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE"):
            facts.operations.add(facts.verb)
            facts.verb = prefix
    if tokens.comments:
        judge_hints(facts, lo, hi)
    return body


_MAINTAINED: Final = ("TABLE", "TABLES", "NO_WRITE_TO_BINLOG", "LOCAL")


def _explain(facts: Facts, i: int, hi: int) -> int:
    """Behind EXPLAIN, DESCRIBE or ANALYZE: the index of the statement inside, or -1 where there is none."""
    tokens = facts.tokens
    words = tokens.words
    start = i
    while i < hi:
        word = words[i]
        after = words[i + 1] if i + 1 < hi else ""
        if word in _EXPLAINED:
            return i
        if word in ("EXTENDED", "PARTITIONS", "ANALYZE") and after:
            i += 1
        elif word == "FORMAT" and after == "=":
            i += 3
        elif word == "INTO":
            i += 2
        elif word == "FOR" and after == "CONNECTION":
            facts.verb = "ADMIN"
            facts.bare("ADMIN")
            return -1
        elif word == "FOR" and after in ("SCHEMA", "DATABASE"):
            _, name, i = facts.dotted(i + 2, hi)
            facts.schema = facts.schema_name(name)
        else:
            break
    show.describe(facts, start, hi)
    return -1


def _verb(scanner: Scanner, i: int, hi: int) -> int:
    facts = scanner.facts
    word = facts.tokens.words[i]
    if word in _QUERIES:
        _query(scanner, i, hi)
        return -1
    i += 1
    if word == "INSERT" or word == "REPLACE":
        dml.insert(scanner, i, hi, word)
    elif word == "UPDATE":
        dml.update(scanner, i, hi)
    elif word == "DELETE":
        dml.delete(scanner, i, hi)
    elif word == "SET":
        setting(scanner, i, hi)
    elif word == "SHOW":
        show.show(scanner, i, hi)
    elif word in _TRANSACTION or word == "START":
        _transaction(facts, i, hi, word)
    elif word == "USE":
        _use(facts, i, hi)
    elif word == "CALL":
        dml.call(scanner, i, hi)
    elif word == "DO":
        dml.do(scanner, i, hi)
    elif word in ("CREATE", "ALTER", "DROP"):
        return ddl.define(scanner, i, hi, word)
    else:
        _other(scanner, i, hi, word)
    return -1


def _query(scanner: Scanner, i: int, hi: int) -> None:
    """SELECT, VALUES, TABLE, a parenthesis, or WITH, which may lead to UPDATE and DELETE."""
    facts = scanner.facts
    stopped = scanner.run(i, hi, EXPR)
    if stopped < hi and not facts.error:
        word = facts.tokens.words[stopped]
        if word == "UPDATE":
            dml.update(scanner, stopped + 1, hi)
        elif word == "DELETE":
            dml.delete(scanner, stopped + 1, hi)
        else:
            facts.fail("WITH out of place")
        return
    scanner.finish()
    facts.verb = "SELECT"
    if not facts.tables or not [ref for ref in facts.tables if ref.operation]:
        if facts.plain and scanner.selects <= 1 and not facts.needs:
            facts.session = True
        else:
            facts.bare("SELECT")


def _transaction(facts: Facts, i: int, hi: int, word: str) -> None:
    words = facts.tokens.words
    if word == "START" and (i >= hi or words[i] != "TRANSACTION"):
        facts.verb = "ADMIN"
        facts.bare("ADMIN")
        return
    transaction(facts, i, hi, word)


def _use(facts: Facts, i: int, hi: int) -> None:
    facts.verb = "USE"
    facts.session = True
    _, name, end = facts.dotted(i, hi)
    if end < hi:
        facts.fail("words behind a USE")
    facts.visible("USE", name)
    facts.new_schema = facts.schema_name(name)


def _other(scanner: Scanner, i: int, hi: int, word: str) -> None:
    facts = scanner.facts
    words = facts.tokens.words
    after = words[i] if i < hi else ""
    if word == "TRUNCATE":
        ddl.truncate(facts, i, hi)
    elif word == "RENAME":
        ddl.rename(facts, i, hi)
    elif word == "LOCK":
        show.lock(facts, i, hi)
    elif word == "UNLOCK":
        facts.verb = "LOCK" if after in ("TABLE", "TABLES") else "ADMIN"
        facts.session = facts.verb == "LOCK"
        if not facts.session:
            facts.bare("ADMIN")
    elif word in ("GRANT", "REVOKE"):
        ddl.grant(facts, i, hi, word)
    elif word == "HANDLER":
        dml.handler(scanner, i, hi)
    elif word == "LOAD":
        dml.load(scanner, i, hi)
    elif word in ("CHECK", "OPTIMIZE", "ANALYZE", "REPAIR"):
        show.maintain(facts, i, hi, "ADMIN")
    elif word == "CHECKSUM":
        show.maintain(facts, i, hi, "SELECT")
    elif word == "FLUSH":
        ddl.flush(facts, i, hi)
    elif word == "XA":
        facts.verb = "TRANSACTION"
        facts.bare("TRANSACTION")
    elif word == "CACHE":
        _cache_index(facts, i, hi)
    elif word in _ADMIN:
        facts.verb = "ADMIN"
        facts.bare("ADMIN")
        if word == "IMPORT":
            facts.bare("LOAD")
        scanner.run(i, hi, NAMES)
        scanner.finish()
    elif word in ("PREPARE", "EXECUTE", "DEALLOCATE"):
        _dynamic(scanner, i, hi, word)
    elif word in ("GET", "SIGNAL", "RESIGNAL"):
        facts.verb = "SET"
        facts.session = True
        scanner.run(i, hi, NAMES)
        scanner.finish()
    elif word == "HELP":
        facts.verb = "SHOW"
        facts.bare("SHOW")
        for table in _HELP_TABLES:
            facts.table("SELECT", "mysql", table)
    else:
        facts.fail("a statement that is not known")


def _cache_index(facts: Facts, i: int, hi: int) -> None:
    words = facts.tokens.words
    facts.verb = "ADMIN"
    facts.bare("ADMIN")
    while i < hi and not facts.error:
        schema, name, i = facts.dotted(i + 1, hi)
        facts.any_right(schema, name, "ADMIN")
        depth = 0
        while i < hi and (depth or words[i] not in (",", "IN")):
            depth += (words[i] == "(") - (words[i] == ")")
            i += 1
        if i < hi and words[i] == "IN":
            return


def _dynamic(scanner: Scanner, i: int, hi: int, word: str) -> None:
    """PREPARE name FROM text, EXECUTE name, EXECUTE IMMEDIATE text, DEALLOCATE PREPARE name."""
    facts = scanner.facts
    tokens = facts.tokens
    words = tokens.words
    facts.verb = "PREPARE" if word == "DEALLOCATE" else word
    facts.bare(facts.verb)
    named = i + 1 if word == "DEALLOCATE" else i
    if named < hi and WORD <= tokens.kinds[named] <= QUOTED:
        facts.target = tokens.name(named)
    if word == "DEALLOCATE":
        return
    facts.dynamic = word
    # What it runs may be a SET or a USE; a policy in monitor mode lets it pass.
    facts.rereads = facts.switches = word == "EXECUTE"
    if word == "PREPARE":
        while i < hi and words[i] != "FROM":
            i += 1
        start = i + 1
    elif i < hi and words[i] == "IMMEDIATE":
        facts.dynamic = "EXECUTE IMMEDIATE"
        start = i + 1
    else:
        scanner.run(i, hi, NAMES)
        scanner.finish()
        return
    end = start
    while end < hi and words[end] != "USING":
        end += 1
    facts.dynamic_text = fold_text(tokens, start, end, facts.ctx.pipes_as_concat)
    facts.dynamic_start = start
    facts.dynamic_end = end
    scanner.run(min(start, hi), hi, EXPR)
    scanner.finish()
