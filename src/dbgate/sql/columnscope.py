"""Whose columns the names in a frame of the clause scanner are: the query that they stand in, and those around it.

Where a server looks for a name in only some of a query's tables (ON, LATERAL) or in none of them (HAVING, ORDER BY of a
UNION) before it goes to the query around, the name is loose: it may be of both.
"""

from __future__ import annotations

from dbgate.sql import actions
from dbgate.sql.facts import Facts
from dbgate.sql.modes import AFTER, COND, CTE_BODY, CTE_DONE, CTE_NAME, EXPR, NAMES, PERIOD, TABLES, TAIL
from dbgate.sql.tokens import QUOTED, WORD
from dbgate.sql.uses import LOOSELY, MARK


class ColumnScope:
    """What `Frames` keeps of the innermost frame for the uses of columns."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.uses = facts.uses
        self.mode = EXPR  # of the innermost frame; those outside it are in modes
        self.modes: list[int] = []
        self.query = False  # whether the innermost frame holds a SELECT
        self.scope = self.uses.query(-1, False)  # the query whose tables its names are of
        self.around = -1  # the query around the next one that begins in it
        self.link = False  # … and whether a name may be of that one whatever the inner one has
        self.loose = False  # the same of its own names and the queries around
        self.mark = self.scope * MARK
        self.outside: list[
            tuple[int, int, bool, bool]
        ] = []  # scope, around, link, loose of the frames outside
        self.closed = -1  # the query that was closed last, since a parenthesis was opened
        self.lateral = False  # LATERAL was read
        self.derived = False  # the next name is that of a derived table
        self.arms = 0  # UNIONs in the root frame
        self.returning = -1  # the query that RETURNING is
        self.duplicate_at = -1  # the token behind ON DUPLICATE KEY UPDATE

    def shut_in(self, mode: int) -> None:
        """A parenthesis was opened in this mode: whose names a query in it sees."""
        scope = self.scope
        owner = self.query or len(self.modes) == 1
        self.outside.append((scope, self.around, self.link, self.loose))
        self.closed = -1
        if mode == TABLES:
            if self.lateral:  # sees the tables left of it
                self.lateral = False
                self.around = scope
                self.link = True
            elif owner:  # a derived table sees what the query does that it is in, not its neighbours
                self.around = self.uses.around(scope)
                self.link = self.uses.loose(scope)
        elif mode in (COND, PERIOD):  # ON sees the tables that it joins
            self.around = scope
            self.link = True
            self.loosen()
        elif mode in (CTE_BODY, CTE_DONE) or (self.query and mode == EXPR):
            pass  # a body sees what the query behind its WITH does; the arms of a UNION see the same
        elif owner:
            self.around = scope
            self.link = self.loose

    def let_out(self) -> None:
        """It was closed."""
        if self.query:
            self.closed = self.scope
        self.scope, self.around, self.link, self.loose = self.outside.pop()
        self.remark()

    def begin_query(self) -> None:
        """A SELECT begins in the frame; the first one, or the next arm of a UNION."""
        if not self.query:
            self.loose = False
        self.scope = self.uses.query(self.around, self.link)
        self.remark()

    def remark(self) -> None:
        """What a note of a name says of this frame."""
        self.mark = self.scope * MARK + (LOOSELY if self.loose else 0)

    def loosen(self) -> None:
        """From here on names may be of the queries around too."""
        self.loose = True
        self.remark()

    def note(self, i: int) -> None:
        """The name at token i may be a column's."""
        mode = self.mode
        notes = self.uses.notes
        notes.append(i)
        notes.append(self.mark + mode)
        if mode == AFTER:
            self.uses.doubtful = True

    def word(self, i: int, hi: int, action: int) -> None:
        """NATURAL, USING, or a word that older servers take for a name, at token i."""
        tokens = self.facts.tokens
        words = tokens.words
        after = words[i + 1] if i + 1 < hi else ""
        if self.mode == NAMES or self.mode >= CTE_NAME:
            return
        if action == actions.NATURAL:
            if after != "LANGUAGE":
                self.note(i)
        elif action == actions.LATE:
            if after != "(":
                self.note(i)
        elif action == actions.USING and after == "(":
            i += 2
            while i < hi and words[i] != ")":
                if WORD <= tokens.kinds[i] <= QUOTED:
                    self.note(i)
                i += 1

    def arm(self) -> None:
        """UNION, EXCEPT, INTERSECT: what an ORDER BY behind them names is not told here."""
        self.loosen()
        if not self.modes:
            self.arms += 1

    def duplicate(self, i: int) -> None:
        """Behind ON DUPLICATE KEY UPDATE names are of the table that is written, or of the query that is inserted."""
        self.duplicate_at = i
        if self.arms or self.uses.target < 0:  # no server takes it behind anything but an INSERT
            self.uses.unknown = True
        self.scope = self.uses.query(self.scope if self.query else self.closed, True)
        self.uses.duplicate = self.scope
        self.loosen()

    def clause(self, i: int, mode: int) -> int:
        """A clause's word at token i; the mode that the frame has had."""
        words = self.facts.tokens.words
        if words[i] == "RETURNING" and not self.modes:
            self.returning = self.scope = self.uses.query(-1, False)
            self.loose = False
            self.remark()
        elif words[i] == "HAVING":
            self.loosen()
        elif not self.query and self.closed >= 0 and words[i - 1] == ")" and mode in (EXPR, AFTER, NAMES):
            self.scope = self.closed  # (SELECT …) ORDER BY: of the query in the parentheses
            self.loosen()
            return TAIL if mode == NAMES else mode
        return mode
