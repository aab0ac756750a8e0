"""Which operations an access rule grants on which names: built once, then answered by look-ups.

An answer is a set of operations as bits (operations.py). Names are compared as they are: a Rights is built either
from names in lower case or from names as written, and the caller asks the one that fits the server.
"""

from __future__ import annotations

from typing import final

from dbgate.policy.globs import GlobIndex
from dbgate.policy.names import QualifiedName


@final
class TableRights:
    """Rights inside one schema. whole: on every table and on the schema itself; reachable: on any table at all."""

    def __init__(self) -> None:
        self.whole = 0
        self.reachable = 0
        self._exact: dict[str, int] = {}
        self._globs: GlobIndex | None = None
        self._glob_masks: list[int] = []

    def add(self, table: str, glob: bool, mask: int) -> None:
        """Grant `mask` on `table`."""
        self.reachable |= mask
        if glob and table == "*":
            self.whole |= mask
        elif glob:
            if self._globs is None:
                self._globs = GlobIndex([])
            self._globs.add(table)
            self._glob_masks.append(mask)
        else:
            self._exact[table] = self._exact.get(table, 0) | mask

    def on_table(self, table: str) -> int:
        """What is granted on `table`."""
        mask = self.whole | self._exact.get(table, 0)
        if self._globs is not None:
            for number in self._globs.find(table):
                mask |= self._glob_masks[number]
        return mask


@final
class Rights:
    """All rights of one access rule. everywhere: on every table of every schema; reachable: on any table at all."""

    def __init__(self, fold: bool, default_schema: str) -> None:
        """fold: names are brought to lower case; default_schema: "" = an unqualified name is in any schema."""
        self.everywhere = 0
        self.reachable = 0
        self._fold = fold
        self._default_schema = default_schema
        self._schemas: dict[str, TableRights] = {}
        self._any_schema = TableRights()
        self._globs: GlobIndex | None = None
        self._glob_numbers: dict[str, int] = {}
        self._glob_rights: list[TableRights] = []

    def add(self, name: QualifiedName, mask: int) -> None:
        """Grant `mask` on what `name` stands for."""
        self.reachable |= mask
        table = name.name.text.lower() if self._fold else name.name.text
        if name.schema is None:
            schema = self._default_schema
            if schema == "":
                self._any_schema.add(table, name.name.glob, mask)
            else:
                self._schema(schema.lower() if self._fold else schema).add(table, name.name.glob, mask)
        elif name.schema.everything:
            if name.name.everything:
                self.everywhere |= mask
            else:
                self._any_schema.add(table, name.name.glob, mask)
        else:
            schema = name.schema.text.lower() if self._fold else name.schema.text
            rights = self._schema_glob(schema) if name.schema.glob else self._schema(schema)
            rights.add(table, name.name.glob, mask)

    def _schema(self, schema: str) -> TableRights:
        rights = self._schemas.get(schema)
        if rights is None:
            rights = TableRights()
            self._schemas[schema] = rights
        return rights

    def _schema_glob(self, glob: str) -> TableRights:
        number = self._glob_numbers.get(glob)
        if number is not None:
            return self._glob_rights[number]
        if self._globs is None:
            self._globs = GlobIndex([])
        self._globs.add(glob)
        self._glob_numbers[glob] = len(self._glob_rights)
        rights = TableRights()
        self._glob_rights.append(rights)
        return rights

    def on_table(self, schema: str, table: str) -> int:
        """What is granted on schema.table."""
        mask = self.everywhere
        if self._any_schema.reachable != 0:
            mask |= self._any_schema.on_table(table)
        rights = self._schemas.get(schema)
        if rights is not None:
            mask |= rights.on_table(table)
        if self._globs is not None:
            for number in self._globs.find(schema):
                mask |= self._glob_rights[number].on_table(table)
        return mask

    def on_schema(self, schema: str) -> int:
        """What is granted on the whole of `schema`, by schema.* or *."""
        mask = self.everywhere
        rights = self._schemas.get(schema)
        if rights is not None:
            mask |= rights.whole
        if self._globs is not None:
            for number in self._globs.find(schema):
                mask |= self._glob_rights[number].whole
        return mask

    def in_schema(self, schema: str) -> int:
        """What is granted on at least one table of `schema`."""
        mask = self.everywhere | self._any_schema.reachable
        rights = self._schemas.get(schema)
        if rights is not None:
            mask |= rights.reachable
        if self._globs is not None:
            for number in self._globs.find(schema):
                mask |= self._glob_rights[number].reachable
        return mask
