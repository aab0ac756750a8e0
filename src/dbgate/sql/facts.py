"""What a statement's scan has found so far; becomes a Statement."""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.statement import (
    MARIADB,
    NEED_ANY_RIGHT,
    NEED_BARE,
    NEED_SCHEMA,
    NEED_SCHEMA_VISIBLE,
    NEED_TABLE,
    Detection,
    LexContext,
    Need,
    RoutineRef,
    Statement,
)
from dbgate.sql.tokens import QUOTED, WORD, Tokens
from dbgate.sql.uses import Source, Uses

_SYSTEM_SCHEMAS: Final = frozenset(("information_schema", "performance_schema", "mysql", "sys"))

# What a policy grants or blocks: verbs that are themselves operations, whatever rights they need besides.
OPERATIONS: Final[tuple[str, ...]] = (
    "SELECT",
    "INSERT",
    "REPLACE",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "CREATE",
    "ALTER",
    "DROP",
    "RENAME",
    "CALL",
    "LOAD",
    "HANDLER",
    "LOCK",
    "SHOW",
    "USE",
    "SET",
    "TRANSACTION",
    "PREPARE",
    "EXECUTE",
    "GRANT",
    "REVOKE",
    "ADMIN",
)
_OPERATIONS: Final = frozenset(OPERATIONS)
_ROWS: Final = ("NEW", "OLD")  # what a trigger calls the rows of its table


@final
class TableRef:
    """A table named where rows are read or written. outer: in the statement's own list of tables (those that a
    multi-table UPDATE or DELETE may write), not in a subquery. operation: what it needs; "" hides it (a CTE). query: the
    number of the query that it stands in (uses.py), -1 where that is not known."""

    def __init__(self, schema: str, name: str, outer: bool, operation: str, qualified: bool) -> None:
        self.schema = schema
        self.name = name
        self.outer = outer
        self.operation = operation
        self.qualified = qualified
        self.alias = ""
        self.query = -1


@final
class Facts:
    """Collects what one statement does. `schema` is the current schema while it is judged."""

    def __init__(self, tokens: Tokens, ctx: LexContext, schema: str) -> None:
        self.tokens = tokens
        self.ctx = ctx
        self.schema = schema
        self.verb = ""
        self.error = ""
        self.session = False
        self.tables: list[TableRef] = []
        self.needs: dict[Need, bool] = {}
        self.operations: set[str] = set()
        self.functions: dict[RoutineRef, bool] = {}
        self.calls: dict[RoutineRef, bool] = {}
        self.stand_ins: dict[RoutineRef, bool] = {}
        self.creates_routine = False
        self.dynamic = ""
        self.dynamic_text: bytes | None = None
        self.dynamic_start = 0  # the tokens of the expression that the text comes from
        self.dynamic_end = 0
        self.target = ""
        self.assigned: list[tuple[str, bytes | None]] = []
        self.assigns = 0  # how many `:=` are those of a SET
        self.folded: Statement | None = None
        self.unfiltered: set[str] = set()
        self.detections: tuple[Detection, ...] = ()
        self.session_state = ""
        self.new_schema: str | None = None
        self.rereads = False
        self.new_charset = ""
        self.switches = False  # sql_mode or character set may differ after it
        self.local_infile = False
        self.plain = True  # no function that reaches out, no subquery, no routine
        self.names: set[str] = set()
        self.program = ""  # the kind of stored program that it defines
        self.uses = Uses()
        self.placed: list[Source] = []
        self.inner = False  # it stands inside a stored program, where plain names may be local variables

    def fail(self, why: str) -> None:
        """The statement cannot be placed: it is blocked. The first reason is kept."""
        if not self.error:
            self.error = why

    def fold(self, name: str) -> str:
        """A schema or table name as it is compared."""
        return name.lower() if self.ctx.fold_names else name

    def schema_name(self, name: str) -> str:
        """A schema's name as it is compared; the server's own schemas in lower case however they are written."""
        low = name.lower()
        return low if low in _SYSTEM_SCHEMAS else self.fold(name)

    def cte_key(self, name: str) -> str:
        """How the server compares the names of common table expressions."""
        return name.lower() if self.ctx.flavour == MARIADB or self.ctx.fold_names else name

    def table(self, operation: str, schema: str, name: str, written: bool = False) -> None:
        """Needs `operation` on a table, on all its columns; schema "" means the current one."""
        self.place(operation, schema, name, -1, True, written)

    def place(self, operation: str, schema: str, name: str, query: int, whole: bool, written: bool) -> None:
        """Needs `operation` on a table that stands in `query`, as in Source."""
        need = Need(NEED_TABLE, operation, self._in(schema), self.fold(name), written)
        self.needs[need] = True
        self.placed.append(Source(need, name, query, whole))

    def any_right(self, schema: str, name: str, operation: str = "") -> None:
        """Needs any right at all on a table."""
        self.needs[Need(NEED_ANY_RIGHT, operation, self._in(schema), self.fold(name))] = True

    def whole_schema(self, operation: str, schema: str) -> None:
        """Needs `operation` on a whole schema ("" = the current one)."""
        self.needs[Need(NEED_SCHEMA, operation, self._in(schema), "", True)] = True

    def visible(self, operation: str, schema: str) -> None:
        """Needs to see the schema ("" = the current one): a right on one table in it."""
        self.needs[Need(NEED_SCHEMA_VISIBLE, operation, self._in(schema))] = True

    def bare(self, operation: str) -> None:
        """Needs an operation that has no table."""
        self.needs[Need(NEED_BARE, operation)] = True

    def _in(self, schema: str) -> str:
        return self.schema_name(schema) if schema else self.schema

    def routine(self, schema: str, name: str) -> None:
        """A stored or loadable function is called; schema "" means the current one."""
        self.functions[RoutineRef(self._in(schema), name)] = True
        self.plain = False

    def stand_in(self, name: str) -> None:
        """A built-in is called for which the server takes a stored function of that name, where there is one."""
        self.stand_ins[RoutineRef(self.schema, name)] = True

    def read(self, schema: str, name: str, outer: bool) -> TableRef:
        """A table in a FROM clause; the caller may change its operation later."""
        ref = TableRef(schema, name, outer, "SELECT", bool(schema))
        self.tables.append(ref)
        return ref

    def dotted(self, i: int, end: int) -> tuple[str, str, int]:
        """The name at token i: (schema or "", name, index behind it). Fails where there is no name."""
        tokens = self.tokens
        if i < end and tokens.words[i] == ".":
            i += 1
        if i >= end or not WORD <= tokens.kinds[i] <= QUOTED:
            self.fail("a name was expected")
            return "", "", i
        name = tokens.name(i)
        i += 1
        if i + 1 < end and tokens.words[i] == "." and WORD <= tokens.kinds[i + 1] <= QUOTED:
            schema = name
            name = tokens.name(i + 1)
            i += 2
            if i < end and tokens.words[i] == "." and tokens.words[i + 1 : i + 2] != ["*"]:
                self.fail("a name of three parts")
            return schema, name, i
        return "", name, i

    def absorb(self, part: Facts) -> None:
        """Adds what a statement inside this one does."""
        if part.error:
            self.fail(part.error)
        whole = part.statement()
        for need in whole.needs:
            self.needs[need] = True
            if need.kind == NEED_TABLE and whole.columns is None:
                self.placed.append(Source(need, need.table, -1, True))
        if whole.columns is not None:
            self.uses.parts.append(whole.columns)
        self.operations.update(whole.operations)
        for routine in whole.functions:
            self.functions[routine] = True
        for routine in whole.calls:
            self.calls[routine] = True
        for routine in whole.stand_ins:
            self.stand_ins[routine] = True
        self.unfiltered.update(whole.unfiltered)
        self.names.update(part.names)
        self.dynamic = self.dynamic or whole.dynamic
        self.session_state = self.session_state or whole.session_state
        self.creates_routine = self.creates_routine or whole.creates_routine
        self.local_infile = self.local_infile or whole.local_infile
        self.rereads = self.rereads or whole.rereads or whole.new_schema is not None
        self.switches = self.switches or part.switches or whole.new_schema is not None

    def statement(self) -> Statement:
        """The finished value."""
        sources = list(self.placed)
        for ref in self.tables:
            called = ref.alias or ref.name
            operation = ref.operation
            if operation:
                need = Need(
                    NEED_TABLE, operation, self._in(ref.schema), self.fold(ref.name), operation != "SELECT"
                )
                self.needs[need] = True
                sources.append(Source(need, called, ref.query, False))
            else:
                self.uses.others.append(called)
        operations = self.operations
        for need in self.needs:
            if need.operation in _OPERATIONS:
                operations.add(need.operation)
        if self.verb in _OPERATIONS:
            operations.add(self.verb)
        if self.inner:
            self.uses.others += _ROWS
        lowered: dict[str, str] = {}
        for name in self.names:
            lowered[name] = name.lower()
        return Statement(
            self.verb,
            tuple(sorted(operations)),
            tuple(self.needs),
            self.session,
            tuple(self.functions),
            tuple(self.calls),
            self.creates_routine,
            self.dynamic,
            self.folded,
            tuple(sorted(self.unfiltered)),
            self.detections,
            self.session_state,
            self.new_schema,
            self.rereads,
            self.local_infile,
            tuple(sorted(set(lowered.values()))),
            stand_ins=tuple(self.stand_ins),
            assigned=tuple(self.assigned),
            target=self.target,
            new_charset=self.new_charset,
            columns=self.uses.finish(self.tokens, sources, lowered, self.ctx.flavour),
        )
