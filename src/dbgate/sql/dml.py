"""INSERT, REPLACE, UPDATE, DELETE, LOAD, CALL, DO, HANDLER: statements that read and write rows."""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.columnlists import assigned, behind_list, inserted, last_part, row_names
from dbgate.sql.facts import Facts, TableRef
from dbgate.sql.modes import AFTER, EXPR, TABLES
from dbgate.sql.scan import Scanner
from dbgate.sql.statement import RoutineRef
from dbgate.sql.tokens import QUOTED, STRING, WORD
from dbgate.sql.where import filters

_INSERT_OPTIONS: Final = ("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO")
_UPDATE_OPTIONS: Final = ("LOW_PRIORITY", "IGNORE")
_DELETE_OPTIONS: Final = ("LOW_PRIORITY", "QUICK", "IGNORE")


def insert(scanner: Scanner, i: int, hi: int, verb: str) -> None:
    """INSERT or REPLACE at i - 1."""
    facts = scanner.facts
    words = facts.tokens.words
    facts.verb = verb
    while i < hi and words[i] in _INSERT_OPTIONS:
        i += 1
    schema, name, i = facts.dotted(i, hi)
    scanner.slot = False
    if i < hi and words[i] == "PARTITION":
        i += 1
        scanner.run(i, i, AFTER)
        listed = inserted(facts.tokens, behind_list(facts.tokens, i, hi), hi)
    else:
        listed = inserted(facts.tokens, i, hi)
    uses = facts.uses
    uses.target = scanner.scope
    facts.place(verb, schema, name, scanner.scope, not listed.known or verb == "REPLACE", True)
    uses.write(listed.columns, scanner.scope, False)
    # Column lists look like calls only behind a name, and the name is behind us.
    scanner.run(i, hi, EXPR)
    scanner.finish()
    if scanner.on_duplicate:
        listed = assigned(facts.tokens, scanner.duplicate_at, hi)
        facts.place("UPDATE", schema, name, uses.duplicate, not listed.known, True)
        uses.write(listed.columns, uses.duplicate, False)
        if not scanner.maria:
            uses.others += row_names(facts.tokens, i, hi)
    _returning(scanner, schema, name, i, hi)
    if scanner.selects:
        facts.operations.add("SELECT")


def _returning(scanner: Scanner, schema: str, name: str, i: int, hi: int) -> None:
    """RETURNING reads the rows that were written (MariaDB)."""
    if scanner.maria and "RETURNING" in scanner.facts.tokens.words[i:hi]:
        query = scanner.returning
        scanner.facts.place("SELECT", schema, name, query, query < 0, False)


def update(scanner: Scanner, i: int, hi: int) -> None:
    """UPDATE at i - 1."""
    facts = scanner.facts
    words = facts.tokens.words
    facts.verb = "UPDATE"
    while i < hi and words[i] in _UPDATE_OPTIONS:
        i += 1
    first = len(facts.tables)
    scanner.run(i, hi, TABLES)
    scanner.finish()
    if not scanner.targets:
        facts.fail("an UPDATE without SET")
    if facts.error:
        return
    outer = [ref for ref in facts.tables[first:] if ref.outer]
    single = len(outer) == 1 and words[i] != "("
    if single:
        outer[0].operation = "UPDATE"
    else:
        _assign(scanner, outer)
    facts.uses.write([last_part(facts.tokens, at) for at in scanner.targets], scanner.scope, not single)
    if not outer:
        facts.fail("an UPDATE without a table")
    _unfiltered(scanner, hi, "UPDATE")


def _assign(scanner: Scanner, outer: list[TableRef]) -> None:
    """A multi-table UPDATE writes the tables whose columns it assigns, by alias; all of them where that is not plain."""
    facts = scanner.facts
    tokens = facts.tokens
    named = _Named(facts, outer)
    plain = True
    for at in scanner.targets:
        start = at + 1 if tokens.words[at] == "." else at
        parts: list[str] = [tokens.name(start)]
        i = start + 1
        while i + 1 < len(tokens) and tokens.words[i] == ".":
            parts.append(tokens.name(i + 1))
            i += 2
        schema = parts[-3] if len(parts) > 2 else ""
        if len(parts) < 2 or not named.mark(schema, parts[-2], "UPDATE"):
            plain = False
    if not plain:
        for ref in outer:
            if ref.operation:
                ref.operation = "UPDATE"


@final
class _Named:
    """The tables of a statement by what they are called there: the alias, or else the name, with a schema or not. Each
    list is gone through once, however many names stand for it."""

    def __init__(self, facts: Facts, outer: list[TableRef]) -> None:
        self.facts = facts
        self.called: dict[str, list[TableRef]] = {}
        self.placed: dict[str, list[TableRef]] = {}
        for ref in outer:
            if ref.alias:
                key = facts.fold(ref.alias)
                self.placed.setdefault(key, []).append(ref)  # a schema before an alias is looked past
            else:
                key = facts.fold(ref.name)
                schema = facts.schema_name(ref.schema) if ref.schema else facts.schema
                self.placed.setdefault(f"{schema}\0{key}", []).append(ref)
            self.called.setdefault(key, []).append(ref)

    def mark(self, schema: str, name: str, operation: str) -> bool:
        """Gives the tables called `name` (of `schema`, where it is not "") this operation; whether there is one."""
        name = self.facts.fold(name)
        if not schema:
            return self._mark(self.called, name, operation)
        here = self._mark(self.placed, f"{self.facts.schema_name(schema)}\0{name}", operation)
        return self._mark(self.placed, name, operation) or here

    def _mark(self, tables: dict[str, list[TableRef]], key: str, operation: str) -> bool:
        found = tables.get(key)
        if found is None:
            return False
        for ref in found:
            if ref.operation:
                ref.operation = operation
        tables[key] = []
        return True


def _unfiltered(scanner: Scanner, hi: int, verb: str) -> None:
    facts = scanner.facts
    if scanner.where < 0:
        facts.unfiltered.add(verb)
        return
    end = scanner.where_end if scanner.where_end >= 0 else hi
    ctx = facts.ctx
    if not filters(facts.tokens, scanner.where, min(end, hi), ctx.flavour, ctx.pipes_as_concat):
        facts.unfiltered.add(verb)


def delete(scanner: Scanner, i: int, hi: int) -> None:
    """DELETE at i - 1: one table; a list FROM tables; FROM a list USING tables."""
    facts = scanner.facts
    tokens = facts.tokens
    words = tokens.words
    facts.verb = "DELETE"
    after = words[i + 1] if i + 1 < hi else ""
    if scanner.maria and i < hi and words[i] == "HISTORY" and after == "FROM":  # an option only at this place
        i += 1
    else:
        while i < hi and words[i] in _DELETE_OPTIONS:
            after = words[i + 1] if i + 1 < hi else ""
            if words[i] == "QUICK" and after in (",", "."):  # a table
                break
            i += 1
    behind = i < hi and words[i] == "FROM"
    if behind:
        i += 1
    targets: list[tuple[str, str]] = []
    while True:
        schema, name, i = facts.dotted(i, hi)
        if facts.error:
            return
        targets.append((schema, name))
        if i + 1 < hi and words[i] == "." and words[i + 1] == "*":
            i += 2
        if i < hi and words[i] == ",":
            i += 1
            continue
        break
    word = words[i] if i < hi else ""
    if behind and word != "USING":
        if len(targets) > 1:
            facts.fail("a DELETE from several tables without USING")
            return
        schema, name = targets[0]
        ref = facts.read(schema, name, True)
        ref.query = scanner.scope
        ref.operation = "DELETE"
        scanner.slot = True
        scanner.run(i, hi, AFTER)
        scanner.finish()
        _returning(scanner, schema, name, i, hi)
    elif word == ("USING" if behind else "FROM"):
        first = len(facts.tables)
        scanner.run(i + 1, hi, TABLES)
        scanner.finish()
        _delete_targets(facts, targets, [ref for ref in facts.tables[first:] if ref.outer])
    else:
        facts.fail("a DELETE without FROM")
        return
    _unfiltered(scanner, hi, "DELETE")


def _delete_targets(facts: Facts, targets: list[tuple[str, str]], outer: list[TableRef]) -> None:
    named = _Named(facts, outer)
    plain = True
    for schema, name in targets:
        if not named.mark(schema, name, "DELETE"):
            facts.table("DELETE", schema, name, True)
            plain = False
    if not plain:
        for ref in outer:
            if ref.operation:
                ref.operation = "DELETE"


def call(scanner: Scanner, i: int, hi: int) -> None:
    """CALL at i - 1: the procedure's name, then arguments that are judged as expressions."""
    facts = scanner.facts
    facts.verb = "CALL"
    schema, name, i = facts.dotted(i, hi)
    if facts.error:
        return
    facts.bare("CALL")
    facts.calls[RoutineRef(facts.schema_name(schema) if schema else facts.schema, name)] = True
    if i < hi and facts.tokens.words[i] != "(":
        facts.fail("words behind a CALL")
    scanner.run(i, hi, EXPR)
    scanner.finish()


def do(scanner: Scanner, i: int, hi: int) -> None:
    """DO at i - 1."""
    facts = scanner.facts
    facts.verb = "SELECT"
    scanner.run(i, hi, EXPR)
    scanner.finish()
    if facts.plain and not scanner.selects:
        facts.session = True
    elif not facts.tables:
        facts.bare("SELECT")


def handler(scanner: Scanner, i: int, hi: int) -> None:
    """HANDLER at i - 1. An alias given at OPEN is judged like a table's name at READ: it never widens a right."""
    facts = scanner.facts
    tokens = facts.tokens
    facts.verb = "HANDLER"
    schema, name, i = facts.dotted(i, hi)
    if facts.error:
        return
    facts.table("HANDLER", schema, name)
    facts.table("SELECT", schema, name)
    if i < hi and tokens.words[i] in ("OPEN", "CLOSE"):
        return
    if i >= hi or tokens.words[i] != "READ":
        facts.fail("a HANDLER that is not understood")
        return
    # HANDLER t READ index = (1, 2) WHERE …
    i += 1
    if i < hi and WORD <= tokens.kinds[i] <= QUOTED:
        i += 1
    scanner.run(i, hi, EXPR)
    scanner.finish()


def load(scanner: Scanner, i: int, hi: int) -> None:
    """LOAD DATA | XML … INTO TABLE t, LOAD INDEX INTO CACHE at i - 1."""
    facts = scanner.facts
    tokens = facts.tokens
    words = tokens.words
    facts.verb = "LOAD"
    if i < hi and words[i] == "INDEX":
        facts.verb = "ADMIN"
        facts.bare("ADMIN")
        while i < hi and words[i] != "CACHE":
            i += 1
        schema, name, i = facts.dotted(i + 1, hi)
        while not facts.error:
            facts.any_right(schema, name)
            while i < hi and words[i] != ",":
                i += 1
            if i >= hi:
                return
            schema, name, i = facts.dotted(i + 1, hi)
        return
    if i >= hi or words[i] not in ("DATA", "XML"):
        facts.fail("a LOAD that is not understood")
        return
    facts.bare("LOAD")
    replaces = False
    while i < hi and words[i] != "TABLE":
        if words[i] == "LOCAL":
            facts.local_infile = True
        elif words[i] == "REPLACE":
            replaces = True
        i += 1
    schema, name, i = facts.dotted(i + 1, hi)
    if facts.error:
        return
    facts.table("REPLACE" if replaces else "INSERT", schema, name, True)
    while i < hi and words[i] != "SET":
        if tokens.kinds[i] == STRING or words[i] != "SELECT":
            i += 1
        else:
            facts.fail("a LOAD that is not understood")
            return
    scanner.run(min(i + 1, hi), hi, EXPR)
    scanner.finish()
