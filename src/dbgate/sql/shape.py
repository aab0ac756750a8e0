"""Statement shapes: the entries of `block_statements` that are more than the name of an operation.

A shape and a statement are both brought into an outline, a tuple of words, in which what does not matter is gone:
case, white space, comments, quoting, aliases, schemas before names, redundant parentheses, modifiers such as
LOW_PRIORITY, a CTE or EXPLAIN in front; and a WHERE that is always true, however it is written, is `1 = 1`. Then they
are compared word by word. In a shape, `*` in the place of a table is any table, `?` is any literal or parameter, and `*`
(or `* = ?`) behind SET any assignments. ORDER BY, LIMIT and RETURNING of an UPDATE or DELETE count only where the shape
has them: a deletion in batches is the same deletion. A shape without WHERE also means a WHERE that is always true.

So it is with SELECT, INSERT, REPLACE, UPDATE and DELETE, of which a shape is the whole. Of every other statement it is
the beginning (beginnings.py): `DROP TABLE` means DROP TABLE of whatever, `ALTER TABLE * DROP COLUMN` any such one.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.beginnings import begins, checked
from dbgate.sql.lexer import lex
from dbgate.sql.outline import (
    ANY_ASSIGNMENTS,
    ANY_LITERAL,
    ANY_TABLE,
    CLAUSES,
    TAILS,
    VERBS,
    WHOLE_VERBS,
    Wild,
    outline,
)
from dbgate.sql.statement import MARIADB, LexContext, Statement
from dbgate.sql.tokens import BIT, STRING, Tokens
from dbgate.sql.wordset import word_set

# More first words of statements.
_MORE_VERBS: Final = word_set(
    "INSTALL UNINSTALL STOP DEALLOCATE CACHE BINLOG IMPORT CLONE RESTART SAVEPOINT RELEASE HELP"
)


@final
class StatementPattern:
    """A compiled shape. Raises ValueError, with a message for the author of the policy, where the text is none."""

    def __init__(self, text: str) -> None:
        ctx = LexContext(MARIADB, 110000)
        tokens = lex(text.encode("utf-8"), ctx)
        if tokens.error:
            raise ValueError(f"not a statement shape: {tokens.error}")
        count = len(tokens)
        if count and tokens.words[count - 1] == ";":
            count -= 1
        if not count or (tokens.words[0] not in VERBS and tokens.words[0] not in _MORE_VERBS):
            raise ValueError(
                "a statement shape begins with a statement's name, as in DELETE FROM * WHERE 1=1"
            )
        if count == 1:
            raise ValueError("the name of an operation alone is not a statement shape")
        if ";" in tokens.words[:count]:
            raise ValueError("a statement shape is one statement")
        self.text = text
        wild: list[Wild] = []
        items = outline(tokens, 0, count, ctx, wild)
        self.whole = items[0] in WHOLE_VERBS  # else it is a beginning
        self.items = items if self.whole else checked(items)
        self._has_tail = not TAILS.isdisjoint(items)
        self._has_where = _where_at(items, 0) >= 0
        self.reads_literals = _reads_literals(tokens, count)
        self.example = _example(
            text.encode("utf-8"), tokens, wild
        )  # a statement of this shape, if one can have it

    def matches(self, statement: Statement) -> bool:
        """Whether `statement` has this shape (by its `outline`)."""
        items = statement.outline
        if not items or items[0] != self.items[0]:
            return False
        if not self.whole:
            return begins(self.items, items)
        if not self._has_tail and items[0] in ("DELETE", "UPDATE"):
            items = _without_tail(items)
        if not self._has_where:
            items = without_true(items)
        return _same(self.items, items)


def _reads_literals(tokens: Tokens, count: int) -> bool:
    """Whether a match depends on a literal that `slots.shareable` takes for harmless."""
    for i in range(count):
        if STRING <= tokens.kinds[i] <= BIT:
            beside = tokens.kinds[i + 2] if i + 2 < count else 0
            before = tokens.kinds[i - 2] if i >= 2 else 0
            if not (STRING <= beside <= BIT or STRING <= before <= BIT):
                return True
    return False


def _example(text: bytes, tokens: Tokens, wild: list[Wild]) -> bytes:
    pieces: list[bytes] = []
    at = 0
    for first, behind, word in wild:
        pieces.append(text[at : tokens.starts[first]])
        pieces.append(word)
        at = tokens.end(behind - 1)
    pieces.append(text[at:])
    return b"".join(pieces)


def _same(pattern: tuple[str, ...], items: tuple[str, ...]) -> bool:
    i = 0
    count = len(items)
    for part in pattern:
        if part == ANY_ASSIGNMENTS:
            depth = 0
            while i < count and (depth > 0 or (items[i] != "WHERE" and items[i] not in TAILS)):
                depth += 1 if items[i] == "(" else -1 if items[i] == ")" else 0
                i += 1
            continue
        if i >= count:
            return False
        item = items[i]
        if part == ANY_TABLE:
            if not item.startswith("."):
                return False
        elif part == ANY_LITERAL:
            if item[0] not in "'0123456789?":
                return False
        elif part != item:
            return False
        i += 1
    return i == count


def _without_tail(items: tuple[str, ...]) -> tuple[str, ...]:
    depth = 0
    for i in range(len(items)):
        item = items[i]
        if item == "(":
            depth += 1
        elif item == ")":
            depth -= 1
        elif not depth and item in TAILS:
            return items[:i]
    return items


def _where_at(items: tuple[str, ...], i: int) -> int:
    """Where the first WHERE from i on is that is in no parentheses; -1: there is none."""
    depth = 0
    for at in range(i, len(items)):
        if items[at] == "(":
            depth += 1
        elif items[at] == ")":
            depth -= 1
        elif not depth and items[at] == "WHERE":
            return at
    return -1


def without_true(items: tuple[str, ...]) -> tuple[str, ...]:
    """Without each WHERE that is always true."""
    at = _where_at(items, 0)
    while at >= 0:
        behind = items[at + 4] if at + 4 < len(items) else ""
        if items[at + 1 : at + 4] == ("1", "=", "1") and (not behind or behind in CLAUSES):
            items = items[:at] + items[at + 4 :]
        else:
            at += 1
        at = _where_at(items, at)
    return items
