"""The clause scanner's state: a stack of frames, one per open parenthesis, and the WITH names in scope."""

from __future__ import annotations

from dbgate.sql.actions import ACTIONS
from dbgate.sql.columnscope import ColumnScope
from dbgate.sql.facts import Facts
from dbgate.sql.modes import (
    AFTER,
    COND,
    CTE_AS,
    CTE_BODY,
    CTE_DONE,
    CTE_NAME,
    EXPR,
    LIST,
    NAMES,
    PERIOD,
    TABLES,
    TAIL,
)  # fmt: skip
from dbgate.sql.statement import MARIADB
from dbgate.sql.tokens import QUOTED, STRING, WORD


class Frames(ColumnScope):
    """The open frames of one statement's scan; `Scanner` walks the tokens. The root frame lasts over several runs."""

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self.actions = ACTIONS[facts.ctx.flavour]
        self.maria = facts.ctx.flavour == MARIADB
        self.openers: list[int] = []  # token index of each open "("
        self.queries: list[bool] = []  # whether the frame outside was already a query
        self.depth = 0  # number of frames that hold a SELECT
        self.slot = False  # whether the next name is the last table's alias
        self.visible: dict[str, int] = {}  # names of common table expressions in scope → index in scopes
        self.scopes: list[str] = []  # the same in order of definition …
        self.hidden: list[int] = []  # … for each the index of the one of that name that it hides, or -1
        self.scope_marks: list[int] = []  # … and how many there were when each frame was opened
        self.pending: list[str] = []  # names of expressions whose bodies are open
        self.starts: list[int] = []  # for each, where in scopes its WITH list begins
        self.start = 0  # the same of the WITH list being read
        self.floors: list[int] = []  # for each, the floor outside it
        self.floor = 0  # names below this index in scopes are out of sight
        self.recursive: list[bool] = []
        self.targets: list[int] = []  # token indexes of the columns that UPDATE … SET assigns
        self.where = -1  # token index behind the root WHERE
        self.where_end = -1
        self.selects = 0
        self.on_duplicate = False  # INSERT … ON DUPLICATE KEY UPDATE
        self.is_recursive = False  # the WITH list being read

    def finish(self) -> None:
        """Behind the last token: nothing may be open."""
        if self.modes:
            self.facts.fail("a parenthesis that is not closed")
        elif self.mode == TABLES or self.mode >= CTE_NAME:
            self.facts.fail("a table was expected")
        if self.where >= 0 and self.where_end < 0:
            self.where_end = len(self.facts.tokens)

    def open(self, i: int) -> None:
        """A parenthesis at token i: what is in it is read in a frame of its own."""
        mode = self.mode
        self.modes.append(mode)
        self.openers.append(i)
        self.queries.append(self.query)
        self.scope_marks.append(len(self.scopes))
        self.shut_in(mode)
        self.query = False
        if mode in (AFTER, NAMES, CTE_AS):
            self.mode = NAMES
        elif mode != TABLES:
            self.mode = EXPR
            if mode == CTE_DONE:
                self.modes[-1] = EXPR

    def close(self) -> None:
        """The closing one: back to the frame outside; names of its WITH list are out of sight."""
        facts = self.facts
        if self.mode == TABLES or self.mode >= CTE_NAME:
            facts.fail("a table was expected")
        if self.query:
            self.depth -= 1
        self.let_out()
        mark = self.scope_marks.pop()
        while len(self.scopes) > mark:
            self.hide(self.scopes.pop())
        self.query = self.queries.pop()
        self.openers.pop()
        mode = self.modes.pop()
        if mode == TABLES:
            mode = AFTER
            self.slot = False
            self.derived = True
        elif mode == CTE_BODY:
            mode = CTE_DONE
            name = self.pending.pop()
            self.start = self.starts.pop()
            self.floor = self.floors.pop()
            self.is_recursive = self.recursive.pop()
            if not self.is_recursive:
                self.show(name)
        self.mode = mode

    def show(self, name: str) -> None:
        """A common table expression hides the table of its name from here on."""
        self.hidden.append(self.visible.get(name, -1))
        self.visible[name] = len(self.scopes)
        self.scopes.append(name)

    def hide(self, name: str) -> None:
        """The end of the last `show`."""
        before = self.hidden.pop()
        if before >= 0:
            self.visible[name] = before
        else:
            del self.visible[name]

    def is_cte(self, name: str) -> bool:
        """Whether a table's name without a schema stands for a common table expression here. From the bodies of a WITH
        that is inside another one, MariaDB often does not see the other's names and opens the tables they hide (seen
        to happen; its With_element::check_dependencies_in_spec): there such a name stands for the table."""
        return self.visible.get(self.facts.cte_key(name), -1) >= self.floor

    def enter_query(self) -> None:
        """A SELECT begins in this frame."""
        self.selects += 1
        self.begin_query()
        if not self.query:
            self.query = True
            self.depth += 1

    def with_list(self, i: int, hi: int, mode: int) -> int:
        """WITH [RECURSIVE] name [(columns)] AS ( … : anything else that starts with WITH is an option's word."""
        words = self.facts.tokens.words
        kinds = self.facts.tokens.kinds
        at = i + 1
        recursive = at + 1 < hi and words[at] == "RECURSIVE" and words[at + 1] != "AS"
        if recursive:
            at += 1
        if at + 1 < hi and WORD <= kinds[at] <= QUOTED and (words[at + 1] == "AS" or words[at + 1] == "("):
            if mode not in (EXPR, TABLES, NAMES, LIST, TAIL, COND):
                self.facts.fail("WITH out of place")
            self.mode = CTE_NAME
            self.is_recursive = recursive
            self.start = len(self.scopes)
            return at
        if mode == TABLES:
            self.facts.fail("a table was expected")
        return i + 1

    def cte(self, i: int, hi: int) -> int:
        """A word in the WITH list."""
        facts = self.facts
        words = facts.tokens.words
        if self.mode == CTE_NAME:
            name = facts.cte_key(facts.tokens.name(i))
            self.pending.append(name)
            self.starts.append(self.start)
            self.floors.append(self.floor)
            if self.maria:
                self.floor = self.start
            self.recursive.append(self.is_recursive)
            self.mode = CTE_AS
            return i + 1
        if self.mode == CTE_DONE and words[i] == "CYCLE":
            while i < hi and words[i] != "RESTRICT":
                i += 1
            return i + 1
        facts.fail("a common table expression out of place")
        return hi

    def as_word(self, i: int, hi: int, mode: int) -> int:
        """AS at token i: a body of a WITH list, or an alias. The token to go on with."""
        tokens = self.facts.tokens
        if mode == CTE_AS:
            self.mode = CTE_BODY
            if i + 1 >= hi or tokens.words[i + 1] != "(":
                self.facts.fail("a common table expression without a body")
            elif self.recursive[-1]:
                self.show(self.pending[-1])
            return i + 1
        if i + 1 < hi and WORD <= tokens.kinds[i + 1] <= STRING:
            word = tokens.words[i + 1]
            if not word or word not in self.actions:
                if mode == AFTER:
                    self.alias(i + 1)
                elif tokens.kinds[i + 1] != STRING:
                    self.facts.names.add(tokens.name(i + 1))
                    if mode == PERIOD:
                        self.note(i + 1)
                return i + 2
        return i + 1

    def alias(self, i: int) -> None:
        """The name at token i is that of the last table, where it may have one."""
        if self.slot:
            self.facts.tables[-1].alias = self.facts.tokens.name(i)
            self.slot = False
        elif self.derived:
            self.uses.others.append(self.facts.tokens.name(i))
            self.derived = False
        else:
            self.note(i)

    def target(self, i: int, hi: int) -> int:
        """A column that UPDATE … SET assigns, at i."""
        facts = self.facts
        tokens = facts.tokens
        self.targets.append(i)
        if i < hi and tokens.words[i] == ".":
            i += 1
        while i + 1 < hi and tokens.words[i + 1] == ".":
            i += 2
        if i >= hi or not WORD <= tokens.kinds[i] <= QUOTED:
            facts.fail("a column was expected")
            return hi
        facts.names.add(tokens.name(i))
        return i + 1

    def brace(self, i: int, hi: int) -> int:
        """ODBC: {oj tables}, {d '…'}, {fn f(x)}, {anything expression}: the word behind the brace means nothing."""
        kinds = self.facts.tokens.kinds
        if i + 1 < hi and WORD <= kinds[i + 1] <= QUOTED:
            return i + 2
        self.facts.fail("a brace without its word")
        return hi

    def frame_end(self, i: int, hi: int) -> bool:
        """FROM FIRST | LAST behind NTH_VALUE(…), told by the OVER that must follow."""
        words = self.facts.tokens.words
        if i + 2 >= hi or (words[i + 1] != "FIRST" and words[i + 1] != "LAST"):
            return False
        if words[i + 2] == "OVER":
            return True
        return i + 4 < hi and words[i + 3] == "NULLS" and words[i + 4] == "OVER"
