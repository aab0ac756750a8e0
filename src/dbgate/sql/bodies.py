"""Definitions as the server keeps them → what their bodies do, by the same lexer and scanner that judge statements.

The text of a routine or trigger is that of SHOW CREATE: information_schema has it too, but with the escapes inside its
strings undone, so that `'\'\''` and what follows it would be read otherwise than the server does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dbgate.sql.analyze import analyze
from dbgate.sql.catalog import FUNCTION, PROCEDURE, VIEW, Body, Catalog, may_change
from dbgate.sql.columns import TableColumns, fold_column
from dbgate.sql.dispatch import scan_body, scan_part, scan_text
from dbgate.sql.facts import Facts
from dbgate.sql.lexer import lex
from dbgate.sql.outline import outline
from dbgate.sql.sqlmode import parse_sql_mode
from dbgate.sql.statement import NEED_BARE, ColumnUses, LexContext, Need, Statement
from dbgate.sql.tokens import Tokens

# Operations without a table that a body needs no grant for: the right to run the body is what the client was granted,
# and what it calls, or runs as dynamic SQL, is judged by what that does.
_IMPLIED: Final = frozenset(("CALL", "SELECT", "PREPARE", "EXECUTE"))


@dataclass(frozen=True, slots=True)
class Definition:
    """One object as the server describes it. kind: as in catalog; text: a view's query, else the statement
    that makes it, None or "" where the account may not see it; sql_mode: under which the server reads it ("" for views:
    they are kept in a form of their own);
    table, events: of a trigger; problem: "" or why it cannot be followed whatever its text says."""

    kind: int
    schema: str
    name: str
    text: str | None
    sql_mode: str = ""
    definer: str = ""
    invoker: bool = False
    table: str = ""
    events: tuple[str, ...] = ()
    problem: str = ""


def build(
    definitions: list[Definition],
    flavour: int,
    version: int,
    folded: bool,
    loadable: frozenset[str] = frozenset(),
    packages: frozenset[str] = frozenset(),
    columns: list[tuple[str, str, str]] | None = None,
) -> Catalog:
    """The catalog of a server. flavour, version, folded: as in LexContext; loadable, packages: as in Catalog; columns:
    (schema, table, column) of every table and view, in the order that the columns have there; None = they were not read."""
    bodies = [_body(definition, flavour, version, folded) for definition in definitions]
    bodies.sort(key=lambda body: (body.kind, body.schema, body.table, body.name))
    known = _columns(columns, folded) if columns is not None else None
    return Catalog(tuple(bodies), loadable, packages, folded, columns=known)


def _columns(rows: list[tuple[str, str, str]], folded: bool) -> TableColumns:
    tables: dict[str, list[str]] = {}
    for schema, table, column in rows:
        key = f"{schema}\0{table}"
        tables.setdefault(key.lower() if folded else key, []).append(fold_column(column))
    return TableColumns({key: tuple(names) for key, names in tables.items()})


def _body(definition: Definition, flavour: int, version: int, folded: bool) -> Body:
    schema = definition.schema.lower() if folded else definition.schema
    name = definition.name
    if definition.kind in (PROCEDURE, FUNCTION) or (definition.kind == VIEW and folded):
        name = name.lower()
    table = definition.table.lower() if folded else definition.table
    found = _Reading(definition, flavour, version, folded, schema)
    return Body(
        definition.kind,
        schema,
        name,
        definition.definer,
        definition.invoker,
        found.needs,
        found.statement.functions,
        found.statement.calls,
        found.problem,
        found.dynamic,
        table,
        definition.events,
        found.defines,
        found.statement.stand_ins,
        found.columns,
        found.alters,
    )


class _Reading:
    """One body, read. statement: what it does; problem, dynamic, defines, columns, alters: as in Body."""

    def __init__(self, definition: Definition, flavour: int, version: int, folded: bool, schema: str) -> None:
        self.statement = Statement("", (), ())
        self.needs: tuple[Need, ...] = ()
        self.problem = definition.problem
        self.dynamic = False
        self.defines = False
        self.alters = False
        self.columns: ColumnUses | None = None
        self._prepared: set[str] = set()
        self._executed: set[str] = set()
        modes = parse_sql_mode(definition.sql_mode)
        if not definition.text:
            self.problem = self.problem or "its definition is hidden from the catalog's account"
        elif modes.refused:
            self.problem = self.problem or modes.refused
        if self.problem:
            return
        ctx = LexContext(
            flavour,
            version,
            "utf8mb4",
            modes.ansi_quotes,
            modes.no_backslash_escapes,
            modes.ignore_space,
            modes.pipes_as_concat,
            modes.high_not_precedence,
            folded,
        )
        try:
            self._read(definition, ctx, schema)
        except Exception as error:  # as analyze: what cannot be read is blocked
            self.problem = f"reading it failed: {type(error).__name__}"

    def _read(self, definition: Definition, ctx: LexContext, schema: str) -> None:
        tokens = lex((definition.text or "").encode("utf-8", "surrogatepass"), ctx)
        if tokens.error or not len(tokens):
            self.problem = tokens.error or "its definition says nothing"
            return
        if definition.kind == VIEW:
            unit, end = scan_text(tokens, ctx, schema, 0)
            if end < len(tokens):
                unit.fail("more than one statement")
        else:
            unit = scan_body(tokens, ctx, schema, self._part)
        statement = unit.statement()
        self.statement = statement
        self.columns = statement.columns
        self.needs = tuple(
            need for need in statement.needs if need.kind != NEED_BARE or need.operation not in _IMPLIED
        )
        if unit.error:
            self.problem = unit.error
        elif statement.session_state:
            self.problem = statement.session_state
        elif self.dynamic or not self._executed <= self._prepared:
            self.dynamic = True
            self.problem = "it runs dynamic SQL whose text is not known beforehand"

    def _part(self, tokens: Tokens, schema: str, lo: int, hi: int, unit: Facts) -> Facts:
        """A statement of the body. Dynamic SQL with constant text is followed as that text."""
        part = scan_part(tokens, schema, lo, hi, unit)
        if part.creates_routine:
            part.fail("it makes or drops a routine, trigger or event")
        if not part.dynamic or part.error:
            whole = part.statement()
            whole.outline = outline(tokens, lo, hi, unit.ctx)
            self._may_change(whole)
            return part
        named = tokens.name(lo + 1).lower() if lo + 1 < hi else ""
        if part.dynamic == "EXECUTE":
            self._executed.add(named)
        elif not self._fold(part, unit, schema):
            self.dynamic = True
        elif part.dynamic == "PREPARE":
            self._prepared.add(named)
        # what the dynamic text needs was added; that it is dynamic needs nothing more
        part.needs = {need: True for need in part.needs if need.kind != NEED_BARE}
        part.switches = part.rereads = False
        return part

    def _fold(self, part: Facts, unit: Facts, schema: str) -> bool:
        if part.dynamic_text is None:
            return False
        inner = analyze(part.dynamic_text, unit.ctx, schema)
        if inner.error or inner.session_state or len(inner.statements) != 1:
            return False
        statement = inner.statements[0]
        if statement.dynamic or statement.creates_routine or statement.session_state:
            return False
        self._may_change(statement)
        for need in statement.needs:
            part.needs[need] = True
        if statement.columns is not None:
            part.uses.parts.append(statement.columns)
        for ref in statement.functions:
            part.functions[ref] = True
        for ref in statement.calls:
            part.calls[ref] = True
        for ref in statement.stand_ins:
            part.stand_ins[ref] = True
        return True

    def _may_change(self, statement: Statement) -> None:
        self.defines = self.defines or may_change(statement)
        self.alters = self.alters or may_change(statement, True)
