"""Which operations an access rule grants on which names: built once, then answered by look-ups.

An answer is a set of operations as bits (operations.py), and where PARTLY is among them, the numbers of the grants by
columns besides (columngrants.py). Names are compared as they are: a Rights is built either
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
        self._glob_grants: list[int] = []
        self._exact_grants: dict[str, list[int]] | None = None
        self._whole_grants: list[int] | None = None

    def add(self, table: str, glob: bool, mask: int, grant: int = -1) -> None:
        """Grant `mask` on `table`. grant: number of the grant by columns, -1 = on all columns."""
        self.reachable |= mask
        if glob and table == "*":
            self.whole |= mask
            if grant >= 0:
                if self._whole_grants is None:
                    self._whole_grants = []
                self._whole_grants.append(grant)
        elif glob:
            if self._globs is None:
                self._globs = GlobIndex([])
            self._globs.add(table)
            self._glob_masks.append(mask)
            self._glob_grants.append(grant)
        else:
            self._exact[table] = self._exact.get(table, 0) | mask
            if grant >= 0:
                if self._exact_grants is None:
                    self._exact_grants = {}
                self._exact_grants.setdefault(table, []).append(grant)

    def on_table(self, table: str) -> int:
        """What is granted on `table`."""
        mask = self.whole | self._exact.get(table, 0)
        if self._globs is not None:
            for number in self._globs.find(table):
                mask |= self._glob_masks[number]
        return mask

    def grants_on(self, table: str) -> list[int]:
        """The numbers of the grants by columns of `table`, in no particular order."""
        found: list[int] = []
        if self._whole_grants is not None:
            found += self._whole_grants
        if self._exact_grants is not None:
            found += self._exact_grants.get(table, [])
        if self._globs is not None:
            for number in self._globs.find(table):
                if self._glob_grants[number] >= 0:
                    found.append(self._glob_grants[number])
        return found


@final
class Rights:
    """All rights of one access rule. everywhere: on every table of every schema; reachable: on any table at all."""

    def __init__(self, fold: bool, default_schema: str) -> None:
        """fold: names are brought to lower case; default_schema: "" = an unqualified name is in any schema."""
        self.everywhere = 0
        self.reachable = 0
        self._everywhere_grants: list[int] = []
        self._fold = fold
        self._default_schema = default_schema
        self._schemas: dict[str, TableRights] = {}
        self._any_schema = TableRights()
        self._globs: GlobIndex | None = None
        self._glob_numbers: dict[str, int] = {}
        self._glob_rights: list[TableRights] = []

    def add(self, name: QualifiedName, mask: int, grant: int = -1) -> None:
        """Grant `mask` on what `name` stands for. grant: number of the grant by columns that it is, with PARTLY for
        its mask; -1 = on all columns."""
        self.reachable |= mask
        table = name.name.text.lower() if self._fold else name.name.text
        if name.schema is None:
            schema = self._default_schema
            if schema == "":
                self._any_schema.add(table, name.name.glob, mask, grant)
            else:
                self._schema(schema.lower() if self._fold else schema).add(table, name.name.glob, mask, grant)
        elif name.schema.everything:
            if name.name.everything:
                self.everywhere |= mask
                if grant >= 0:
                    self._everywhere_grants.append(grant)
            else:
                self._any_schema.add(table, name.name.glob, mask, grant)
        else:
            schema = name.schema.text.lower() if self._fold else name.schema.text
            rights = self._schema_glob(schema) if name.schema.glob else self._schema(schema)
            rights.add(table, name.name.glob, mask, grant)

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

    def grants_on(self, schema: str, table: str) -> list[int]:
        """The numbers of the grants by columns of schema.table, in no particular order."""
        found = list(self._everywhere_grants)
        found += self._any_schema.grants_on(table)
        rights = self._schemas.get(schema)
        if rights is not None:
            found += rights.grants_on(table)
        if self._globs is not None:
            for number in self._globs.find(schema):
                found += self._glob_rights[number].grants_on(table)
        return found

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
