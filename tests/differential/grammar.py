"""Generated statements of every verb that reads, writes, defines or shows tables."""

from __future__ import annotations

import random

from dbgate.sql.statement import LexContext
from tests.differential.definitions import Definitions
from tests.differential.lexis import Words
from tests.differential.queries import Source
from tests.differential.world import COLUMNS, PROCEDURES

# (weight, method, whether the world must be made anew behind it, whether the session must)
_VERBS = (
    (34, "select", False, False), (9, "insert", False, False), (9, "update", False, False), (8, "delete", False, False),
    (5, "explain", False, False), (3, "values", False, False), (5, "create", True, False), (2, "alter", True, False),
    (2, "drop", True, False), (2, "set", False, True), (2, "do", False, False), (2, "call", False, False),
    (2, "handler", False, True), (4, "show", False, False), (2, "lock", False, True), (2, "maintain", False, False),
    (2, "set_statement", False, True), (2, "compound", False, True), (3, "several", False, True),
    (2, "dynamic", False, True), (1, "flush", False, True), (1, "define", True, False),
)  # fmt: skip
_NAMES = [verb[1] for verb in _VERBS]
_WEIGHTS = [verb[0] for verb in _VERBS]
DDL = frozenset(verb[1] for verb in _VERBS if verb[2])
SESSION = frozenset(verb[1] for verb in _VERBS if verb[3])


class Made:
    """A generated text. ddl: it may change what exists; session: it may leave something behind in the session."""

    def __init__(self, text: bytes, kind: str, ddl: bool, session: bool) -> None:
        self.text = text
        self.kind = kind
        self.ddl = ddl
        self.session = session

    def __repr__(self) -> str:
        return f"Made({self.text!r}, {self.kind})"


def make(choose: random.Random, ctx: LexContext, schema: str) -> Made:
    """One statement (or a text of several) for this context, with `schema` as the current one."""
    kind = choose.choices(_NAMES, _WEIGHTS)[0]
    grammar = Grammar(choose, ctx, schema)
    words = grammar.make(kind)
    return Made(grammar.render(words), kind, kind in DDL, kind in SESSION)


class Grammar(Definitions):
    """Grows statements."""

    def make(self, kind: str) -> Words:
        words: Words = getattr(self, "_" + kind)()
        return words

    @property
    def depth(self) -> int:
        return self.choose.choice((1, 1, 2, 2, 3))

    def _select(self) -> Words:
        width = self.choose.choice((1, 2, 3, 4))
        words = self.query(self.depth, width, top=True)
        return self.bracket(words) if self.chance(0.03) else words

    def _values(self) -> Words:
        if self.maria or self.chance(0.5):
            row = self.comma([self.expression(2, []) for _ in range(2)])
            return ["VALUES", *([] if self.maria else ["ROW"]), "(", *row, ")"]
        return ["TABLE", self.table_path(*self.base_name()), *self.pick("", "ORDER BY x", "LIMIT 1").split()]

    # --- rows -------------------------------------------------------------------------------------------------------

    def _target(self) -> tuple[Words, str]:
        """A table to write to: its words, and its name."""
        base = self.base_name()
        return [self.table_path(*base)], base[1]

    def _insert(self) -> Words:
        verb = self.pick("INSERT", "INSERT", "REPLACE")
        options = self.pick("", "", "", "LOW_PRIORITY", "" if verb == "REPLACE" else "HIGH_PRIORITY")
        ignore = self.pick("", "", "IGNORE") if verb == "INSERT" else ""
        out = [self.word(verb), options, ignore, self.word("INTO") if self.chance(0.7) else ""]
        target, name = self._target()
        out += target
        if name == "part" and self.chance(0.5):
            out += ["PARTITION", "(", "p0", ")"]
        own = [Source(name, None)]
        kind = self.choose.random()
        if kind < 0.25:
            out += [
                "SET",
                *self.comma(self._assignments(own, qualified=False, over=["x", "y", "s"], sources=[])),
            ]
        else:
            columns = ("x", "y", "s") if self.chance(0.7) else COLUMNS
            listed = self.chance(0.6) or len(columns) == 3
            if listed:
                out += ["(", *self.comma([[self.name(column)] for column in columns]), ")"]
            if kind < 0.55:
                rows = [
                    ["(", *self.comma([self._value(2) for _ in columns]), ")"]
                    for _ in range(self.choose.choice((1, 1, 2)))
                ]
                out += [self.pick("VALUES", "VALUES", "VALUE"), *self.comma(rows)]
                if not self.maria and self.chance(0.2):
                    out += ["AS", "new"]
            else:
                query = self.query(self.depth, len(columns), limit=verb == "REPLACE")
                out += ["(", *query, ")"] if self.chance(0.15) else query
        if verb == "INSERT" and self.chance(0.25):
            assignments = self._assignments(own, qualified=False, over=["x", "y"], sources=own)
            out += ["ON", "DUPLICATE", "KEY", "UPDATE", *self.comma(assignments)]
        if self.maria and self.chance(0.15):
            out += ["RETURNING", *self.expression(1, own)]
        return out

    def _value(self, depth: int) -> Words:
        return ["DEFAULT"] if self.chance(0.1) else self.expression(depth, [])

    def _assignments(
        self, targets: list[Source], qualified: bool, over: list[str], sources: list[Source]
    ) -> list[Words]:
        parts: list[Words] = []
        for column in self.choose.sample(over, self.choose.randrange(1, len(over) + 1)):
            target = self.choose.choice(targets)
            left = self.path(target.alias, column) if qualified or self.chance(0.3) else self.name(column)
            value = self._value(2) if not sources else self.expression(2, sources)
            parts.append([left, "=", *value])
        return parts

    def _update(self) -> Words:
        out = self._with() if self.chance(0.1) and not self.maria else []
        out += [self.word("UPDATE"), self.pick("", "", "", "LOW_PRIORITY"), self.pick("", "", "IGNORE")]
        if self.chance(0.5):
            target, name = self._target()
            alias = name
            if self.chance(0.3):
                alias = self.pick("t", "u", "k", "a", "value", "b")
                target += [self.pick("AS", ""), self.name(alias)]
            sources = [Source(alias, None)]
            out += [*target, "SET", *self.comma(self._assignments(sources, False, ["x", "y", "s"], sources))]
            if self.chance(0.7):
                out += ["WHERE", *self.condition(self.depth, sources)]
            if self.chance(0.2):
                out += ["ORDER", "BY", "x", *self.pick("", "LIMIT 1").split()]
            return out
        words, sources = self.tables(1)
        writable = [source for source in sources if source.base] or sources
        out += [
            *words,
            "SET",
            *self.comma(self._assignments(writable, len(sources) > 1, ["x", "y", "s"], sources)),
        ]
        if self.chance(0.6):
            out += ["WHERE", *self.condition(2, sources)]
        return out

    def _with(self) -> Words:
        self.ctes.clear()
        return self.with_list(1, False)

    def _delete(self) -> Words:
        out = self._with() if self.chance(0.1) and not self.maria else []
        out += [
            self.word("DELETE"),
            self.pick("", "", "", "LOW_PRIORITY", "QUICK"),
            self.pick("", "", "IGNORE"),
        ]
        kind = self.choose.random()
        if kind < 0.5:
            target, name = self._target()
            alias = name
            if not self.maria and self.chance(0.3):
                alias = self.pick("t", "u", "k", "a")
                target += [self.pick("AS", ""), self.name(alias)]
            sources = [Source(alias, None)]
            if name == "hist" and self.maria and self.chance(0.3):
                return ["DELETE", "HISTORY", "FROM", *target, "BEFORE", "SYSTEM_TIME", "NOW()"]
            out += ["FROM", *target]
            if self.chance(0.7):
                out += ["WHERE", *self.condition(self.depth, sources)]
            if self.chance(0.2):
                out += ["ORDER", "BY", "x", "LIMIT", "1"]
            if self.maria and self.chance(0.15):
                out += ["RETURNING", *self.expression(0, sources)]
            return out
        words, sources = self.tables(1)
        chosen = [source for source in sources if source.base] or sources
        names: list[Words] = []
        for source in self.choose.sample(chosen, self.choose.randrange(1, len(chosen) + 1)):
            written = self.name(source.alias)
            if source.base and source.base[1] == source.alias and self.chance(0.3):
                written = self.path(*source.base)
            names.append([written + (".*" if self.chance(0.3) else "")])
        if kind < 0.75:
            out += [*self.comma(names), "FROM", *words]
        else:
            out += ["FROM", *self.comma(names), "USING", *words]
        if self.chance(0.6):
            out += ["WHERE", *self.condition(2, sources)]
        return out

    # --- definitions ------------------------------------------------------------------------------------------------

    # --- the rest ---------------------------------------------------------------------------------------------------

    def _explain(self) -> Words:
        verb = self.pick(
            "EXPLAIN", "EXPLAIN", "DESCRIBE", "DESC", "EXPLAIN EXTENDED" if self.maria else "EXPLAIN"
        )
        how = self.pick("", "", "FORMAT=JSON", "PARTITIONS" if self.maria else "FORMAT=TREE").split()
        if self.chance(0.3):
            verb, how = (
                ("ANALYZE" if self.maria else "EXPLAIN ANALYZE"),
                self.pick("", "FORMAT=JSON" if self.maria else "").split(),
            )
            return [*verb.split(), *how, *self._select()]
        inner = self.choose.choice((self._select, self._select, self._insert, self._update, self._delete))
        return [*verb.split(), *how, *inner()]

    def _set(self) -> Words:
        parts = []
        for _ in range(self.choose.choice((1, 2))):
            name = self.pick(
                "@v",
                "@w",
                "@`a b`",
                "@@session.sort_buffer_size",
                "SESSION wait_timeout",
                "lock_wait_timeout",
            )
            parts.append([*name.split(), self.pick("=", ":="), *self.expression(3, [])])
        return ["SET", *self.comma(parts)]

    def _do(self) -> Words:
        return ["DO", *self.comma([self.expression(3, []) for _ in range(2)])]

    def _call(self) -> Words:
        schema, name = self.choose.choice(PROCEDURES)
        return ["CALL", self.table_path(schema, name), "(", *self.expression(2, []), ")"]

    def _handler(self) -> Words:
        table = self.table_path(*self.base_name())
        alias = self.name("h1")
        read = self.pick("READ FIRST", "READ `PRIMARY` FIRST", "READ `PRIMARY` = ( 1 )", "READ NEXT").split()
        where = ["WHERE", "x", "=", self.number()] if self.chance(0.3) else []
        if self.chance(0.6):
            return ["HANDLER", table, "OPEN", ";", "HANDLER", table.split(".")[-1], *read, *where]
        return ["HANDLER", table, "OPEN", self.pick("AS", ""), alias, ";", "HANDLER", alias, *read, *where]

    def _show(self) -> Words:
        table = self.table_path(*self.base_name())
        where = ["WHERE", *self.expression(2, [])] if self.chance(0.3) else []
        kind = self.choose.randrange(6)
        if kind == 0:
            return [
                *self.pick(
                    "SHOW COLUMNS FROM", "SHOW FULL FIELDS IN", "SHOW INDEX FROM", "SHOW KEYS IN"
                ).split(),
                table,
                *where,
            ]
        if kind == 1:
            return ["SHOW", "CREATE", "TABLE", table]
        if kind == 2:
            return [
                *self.pick("SHOW TABLES", "SHOW FULL TABLES", "SHOW TABLE STATUS", "SHOW TRIGGERS").split(),
                *where,
            ]
        if kind == 3:
            return [
                *self.pick("SHOW VARIABLES", "SHOW STATUS", "SHOW COLLATION", "SHOW DATABASES").split(),
                *where,
            ]
        if kind == 4:
            return [self.pick("DESC", "DESCRIBE", "EXPLAIN"), table, self.pick("", "x")]
        return ["HELP", "'x'"] if self.maria else ["SHOW", "PROCESSLIST"]

    def _lock(self) -> Words:
        parts: list[Words] = []
        for alias in ("", *self.choose.sample(("l1", "l2"), self.choose.randrange(2))):
            named = ["AS", alias] if alias else []
            parts.append(
                [
                    self.table_path(*self.base_name()),
                    *named,
                    *self.pick("READ", "WRITE", "READ LOCAL").split(),
                ]
            )
        return ["LOCK", self.pick("TABLE", "TABLES"), *self.comma(parts)]

    def _maintain(self) -> Words:
        verb = self.pick("CHECK", "ANALYZE", "CHECKSUM", "OPTIMIZE", "REPAIR")
        names = self.comma([[self.table_path(*self.base_name())] for _ in range(self.choose.choice((1, 2)))])
        option = {"CHECK": "QUICK", "CHECKSUM": "EXTENDED"}.get(verb, "")
        return [verb, "TABLE", *names, option if self.chance(0.3) else ""]

    def _set_statement(self) -> Words:
        if not self.maria:
            return (
                ["SELECT", "/*+ SET_VAR(sort_buffer_size=100000) */", *self._select()[1:]]
                if self.chance(0.5)
                else self._select()
            )
        value = self.expression(1, [])
        inner = self.choose.choice((self._select, self._insert, self._update))
        return ["SET", "STATEMENT", "sort_buffer_size", "=", *value, "FOR", *inner()]

    def _compound(self) -> Words:
        if not self.maria:
            return self._select()
        inner = self.choose.choice((self._select, self._insert, self._update, self._delete))
        kind = self.choose.randrange(4)
        if kind == 0:
            return ["BEGIN", "NOT", "ATOMIC", *inner(), ";", *self._select(), ";", "END"]
        if kind == 1:
            return ["IF", *self.condition(1, []), "THEN", *inner(), ";", "ELSE", *inner(), ";", "END", "IF"]
        if kind == 2:
            query = self.query(1, 1)
            return ["FOR", "r1", "IN", "(", *query, ")", "DO", *inner(), ";", "END", "FOR"]
        return [
            "BEGIN",
            "NOT",
            "ATOMIC",
            "DECLARE",
            "c1",
            "CURSOR",
            "FOR",
            *self.query(1, 1),
            ";",
            "OPEN",
            "c1",
            ";",
            "END",
        ]

    def _several(self) -> Words:
        schema = self.schema
        words = [*self._select(), ";"]
        if self.chance(0.5):
            self.schema = self.pick("shop", "vault")
            words += ["USE", self.schema, ";"]
        inner = self.choose.choice((self._select, self._insert, self._update, self._delete))
        words += inner()
        self.schema = schema
        return words

    def _dynamic(self) -> Words:
        grammar = Grammar(self.choose, LexContext(self.ctx.flavour, self.ctx.version), self.schema)
        grammar.wild = 0.0
        inner = self.choose.choice((grammar._select, grammar._insert, grammar._update))()
        text = grammar.render(inner).decode("utf-8")
        literal = "'" + text.replace("'", "''") + "'"
        if "\\" in text or not text.isascii():
            literal = "0x" + text.encode().hex()
        elif self.chance(0.3):
            middle = len(text) // 2
            halves = [part.replace("'", "''") for part in (text[:middle], text[middle:])]
            literal = f"CONCAT('{halves[0]}', '{halves[1]}')" if self.maria else literal
        if self.maria and self.chance(0.5):
            return ["EXECUTE", "IMMEDIATE", literal]
        return ["PREPARE", "p", "FROM", literal, ";", "EXECUTE", "p"]

    def _flush(self) -> Words:
        names = self.comma([[self.table_path(*self.base_name())] for _ in range(2)])
        return ["FLUSH", self.pick("TABLE", "TABLES"), *names, *self.pick("", "WITH READ LOCK").split()]
