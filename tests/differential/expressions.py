"""Generated expressions and conditions, over the tables that are in scope."""

from __future__ import annotations

import random

from dbgate.sql.statement import LexContext
from tests.differential.lexis import Lexis, Words
from tests.differential.world import COLUMNS, FUNCTIONS, SEQUENCES

_COMPARE = ("=", "<", ">", "<=", ">=", "<>", "!=", "<=>")
_ARITHMETIC = ("+", "-", "*", "/", "%", "DIV", "MOD", "|", "&", "^", "<<", ">>")


class Source:
    """A table in scope: the name that its columns are written with; may be written to: the schema and table, or None."""

    def __init__(self, alias: str, base: tuple[str, str] | None) -> None:
        self.alias = alias
        self.base = base


class Expressions(Lexis):
    """Grows expressions; what a query in one is, a subclass says."""

    def __init__(self, choose: random.Random, ctx: LexContext, schema: str) -> None:
        super().__init__(choose, ctx)
        self.schema = schema
        self.ctes: list[str] = []

    def query(
        self, depth: int, width: int, one: bool = False, limit: bool = True, top: bool = False
    ) -> Words:
        """A query that gives `width` columns; Queries has it."""
        raise NotImplementedError

    def pick(self, *options: str) -> str:
        return self.choose.choice(options)

    def comma(self, parts: list[Words]) -> Words:
        out: Words = []
        for i, part in enumerate(parts):
            out += [",", *part] if i else part
        return out

    def table_path(self, schema: str, name: str) -> str:
        if schema == self.schema and self.chance(0.7):
            if self.chance(0.01):
                return "." + self.name(name, True)
            return self.name(name)
        return self.path(schema, name)

    def column(self, sources: list[Source]) -> Words:
        if not sources:
            return [self.number()]
        name = self.choose.choice(COLUMNS)
        if len(sources) == 1 and self.chance(0.5):
            return [self.name(name)]
        source = self.choose.choice(sources)
        return [self.path(source.alias, name)]

    def literal(self) -> Words:
        kind = self.choose.random()
        if kind < 0.5:
            return [self.number()]
        if kind < 0.85:
            return [self.string()]
        return [
            self.pick(
                "NULL", "TRUE", "FALSE", "@v", "@`a b`", "@@sql_mode", "DATE'2020-01-01'", "{d '2020-01-01'}", "{x 1}",
                "CURRENT_DATE", "CURRENT_TIMESTAMP(3)", "{fn NOW()}", "TIMESTAMP '2020-01-01 00:00:00'",
            )
        ]  # fmt: skip

    def expression(self, depth: int, sources: list[Source]) -> Words:
        kind = self.choose.random()
        if depth <= 0 or kind < 0.3:
            return self.column(sources) if self.chance(0.6) else self.literal()
        inner = depth - 1
        if kind < 0.42:
            return [
                *self.expression(inner, sources),
                self.choose.choice(_ARITHMETIC),
                *self.expression(inner, sources),
            ]
        if kind < 0.62:
            return self.call(inner, sources)
        if kind < 0.72:
            return ["(", *self.query(inner, 1, one=True), ")"]
        if kind < 0.78:
            when = ["WHEN", *self.condition(inner, sources), "THEN", *self.expression(inner, sources)]
            other = ["ELSE", *self.expression(inner, sources)] if self.chance(0.5) else []
            return ["CASE", *when, *other, "END"]
        if kind < 0.84:
            return ["(", *self.condition(inner, sources), ")"]
        if kind < 0.88:
            return [self.pick("-", "~", "!", "BINARY", "+"), "(", *self.expression(inner, sources), ")"]
        if kind < 0.91:
            return [*self.column(sources), *self.pick("+ INTERVAL 1 DAY", "COLLATE binary").split()]
        if kind < 0.93:
            return ["@v", ":=", *self.expression(inner, sources)]
        if kind < 0.95 and self.maria:
            name = self.table_path(*self.choose.choice(SEQUENCES))
            return self.choose.choice(
                (
                    ["NEXT", "VALUE", "FOR", name],
                    [f"NEXTVAL({name})"],
                    [f"LASTVAL({name})"],
                    ["PREVIOUS VALUE FOR", name],
                )
            )
        return self.column(sources)

    def call(self, depth: int, sources: list[Source]) -> Words:
        """A function with one of the odd argument forms, or a stored one."""
        one = self.expression(depth, sources)
        kind = self.choose.randrange(20)
        if kind < 5:
            return [self.pick("ABS(", "COALESCE(", "CONCAT(", "LENGTH(", "LOWER (", "HEX("), *one, ")"]
        if kind < 8:
            return ["IF(", *self.condition(depth, sources), ",", *one, ",", "1", ")"]
        forms: list[Words] = [
            [
                "CAST(",
                *one,
                "AS",
                self.pick("CHAR", "SIGNED", "DECIMAL(5,2)", "CHAR(5) CHARACTER SET utf8mb4"),
                ")",
            ],
            ["CONVERT(", *one, "USING", "utf8mb4", ")"],
            ["EXTRACT(", "YEAR", "FROM", *one, ")"],
            ["TRIM(", self.pick("LEADING", "TRAILING", "BOTH"), "'x'", "FROM", *one, ")"],
            ["TRIM(", "'x'", "FROM", *one, ")"],
            ["SUBSTRING(", *one, "FROM", "1", "FOR", "2", ")"],
            ["POSITION(", "'a'", "IN", *one, ")"],
            ["REPLACE(", *one, ",", "'a'", ",", "'b'", ")"],
            ["INSERT(", *one, ",", "1", ",", "1", ",", "'b'", ")"],
            ["LEFT(", *one, ",", "1", ")"],
            ["GET_FORMAT(", "DATE", ",", "'USA'", ")"],
            ["DATE_ADD(", *one, ",", "INTERVAL", *self.expression(0, sources), self.pick("DAY", "HOUR"), ")"],
            ["DEFAULT(", *self.column(sources), ")"] if sources and sources[0].base else one,
            ["CHAR(", *one, "USING", "utf8mb4", ")"],
            ["WEIGHT_STRING(", *one, "AS", "CHAR(3)", ")"],
            ["TIMESTAMPDIFF(", "DAY", ",", *one, ",", "NOW()", ")"],
            ["SCHEMA()"],
            ["INTERVAL(", *one, ",", "1", ",", "2", ")"],
            ["JSON_EXTRACT(", "'{}'", ",", "'$.from'", ")"],
            [
                "GROUP_CONCAT(",
                "DISTINCT",
                *one,
                "ORDER",
                "BY",
                *self.expression(depth, sources),
                "SEPARATOR",
                "','",
                ")",
            ],
            ["ROW", "(", *one, ",", "1", ")", "=", "(", *self.query(depth, 2, one=True), ")"],
            ["CASE", *one, "WHEN", "1", "THEN", *self.expression(depth, sources), "END"],
            [*one, "SOUNDS", "LIKE", "'x'"],
        ]
        if self.chance(0.25):
            schema, name = self.choose.choice(FUNCTIONS)
            written = (
                self.name(name) if schema == self.schema and self.chance(0.6) else self.path(schema, name)
            )
            return [written, "(", *one, ")"]
        return self.choose.choice(forms)

    def condition(self, depth: int, sources: list[Source]) -> Words:
        kind = self.choose.random()
        inner = depth - 1
        one = self.expression(inner, sources)
        if depth <= 0 or kind < 0.35:
            return [*one, self.choose.choice(_COMPARE), *self.expression(inner, sources)]
        if kind < 0.5:
            join = (
                self.pick("AND", "OR", "XOR", "&&")
                if self.ctx.pipes_as_concat
                else self.pick("AND", "OR", "||")
            )
            return [*self.condition(inner, sources), join, *self.condition(inner, sources)]
        negated = ["NOT"] if self.chance(0.3) else []
        if kind < 0.56:
            return [*one, *negated, "IN", "(", *self.comma([self.literal() for _ in range(3)]), ")"]
        if kind < 0.68:
            return [*one, *negated, "IN", "(", *self.query(inner, 1, limit=False), ")"]
        if kind < 0.76:
            return [*negated, "EXISTS", "(", *self.query(inner, self.choose.randrange(1, 4)), ")"]
        if kind < 0.8:
            return [
                *one,
                *negated,
                "BETWEEN",
                *self.expression(0, sources),
                "AND",
                *self.expression(0, sources),
            ]
        if kind < 0.84:
            return [*one, *negated, "LIKE", self.string()]
        if kind < 0.88:
            return [*one, "IS", *negated, self.pick("NULL", "TRUE", "UNKNOWN")]
        if kind < 0.93:
            quantity = self.pick("ANY", "ALL", "SOME")
            return [
                *one,
                self.choose.choice(_COMPARE[:6]),
                quantity,
                "(",
                *self.query(inner, 1, limit=False),
                ")",
            ]
        if kind < 0.96:
            row = ["(", *self.expression(0, sources), ",", *self.expression(0, sources), ")"]
            return [*self.pick("", "ROW").split(), *row, "IN", "(", *self.query(inner, 2, limit=False), ")"]
        return [*one, self.pick("RLIKE", "REGEXP"), "'a'"]
