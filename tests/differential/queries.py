"""Generated queries over the small schema of world.py. Every derived table, common table expression and
base table has the columns id, x, y, s, so that what is generated mostly resolves."""

from __future__ import annotations

from tests.differential.expressions import Expressions, Source
from tests.differential.lexis import Words
from tests.differential.world import COLUMNS, TABLES, VIEWS

_ALIASES = (
    "t", "u", "a", "b", "c", "k", "x", "status", "value", "offset", "date", "end", "no", "user", "data", "names", "of",
    "seq", "q1", "select", "from", "log", "v1", "window", "lateral", "first", "history", "quick", "w x", "offline",
)  # fmt: skip
_CTES = ("a", "b", "c", "k", "cte", "log", "v1", "seq", "recursive", "status", "x y", "value", "A", "Cte")


class Queries(Expressions):
    """Grows queries; `depth` bounds them."""

    # --- tables -----------------------------------------------------------------------------------------------------

    def base_name(self) -> tuple[str, str]:
        names = [name for name in TABLES if self.ctx.charset.startswith("utf8") or name[1].isascii()]
        return self.choose.choice(names)

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
