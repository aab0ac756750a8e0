"""SET in all its forms, and the transaction statements: what keeps a session, and what a session may not do."""

from __future__ import annotations

from typing import Final

from dbgate.sql import variables
from dbgate.sql.charset import (
    charset_class,
    charset_followed,
    charset_of_collation,
    charset_of_collation_name,
)
from dbgate.sql.dynamic import fold_text
from dbgate.sql.facts import Facts
from dbgate.sql.modes import EXPR
from dbgate.sql.scan import Scanner
from dbgate.sql.sqlmode import SqlMode, names_refused_mode, parse_sql_mode
from dbgate.sql.tokens import IDENT, NUMBER, QUOTED, STRING, SYS_VAR, USER_VAR, WORD

_SCOPES: Final = ("SESSION", "LOCAL", "GLOBAL", "PERSIST", "PERSIST_ONLY")
_SERVER_SCOPES: Final = ("GLOBAL", "PERSIST", "PERSIST_ONLY")


def setting(scanner: Scanner, i: int, hi: int) -> None:
    """SET at i - 1: a list of assignments, each of which needs what it needs; harmless ones nothing."""
    facts = scanner.facts
    words = facts.tokens.words
    facts.verb = "SET"
    facts.session = True
    word = words[i] if i < hi else ""
    after = words[i + 1] if i + 1 < hi else ""
    if (word == "DEFAULT" and after == "ROLE") or (word == "ROLE" and after not in ("=", ":=")):
        _needs(facts, "GRANT")
        return
    if word == "RESOURCE" and after == "GROUP":
        _needs(facts, "ADMIN")
        return
    if i >= hi:
        facts.fail("a SET of nothing")
    start = i
    while i < hi and not facts.error:
        i = _item(scanner, i, hi) + 1
    scanner.finish()
    if word == "NAMES" and not (facts.inner or facts.error):
        facts.new_charset = _told(facts, start + 1, hi)
        facts.rereads = facts.rereads and not facts.new_charset


def _told(facts: Facts, i: int, hi: int) -> str:
    """The character set of a SET NAMES that says it by name, and nothing else; "" where the server must be asked."""
    words = facts.tokens.words
    if hi - i != 1 and not (hi - i == 3 and words[i + 1] == "COLLATE"):
        return ""
    name = (_value(facts, i, i + 1) or "").lower()
    # What "utf8" stands for differs between servers, and may differ by their settings.
    return name if name != "utf8" and charset_followed(name) else ""


def _needs(facts: Facts, operation: str) -> None:
    facts.session = False
    facts.bare(operation)


def _item(scanner: Scanner, i: int, hi: int) -> int:
    """One assignment of a SET at i; returns the index of the comma behind it, or hi."""
    facts = scanner.facts
    tokens = facts.tokens
    words = tokens.words
    scope = ""
    word = words[i]
    if word in _SCOPES and i + 1 < hi and words[i + 1] not in ("=", ":="):
        scope = word
        i += 1
        word = words[i]
    end = _item_end(scanner, i, hi)
    after = words[i + 1] if i + 1 < hi else ""
    if word == "TRANSACTION" and after in ("ISOLATION", "READ"):
        if scope in _SERVER_SCOPES:
            _needs(facts, "ADMIN")
        return hi
    if word == "PASSWORD" and (after in ("=", ":=", "FOR", "TO") or i + 1 >= hi):
        _needs(facts, "GRANT")
        return hi
    if word == "NAMES" and after not in ("=", ":="):
        _charset(facts, "names", i + 1, end)
        return end
    if (word == "CHARACTER" and after == "SET") or (word == "CHARSET" and after not in ("=", ":=")):
        _charset(facts, "names", i + (2 if word == "CHARACTER" else 1), end)
        return end
    target = i
    kind = tokens.kinds[i]
    if kind == USER_VAR:
        name = ""
    elif kind == SYS_VAR:
        name = tokens.name(i).lower()
        if name.upper() in _SCOPES and after == "." and i + 2 < hi:
            scope = name.upper()
            i += 2
            name = tokens.name(i).lower()
    elif kind in (WORD, IDENT, QUOTED):
        name = tokens.name(i).lower()
    else:
        facts.fail("a SET that is not understood")
        return hi
    i += 1
    if i < hi and words[i] == ".":  # a structured variable, or NEW.column in a trigger
        if i + 2 >= hi:
            facts.fail("a SET that is not understood")
            return hi
        if not (facts.inner and name == "new"):
            _needs(facts, "SET")
        name = ""
        i += 2
    if i >= hi or words[i] not in ("=", ":="):
        facts.fail("a SET that is not understood")
        return hi
    if kind == USER_VAR:
        facts.assigned.append((tokens.name(target), fold_text(tokens, i + 1, end, facts.ctx.pipes_as_concat)))
    if words[i] == ":=":
        facts.assigns += 1
    if name:
        _variable(facts, name, scope or ("SESSION" if kind == SYS_VAR else ""), i + 1, end)
    return end


def _item_end(scanner: Scanner, i: int, hi: int) -> int:
    """Scans the expression of one assignment; returns the index of the comma that ends it, or hi."""
    words = scanner.facts.tokens.words
    depth = 0
    at = i
    while at < hi:
        word = words[at]
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif word == "," and not depth:
            break
        at += 1
    start = i
    while start < at and words[start] not in ("=", ":="):
        start += 1
    scanner.run(start, at, EXPR)
    return at


def set_statement(scanner: Scanner, i: int, hi: int) -> int:
    """SET STATEMENT variable = value, … FOR: judged like SET; returns the index of the statement inside."""
    facts = scanner.facts
    words = facts.tokens.words
    depth = 0
    end = i
    while end < hi and (depth or words[end] != "FOR"):
        depth += (words[end] == "(") - (words[end] == ")")
        end += 1
    start = i
    while i < end and not facts.error:
        i = _item(scanner, i, end) + 1
    scanner.finish()
    if facts.rereads and (facts.switches or _sets_charset(facts, start, end)):
        facts.session_state = facts.session_state or "SET STATEMENT of what decides how a text is read"
    facts.rereads = False
    facts.session = False
    return end + 1


def _sets_charset(facts: Facts, i: int, end: int) -> bool:
    """Whether a name in [i, end) is of a character set; a sql_mode by which the text is read as before may stay."""
    tokens = facts.tokens
    while i < end:
        if tokens.kinds[i] in (WORD, IDENT, QUOTED, SYS_VAR):
            name = tokens.name(i).lower()
            if name != "sql_mode" and (
                name in variables.FOLLOWED or name in ("names", "character", "charset")
            ):
                return True
        i += 1
    return False


def _variable(facts: Facts, name: str, scope: str, i: int, end: int) -> None:
    """A system variable `name` (lower case) gets the value in tokens [i, end)."""
    if scope in _SERVER_SCOPES:
        _needs(facts, "ADMIN")
    elif variables.refused(name):
        if variables.allowed_value(name, _value(facts, i, end) or ""):
            return
        facts.session_state = f"variable {name} may not be set through the gateway"
    elif name == "sql_mode":
        _sql_mode(facts, i, end)
    elif name in variables.FOLLOWED:
        _charset(facts, name, i, end)
    elif name not in variables.HARMLESS and (
        scope or not facts.inner
    ):  # in a program it may be a local variable
        _needs(facts, "SET")


def _value(facts: Facts, i: int, end: int) -> str | None:
    """The literal or word that is the whole value, as text; None where it is more than that."""
    tokens = facts.tokens
    if end - i == 1:
        kind = tokens.kinds[i]
        if kind == STRING:
            return tokens.string(i).decode("latin-1")
        if kind in (WORD, IDENT, QUOTED):
            return tokens.name(i)
        if kind == NUMBER:
            return tokens.raws[i].decode("latin-1")
    return None


def _sql_mode(facts: Facts, i: int, end: int) -> None:
    facts.rereads = True
    tokens = facts.tokens
    value = _value(facts, i, end)
    if value is None or value.upper() == "DEFAULT":
        facts.switches = True
        for at in range(i, end):
            if tokens.kinds[at] == STRING and names_refused_mode(tokens.string(at).decode("latin-1")):
                facts.session_state = "a sql_mode that is not followed"
        return
    if value == "0":
        value = ""
    modes = parse_sql_mode(value)
    if modes.refused:
        facts.session_state = modes.refused
    facts.switches = facts.switches or not same_modes(modes, facts)


def same_modes(modes: SqlMode, facts: Facts) -> bool:
    """Whether a text would still be split as under the current mode."""
    ctx = facts.ctx
    return (
        modes.ansi_quotes == ctx.ansi_quotes
        and modes.no_backslash_escapes == ctx.no_backslash_escapes
        and modes.ignore_space == ctx.ignore_space
        and modes.pipes_as_concat == ctx.pipes_as_concat
        and modes.high_not_precedence == ctx.high_not_precedence
    )


def _charset(facts: Facts, name: str, i: int, end: int) -> None:
    """SET NAMES, SET CHARACTER SET, and the variables that hold a character set or collation."""
    tokens = facts.tokens
    if name != "character_set_results":
        facts.rereads = True
    if name == "names" and end - i == 3 and tokens.words[i + 1] == "COLLATE":
        end = i + 1
    value = _value(facts, i, end)
    if value is None or value.upper() == "DEFAULT":
        if name != "character_set_results":
            facts.switches = True
        return
    value = value.lower()
    if name == "character_set_results" and value in ("null", "binary", "0", ""):
        return
    if value.isdigit():
        value = charset_of_collation(int(value)) if len(value) < 6 else ""
    elif name == "collation_connection":
        value = charset_of_collation_name(value)
    if not charset_followed(value):
        facts.session_state = f"character set {value} is not followed"
    elif name in ("names", "character_set_client"):
        if charset_class(value) != charset_class(facts.ctx.charset):
            facts.switches = True


def transaction(facts: Facts, i: int, hi: int, verb: str) -> None:
    """START TRANSACTION, BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE SAVEPOINT at i - 1."""
    words = facts.tokens.words
    kinds = facts.tokens.kinds
    facts.verb = "TRANSACTION"
    facts.session = True
    while i < hi:
        if words[i] not in _TRANSACTION_WORDS and not (
            kinds[i] in (WORD, IDENT, QUOTED) and words[i - 1] in ("SAVEPOINT", "TO")
        ):
            facts.fail(f"a {verb} that is not understood")
            return
        i += 1


_TRANSACTION_WORDS: Final = frozenset(
    [
        "TRANSACTION",
        "WITH",
        "CONSISTENT",
        "SNAPSHOT",
        "READ",
        "ONLY",
        "WRITE",
        "WORK",
        "AND",
        "NO",
        "CHAIN",
        "RELEASE",
        "TO",
        "SAVEPOINT",
        ",",
    ]
)
