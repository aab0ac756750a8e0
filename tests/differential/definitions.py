"""Generated statements that define tables, views and routines."""

from __future__ import annotations

from tests.differential.lexis import Words
from tests.differential.queries import Queries
from tests.differential.world import SCRATCH, VIEWS


class Definitions(Queries):
    """Grows them over the queries that they hold; what else is in them, a subclass says."""

    depth: int

    def _select(self) -> Words:
        raise NotImplementedError

    def _insert(self) -> Words:
        raise NotImplementedError

    def _update(self) -> Words:
        raise NotImplementedError

    def _scratch(self) -> str:
        schema = self.pick("shop", "shop", "vault")
        return self.table_path(schema, self.choose.choice(SCRATCH))

    def _create(self) -> Words:
        head = ["CREATE", *(["OR", "REPLACE"] if self.maria and self.chance(0.2) else [])]
        temporary = ["TEMPORARY"] if self.chance(0.1) else []
        exists = ["IF", "NOT", "EXISTS"] if self.chance(0.2) and len(head) == 1 else []
        new = self._scratch()
        kind = self.choose.random()
        if kind < 0.2:
            like: Words = ["LIKE", self.table_path(*self.base_name())]
            return [
                *head,
                *temporary,
                "TABLE",
                *exists,
                new,
                *(["(", *like, ")"] if self.chance(0.3) else like),
            ]
        if kind < 0.6:
            mode = self.pick("", "", "IGNORE", "REPLACE")
            columns = ["(", "id", "INT", ",", "KEY", "(", "id", ")", ")"] if self.chance(0.3) else []
            options = self.pick("", "ENGINE=MyISAM", "COMMENT 'FROM k'")
            query = self.query(self.depth, 4)
            tail = ["AS", *query] if self.chance(0.5) else query
            tail = ["(", *query, ")"] if self.chance(0.1) else tail
            return [*head, *temporary, "TABLE", *exists, new, *columns, options, mode, *tail]
        if kind < 0.8:
            view = self.pick(
                "", "ALGORITHM=MERGE", "SQL SECURITY INVOKER", "ALGORITHM=TEMPTABLE SQL SECURITY DEFINER"
            )
            return [
                "CREATE",
                *self.pick("", "OR REPLACE").split(),
                *view.split(),
                "VIEW",
                new,
                "AS",
                *self.query(self.depth, 4),
            ]
        if kind < 0.9:
            return [
                "CREATE",
                self.pick("INDEX", "UNIQUE INDEX"),
                "i1",
                "ON",
                self.table_path(*self.base_name()),
                "(",
                "x",
                ")",
            ]
        definition = [
            "(",
            "id",
            "INT",
            "PRIMARY",
            "KEY",
            ",",
            "x",
            "INT",
            "DEFAULT",
            *self.pick("1", "(1 + 1)", "NULL").split(),
        ]
        return [
            *head,
            *temporary,
            "TABLE",
            *exists,
            new,
            *definition,
            ")",
            self.pick("", "ENGINE = MyISAM", "COMMENT='x'"),
        ]

    def _alter(self) -> Words:
        table = self.table_path(*self.base_name())
        change = self.pick(
            "ADD COLUMN z INT", "DROP COLUMN y", "ADD INDEX (x)", "RENAME COLUMN y TO z", "COMMENT = 'FROM k'", "ENGINE=MyISAM",
            "ADD z INT AFTER x, DROP y", "MODIFY s VARCHAR(50)", "CHANGE y z INT", "ORDER BY x", "ALTER x SET DEFAULT 3",
        )  # fmt: skip
        if self.chance(0.2):
            return ["ALTER", "TABLE", table, "RENAME", self.pick("TO", "AS", ""), self._scratch()]
        if self.chance(0.1):
            return ["ALTER", "VIEW", self.table_path(*self.choose.choice(VIEWS)), "AS", *self.query(1, 4)]
        return [
            "ALTER",
            *self.pick("", "ONLINE" if self.maria else "").split(),
            "TABLE",
            table,
            *change.split(),
        ]

    def _drop(self) -> Words:
        kind = self.choose.random()
        table = self.table_path(*self.base_name())
        if kind < 0.35:
            exists = self.pick("", "IF EXISTS").split()
            names = self.comma(
                [[self.table_path(*self.base_name())] for _ in range(self.choose.choice((1, 2)))]
            )
            return [
                "DROP",
                *self.pick("TABLE", "TABLES").split(),
                *exists,
                *names,
                self.pick("", "CASCADE", "RESTRICT"),
            ]
        if kind < 0.6:
            return ["TRUNCATE", self.pick("", "TABLE"), table]
        if kind < 0.8:
            new = self._scratch()
            return [
                "RENAME",
                self.pick("TABLE", "TABLES"),
                table,
                "TO",
                new,
                *([",", new, "TO", table] if self.chance(0.4) else []),
            ]
        if kind < 0.9:
            return ["DROP", "INDEX", "`PRIMARY`" if self.chance(0.5) else "x", "ON", table]
        return ["DROP", self.pick("VIEW", "DATABASE"), self.pick("vault", "shop")]

    def _define(self) -> Words:
        """Stored programs: only their definition is judged here; nothing is opened but what the server checks."""
        name = self._scratch()
        body = (
            ["BEGIN", *self._select(), ";", *self._insert(), ";", "END"]
            if self.chance(0.5)
            else self._update()
        )
        if self.chance(0.3):
            table = self.table_path(*self.base_name())
            when = self.pick("BEFORE INSERT", "AFTER UPDATE", "BEFORE DELETE").split()
            return ["CREATE", "TRIGGER", name, *when, "ON", table, "FOR", "EACH", "ROW", *body]
        return ["CREATE", "PROCEDURE", name, "(", ")", *body]
