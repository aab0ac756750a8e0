"""Which columns of which tables a statement touches, where the catalog's columns tell.

Pure; on a cache miss only, and only while a policy grants columns. What cannot be told is all columns.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.columnshape import EVERY, LOOSE, QUALIFIED, SOURCE, WRITTEN, unpack
from dbgate.sql.statement import NEED_TABLE, ColumnNeed, ColumnUses, Statement

_WRITING: Final = ("INSERT", "REPLACE", "UPDATE")
# Columns that are in no list of columns.
_HIDDEN: Final = ("_rowid", "row_start", "row_end")
_STEPS: Final = 200_000  # looks at a table; who wants more touches all columns


def fold_column(name: str) -> str:
    """A column's name as names of columns are compared here: each character in lower case by itself, so that no name
    gets longer (as one with \u0130 would), and no space behind it."""
    if name.isascii():
        return name.lower().rstrip(" ")
    folded: list[str] = []
    for character in name:
        low = character.lower()
        folded.append(low if len(low) == 1 else character)
    return "".join(folded).rstrip(" ")


@final
class TableColumns:
    """The columns of the server's tables and views. tables: f"{schema}\\0{table}", the names in lower case where the
    catalog folds them → the columns' names, folded by `fold_column`. Never changed."""

    def __init__(self, tables: dict[str, tuple[str, ...]]) -> None:
        self.tables = tables

    def of(self, schema: str, table: str) -> frozenset[str] | None:
        """None: the table is not known."""
        found = self.tables.get(f"{schema}\0{table}")
        return None if found is None else frozenset(found)


def resolve(statement: Statement, known: TableColumns | None) -> tuple[ColumnNeed, ...]:
    """What each NEED_TABLE of the statement does with columns, merged by operation, schema and table. Never raises."""
    uses = statement.columns
    if uses is None or known is None:
        return _everything(statement)
    try:
        return _Resolution(uses, known).needs(statement)
    except Exception:  # numbers that are none of ours: all columns
        return _everything(statement)


def _everything(statement: Statement) -> tuple[ColumnNeed, ...]:
    merged: dict[ColumnNeed, bool] = {}
    for need in statement.needs:
        if need.kind == NEED_TABLE:
            merged[ColumnNeed(need.operation, need.schema, need.table, (), (), True)] = True
    return tuple(merged)


@final
class _Source:
    """A table where a statement reads or writes it. columns: what the catalog knows of it, None = nothing."""

    def __init__(self, operation: str, key: str, called: str, columns: frozenset[str] | None) -> None:
        self.operation = operation
        self.key = key
        self.called = called
        self.columns: frozenset[str] = frozenset() if columns is None else columns
        self.odd: list[str] = [name for name in self.columns if not name.isascii()]
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.everything = columns is None

    def reads(self, name: str) -> bool:
        """Reads the column of that name, if there is one; whether there surely is."""
        if name in self.columns:
            self.read.add(name)
            return True
        for column in self.odd if name.isascii() else self.columns:
            if _alike(name, column):
                self.read.add(column)
        return False


@final
class _Resolution:
    """One statement's uses, put to the tables that they may be of."""

    def __init__(self, uses: ColumnUses, known: TableColumns) -> None:
        self.names = uses.names
        self.numbers = unpack(uses.shape)
        self.links: list[int] = []
        self.sources: list[_Source] = []
        self.standing: list[list[_Source]] = []  # for each query
        self.called: dict[str, list[_Source]] = {}
        self.others: set[str] = set()
        self.left = _STEPS
        self._uses(self._sources(known))

    def needs(self, statement: Statement) -> tuple[ColumnNeed, ...]:
        """What was found, for the needs of the statement."""
        found: dict[str, list[_Source]] = {}
        for source in self.sources:
            found.setdefault(source.key, []).append(source)
        merged: dict[ColumnNeed, bool] = {}
        for need in statement.needs:
            if need.kind != NEED_TABLE:
                continue
            read: set[str] = set()
            written: set[str] = set()
            key = _key(need.operation, need.schema, need.table)
            everything = self.left < 0 or key not in found
            for source in found.get(key, ()):
                read |= source.read
                written |= source.written
                everything = everything or source.everything
            one = ColumnNeed(
                need.operation,
                need.schema,
                need.table,
                tuple(sorted(read)),
                tuple(sorted(written)),
                everything,
            )
            merged[one] = True
        return tuple(merged)

    def _sources(self, known: TableColumns) -> int:
        """Reads the queries and the sources; where the uses begin in the numbers."""
        names = self.names
        numbers = self.numbers
        end = 1 + numbers[0]
        self.links = numbers[1:end]
        for _ in self.links:
            self.standing.append([])
        at = end + 1
        for _ in range(numbers[end]):
            schema = names[numbers[at + 1]]
            table = names[numbers[at + 2]]
            operation = names[numbers[at]]
            called = names[numbers[at + 3]]
            source = _Source(operation, _key(operation, schema, table), called, known.of(schema, table))
            source.everything = source.everything or numbers[at + 5] == 1
            self.sources.append(source)
            self.standing[numbers[at + 4]].append(source)
            self.called.setdefault(called, []).append(source)
            at += SOURCE
        end = at + 1 + numbers[at]
        for number in numbers[at + 1 : end]:
            self.others.add(names[number])
        return end

    def _uses(self, at: int) -> None:
        names = self.names
        numbers = self.numbers
        count = len(numbers)
        while at < count and self.left >= 0:
            flags = numbers[at]
            query = numbers[at + 1]
            at += 2
            qualifier = ""
            if flags & QUALIFIED:
                qualifier = names[numbers[at]]
                at += 1
            name = names[numbers[at]]
            at += 1
            if flags & WRITTEN:
                self._write(query, name, qualifier, flags & QUALIFIED != 0)
            elif name in _HIDDEN and not self._listed(name):
                self._all(self.sources)
            elif flags & QUALIFIED:
                self._qualified(name, qualifier)
            elif name == EVERY:
                self._all(self.standing[query])
            else:
                self._plain(query, name, flags & LOOSE != 0)

    def _all(self, sources: list[_Source]) -> None:
        self.left -= len(sources)
        for source in sources:
            source.everything = True

    def _listed(self, name: str) -> bool:
        """Whether one of the hidden names is that of a real column too; `_rowid` is always what a table's key is."""
        self.left -= len(self.sources)
        listed = [source for source in self.sources if name in source.columns]
        return listed != [] and name != "_rowid"

    def _plain(self, query: int, name: str, loose: bool) -> None:
        """A name without a qualifier: of the innermost query that has such a column, and where it may be of a table
        that nobody knows or of a part of the query only, of those around too."""
        while query >= 0:
            found = False
            sources = self.standing[query]
            self.left -= 1 + len(sources)
            for source in sources:
                found = source.reads(name) or found
            if (found and not loose) or self.left < 0:
                return
            link = self.links[query]
            loose = link & 1 == 1
            query = (link >> 1) - 1

    def _qualified(self, name: str, qualifier: str) -> None:
        """A name with a qualifier: of each table that is called so anywhere in the statement."""
        sources = self.called.get(qualifier)
        if sources is None:
            if qualifier in self.others:
                return
            self.left -= len(self.sources)
            for source in self.sources:
                if name == EVERY:
                    source.everything = True
                else:
                    source.reads(name)
            return
        self.left -= 2 * len(sources)
        found = False
        for source in sources:
            if name == EVERY:
                source.everything = found = True
            else:
                found = source.reads(name) or found
        if not found:
            for source in sources:
                source.read.add(name)  # whatever it is, it is no column that anybody was granted

    def _write(self, query: int, name: str, qualifier: str, qualified: bool) -> None:
        """A column that is inserted or assigned: of the written tables of the query."""
        several: list[_Source] = []
        for source in self.standing[query]:
            if source.operation in _WRITING:
                several.append(source)
        self.left -= len(self.standing[query])
        found: list[_Source] = several
        if len(several) > 1:
            found = []
            for source in several:
                if source.called == qualifier if qualified else name in source.columns:
                    found.append(source)
            if not found:
                self._all(several)
        for source in found:
            source.written.add(name)


def _key(operation: str, schema: str, table: str) -> str:
    return f"{operation}\0{schema}\0{table}"


def _alike(name: str, column: str) -> bool:
    """Whether the server may take one name for the other, which are not the same: it compares without case and, in
    tables of many columns, without accents. What is not plain counts as alike."""
    if len(name) != len(column):
        return False
    for i in range(len(name)):
        one, other = ord(name[i]), ord(column[i])
        if one == other or _vague(one) or _vague(other):
            continue
        if one < 128 or other < 128:
            return False
    return True


def _vague(code: int) -> bool:
    """A letter that may pass for one of ASCII."""
    return 128 <= code < 0x250 or 0x1E00 <= code < 0x1F00 or 0x2100 <= code < 0x2150 or code >= 0x10000
