"""What stands behind names: views, stored routines and triggers, each with what its body does, and their closure.

A `Catalog` is made in the supervisor (sql/bodies.py) and handed to the workers, which ask it on a cache miss only.
It is never changed. The server's own schemas are not in it: their views and routines are judged by name.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import NEED_TABLE, Analysis, ColumnUses, Need, RoutineRef, Statement

VIEW: Final = 1
PROCEDURE: Final = 2
FUNCTION: Final = 3
TRIGGER: Final = 4
KIND_NAMES: Final = ("", "view", "procedure", "function", "trigger")

NO_CATALOG: Final = "there is no catalog"

SYSTEM_SCHEMAS: Final = frozenset(("information_schema", "performance_schema", "mysql", "sys"))

# Which triggers an operation on a table fires; of a view, all of these write through it. REPLACE deletes and inserts.
_EVENTS: Final[dict[str, tuple[str, ...]]] = {
    "INSERT": ("INSERT",),
    "UPDATE": ("UPDATE",),
    "DELETE": ("DELETE",),
    "REPLACE": ("INSERT", "DELETE"),
}
_READS: Final = frozenset(("SELECT", "HANDLER"))
_CHANGING: Final = frozenset(("ALTER", "CREATE", "DROP", "RENAME"))
# What CREATE (without OR REPLACE) and DROP of these changes no view, routine or trigger.
_NEW: Final = frozenset(("TEMPORARY", "TABLE", "INDEX", "UNIQUE", "FULLTEXT", "SPATIAL"))
_GONE: Final = frozenset(("TEMPORARY", "INDEX"))


@final
class Body:
    """What the body of one object does by itself, without what stands behind the names in it.

    kind: VIEW …; schema, name: as they are compared (routines' names in lower case); definer: `user@host`;
    invoker: SQL SECURITY INVOKER; needs, functions, calls, stand_ins, columns: as in Statement; table, events: of a trigger.
    problem: "" or why it cannot be followed; dynamic: because of dynamic SQL; defines: it may change what a catalog says;
    alters: it may change what columns tables have.
    """

    def __init__(
        self,
        kind: int,
        schema: str,
        name: str,
        definer: str = "",
        invoker: bool = False,
        needs: tuple[Need, ...] = (),
        functions: tuple[RoutineRef, ...] = (),
        calls: tuple[RoutineRef, ...] = (),
        problem: str = "",
        dynamic: bool = False,
        table: str = "",
        events: tuple[str, ...] = (),
        defines: bool = False,
        stand_ins: tuple[RoutineRef, ...] = (),
        columns: ColumnUses | None = None,
        alters: bool = False,
    ) -> None:
        self.kind = kind
        self.defines = defines
        self.alters = alters
        self.columns = columns
        self.stand_ins = stand_ins
        self.schema = schema
        self.name = name
        self.definer = definer
        self.invoker = invoker
        self.needs = needs
        self.functions = functions
        self.calls = calls
        self.problem = problem
        self.dynamic = dynamic
        self.table = table
        self.events = events

    def label(self) -> str:
        """For people: `view shop.v`."""
        return f"{KIND_NAMES[self.kind]} {self.schema}.{self.name}"

    def runs_as(self) -> str:
        """For people: whose rights the server checks inside it."""
        if self.invoker:
            return "runs with its invoker's rights"
        return f"definer {self.definer or 'unknown'}"


@final
class Behind:
    """One object that a statement reaches through a name. kind: as in Body; path: how it is reached, outermost first;
    unit: what its body does, in the shape that the steps of the decision take (session: it needs no right of its own;
    functions: only those that nothing is known of but their names); problem, dynamic, defines, alters: as in Body."""

    def __init__(
        self,
        kind: int,
        path: str,
        unit: Statement,
        problem: str,
        dynamic: bool,
        defines: bool = False,
        alters: bool = False,
    ) -> None:
        self.kind = kind
        self.defines = defines
        self.alters = alters
        self.path = path
        self.unit = unit
        self.problem = problem
        self.dynamic = dynamic


@final
class Catalog:
    """bodies: of all schemas but the server's own; loadable: names of loadable functions, in lower case;
    packages: names of packages, in lower case, whose routines are called like those of a schema; folded: the server
    compares the names of schemas and tables without case. missing: "" or why there is none (yet): then nothing that
    names a table or a routine can be followed. columns: of tables and views, None = they were not read."""

    def __init__(
        self,
        bodies: tuple[Body, ...],
        loadable: frozenset[str] = frozenset(),
        packages: frozenset[str] = frozenset(),
        folded: bool = False,
        missing: str = "",
        columns: TableColumns | None = None,
    ) -> None:
        self.bodies = bodies
        self.loadable = loadable
        self.packages = packages
        self.folded = folded
        self.missing = missing
        self.columns = columns
        self.views: dict[str, Body] = {}
        self.procedures: dict[str, Body] = {}
        self.functions: dict[str, Body] = {}
        self.triggers: dict[str, list[Body]] = {}
        for body in bodies:
            key = _key(body.schema, body.name)
            if body.kind == VIEW:
                self.views[key] = body
            elif body.kind == PROCEDURE:
                self.procedures[key] = body
            elif body.kind == FUNCTION:
                self.functions[key] = body
            else:
                self.triggers.setdefault(_key(body.schema, body.table), []).append(body)

    def behind(self, units: tuple[Statement, ...], folded: bool) -> tuple[Behind, ...]:
        """All that the statements reach through the names in them, to any depth, each once. folded: they were analysed
        for a server that compares names without case."""
        walk = _Walk(self)
        if self.missing != "" or folded != self.folded:
            why = self.missing or "it was read from a server that compares names otherwise"
            for unit in units:
                if _reaches(unit):
                    walk.found.append(Behind(VIEW, "", _unit((), (), ()), f"{NO_CATALOG}: {why}", False))
                    break
            return tuple(walk.found)
        for unit in units:
            walk.enter(unit.needs, unit.functions, unit.calls, "")
            walk.stand_in(unit.stand_ins, "")
        walk.run()
        return tuple(walk.found)


@final
class _Walk:
    """One closure: what was found, what was seen, and what is still to be looked into."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.found: list[Behind] = []
        self.seen: set[str] = set()
        self.todo: list[Behind] = []

    def run(self) -> None:
        while self.todo:
            one = self.todo.pop()
            self.enter(one.unit.needs, (), one.unit.calls, one.path)

    def enter(
        self,
        needs: tuple[Need, ...],
        functions: tuple[RoutineRef, ...],
        calls: tuple[RoutineRef, ...],
        path: str,
    ) -> None:
        for need in needs:
            if need.kind == NEED_TABLE:
                self._table(need, path)
        for ref in functions:
            self._function(ref, path)
        for ref in calls:
            self._procedure(ref, path)

    def stand_in(self, names: tuple[RoutineRef, ...], path: str) -> None:
        """Built-ins, for which the server takes stored functions where there are such."""
        for ref in names:
            found = self.catalog.functions.get(_key(ref.schema, ref.name.lower()))
            if found is not None:
                self._add(found, path, "")

    def _table(self, need: Need, path: str) -> None:
        catalog = self.catalog
        operation = need.operation
        events = _EVENTS.get(operation)
        if events is None and operation not in _READS:
            return
        key = _key(need.schema, need.table)
        view = catalog.views.get(key)
        if view is not None:
            self._add(view, path, operation if events is not None else "")
        elif events is not None and catalog.triggers:
            for trigger in catalog.triggers.get(key, ()):
                for event in events:
                    if event in trigger.events:
                        self._add(trigger, path, "")

    def _function(self, ref: RoutineRef, path: str) -> None:
        catalog = self.catalog
        if ref.schema.lower() in SYSTEM_SCHEMAS:
            self._by_name(ref, path)
            return
        name = ref.name.lower()
        found = catalog.functions.get(_key(ref.schema, name))
        if found is not None and ref.schema.lower() not in catalog.packages:
            self._add(found, path, "")
        elif name in catalog.loadable:
            self._by_name(ref, path)
        else:
            self._unknown(FUNCTION, ref, path)

    def _procedure(self, ref: RoutineRef, path: str) -> None:
        if ref.schema.lower() in SYSTEM_SCHEMAS:
            return  # step 8 closes it, or the operator has opened the server's own schemas
        found = self.catalog.procedures.get(_key(ref.schema, ref.name.lower()))
        if found is not None and ref.schema.lower() not in self.catalog.packages:
            self._add(found, path, "")
        else:
            self._unknown(PROCEDURE, ref, path)

    def _by_name(self, ref: RoutineRef, path: str) -> None:
        """A function of which nothing is known but its name; in the statement itself step 11 judges it anyway."""
        if path != "" and self._first(f"name {ref.schema}.{ref.name}"):
            self.found.append(Behind(FUNCTION, path, _unit((), (ref,), ()), "", False))

    def _unknown(self, kind: int, ref: RoutineRef, path: str) -> None:
        name = f"{ref.schema}.{ref.name}" if ref.schema != "" else ref.name
        label = f"{KIND_NAMES[kind]} {name}"
        if self._first(f"unknown {label}"):
            why = "it is not in the catalog"
            if ref.schema.lower() in self.catalog.packages:
                why = f"{ref.schema} may be a package"
            self.found.append(Behind(kind, _join(path, label), _unit((), (), ()), why, False))

    def _add(self, body: Body, path: str, operation: str) -> None:
        """operation: what is written through a view, "" for nothing."""
        if not self._first(f"{body.kind} {body.schema}.{body.name} {operation}"):
            return
        path = _join(path, f"{body.label()} ({body.runs_as()})")
        needs = body.needs
        if operation != "":
            # Which of its tables a view writes is the server's matter, and which columns, of which its text says nothing:
            # whoever writes through it may write them all.
            written = [
                Need(NEED_TABLE, operation, need.schema, need.table, True)
                for need in needs
                if need.kind == NEED_TABLE
            ]
            needs = needs + tuple(written)
        unfollowed = body.problem != ""  # a policy in monitor mode lets that pass too
        one = Behind(
            body.kind,
            path,
            _unit(needs, (), body.calls, body.columns),
            body.problem,
            body.dynamic,
            body.defines or unfollowed,
            body.alters or unfollowed,
        )
        self.found.append(one)
        self.todo.append(one)
        for ref in body.functions:
            self._function(ref, path)
        self.stand_in(body.stand_ins, path)

    def _first(self, mark: str) -> bool:
        if mark in self.seen:
            return False
        self.seen.add(mark)
        return True


def reached(catalog: Catalog | None, analysis: Analysis) -> tuple[Behind, ...]:
    """What stands behind the names of a text, that of its dynamic SQL included; nothing where there is no catalog.
    Never raises: what fails here cannot be followed."""
    if catalog is None:
        return ()
    try:
        return catalog.behind(unfolded(analysis.statements), analysis.folded)
    except Exception as error:
        why = f"what stands behind its names cannot be told: {type(error).__name__}"
        return (Behind(VIEW, "", _unit((), (), ()), why, False),)


def known_columns(catalog: Catalog | None, analysis: Analysis) -> TableColumns | None:
    """The columns that the names of a text are looked up in; None = they are not known."""
    if catalog is None or catalog.folded != analysis.folded:
        return None
    return catalog.columns


def may_change(statement: Statement, columns: bool = False) -> bool:
    """Whether a statement may change what a catalog says: which views, routines and triggers there are, and on what.
    columns: and what columns tables have."""
    if statement.creates_routine:
        return True
    if statement.dynamic != "":
        if statement.dynamic == "PREPARE":
            return False
        return statement.folded is None or may_change(statement.folded, columns)
    operations = statement.operations
    changing = False
    for operation in operations:
        if operation in _CHANGING:
            changing = True
    outline = statement.outline
    if not changing or len(outline) < 2:
        return changing
    what = outline[1]
    if outline[0] == "CREATE":
        return what not in _NEW or (columns and what == "TABLE")
    if outline[0] == "DROP":
        return what not in _GONE
    # A period added to a table lets UPDATE fire its triggers of INSERT.
    if outline[0] != "ALTER" or what != "TABLE" or columns:
        return True
    return "RENAME" in operations or "PERIOD" in outline


def unfolded(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Each statement, followed by the one that its dynamic SQL runs, where that is known."""
    units: list[Statement] = []
    for unit in statements:
        statement: Statement | None = unit
        while statement is not None:
            units.append(statement)
            statement = statement.folded
    return tuple(units)


def _key(schema: str, name: str) -> str:
    return f"{schema}\0{name}"


def _join(path: str, label: str) -> str:
    return f"{path} > {label}" if path != "" else label


def _unit(
    needs: tuple[Need, ...],
    functions: tuple[RoutineRef, ...],
    calls: tuple[RoutineRef, ...],
    columns: ColumnUses | None = None,
) -> Statement:
    operations = {need.operation for need in needs if need.operation != ""}
    return Statement("", tuple(sorted(operations)), needs, True, functions, calls, columns=columns)


def _reaches(unit: Statement) -> bool:
    """Whether a statement names something that a catalog could know more of."""
    if unit.functions or unit.calls:
        return True
    for need in unit.needs:
        if need.kind == NEED_TABLE and need.schema not in SYSTEM_SCHEMAS:
            if need.operation in _READS or need.operation in _EVENTS:
                return True
    return False
