"""What a statement is compared by where a shape of block_statements asks for its structure: a tuple of words.

What does not matter is gone: case, white space, comments, quoting, aliases, schemas before names, redundant parentheses,
modifiers such as LOW_PRIORITY, a CTE or EXPLAIN in front; and a WHERE that is always true, however it is written, is
`1 = 1`. Names of tables begin with a dot, strings with a quote. The shape itself is brought into the same form, its
wildcards into the ANY_… words (shape.py).
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.beginnings import ANY_NAME
from dbgate.sql.canonical import decoded
from dbgate.sql.statement import LexContext
from dbgate.sql.tokens import IDENT, LONG_STRING, OP, PARAM, QUOTED, STRING, WORD, Tokens
from dbgate.sql.where import filters
from dbgate.sql.wordset import word_set

ANY_TABLE: Final = "\0table"
ANY_LITERAL: Final = "\0literal"
ANY_ASSIGNMENTS: Final = "\0assignments"

VERBS: Final = word_set(
    """SELECT INSERT REPLACE UPDATE DELETE TRUNCATE CREATE ALTER DROP RENAME CALL LOAD HANDLER LOCK SHOW USE SET PREPARE
    EXECUTE GRANT REVOKE KILL FLUSH SHUTDOWN RESET CHANGE PURGE OPTIMIZE ANALYZE REPAIR CHECK DO BEGIN START COMMIT
    ROLLBACK XA TABLE VALUES"""
)
WHOLE_VERBS: Final = word_set("SELECT INSERT REPLACE UPDATE DELETE")
_MODIFIERS: Final = word_set(
    """LOW_PRIORITY HIGH_PRIORITY DELAYED QUICK IGNORE SQL_NO_CACHE SQL_CACHE SQL_CALC_FOUND_ROWS SQL_SMALL_RESULT
    SQL_BIG_RESULT SQL_BUFFER_RESULT STRAIGHT_JOIN"""
)
_EXPLAINS: Final = word_set("EXPLAIN DESCRIBE DESC ANALYZE")
_TABLE_LEADS: Final = word_set("FROM JOIN UPDATE INTO TABLE")
_TABLE_LIST_ENDS: Final = word_set("WHERE SET GROUP HAVING ORDER LIMIT UNION VALUES SELECT ON USING FOR ;")
# Words behind a table that are no alias.
_NO_ALIAS: Final = word_set(
    """WHERE SET GROUP HAVING ORDER LIMIT UNION VALUES VALUE SELECT ON USING FOR JOIN LEFT RIGHT INNER OUTER CROSS NATURAL
    STRAIGHT_JOIN AS PARTITION FORCE USE IGNORE WINDOW RETURNING INTERSECT EXCEPT ADD DROP MODIFY CHANGE RENAME ALTER
    CASCADE RESTRICT TO LIKE READ WRITE LOCK PROCEDURE INTO DUPLICATE WAIT NOWAIT"""
)
TAILS: Final = word_set("ORDER LIMIT RETURNING")
CLAUSES: Final = word_set(
    "ORDER LIMIT RETURNING GROUP HAVING FOR LOCK UNION INTERSECT EXCEPT MINUS WINDOW INTO PROCEDURE WHERE SELECT"
)
# Behind these an operand is awaited.
_AWAITS: Final = word_set(
    "WHERE AND OR XOR && || NOT ! ON HAVING BY = < > <= >= <> != <=> LIKE IN BETWEEN LIMIT OFFSET WHEN THEN ELSE IS + - / %"
)
NO_STAR: Final = "a * of no meaning: it is any table (FROM *), all columns (SELECT *) or any assignments (SET *), and any value is ?"
LONGEST: Final = 4000  # words of an outline; behind them, no shape is as long
_DEEPEST: Final = 1000  # open parentheses that are kept of what is longer
_JOINED: Final = word_set("AND OR XOR && || , SELECT")


# What a wildcard of a shape was taken for: its tokens [first, behind), and what could stand in its place.
Wild = tuple[int, int, bytes]


def outline(
    tokens: Tokens, first: int, end: int, ctx: LexContext, wild: list[Wild] | None = None
) -> tuple[str, ...]:
    """The outline of the statement of tokens [first, end). wild: it is a shape, and its wildcards are added there, but
    for `?`; ValueError says what is wrong with it."""
    pattern = wild is not None
    words = tokens.words
    i = _verb_at(tokens, first, end)
    verb = words[i] if i < end else ""
    if not verb:
        return ()
    opened = i - first if words[first] == "(" else 0
    while opened > 0 and words[end - 1] == ")":
        opened -= 1
        end -= 1
    bare = verb in ("INSERT", "REPLACE", "TRUNCATE")
    out: list[str] = []
    table = verb == "UPDATE" or bare  # whether a table's name is expected
    out.append(verb)
    i += 1
    listing = table  # whether a comma is followed by another table
    depth = 0
    filtered = False
    while i < end:
        word = words[i]
        kind = tokens.kinds[i]
        if len(out) > LONGEST:
            # Assignments may be any (SET *), so that what is behind them still counts.
            if verb != "UPDATE" or filtered or depth > _DEEPEST or "SET" not in out:
                break
            del out[out.index("SET") + 1 :]
            out += ["("] * depth
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif word == "WHERE" and not depth:
            filtered = True
            stop = _next_at_level(words, i + 1, end, CLAUSES)
            if pattern:
                _no_star(words, i, stop)
            if not filters(tokens, i + 1, stop, ctx.flavour, ctx.pipes_as_concat):
                out += ("WHERE", "1", "=", "1")
                i = stop
                table = listing = False
                continue
        if word in _MODIFIERS and (table or len(out) == 1):
            i += 1
            continue
        if bare and table and word in ("INTO", "TABLE"):
            i += 1
            continue
        if word == "PARTITION" and i + 1 < end and words[i + 1] == "(":
            i += 2
            while i < end and words[i] != ")":
                i += 1
            i += 1
            continue
        if verb == "DROP" and word == "IF" and i + 1 < end and words[i + 1] == "EXISTS":
            i += 2
            continue
        if bare and (word == "VALUES" or (word == "VALUE" and not table)):
            # One row stands for all: rows are data.
            out.append("VALUES")
            break
        if kind == OP or (kind == WORD and word in _NO_ALIAS) or (kind == WORD and word in _TABLE_LEADS):
            meaning = _stands_for(out, table, verb) if pattern and word == "*" else ""
            if meaning and wild is not None:
                out.append(meaning)
                behind = _assigned(tokens, i + 1, end) if meaning == ANY_ASSIGNMENTS else i + 1
                wild.append((i, behind, b"a = 1" if meaning == ANY_ASSIGNMENTS else b"t"))
                i = behind
                if meaning == ANY_TABLE:
                    i = _behind_alias(tokens, i, end)
                table = False
                continue
            if word == "AS" and i + 1 < end:
                i += 2
                continue
            table = (
                word in _TABLE_LEADS or (word == "," and listing) or (word == "USING" and verb == "DELETE")
            )
            if word in _TABLE_LEADS or table:
                listing = True
            elif word in _TABLE_LIST_ENDS:
                listing = False
            out.append(word)
            i += 1
            continue
        i = _operand(tokens, i, end, wild, table, out)
        if table:
            table = False
            i = _behind_alias(tokens, i, end)
    return tuple(_simplify(out))


def _behind_alias(tokens: Tokens, i: int, end: int) -> int:
    """Behind the alias, if there is one, of a table that ends at i."""
    if i < end and tokens.kinds[i] in (WORD, IDENT, QUOTED) and tokens.words[i] not in _NO_ALIAS:
        return i + 1
    return i


def _stands_for(out: list[str], table: bool, verb: str) -> str:
    """What a `*` behind `out` means in a shape; "" = itself."""
    before = out[-1]
    if before == "SET" and verb in WHOLE_VERBS:
        return ANY_ASSIGNMENTS
    if verb not in WHOLE_VERBS:
        return ANY_NAME
    if table:
        return ANY_TABLE
    if before in _AWAITS or (before == "(" and (out[-2] in _AWAITS or out[-2][0] in ".\0")):
        raise ValueError(NO_STAR)
    return ""


def _no_star(words: list[str], i: int, stop: int) -> None:
    """A condition has no wildcard but `?`."""
    for at in range(i + 1, stop):
        if words[at] == "*" and words[at - 1] in _AWAITS:
            raise ValueError(NO_STAR)


def _assigned(tokens: Tokens, i: int, end: int) -> int:
    """The index behind the `= ?` and `, * = ?` that may follow the * of any assignments."""
    words = tokens.words
    while i + 1 < end and words[i] == "=" and (words[i + 1] == "*" or tokens.kinds[i + 1] == PARAM):
        i += 2
        if i + 1 < end and words[i] == "," and words[i + 1] == "*":
            i += 2
    if i < end and words[i] not in CLAUSES:
        raise ValueError(
            "behind SET, * is any assignments: write SET * or SET * = ?, and no others beside it"
        )
    return i


def _operand(tokens: Tokens, i: int, end: int, wild: list[Wild] | None, table: bool, out: list[str]) -> int:
    """Append the literal, word or name at i, without what qualifies it; → the index behind it."""
    pattern = wild is not None
    kind = tokens.kinds[i]
    if kind == STRING:
        value = tokens.string(i) if len(tokens.raws[i]) <= LONG_STRING else tokens.raws[i]
        out.append("'" + decoded(value, "utf-8"))
        return i + 1
    if kind == PARAM:
        out.append(ANY_LITERAL if pattern else "?")
        return i + 1
    if kind not in (WORD, IDENT, QUOTED):
        out.append(tokens.raws[i].decode("latin-1").upper())
        return i + 1
    words = tokens.words
    last = i
    while last + 2 < end and words[last + 1] == ".":
        last += 2
    if (
        pattern
        and last + 1 < end
        and words[last + 1] == "*"
        and tokens.starts[last + 1] == tokens.end(last)
        and table
    ):
        raise ValueError("in a statement shape a table is a name or *, not a pattern")
    if wild is not None and table and last > i and words[last] == "*":
        out.append(ANY_TABLE)
        wild.append((last, last + 1, b"t"))
    elif words[last] == "*":
        out.append("*")
    else:
        name = tokens.name(last).upper() or "`"
        if table:
            name = "." + name
        elif tokens.kinds[last] == QUOTED and name in _SPECIAL:
            name = "`" + name
        out.append(name)
    return last + 1


_SPECIAL: Final = (
    _NO_ALIAS | _TABLE_LEADS | _JOINED | CLAUSES | word_set("NOT NULL TRUE FALSE IN IS BETWEEN EXISTS CASE")
)


def _verb_at(tokens: Tokens, first: int, end: int) -> int:
    """Where the statement itself begins, behind EXPLAIN, SET STATEMENT … FOR, and WITH."""
    words = tokens.words
    i = first
    while i < end:
        word = words[i]
        if (
            word in _EXPLAINS
            and i + 1 < end
            and words[i + 1] not in ("TABLE", "TABLES", "LOCAL", "NO_WRITE_TO_BINLOG")
        ):
            found = _next_at_level(words, i + 1, end, VERBS)
        elif word == "SET" and i + 1 < end and words[i + 1] == "STATEMENT":
            found = _next_at_level(words, i + 1, end, word_set("FOR")) + 1
        elif word == "WITH":
            found = _next_at_level(words, i + 1, end, VERBS)
        elif word == "(":
            found = i + 1
        else:
            return i
        if found >= end:
            return i
        i = found
    return first


def _next_at_level(words: list[str], start: int, end: int, wanted: frozenset[str]) -> int:
    depth = 0
    for i in range(start, end):
        word = words[i]
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif not depth and word in wanted:
            return i
    return end


# Behind these a parenthesis only groups.
_GROUPS: Final = word_set(
    "( WHERE AND OR XOR && || NOT ON HAVING = < > <= >= <> != <=> + - * / % WHEN THEN ELSE SET"
)
_WHOLE: Final = word_set("( WHERE HAVING ON")


def _simplify(items: list[str]) -> list[str]:
    """Without redundant parentheses, and a DELETE from one table in its plain form."""
    items = _without_groups(items)
    if len(items) < 4 or items[0] != "DELETE":
        return items
    if items[1] != "FROM":
        # DELETE u FROM users AS u WHERE …
        if items[2] == "FROM" and _one_table(items, 3):
            return [items[0], *items[2:]]
    elif len(items) > 4 and items[3] == "USING" and _one_table(items, 4):
        return [items[0], items[1], *items[4:]]
    return items


def _one_table(items: list[str], at: int) -> bool:
    if not items[at].startswith((".", "\0")):
        return False
    return at + 1 == len(items) or items[at + 1] == "WHERE" or items[at + 1] in TAILS


def _without_groups(items: list[str]) -> list[str]:
    opened: list[int] = []
    joined: list[bool] = []
    dropped: set[int] = set()
    count = len(items)
    for i in range(count):
        item = items[i]
        if item == "(":
            opened.append(i)
            joined.append(False)
        elif item == ")":
            if not opened:
                return items
            start = opened.pop()
            within = joined.pop()
            before = items[start - 1] if start else ""
            after = items[i + 1] if i + 1 < count else ""
            whole = before in _WHOLE and (not after or after == ")" or after in CLAUSES)
            if before in _GROUPS and (whole or not within) and i > start + 1:
                dropped.add(start)
                dropped.add(i)
                if joined and within:
                    joined[-1] = True
        elif item in _JOINED and joined:
            joined[-1] = True
    if not dropped:
        return items
    return [items[i] for i in range(count) if i not in dropped]
