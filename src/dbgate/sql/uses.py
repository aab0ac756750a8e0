"""Where a statement names columns: what the clause scanner notes as it goes, and the ColumnUses that come of it.

A note is two numbers, a token's index and a mark: the query that it stands in, whether it is loose, and the frame's mode.
So noting costs next to nothing; what the notes say is worked out once, when the statement is finished. Whatever may be
a column counts as one.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.columns import fold_column
from dbgate.sql.columnshape import EVERY, LOOSE, QUALIFIED, WRITTEN, combine, pack
from dbgate.sql.functions import RESERVED
from dbgate.sql.modes import AFTER, COND, LIST, PERIOD
from dbgate.sql.statement import ColumnUses, Need
from dbgate.sql.tokens import IDENT, PARAM, QUOTED, STRING, SYS_VAR, USER_VAR, WORD, Tokens

# A mark is MARK * query + (LOOSELY) + mode of the frame.
MARK: Final = 32
LOOSELY: Final = 16

# Behind these and the like a star is none of arithmetic, but all columns.
BEFORE_STAR: Final = frozenset(
    (",", ".", "SELECT", "ALL", "DISTINCT", "DISTINCTROW", "HIGH_PRIORITY", "STRAIGHT_JOIN", "SQL_SMALL_RESULT",
     "SQL_BIG_RESULT", "SQL_BUFFER_RESULT", "SQL_CACHE", "SQL_NO_CACHE", "SQL_CALC_FOUND_ROWS", "RETURNING")
)  # fmt: skip

_UNIT: Final = 1
_TYPE: Final = 2
_PAIR: Final = 3
_SPECIAL: Final = (
    dict.fromkeys(
        ("MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "SQL_TSI_SECOND",
         "SQL_TSI_MINUTE", "SQL_TSI_HOUR", "SQL_TSI_DAY", "SQL_TSI_WEEK", "SQL_TSI_MONTH", "SQL_TSI_QUARTER",
         "SQL_TSI_YEAR"), _UNIT
    )
    | dict.fromkeys(("DATE", "TIME", "DATETIME", "TIMESTAMP", "JSON", "SIGNED"), _TYPE)
    | dict.fromkeys(("LOCKED", "MODE", "EXPANSION", "BOOLEAN", "LANGUAGE"), _PAIR)
)  # fmt: skip
# Words that are no columns behind these.
_PAIRS: Final = frozenset(
    ("SKIP LOCKED", "SHARE MODE", "BOOLEAN MODE", "LANGUAGE MODE", "QUERY EXPANSION", "IN BOOLEAN", "NATURAL LANGUAGE")
)  # fmt: skip
# Behind these stands the name of a character set, a collation, or a keyword.
_NAMELESS: Final = ("USING", "COLLATE", "WITH")
_ENDS: Final = (",", "FROM", ")", ";")
_OPERATORS: Final = ("+", "-", "*", "/", "%")
_BEFORE_OPERAND: Final = ("SELECT", "DISTINCT", "ALL", ",", *_OPERATORS)
# Behind these an operand begins, and what is a name is one.
_FRESH: Final = frozenset(
    ("SELECT", ",", "WHERE", "AND", "OR", "BY", "=", "<", ">", "<=", ">=", "<>", "!=", "+", "-", "*", "/", "NOT", "ON",
     "WHEN", "THEN", "ELSE", "CASE", "DISTINCT", "BETWEEN", "LIKE", "HAVING")
)  # fmt: skip
# Not reserved, and yet no operand: what follows may be a column.
_PREFIXES: Final = ("ESCAPE", "OVER", "PRIOR")
_ALL_COLUMNS: Final = (EVERY, "NATURAL", "TABLE")
_UNIONS: Final = ("UNION", "EXCEPT", "INTERSECT", "HAVING")
_BEFORE_NO_ALIAS: Final = ("(", ",", ".")
_SOURCES: Final = 5000  # in one statement
_FAR: Final = 200  # tokens to look ahead or back
_QUERIES: Final = 5000  # in one statement


@final
class Source:
    """A table where rows of it are read or written. need: what for; called: its name or alias there; query: the number
    of the query that it stands in, or -1; whole: all its columns are touched."""

    def __init__(self, need: Need, called: str, query: int, whole: bool) -> None:
        self.need = need
        self.called = called
        self.query = query
        self.whole = whole


@final
class Uses:
    """What one statement's scan has noted. unknown: its columns are not understood."""

    def __init__(self) -> None:
        self.links: list[int] = []  # as in ColumnUses.shape
        self.notes: list[int] = []
        self.written: list[int] = []  # tokens of columns that are assigned or inserted, each with 2 * query …
        self.others: list[str] = []  # … + 1 where it may be of any of the query's tables
        self.parts: list[ColumnUses] = []
        self.unknown = False
        self.doubtful = False  # names behind a table may be its alias
        self.target = -1  # the query whose table an INSERT writes …
        self.duplicate = -1  # … and that of its ON DUPLICATE KEY UPDATE

    def query(self, around: int, loose: bool) -> int:
        """The number of a query that begins. around: that of the query whose names it sees, or -1."""
        number = len(self.links)
        self.links.append(2 * around + 3 if loose else 2 * around + 2)
        return number

    def around(self, query: int) -> int:
        """The query around it, or -1."""
        return (self.links[query] >> 1) - 1

    def loose(self, query: int) -> bool:
        """Whether its link to that is loose."""
        return self.links[query] & 1 == 1

    def write(self, columns: list[int], query: int, several: bool) -> None:
        """Tokens that name columns which are assigned or inserted. several: the query has more tables than one."""
        for i in columns:
            self.written.append(i)
            self.written.append(2 * query + 1 if several else 2 * query)

    def finish(
        self, tokens: Tokens, sources: list[Source], lowered: dict[str, str], flavour: int
    ) -> ColumnUses | None:
        """What was noted, or None where that is not known. lowered: names of the statement → in lower case, which are
        kept anyway: to use the same strings saves memory."""
        links = self.links
        if self.unknown or len(links) > _QUERIES:
            return None
        if not sources:
            return combine(self.parts) if self.parts else None
        if self.doubtful:
            sources = sources + self._called_too(tokens, sources)
            if len(sources) > _SOURCES:
                return None
        names: dict[str, int] = {}
        numbers = [len(links)]
        numbers.extend(links)
        numbers.append(len(sources))
        for source in sources:
            need = source.need
            numbers.append(names.setdefault(need.operation, len(names)))
            numbers.append(names.setdefault(need.schema, len(names)))
            numbers.append(names.setdefault(need.table, len(names)))
            numbers.append(names.setdefault(source.called.lower(), len(names)))
            query = source.query
            numbers.append(query if query >= 0 else 0)
            numbers.append(1 if source.whole or query < 0 else 0)
        if self.others:
            others = dict.fromkeys([names.setdefault(other.lower(), len(names)) for other in self.others])
            numbers.append(len(others))
            numbers.extend(others)
        else:
            numbers.append(0)
        reading = _Reading(tokens, names, numbers, lowered, flavour)
        if self.written:
            reading.write(self.written)
        reading.read(self)
        made = pack(names, numbers)
        if not self.parts or made is None:
            return made
        return combine([made, *self.parts])

    def _called_too(self, tokens: Tokens, sources: list[Source]) -> list[Source]:
        """The tables of a query once more under each name in it that may be an alias: behind FOR SYSTEM_TIME, and
        words that older servers take for names."""
        notes = self.notes
        more: list[Source] = []
        for k in range(0, len(notes), 2):
            i = notes[k]
            mode = notes[k + 1] & 15
            if mode != AFTER and mode != PERIOD:
                continue
            if tokens.words[i - 1] in _BEFORE_NO_ALIAS or tokens.words[i] in _ALL_COLUMNS:
                continue
            query = notes[k + 1] // MARK
            for source in sources:
                if source.query == query:
                    more.append(Source(source.need, tokens.name(i), query, source.whole))
            if len(more) > _SOURCES:
                break
        return more


@final
class _Reading:
    """One pass over the notes, which adds the uses to `numbers`."""

    def __init__(
        self, tokens: Tokens, names: dict[str, int], numbers: list[int], lowered: dict[str, str], flavour: int
    ) -> None:
        self.tokens = tokens
        self.names = names
        self.numbers = numbers
        self.lowered = lowered
        self.reserved = RESERVED[flavour]
        self.assigned: set[int] = set()
        self.seen: set[int] = set()
        self.left = 50 * _FAR  # tokens that may still be looked at for EXISTS

    def write(self, written: list[int]) -> None:
        """The columns that are assigned or inserted."""
        for k in range(0, len(written), 2):
            i = written[k]
            mark = written[k + 1]
            self.assigned.add(i)
            if mark & 1 and self.tokens.words[i - 1] == ".":
                self._qualified(WRITTEN, mark >> 1, i, self._text(i))
            else:
                self._plainly(WRITTEN, mark >> 1, self._text(i))

    def read(self, uses: Uses) -> None:
        """The others."""
        words = self.tokens.words
        raws = self.tokens.raws
        last = len(words) - 1
        lowered = self.lowered
        assigned = self.assigned
        notes = uses.notes
        for k in range(0, len(notes), 2):
            i = notes[k]
            mark = notes[k + 1]
            word = words[i]
            before = words[i - 1] if i else ""
            query = mark // MARK
            flags = LOOSE if mark & LOOSELY or mark & 15 == COND else 0
            if assigned and i in assigned:
                continue
            if word in _ALL_COLUMNS:
                if before == ".":
                    self._qualified(flags, query, i, EVERY)
                elif not self._exists(i):
                    self._plainly(flags, query, EVERY)
                continue
            low = lowered.get(word, "") if word != "" and raws[i].isascii() else ""
            if low == "":
                low = self._text(i)
            if before == ".":
                self._qualified(flags, query, i, low)
                continue
            if before not in _FRESH or word in _SPECIAL or (i < last and words[i + 1] == "."):
                if not self._column(i, mark & 15):
                    continue
                if query == uses.duplicate and before == "(" and words[i - 2] in ("VALUES", "VALUE"):
                    query = uses.target
            self._plainly(flags, query, low)

    def _text(self, i: int) -> str:
        """The name at token i, folded. Not by str.lower, which makes two letters of one that the server takes for an i."""
        name = self.tokens.name(i)
        low = fold_column(name)
        kept = self.lowered.get(name, "") or self.lowered.get(self.tokens.words[i], "")
        return kept if kept == low else low  # the same string takes no room of its own

    def _plainly(self, flags: int, query: int, text: str) -> None:
        name = self.names.setdefault(text, len(self.names))
        key = ((query << 17) + name) << 3 | flags
        if key not in self.seen:
            self.seen.add(key)
            self.numbers.append(flags)
            self.numbers.append(query)
            self.numbers.append(name)

    def _qualified(self, flags: int, query: int, i: int, text: str) -> None:
        """A name at token i that a dot precedes."""
        tokens = self.tokens
        called = ""
        if i > 1 and WORD <= tokens.kinds[i - 2] <= QUOTED:
            called = tokens.name(i - 2).lower()
        owner = self.names.setdefault(called, len(self.names))
        name = self.names.setdefault(text, len(self.names))
        key = (((query + _QUERIES << 17) + owner << 17) + name) << 3 | flags
        if key not in self.seen:
            self.seen.add(key)
            self.numbers.append(flags | QUALIFIED)
            self.numbers.append(query)
            self.numbers.append(owner)
            self.numbers.append(name)

    def _column(self, i: int, mode: int) -> bool:
        """Whether the name at token i, which no dot precedes, may be a column's."""
        words = self.tokens.words
        kinds = self.tokens.kinds
        last = i + 1 >= len(words)
        after = "" if last else words[i + 1]
        if after == ".":
            return False  # the qualifier of a star
        before = words[i - 1]
        kind = kinds[i - 1]
        if STRING <= kind <= PARAM or before in _NAMELESS:
            return False
        if i > 1 and words[i - 2] == "{":
            return True
        special = _SPECIAL.get(words[i], 0)
        if special and not self._plain(i, special, before, after):
            return False
        if mode != LIST or not (last or after in _ENDS):
            return True
        # An alias without AS?
        if before == ")" or before == "END" or kind in (IDENT, QUOTED) or USER_VAR <= kind <= SYS_VAR:
            return False
        return (
            kind != WORD
            or before in self.reserved
            or before in _PREFIXES
            or before.startswith("SQL_")
            or words[i - 2] not in _BEFORE_OPERAND
        )

    def _plain(self, i: int, special: int, before: str, after: str) -> bool:
        """Whether one of the special words at token i is a name and not a word of the grammar there."""
        words = self.tokens.words
        kinds = self.tokens.kinds
        if special == _PAIR:
            return f"{before} {words[i]}" not in _PAIRS
        called = words[i - 2] if before == "(" and i > 2 and words[i - 3] != "." else ""
        if special == _TYPE:
            if i + 1 < len(kinds) and kinds[i + 1] == STRING:
                return False  # a literal: DATE '2020-01-01'
            if called == "GET_FORMAT":
                return False
            return before != "," or after != ")" or not self._converted(i)
        if called == "EXTRACT":
            return after != "FROM"
        if called == "TIMESTAMPADD" or called == "TIMESTAMPDIFF":
            return after != ","
        # INTERVAL expression unit
        if before == ")" or kinds[i - 1] == IDENT or kinds[i - 1] == QUOTED:
            return False
        if kinds[i - 1] != WORD or before in self.reserved:
            return True
        return i > 1 and words[i - 2] != "INTERVAL" and words[i - 2] not in _OPERATORS

    def _converted(self, i: int) -> bool:
        """Whether token i is the type in CONVERT(…, type)."""
        words = self.tokens.words
        depth = 0
        for at in range(i - 1, max(i - _FAR, 0), -1):
            if words[at] == ")":
                depth += 1
            elif words[at] == "(":
                if depth == 0:
                    return words[at - 1] == "CONVERT"
                depth -= 1
        return False

    def _exists(self, i: int) -> bool:
        """Whether the star at token i is that of an EXISTS (SELECT * FROM …), which reads no column: the servers take
        a constant for it where there is no HAVING and no UNION."""
        words = self.tokens.words
        if i < 3 or words[i - 1] != "SELECT" or words[i - 2] != "(" or words[i - 3] != "EXISTS":
            return False
        depth = 0
        for at in range(i + 1, min(i + _FAR, len(words))):
            self.left -= 1
            word = words[at]
            if word == "(":
                depth += 1
            elif word == ")":
                if depth == 0:
                    return self.left > 0
                depth -= 1
            elif depth == 0 and (word in _UNIONS or word == ","):
                return False
        return False
