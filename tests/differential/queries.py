"""Generated queries and expressions over the small schema of world.py. Every derived table, common table expression and
base table has the columns id, x, y, s, so that what is generated mostly resolves."""

from __future__ import annotations

import random

from dbgate.sql.statement import LexContext
from tests.differential.lexis import Lexis, Words
from tests.differential.world import COLUMNS, FUNCTIONS, SEQUENCES, TABLES, VIEWS

_ALIASES = (
    "t", "u", "a", "b", "c", "k", "x", "status", "value", "offset", "date", "end", "no", "user", "data", "names", "of",
    "seq", "q1", "select", "from", "log", "v1", "window", "lateral", "first", "history", "quick", "w x", "offline",
)  # fmt: skip
_CTES = ("a", "b", "c", "k", "cte", "log", "v1", "seq", "recursive", "status", "x y", "value", "A", "Cte")
_COMPARE = ("=", "<", ">", "<=", ">=", "<>", "!=", "<=>")
_ARITHMETIC = ("+", "-", "*", "/", "%", "DIV", "MOD", "|", "&", "^", "<<", ">>")


class Source:
    """A table in scope: the name that its columns are written with; may be written to: the schema and table, or None."""

    def __init__(self, alias: str, base: tuple[str, str] | None) -> None:
        self.alias = alias
        self.base = base


class Queries(Lexis):
    """Grows queries; `depth` bounds them."""

    def __init__(self, choose: random.Random, ctx: LexContext, schema: str) -> None:
        super().__init__(choose, ctx)
        self.schema = schema
        self.ctes: list[str] = []

    def pick(self, *options: str) -> str:
        return self.choose.choice(options)

    def comma(self, parts: list[Words]) -> Words:
        out: Words = []
        for i, part in enumerate(parts):
            out += [",", *part] if i else part
        return out

    # --- tables -----------------------------------------------------------------------------------------------------

    def base_name(self) -> tuple[str, str]:
        names = [name for name in TABLES if self.ctx.charset.startswith("utf8") or name[1].isascii()]
        return self.choose.choice(names)

    def table_path(self, schema: str, name: str) -> str:
        if schema == self.schema and self.chance(0.7):
            if self.chance(0.01):
                return "." + self.name(name, True)
            return self.name(name)
        return self.path(schema, name)

    def from_item(self, depth: int) -> tuple[Words, Source]:
        """One table factor: a base table, view, CTE, derived table …"""
        alias = self.choose.choice(_ALIASES) + (str(self.choose.randrange(100)) if self.chance(0.6) else "")
        said = [self.word("AS")] if self.chance(0.5) else []
        quoted = self.name(alias)
        if not said and quoted == alias and alias.upper() in ("OF", "FIRST", "NO", "END", "HISTORY"):
            said = [self.word("AS")]
        kind = self.choose.random()
        if depth > 0 and kind < 0.16:
            head = [self.word("LATERAL")] if not self.maria and self.chance(0.2) else []
            columns = (
                ["(", "id", ",", "x", ",", "y", ",", "s", ")"] if self.chance(0.1) and not self.maria else []
            )
            return [*head, "(", *self.query(depth - 1, 4), ")", *said, quoted, *columns], Source(alias, None)
        if depth > 0 and kind < 0.19:
            columns = "id INT PATH '$', x INT PATH '$', y INT PATH '$', s INT PATH '$' DEFAULT '1' ON EMPTY"
            document = ["(", *self.query(depth - 1, 1, one=True), ")"] if self.chance(0.3) else ["'[1]'"]
            head = ["JSON_TABLE(", *document, ",", "'$[*]'", "COLUMNS", "(", columns, ")", ")"]
            return [*head, self.word("AS"), quoted], Source(alias, None)
        if depth > 0 and kind < 0.2 and not self.maria:
            row = self.comma([self.expression(1, []) for _ in COLUMNS])
            head = ["(", "VALUES", "ROW", "(", *row, ")", ")"]
            return [*head, self.word("AS"), quoted, "(", "id", ",", "x", ",", "y", ",", "s", ")"], Source(
                alias, None
            )
        if self.ctes and kind < 0.35:
            return [self.name(self.choose.choice(self.ctes)), *said, quoted], Source(alias, None)
        base = self.choose.choice(VIEWS) if kind > 0.95 else self.base_name()
        words = [self.table_path(*base)]
        if base == ("shop", "part") and self.chance(0.5):
            words += [self.word("PARTITION"), "(", self.pick("p0", "p1", "p0, p1"), ")"]
        if base == ("shop", "hist") and self.maria and self.chance(0.6):
            words += self.pick(
                "FOR SYSTEM_TIME ALL", "FOR SYSTEM_TIME AS OF NOW()", "FOR SYSTEM_TIME BETWEEN '2020-01-01' AND NOW()",
                "FOR SYSTEM_TIME FROM '2020-01-01' TO NOW()",
            ).split()  # fmt: skip
        target = None if base in VIEWS else base
        if self.chance(0.35) and base[0] == self.schema:
            return self.hints(words), Source(base[1], target)
        return self.hints([*words, *said, quoted]), Source(alias, target)

    def hints(self, words: Words) -> Words:
        if self.chance(0.05):
            verb = self.pick("USE", "IGNORE", "FORCE")
            what = self.pick("INDEX", "KEY", "INDEX FOR JOIN", "KEY FOR ORDER BY", "INDEX FOR GROUP BY")
            return [*words, verb, *what.split(), "(", "PRIMARY", ")"]
        return words

    def tables(self, depth: int, most: int = 3) -> tuple[Words, list[Source]]:
        """A FROM clause's tables with joins of all kinds."""
        words, first = self.from_item(depth)
        sources = [first]
        for _ in range(self.choose.choice((0, 0, 0, 1, 1, 2)[: most + 3])):
            more, source = self.from_item(depth)
            if any(known.alias.lower() == source.alias.lower() for known in sources):
                continue
            kind = self.choose.random()
            sources.append(source)
            if kind < 0.3:
                words = [*words, ",", *more]
            elif kind < 0.4:
                words = [
                    *words,
                    *self.pick("CROSS JOIN", "STRAIGHT_JOIN", "JOIN", "INNER JOIN").split(),
                    *more,
                ]
            elif kind < 0.45:
                join = self.pick("NATURAL JOIN", "NATURAL LEFT JOIN", "NATURAL RIGHT OUTER JOIN")
                words = [*words, *join.split(), *more]
            elif kind < 0.5 and "," not in words:
                words = ["{", "oj", *words, "LEFT", "JOIN", *more, "ON", *self.condition(0, sources), "}"]
            elif kind < 0.6 and len(sources) == 2:
                words = ["(", *words, ",", *more, ")"]
            elif kind < 0.66:
                inner, third = self.from_item(depth)
                if any(known.alias.lower() == third.alias.lower() for known in sources):
                    words = [*words, ",", *more]
                    continue
                sources.append(third)
                first_on = ["ON", *self.condition(depth - 1, sources[-2:])]
                join = self.pick("JOIN", "LEFT JOIN", "RIGHT JOIN").split()
                if self.chance(0.5):
                    words = [
                        *words,
                        *join,
                        *more,
                        "JOIN",
                        *inner,
                        *first_on,
                        "ON",
                        *self.condition(0, sources),
                    ]
                else:
                    words = [*words, *join, "(", *more, self.pick("CROSS JOIN", ","), *inner, ")", *first_on]
            else:
                join = self.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "INNER JOIN", "LEFT OUTER JOIN")
                if self.chance(0.25):
                    rest: Words = ["USING", "(", self.name("id"), ")"]
                else:
                    rest = ["ON", *self.condition(depth - 1, [*sources[-2:]])]
                words = [*words, *join.split(), *more, *rest]
                if self.chance(0.15):
                    words = ["(", *words, ")"]
        return words, sources

    # --- expressions ------------------------------------------------------------------------------------------------

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

    # --- queries ----------------------------------------------------------------------------------------------------

    def query(
        self, depth: int, width: int, one: bool = False, limit: bool = True, top: bool = False
    ) -> Words:
        """A query that gives `width` columns (4: named id, x, y, s). one: at most one row. limit: LIMIT is possible."""
        kept = len(self.ctes)
        words: Words = []
        recursive = False
        if depth > 0 and self.chance(0.12):
            recursive = self.chance(0.3)
            words = self.with_list(depth - 1, recursive)
        body = self.block(depth, width, one, limit, top)
        if not one and depth > 0 and self.chance(0.14):
            for _ in range(self.choose.choice((1, 1, 2))):
                operator = self.pick(
                    "UNION", "UNION ALL", "UNION DISTINCT", "EXCEPT", "INTERSECT", "EXCEPT ALL"
                )
                other = self.block(depth - 1, width, False, False, False)
                if self.chance(0.3):
                    other = ["(", *other, ")"]
                body = [*self.bracket(body), *operator.split(), *other]
            if limit and self.chance(0.2):
                body += ["LIMIT", "3"]
        elif self.chance(0.04) and not top:
            body = ["(", *body, ")"]
        del self.ctes[kept:]
        return words + body

    def bracket(self, words: Words) -> Words:
        """A block with its own ORDER BY or LIMIT must stand in parentheses within a set operation."""
        depth = 0
        for word in words:
            depth += word.count("(") - word.count(")")
            if not depth and word.upper() in ("ORDER", "LIMIT", "INTO", "FOR", "LOCK", "PROCEDURE"):
                return ["(", *words, ")"]
        return ["(", *words, ")"] if self.chance(0.2) else words

    def with_list(self, depth: int, recursive: bool) -> Words:
        parts: list[Words] = []
        for _ in range(self.choose.choice((1, 1, 2))):
            name = self.choose.choice(_CTES)
            columns = ["(", "id", ",", "x", ",", "y", ",", "s", ")"] if recursive or self.chance(0.3) else []
            if recursive and self.chance(0.6):
                base = self.query(0, 4, limit=False)
                own = self.name(name)
                body = [
                    *base,
                    "UNION",
                    "SELECT",
                    "id",
                    "+",
                    "1",
                    ",",
                    "x",
                    ",",
                    "y",
                    ",",
                    "s",
                    "FROM",
                    own,
                    "WHERE",
                    "id",
                    "<",
                    "3",
                ]
            else:
                body = self.query(depth, 4)
            parts.append([self.name(name), *columns, "AS", "(", *body, ")"])
            self.ctes.append(name)
        return ["WITH", *(["RECURSIVE"] if recursive else []), *self.comma(parts)]

    def block(self, depth: int, width: int, one: bool, limit: bool, top: bool) -> Words:
        kind = self.choose.random()
        if width == 4 and kind < 0.05 and not one and not self.maria:
            return ["TABLE", self.table_path(*self.plain_base())]
        if kind > 0.97 and depth > 0 and not one and width != 4:
            row = self.comma([self.literal() for _ in range(width)])
            return ["VALUES", *([] if self.maria else ["ROW"]), "(", *row, ")"]
        if kind < 0.06 and one:
            return [self.word("SELECT"), *self.expression(depth - 1, [])]
        words, sources = self.tables(depth)
        options = self.pick("DISTINCT", "ALL", "SQL_CALC_FOUND_ROWS", "STRAIGHT_JOIN", "HIGH_PRIORITY")
        head = [
            self.word("SELECT"),
            *([options] if self.chance(0.06) and (top or options[0] in "DA") else []),
        ]
        grouped = self.chance(0.12)
        head += self.columns(depth, width, sources, grouped or one)
        out = [*head, self.word("FROM"), *words]
        if self.chance(0.5):
            out += [self.word("WHERE"), *self.condition(depth, sources)]
        if grouped and not one:
            out += [
                "GROUP",
                "BY",
                *(self.column(sources) if self.chance(0.7) else self.expression(depth - 1, sources)),
            ]
            if self.chance(0.2):
                out += ["WITH", "ROLLUP"]
            if self.chance(0.3):
                out += ["HAVING", "COUNT(*)", ">", *self.expression(depth - 1, [])]
        if limit and self.chance(0.2):
            by = self.column(sources) if self.chance(0.6) else self.expression(depth - 1, sources)
            out += ["ORDER", "BY", *by, *self.pick("", "ASC", "DESC").split()]
        if (limit and self.chance(0.2)) or (one and self.chance(0.5)):
            out += ["LIMIT", *self.pick("1", "1 OFFSET 0", "0, 1").split()]
        if limit and top and self.chance(0.06):
            more = ("PROCEDURE ANALYSE()",) if self.maria else ("FOR SHARE", "FOR UPDATE SKIP LOCKED")
            if not self.maria and self.chance(0.2):
                return [*out, "FOR", "UPDATE", "OF", self.name(sources[0].alias)]
            out += self.pick(
                "FOR UPDATE", "LOCK IN SHARE MODE", "FOR UPDATE NOWAIT", "INTO @v", *more
            ).split()
        return out

    def plain_base(self) -> tuple[str, str]:
        return self.choose.choice((("shop", "a"), ("shop", "b"), ("vault", "k"), ("shop", "status")))

    def columns(self, depth: int, width: int, sources: list[Source], grouped: bool) -> Words:
        """The select list."""
        names = COLUMNS if width == 4 else ()
        parts: list[Words] = []
        if width == 4 and not grouped and len(sources) == 1 and self.chance(0.3):
            return ["*"] if self.chance(0.5) else [self.name(sources[0].alias) + ".*"]
        for i in range(width):
            if grouped:
                part = [
                    self.pick("COUNT(", "MAX(", "MIN(", "GROUP_CONCAT("),
                    *self.expression(depth - 2, sources),
                    ")",
                ]
            elif self.chance(0.04):
                frame: Words = self.pick(
                    "", "ORDER BY 1", "PARTITION BY 1", "ROWS UNBOUNDED PRECEDING"
                ).split()
                if self.chance(0.5):
                    frame = [
                        *self.pick("ORDER BY", "PARTITION BY").split(),
                        *self.expression(depth - 1, sources),
                    ]
                part = [self.pick("COUNT(*)", "ROW_NUMBER()", "SUM(1)"), "OVER", "(", *frame, ")"]
            else:
                part = self.expression(depth - 1, sources)
            if names:
                part = [*part, "AS", self.name(names[i])]
            elif self.chance(0.2):
                part = [*part, "AS", self.name(self.choose.choice(_ALIASES))]
            parts.append(part)
        return self.comma(parts)
