"""What a session is known to have left on the server for dynamic SQL: constant texts in user variables, prepared statements.

`SET @s = 'SELECT 1'`, `PREPARE p FROM @s` and `EXECUTE p` come as three commands. What is not certain is forgotten: a
variable may be changed by whatever reads a table (a view, a function or a trigger behind it may set it), a prepared
statement by whatever calls a routine. What is forgotten does not fold, and is refused (rule dynamic-sql).
"""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.statement import NEED_BARE, NEED_SCHEMA_VISIBLE, Statement

MOST: Final = 64  # variables, and prepared statements, that are kept of a session
LONGEST: Final = 65_536  # bytes of a text that is kept
MOST_HELD: Final = 4 * LONGEST  # … and of all of a session together

# Statements that touch no user variable, where they read no table, call nothing and assign nothing.
_CALM: Final = frozenset(("SET", "TRANSACTION", "SHOW", "USE", "SELECT", "DO", "PREPARE", "EMPTY"))
# Statements that touch no prepared statement, where they call nothing.
_APART: Final = _CALM | frozenset(("INSERT", "REPLACE", "UPDATE", "DELETE"))
_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.$")


def key(name: str) -> str:
    """How the server compares names of user variables and prepared statements; "" for one that is not simple."""
    low = name.lower()
    return low if name.isascii() and _NAME.issuperset(low) else ""


@final
class Memory:
    """texts: user variable → its constant text. statements: prepared name → (LexContext.key of its PREPARE, what it
    runs). Names as `key` gives them. left: bytes of dynamic SQL that may still be read for the text at hand: a name of
    two letters may stand for the longest text, as often as it is said."""

    def __init__(self) -> None:
        self.left = LONGEST
        self.texts: dict[str, bytes] = {}
        self.statements: dict[str, tuple[str, Statement]] = {}

    def copy(self) -> Memory:
        """The same again, to go on from."""
        other = Memory()
        other.texts.update(self.texts)
        other.statements.update(self.statements)
        return other

    def empty(self) -> bool:
        """Whether nothing is known."""
        return not (self.texts or self.statements)

    def text(self, name: str) -> bytes | None:
        """The text that the user variable `name` holds, None = not known."""
        return self.texts.get(key(name))

    def statement(self, name: str, context: str) -> Statement | None:
        """What EXECUTE of `name` runs under this LexContext.key, None = not known. Prepared under another one, it is
        not known: the server may prepare it anew."""
        found = self.statements.get(key(name))
        return found[1] if found is not None and found[0] == context else None

    def follow(self, statements: tuple[Statement, ...], context: str, failed: bool) -> None:
        """A text of these statements has run under this LexContext.key."""
        if failed and len(statements) > 1:  # how far it came is not known
            self.texts.clear()
            self.statements.clear()
            return
        for statement in statements:
            self.after(statement, context, failed)

    def after(self, statement: Statement, context: str, failed: bool) -> None:
        """One statement has run."""
        if statement.dynamic.startswith("EXECUTE"):
            if statement.folded is None or failed:
                self.texts.clear()
                self.statements.clear()
            else:
                self.after(statement.folded, context, False)
            return
        alone = not (statement.functions or statement.calls or statement.creates_routine)
        # stand_ins: a stored function may be taken for a built-in, and set a variable.
        if not (alone and statement.calm and statement.verb in _CALM and not statement.stand_ins):
            self.texts.clear()
        if not (alone and statement.verb in _APART):
            self.statements.clear()
        for name, value in statement.assigned:
            self._assign(key(name), None if failed else value)
        if statement.verb == "PREPARE":
            folded = statement.folded if statement.dynamic == "PREPARE" else None
            if statement.dynamic != "" and (
                folded is None or not folded.calm or folded.functions or folded.stand_ins
            ):
                self.texts.clear()  # preparing works out what is constant
            self._prepare(key(statement.target), context, None if failed else folded)

    def _assign(self, name: str, value: bytes | None) -> None:
        if not name:
            self.texts.clear()
        elif value is None or len(value) > LONGEST or (len(self.texts) >= MOST and name not in self.texts):
            self.texts.pop(name, None)
        else:
            self.texts.pop(name, None)
            if self._room(len(value)):
                self.texts[name] = value

    def _prepare(self, name: str, context: str, statement: Statement | None) -> None:
        if not name:
            self.statements.clear()
        elif statement is None or (len(self.statements) >= MOST and name not in self.statements):
            self.statements.pop(name, None)
        else:
            self.statements.pop(name, None)
            if self._room(_held(statement)):
                self.statements[name] = (context, statement)

    def _room(self, more: int) -> bool:
        """Whether so many bytes more may be kept."""
        for text in self.texts.values():
            more += len(text)
        for _, statement in self.statements.values():
            more += _held(statement)
        return more <= MOST_HELD


def _held(statement: Statement) -> int:
    """Roughly the bytes of a prepared statement's text."""
    return len(statement.canonical) + len(statement.canonical_literals)


def only_bare(statement: Statement) -> bool:
    """Whether a statement needs rights on no table."""
    return all([need.kind in (NEED_BARE, NEED_SCHEMA_VISIBLE) for need in statement.needs])  # noqa: C419
