"""The clause scanner: one pass over a statement's tokens finds every table that it reads and every function it calls.

A stack of frames, one per open parenthesis; each frame has a mode that says what a name or a comma means there. Depth
costs nothing: nothing recurses. SELECT, FROM, JOIN, UNION, TABLE, WHERE and the like are reserved words in both
servers, so they cannot be names unless quoted or next to a dot, and the lexer has told those apart.
What has no place ends the scan with an error, and the statement is blocked.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.sql import actions
from dbgate.sql.frames import Frames
from dbgate.sql.functions import APART, QUOTED_TOO, TOUCHING, builtin, reaching, unsure
from dbgate.sql.modes import (
    AFTER,
    ASSIGN,
    COND,
    CTE_DONE,
    CTE_NAME,
    EXPR,
    LIST,
    NAMES,
    PERIOD,
    TABLES,
    TAIL,
)  # fmt: skip
from dbgate.sql.tokens import IDENT, OP, QUOTED, SYS_VAR, USER_VAR, WORD
from dbgate.sql.uses import BEFORE_STAR

# Words that may stand where a table is expected, behind a parenthesis.
_OPEN_TABLES: Final = (actions.SELECT, actions.WITH, actions.TABLE, actions.VALUES)
_QUERY_STARTS: Final = ("SELECT", "ALL", "DISTINCT", "(", "VALUES", "TABLE", "WITH")
# In DDL the statement TABLE follows these; otherwise the word is part of the DDL itself.
_BEFORE_TABLE: Final = ("AS", "(", "UNION", "ALL", "DISTINCT", "EXCEPT", "INTERSECT")
_BEHIND_ALIAS: Final = frozenset(
    ("", ",", ")", ";", "JOIN", "LEFT", "RIGHT", "INNER", "CROSS", "NATURAL", "STRAIGHT_JOIN", "ON", "USING", "WHERE",
     "GROUP", "HAVING", "ORDER", "LIMIT", "FOR", "LOCK", "UNION", "WINDOW", "USE", "IGNORE", "FORCE", "SET", "INTO")
)  # fmt: skip
# Reserved, and yet something to read from.
_TABLE_WORDS: Final = ("DUAL", "LATERAL", "JSON_TABLE")
_ADMINS: Final = ("ROLES_GRAPHML", "BINLOG_GTID_POS")
_SEQUENCES: Final = ("NEXTVAL", "LASTVAL", "SETVAL")


@final
class Scanner(Frames):
    """Scans token ranges of one statement into `facts`: `run` once or more, then `finish`."""

    def run(self, lo: int, hi: int, mode: int) -> int:
        """Scans tokens [lo, hi) with the root frame in `mode`; returns hi, or where INSERT, UPDATE … stopped a WITH."""
        facts = self.facts
        tokens = facts.tokens
        kinds = tokens.kinds
        words = tokens.words
        table = self.actions
        names = facts.names
        notes = self.uses.notes
        self.mode = mode
        i = lo
        while i < hi:
            kind = kinds[i]
            if kind == OP:
                word = words[i]
                if word == "(":
                    self.open(i)
                elif word == ")":
                    if not self.modes:
                        facts.fail("a parenthesis that was not opened")
                        return hi
                    self.close()
                elif word == ",":
                    mode = self.mode
                    if mode in (AFTER, COND, PERIOD):
                        self.mode = TABLES
                    elif mode == CTE_DONE:
                        self.mode = CTE_NAME
                    elif mode == TABLES:
                        facts.fail("a table was expected")
                        return hi
                    elif mode == ASSIGN and not self.modes:
                        i = self.target(i + 1, hi)
                        continue
                elif word == "{":
                    i = self.brace(i, hi)
                    continue
                elif word == "." and self.mode == TABLES:
                    i = self._table(i, hi)
                    continue
                elif self.mode == TABLES and word != "}":
                    facts.fail("a table was expected")
                    return hi
                elif word == "*" and i and words[i - 1] in BEFORE_STAR:
                    self.note(i)
                i += 1
                continue
            if kind == WORD:
                word = words[i]
                action = table.get(word, 0)
                if action > actions.PLAIN:
                    if action == actions.WRITE and self.mode == CTE_DONE and not self.modes:
                        return i
                    if action != actions.NEXT or (words[i + 1 : i + 3] == ["VALUE", "FOR"]):
                        i = self._act(i, hi, action)
                        continue
                    action = 0
                mode = self.mode
                if mode == TABLES:
                    if action and word not in _TABLE_WORDS:
                        facts.fail("a table was expected")
                        return hi
                    i = self._table(i, hi)
                    continue
                if action:  # reserved: IN, AND, LEFT, IF …
                    i += 1
                    continue
                after = words[i + 1] if i + 1 < hi else ""
                if after == "(":
                    if mode != NAMES and mode != AFTER and mode < CTE_NAME:
                        i = self._call(i, hi, word)
                        continue
                    if self.maria and mode == NAMES and word in _SEQUENCES:  # DEFAULT (NEXTVAL(s))
                        i = self._known(i, word)
                        continue
                elif after == ".":
                    i = self._chain(i, hi)
                    continue
                if mode == AFTER:
                    self.alias(i)
                elif mode >= CTE_NAME:
                    i = self.cte(i, hi)
                    continue
                elif mode != NAMES:
                    notes.append(i)
                    notes.append(self.mark + mode)
                names.add(word)
                i += 1
                continue
            if kind in (IDENT, QUOTED):
                mode = self.mode
                if mode == TABLES:
                    i = self._table(i, hi)
                    continue
                if mode >= CTE_NAME:
                    i = self.cte(i, hi)
                    continue
                after = words[i + 1] if i + 1 < hi else ""
                if after == ".":
                    i = self._chain(i, hi)
                    continue
                if after == "(" and mode != NAMES and mode != AFTER:
                    if not builtin(
                        tokens.name(i).upper(), QUOTED_TOO if kind == QUOTED else TOUCHING, facts.ctx
                    ):
                        facts.routine("", tokens.name(i))
                    elif kind == QUOTED:
                        self._known(i, tokens.name(i).upper())
                elif mode == AFTER:
                    self.alias(i)
                elif mode != NAMES:
                    notes.append(i)
                    notes.append(self.mark + mode)
                names.add(tokens.name(i))
                i += 1
                continue
            if self.mode == TABLES or self.mode >= CTE_NAME:
                facts.fail("a name was expected")
                return hi
            if kind == USER_VAR:
                facts.plain = False
            elif kind == SYS_VAR:
                while i + 2 < hi and words[i + 1] == ".":
                    i += 2
            i += 1
        return hi

    def _act(self, i: int, hi: int, action: int) -> int:
        """A steering word at i; returns the index to go on from."""
        facts = self.facts
        words = facts.tokens.words
        mode = self.mode
        if mode == TABLES and action == actions.LATE and words[i] in _TABLE_WORDS:
            return self._table(i, hi)
        if mode == TABLES and action not in _OPEN_TABLES:
            facts.fail("a table was expected")
        elif action == actions.SELECT:
            if mode >= CTE_NAME and mode != CTE_DONE:
                facts.fail("a common table expression out of place")
            self.enter_query()
            self.mode = LIST
        elif action == actions.FROM:
            return self._from(i, hi)
        elif action == actions.JOIN:
            if mode in (AFTER, COND, PERIOD):
                self.mode = TABLES
        elif action == actions.TAIL or action == actions.WHERE:
            self._tail(i, action, mode)
        elif action == actions.YOUNG:
            self._young(i, hi, mode)
        elif action == actions.ON:
            if i + 2 < hi and words[i + 1] == "DUPLICATE" and words[i + 2] == "KEY":
                self.on_duplicate = True
                self.duplicate(i + 4)
                while self.scopes:  # a WITH belongs to the query before it
                    self.hide(self.scopes.pop())
                self.mode = TAIL
                return i + 4
            if mode in (AFTER, COND):
                self.mode = COND
        elif action == actions.FOR:
            return self._for(i, hi, mode)
        elif action == actions.UNION:
            if mode != NAMES:
                self.mode = EXPR
            self.arm()
        elif action == actions.WITH:
            return self.with_list(i, hi, mode)
        elif action == actions.TABLE:
            if mode != AFTER and (mode != NAMES or facts.verb == "CREATE" or words[i - 1] in _BEFORE_TABLE):
                self.enter_query()
                self.note(i)  # all columns
                self.mode = TABLES
                i = self._table(i + 1, hi)
                self.mode = TAIL
                return i
        elif action == actions.SET:
            if not self.modes and (mode in (AFTER, COND, PERIOD)):
                self.mode = ASSIGN
                return self.target(i + 1, hi)
        elif action == actions.AS:
            return self.as_word(i, hi, mode)
        elif action == actions.INTO:
            if i + 1 < hi and (words[i + 1] == "OUTFILE" or words[i + 1] == "DUMPFILE"):
                facts.bare("LOAD")
                facts.plain = False
        elif action == actions.VALUES:
            if mode in (TABLES, CTE_DONE):
                self.enter_query()
                self.mode = EXPR
        elif action == actions.NEXT:
            advances = words[i] == "NEXT"
            schema, name, i = facts.dotted(i + 3, hi)
            facts.table("INSERT" if advances else "SELECT", schema, name, advances)
            facts.plain = False
            return i
        else:
            self.word(i, hi, action)
        return i + 1

    def _from(self, i: int, hi: int) -> int:
        mode = self.mode
        words = self.facts.tokens.words
        if mode in (LIST, TAIL, EXPR) and words[i - 1] == ")" and self.frame_end(i, hi):
            return i + 2
        if mode in (LIST, TAIL):
            self.mode = TABLES
            self.slot = False
        elif mode in (AFTER, COND, ASSIGN) or mode >= CTE_NAME or (mode == EXPR and not self.modes):
            self.facts.fail("FROM out of place")
        return i + 1

    def _tail(self, i: int, action: int, mode: int) -> None:
        mode = self.clause(i, mode)
        if mode != EXPR and mode != NAMES and mode < CTE_NAME:
            self.mode = TAIL
            if not self.modes:
                if action == actions.WHERE:
                    self.where = i + 1
                elif self.where >= 0 and self.where_end < 0:
                    self.where_end = i

    def _young(self, i: int, hi: int, mode: int) -> None:
        """A clause's word that older versions (and MariaDB with WINDOW) take for a name: told by what follows."""
        words = self.facts.tokens.words
        word = words[i]
        after = words[i + 1] if i + 1 < hi else ""
        if word == "WINDOW":
            if i + 2 < hi and words[i + 2] == "AS":
                self._tail(i, actions.TAIL, mode)
        elif word == "QUALIFY":
            if after not in _BEHIND_ALIAS:
                self._tail(i, actions.TAIL, mode)
        elif after in _QUERY_STARTS:
            self.arm()
            if mode != NAMES:
                self.mode = EXPR
        if mode != NAMES and mode < CTE_NAME:
            self.note(i)

    def _for(self, i: int, hi: int, mode: int) -> int:
        words = self.facts.tokens.words
        after = words[i + 1] if i + 1 < hi else ""
        if mode in (AFTER, COND, PERIOD):
            if after == "SYSTEM_TIME" or after == "PORTION":
                self.mode = PERIOD
                self.uses.doubtful = True
            elif after == "JOIN" or after == "ORDER" or after == "GROUP":  # USE INDEX FOR …
                return i + 2
            else:
                self.mode = TAIL
        elif mode == LIST:
            self.mode = TAIL
        return i + 1

    def _table(self, i: int, hi: int) -> int:
        """A table's name in a FROM clause at i (or LATERAL, JSON_TABLE, DUAL)."""
        facts = self.facts
        tokens = facts.tokens
        words = tokens.words
        word = words[i] if i < hi else ""
        after = words[i + 1] if i + 1 < hi else ""
        if after == "(" and tokens.kinds[i] == WORD:
            if word == "LATERAL":
                self.lateral = True
                return i + 1
            if word == "JSON_TABLE":
                self.lateral = True
                self.open(i + 1)
                self.mode = EXPR
                self.loosen()
                return i + 2
        self.mode = AFTER
        if word == "DUAL" and after != ".":
            self.slot = False
            return i + 1
        leading = word == "."
        schema, name, end = facts.dotted(i, hi)
        if not name:
            facts.fail("a table was expected")
            return hi
        ref = facts.read(schema, name, self.depth == 0)
        ref.query = self.scope
        self.derived = False
        if not schema and not leading and self.is_cte(name):
            ref.operation = ""
        self.slot = True
        return end

    def _chain(self, i: int, hi: int) -> int:
        """A dotted name in an expression: a column, or a stored function of a schema."""
        facts = self.facts
        tokens = facts.tokens
        start = i
        while i + 2 < hi and tokens.words[i + 1] == "." and WORD <= tokens.kinds[i + 2] <= QUOTED:
            i += 2
        if i + 1 < hi and tokens.words[i + 1] == "(" and self.mode not in (NAMES, AFTER):
            if i - start > 2:
                facts.fail("a function's name of three parts")
            elif i > start:
                facts.routine(tokens.name(start), tokens.name(i))
        elif self.mode != NAMES:
            self.note(i)
        facts.names.add(tokens.name(i))
        return i + 1

    def _call(self, i: int, hi: int, word: str) -> int:
        """An unquoted name before "(" in an expression."""
        facts = self.facts
        tokens = facts.tokens
        if word == "COLUMNS" and self.openers and tokens.words[self.openers[-1] - 1] == "JSON_TABLE":
            self.open(i + 1)
            self.mode = NAMES
            return i + 2
        gap = tokens.starts[i + 1] - tokens.end(i)
        if gap == 0 or (
            facts.ctx.ignore_space and tokens.text[tokens.end(i) : tokens.starts[i + 1]].isspace()
        ):
            written = TOUCHING
        else:
            written = APART
        if builtin(word, written, facts.ctx):
            return self._known(i, word)
        before = tokens.words[i - 1] if i else ""
        if (word == "AGAINST" and (before == ")" or tokens.kinds[i - 1] != OP)) or before == "PROCEDURE":
            return i + 1
        facts.routine("", tokens.name(i))
        return i + 1

    def _known(self, i: int, word: str) -> int:
        """A built-in that is called; some reach further than the query."""
        if unsure(word, self.facts.ctx):
            self.facts.stand_in(word)
        facts = self.facts
        if reaching(word):
            facts.plain = False
            if word == "LOAD_FILE":
                facts.bare("LOAD")
            elif word in _ADMINS:  # what SHOW GRANTS and SHOW MASTER STATUS tell
                facts.bare("ADMIN")
            elif word in _SEQUENCES and self.maria:
                schema, name, _ = facts.dotted(i + 2, len(facts.tokens))
                facts.table("SELECT" if word == "LASTVAL" else "INSERT", schema, name, word != "LASTVAL")
        return i + 1
