"""What one SQL text does: the values that analysis gives and that policy, audit and the gate read.

Compiled dialect: plain final classes, no dataclasses. An `Analysis` is immutable after construction and is shared
between sessions through the caches, so nothing here may be changed by a reader.
"""

from __future__ import annotations

from typing import Final, final

# Server flavours. The server's greeting tells which one a session talks to.
MYSQL: Final = 1
MARIADB: Final = 2

# Kinds of a Need. See Need.
NEED_TABLE: Final = 1  # `operation` on schema.table
NEED_ANY_RIGHT: Final = 2  # any right at all on schema.table (SHOW CREATE TABLE, DESCRIBE, LOCK TABLES)
NEED_SCHEMA: Final = 3  # `operation` on a whole schema (DROP DATABASE): schema.* or *
NEED_SCHEMA_VISIBLE: Final = 4  # the user has at least one table in `schema` (USE, SHOW TABLES)
NEED_BARE: Final = 5  # `operation` without a table: counts from allowed_operations only


@final
class LexContext:
    """What decides how the server splits the bytes of a statement. Part of every cache key (`key`).

    flavour: MYSQL or MARIADB; version: as in version comments, 101106 for 10.11.6, 90700 for 9.7.0.
    charset: character_set_client, lower case ("utf8mb4", "latin1", "binary", …).
    fold_names: lower_case_table_names is 1 or 2, so that schema and table names compare without case.
    """

    def __init__(
        self,
        flavour: int,
        version: int,
        charset: str = "utf8mb4",
        ansi_quotes: bool = False,
        no_backslash_escapes: bool = False,
        ignore_space: bool = False,
        pipes_as_concat: bool = False,
        high_not_precedence: bool = False,
        fold_names: bool = False,
    ) -> None:
        self.flavour = flavour
        self.version = version
        self.charset = charset
        self.ansi_quotes = ansi_quotes
        self.no_backslash_escapes = no_backslash_escapes
        self.ignore_space = ignore_space
        self.pipes_as_concat = pipes_as_concat
        self.high_not_precedence = high_not_precedence
        self.fold_names = fold_names
        flags = 0
        for flag in (
            ansi_quotes,
            no_backslash_escapes,
            ignore_space,
            pipes_as_concat,
            high_not_precedence,
            fold_names,
        ):
            flags = flags * 2 + (1 if flag else 0)
        self.key: str = f"{flavour}.{version}.{charset}.{flags}"


@final
class Need:
    """One right that a statement needs. `schema` is "" where a name is unqualified and there is no current schema
    (policy.md: that is `table-denied`); names are folded to lower case where LexContext.fold_names says so.
    REPLACE is one Need with operation "REPLACE": it is granted by REPLACE, or by INSERT and DELETE together.
    temporary: the object is a temporary table (still a table). written: the object is changed, not only read."""

    def __init__(
        self, kind: int, operation: str, schema: str = "", table: str = "", written: bool = False
    ) -> None:
        self.kind = kind
        self.operation = operation
        self.schema = schema
        self.table = table
        self.written = written

    def __repr__(self) -> str:
        return (
            f"Need({self.kind}, {self.operation!r}, {self.schema!r}, {self.table!r}, written={self.written})"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Need) and (
            (self.kind, self.operation, self.schema, self.table, self.written)
            == (other.kind, other.operation, other.schema, other.table, other.written)
        )

    def __hash__(self) -> int:
        return hash((self.kind, self.operation, self.schema, self.table))


@final
class RoutineRef:
    """A stored routine that is called: CALL's procedure, or a function that is no built-in of this server.
    schema is "" for a loadable function, or where there is no current schema."""

    def __init__(self, schema: str, name: str) -> None:
        self.schema = schema
        self.name = name

    def __repr__(self) -> str:
        return f"RoutineRef({self.schema!r}, {self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RoutineRef) and (self.schema, self.name) == (other.schema, other.name)

    def __hash__(self) -> int:
        return hash((self.schema, self.name))


@final
class Detection:
    """A hit of one injection detector: `detector` is its name in policy.md, `reason` one line for the log."""

    def __init__(self, detector: str, reason: str) -> None:
        self.detector = detector
        self.reason = reason


@final
class ColumnUses:
    """Which columns a statement may name, as its text tells without a catalog; sql/columns.py reads it.

    names: the strings that it is about, each once; shape: numbers, most of them indexes of names (see sql/uses.py).
    A cached Analysis holds it, so it is kept small.
    """

    def __init__(self, names: tuple[str, ...], shape: bytes) -> None:
        self.names = names
        self.shape = shape

    def __repr__(self) -> str:
        return f"ColumnUses({self.names!r}, {self.shape!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColumnUses) and (self.names, self.shape) == (other.names, other.shape)

    def __hash__(self) -> int:
        return hash((self.names, self.shape))


@final
class ColumnNeed:
    """What a statement does with the columns of one table by one operation: the columns it reads, those it writes (a
    column may be in both), in lower case and sorted. everything: all columns are touched, whatever else is said."""

    def __init__(
        self,
        operation: str,
        schema: str,
        table: str,
        read: tuple[str, ...] = (),
        written: tuple[str, ...] = (),
        everything: bool = False,
    ) -> None:
        self.operation = operation
        self.schema = schema
        self.table = table
        self.read = read
        self.written = written
        self.everything = everything

    def __repr__(self) -> str:
        return (
            f"ColumnNeed({self.operation!r}, {self.schema!r}, {self.table!r}, {self.read!r}, {self.written!r}, "
            f"everything={self.everything})"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColumnNeed) and (
            (self.operation, self.schema, self.table, self.read, self.written, self.everything)
            == (other.operation, other.schema, other.table, other.read, other.written, other.everything)
        )

    def __hash__(self) -> int:
        return hash((self.operation, self.schema, self.table, self.read, self.written))


@final
class Statement:
    """One statement of a text.

    verb: the word that names it in the audit log's `operation` (SELECT, INSERT, CREATE, …, SET, TRANSACTION).
    operations: every operation of policy.md that it performs, sorted; needs: each with its table.
    session: it is one of policy.md's session statements and needs no right of its own (needs still lists tables
        and schemas that its subqueries read, and NEED_SCHEMA_VISIBLE for USE).
    functions: stored/loadable functions called; calls: procedures called; creates_routine: CREATE/ALTER/DROP of a
        routine, trigger or event; dynamic: "" or why it is dynamic SQL ("PREPARE", "EXECUTE IMMEDIATE", …);
    folded: the statement that dynamic SQL with constant text runs, where it folds, else None.
    unfiltered: those of UPDATE, DELETE in it that have no WHERE that can be false (for require_where).
    detections: the injection detectors' hits.
    session_state: "" or why the session's state would be unknown after it (rule session-state, blocked for all).
    new_schema: the current schema after it (USE), None = unchanged.
    rereads: its effect on sql_mode, character set or schema must be read from the server after its OK.
    new_charset: the client's and the connection's character set after its OK, "" = unchanged, or to be read.
    local_infile: it is a LOAD … LOCAL, so the server may ask the client for a file.
    identifiers: the names in it that may be columns, lower case, sorted: what sensitive_columns patterns are matched against.
    outline: what the statement shapes of block_statements are compared with (sql/shape.py).
    canonical, canonical_literals, digest: only on a `folded` statement, as in Analysis.
    stand_ins: stored functions that the server takes for some of its built-ins in it, where there are such (functions.py).
    assigned: the user variables that a SET gives a value, with the constant text that it is, or None; target: the name
        that a PREPARE, EXECUTE or DEALLOCATE is about; calm: it changes no user variable besides (sql/memory.py).
    columns: which columns it may name; None = nobody knows: all columns of every table in `needs`.
    """

    def __init__(
        self,
        verb: str,
        operations: tuple[str, ...],
        needs: tuple[Need, ...],
        session: bool = False,
        functions: tuple[RoutineRef, ...] = (),
        calls: tuple[RoutineRef, ...] = (),
        creates_routine: bool = False,
        dynamic: str = "",
        folded: Statement | None = None,
        unfiltered: tuple[str, ...] = (),
        detections: tuple[Detection, ...] = (),
        session_state: str = "",
        new_schema: str | None = None,
        rereads: bool = False,
        local_infile: bool = False,
        identifiers: tuple[str, ...] = (),
        canonical: str = "",
        canonical_literals: str = "",
        outline: tuple[str, ...] = (),
        digest: str = "",
        stand_ins: tuple[RoutineRef, ...] = (),
        assigned: tuple[tuple[str, bytes | None], ...] = (),
        target: str = "",
        calm: bool = False,
        new_charset: str = "",
        columns: ColumnUses | None = None,
    ) -> None:
        self.verb = verb
        self.operations = operations
        self.needs = needs
        self.session = session
        self.functions = functions
        self.calls = calls
        self.creates_routine = creates_routine
        self.dynamic = dynamic
        self.folded = folded
        self.unfiltered = unfiltered
        self.detections = detections
        self.session_state = session_state
        self.new_schema = new_schema
        self.rereads = rereads
        self.local_infile = local_infile
        self.identifiers = identifiers
        self.outline = outline
        self.stand_ins = stand_ins
        self.canonical = canonical
        self.canonical_literals = canonical_literals
        self.digest = digest
        self.assigned = assigned
        self.target = target
        self.calm = calm
        self.new_charset = new_charset
        self.columns = columns

    def constants(self) -> int:
        """Bytes of the constants that it holds: they may be much longer than the text that they were made from."""
        held = 0
        for _, value in self.assigned:
            if value is not None:
                held += len(value)
        if self.folded is not None:
            held += len(self.folded.canonical) + len(self.folded.canonical_literals) + self.folded.constants()
        return held


@final
class Analysis:
    """What one text (COM_QUERY, COM_STMT_PREPARE, or a command put in words) does, under one LexContext and schema.

    error: "" or why it could not be parsed, classified or resolved (rule parse-error); then `statements` may be short.
    session_state: "" or why the whole text would leave the lexer's state unknown (rule session-state).
    masked: the text for the log with every literal replaced by ? and every secret gone; digest: 32 hex digits of the
    literal-free token digest, which is the shape of sql_rules.shapes, "" for a command that is no text;
    canonical / canonical_literals: the texts that block_patterns match (policy.md), the first with the content of each
    string literal replaced by ?, quotes kept.
    shared: whether a verdict for it may be reused for other texts with the same digest (sql/slots.py).
    folded: it was made under a LexContext with fold_names, so that the names in its needs are in lower case.
    """

    def __init__(
        self,
        statements: tuple[Statement, ...],
        error: str,
        session_state: str,
        masked: str,
        digest: str,
        canonical: str,
        canonical_literals: str,
        shared: bool,
        folded: bool = False,
    ) -> None:
        self.statements = statements
        self.error = error
        self.session_state = session_state
        self.masked = masked
        self.digest = digest
        self.canonical = canonical
        self.canonical_literals = canonical_literals
        self.shared = shared
        self.folded = folded
