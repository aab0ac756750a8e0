"""The judge of the judge: what the server opened, against what our analysis said."""

from __future__ import annotations

from dbgate.sql.lexer import lex
from dbgate.sql.statement import (
    NEED_ANY_RIGHT,
    NEED_SCHEMA,
    NEED_TABLE,
    Analysis,
    LexContext,
    Need,
    Statement,
)
from dbgate.sql.tokens import HEX, STRING
from tests.differential.truth import READ, Opened

# Statistics of the optimizer: MariaDB reads and writes them on its own behalf.
STATISTICS = frozenset(
    [
        ("mysql", "table_stats"),
        ("mysql", "column_stats"),
        ("mysql", "index_stats"),
        ("mysql", "innodb_table_stats"),
        ("mysql", "innodb_index_stats"),
    ]
)
# Where MariaDB keeps routines, events and the rest: opened for statements that call or define them.
ROUTINE_TABLES = frozenset(("proc", "event", "func"))
_WRITERS = frozenset(
    ("INSERT", "REPLACE", "UPDATE", "DELETE", "TRUNCATE", "CREATE", "ALTER", "DROP", "RENAME")
)
_BY_EVENT = {
    "READ": frozenset(("SELECT", "SHOW", "UPDATE", "DELETE", "ALTER", "LOCK", "HANDLER", "CREATE", "DROP", "ADMIN", "RENAME")),
    "WRITE": _WRITERS | {"LOCK", "ADMIN"},
    "CREATE": frozenset(("CREATE", "RENAME", "TRUNCATE")),
    "ALTER": frozenset(("ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", "ADMIN")),
    "RENAME": frozenset(("RENAME", "ALTER")),
    "DROP": frozenset(("DROP", "RENAME", "ALTER")),
}  # fmt: skip

# With these rights the server's own tables about accounts and routines are read and written.
_OVER_ACCOUNTS = frozenset(("GRANT", "REVOKE", "ADMIN"))

Name = tuple[str, str]


class Behind:
    """What stands behind a name: the tables of views, routines and triggers, to any depth. Built by the test from the
    definitions it made (`define`) and followed from the names that the analysis gave."""

    def __init__(self) -> None:
        self.tables: dict[Name, set[Name]] = {}

    def define(self, schema: str, name: str, *inner: Name) -> None:
        self.tables.setdefault((schema, name), set()).update(inner)

    def reached(self, start: list[Name]) -> set[Name]:
        """The names that lie behind `start`, which are not themselves counted."""
        seen: set[Name] = set()
        waiting = list(start)
        while waiting:
            for name in self.tables.get(waiting.pop(), ()):
                if name not in seen:
                    seen.add(name)
                    waiting.append(name)
        return seen


def statements(analysis: Analysis) -> list[Statement]:
    """All statements, those inside dynamic SQL included."""
    found = []
    for statement in analysis.statements:
        found.append(statement)
        if statement.folded is not None:
            found.append(statement.folded)
    return found


def refused(analysis: Analysis) -> str:
    """Why the text never reaches the server, whatever the policy says; "" where a policy may let it pass."""
    if analysis.error:
        return f"parse-error: {analysis.error}"
    if analysis.session_state:
        return f"session-state: {analysis.session_state}"
    for statement in analysis.statements:
        if statement.session_state:
            return f"session-state: {statement.session_state}"
        if statement.dynamic and statement.folded is None:
            return f"dynamic-sql: {statement.dynamic}"
    return ""


def misses(
    analysis: Analysis, opened: list[Opened], behind: Behind, locking: bool = False, fold: bool = False
) -> list[str]:
    """The tables that were opened and not named, or named in a role that does not cover what was done with them.
    locking: the text says FOR UPDATE, for which tables are opened as if to write, and not written."""
    needs: list[Need] = []
    routines: list[Name] = []
    program = False
    accounts = False
    for statement in statements(analysis):
        needs += statement.needs
        routines += [(ref.schema, ref.name.lower()) for ref in statement.functions + statement.calls]
        accounts = (
            accounts or statement.creates_routine or not _OVER_ACCOUNTS.isdisjoint(statement.operations)
        )
        program = program or statement.creates_routine or statement.verb in ("SHOW", "DROP", "ALTER", "ADMIN")
    named: dict[Name, set[str]] = {}
    schemas = set()
    for need in needs:
        if need.kind == NEED_TABLE:
            named.setdefault((need.schema, need.table), set()).add(need.operation)
        elif need.kind == NEED_ANY_RIGHT:
            named.setdefault((need.schema, need.table), set()).add(need.operation or "SHOW")
        elif need.kind == NEED_SCHEMA:
            schemas.add(need.schema)
    hidden = behind.reached(list(named) + routines)
    found = []
    for table in opened:
        name = (table.schema.lower(), table.table.lower()) if fold else (table.schema, table.table)
        if name in STATISTICS or name in hidden or name[0] in schemas:
            continue
        if name[0] == "mysql" and name[1] in ROUTINE_TABLES and (routines or program or schemas):
            continue
        if name[0] == "mysql" and name[1].startswith("time_zone") and table.event == READ:
            continue  # the server looks up the name of a time zone
        if name[0] == "mysql" and accounts:
            continue  # the right to change accounts, or ADMIN, is the right to what the server keeps about them
        if name not in named:
            found.append(f"not named: {table!r}")
        elif locking and table.event == "WRITE" and "SELECT" in named[name]:
            continue
        elif not named[name] & _BY_EVENT[table.event]:
            found.append(f"only {'/'.join(sorted(named[name]))} was named: {table!r}")
    return found


def locks_rows(text: bytes, ctx: LexContext) -> bool:
    """Whether the text says FOR UPDATE, itself or in a literal that it runs."""
    tokens = lex(text, ctx)
    words = tokens.words
    if any(words[i : i + 2] == ["FOR", "UPDATE"] for i in range(len(words))):
        return True
    return any(
        b"FOR UPDATE" in tokens.string(i) for i in range(len(tokens)) if tokens.kinds[i] in (STRING, HEX)
    )


def unopened(analysis: Analysis, opened: list[Opened]) -> list[Name]:
    """Tables that a right is needed for and that were not opened: over-reporting, which blocks but never misses."""
    names = {(table.schema, table.table) for table in opened}
    return [
        (need.schema, need.table)
        for statement in statements(analysis)
        for need in statement.needs
        if need.kind == NEED_TABLE and (need.schema, need.table) not in names
    ]


__all__ = ["READ", "Behind", "misses", "refused", "statements", "unopened"]
