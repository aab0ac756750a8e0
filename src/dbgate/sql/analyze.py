"""A text → Analysis: lexed once, split into statements as the server does, each scanned, masked, digested, detected.

Nothing here raises on any bytes; what cannot be told is an `error`, and the text is blocked.
"""

from __future__ import annotations

from typing import Final

from dbgate.sql.canonical import canonical, decoded
from dbgate.sql.digest import digest, joined_digest
from dbgate.sql.dispatch import scan_text
from dbgate.sql.dynamic import fold_text
from dbgate.sql.facts import Facts
from dbgate.sql.injection import detect
from dbgate.sql.lexer import lex
from dbgate.sql.mask import mask
from dbgate.sql.memory import Memory, only_bare
from dbgate.sql.outline import outline
from dbgate.sql.slots import shareable
from dbgate.sql.statement import (
    NEED_ANY_RIGHT,
    NEED_BARE,
    NEED_SCHEMA,
    NEED_SCHEMA_VISIBLE,
    Analysis,
    LexContext,
    Need,
    Statement,
)
from dbgate.sql.tokens import USER_VAR, Tokens

MAX_STATEMENTS: Final = 500  # in one text


def analyze(
    text: bytes, ctx: LexContext, schema: str, prepared: bool = False, memory: Memory | None = None
) -> Analysis:
    """What the text of a COM_QUERY (prepared: COM_STMT_PREPARE) does under this context and current schema.
    memory: what the session is known to have left on the server for dynamic SQL; it is only read."""
    try:
        tokens = lex(text, ctx)
        return _analyze(text, tokens, ctx, schema, memory)
    except Exception as error:
        return Analysis((), f"analysis failed: {error!r}", "", mask(b"?", lex(b"?", ctx)), "", "", "", False)


def _analyze(text: bytes, tokens: Tokens, ctx: LexContext, schema: str, memory: Memory | None) -> Analysis:
    statements: list[Statement] = []
    masked = mask(text, tokens)
    if tokens.error:
        return Analysis((), tokens.error, "", masked, digest(tokens), "", "", False)
    known: Memory | None = None
    if "PREPARE" in tokens.words or "EXECUTE" in tokens.words:
        known = Memory() if memory is None else memory.copy()
        known.left += len(text)
    error, session_state = _statements(tokens, ctx, schema, statements, known)
    plain = canonical(tokens, False)
    # A bulk text's tokens hold only the first of its rows; a pattern that reads literals must see them all.
    literals = decoded(text, tokens.codec) if tokens.folded else canonical(tokens, True)
    return Analysis(
        tuple(statements),
        error,
        session_state,
        masked,
        _shape(digest(tokens), statements),
        plain,
        literals,
        not error and not session_state and shareable(text, tokens, ctx),
        ctx.fold_names,
    )


def _shape(outer: str, statements: list[Statement]) -> str:
    """The digest of a text: with those of what its dynamic SQL runs, whose text is a literal of its own."""
    inner = [unit.folded.digest for unit in statements if unit.folded is not None]
    return joined_digest(outer, inner) if inner else outer


def _statements(
    tokens: Tokens, ctx: LexContext, schema: str, out: list[Statement], memory: Memory | None
) -> tuple[str, str]:
    """Appends each statement of a text; returns (error, session_state) of the whole. memory: what dynamic SQL in it
    may use, brought up to date with each statement; None within dynamic SQL."""
    i = 0
    count = len(tokens)
    switched = False
    state = ""
    if tokens.words.count(";") > MAX_STATEMENTS:
        return "too many statements in one text", state
    while i < count:
        if tokens.words[i] == ";":
            i += 1
            continue
        if switched:
            return "", "statements behind a change of sql_mode or character set"
        facts, end = scan_text(tokens, ctx, schema, i)
        if facts.error:
            return facts.error, state
        if tokens.inside and not facts.creates_routine and end < count:
            return "a statement that ends inside a version comment", state
        if facts.dynamic and memory is not None:
            _dynamic(facts, ctx, schema, memory)
        facts.detections = detect(tokens, i, end, ctx)
        statement = facts.statement()
        statement.outline = outline(tokens, i, end, ctx)
        statement.calm = _calm(facts, statement, i, end)
        out.append(statement)
        if statement.new_schema is not None:
            schema = statement.new_schema
        state = state or statement.session_state
        switched = facts.switches
        if memory is not None:
            memory.after(statement, ctx.key, False)
        i = end
    if not out:
        out.append(Statement("EMPTY", (), (), True))
    return "", state


def _calm(facts: Facts, statement: Statement, i: int, end: int) -> bool:
    """Whether the statement of tokens [i, end) changes no user variable but those that it says."""
    if facts.error or not only_bare(statement):
        return False
    words = facts.tokens.words
    reads = statement.verb in _READ_VARIABLES
    assigns = 0
    for at in range(i, end):
        if words[at] in ("INTO", "DIAGNOSTICS") or (not reads and facts.tokens.kinds[at] == USER_VAR):
            return False
        if words[at] == ":=":
            assigns += 1
    return assigns == facts.assigns


def _dynamic(facts: Facts, ctx: LexContext, schema: str, memory: Memory) -> None:
    """Dynamic SQL is judged as what it runs, where that is known."""
    if facts.dynamic == "EXECUTE":
        facts.folded = memory.statement(facts.target, ctx.key) if facts.target else None
    elif facts.dynamic == "PREPARE" or facts.dynamic == "EXECUTE IMMEDIATE":
        text = facts.dynamic_text
        if text is None:
            pipes = ctx.pipes_as_concat
            text = fold_text(facts.tokens, facts.dynamic_start, facts.dynamic_end, pipes, memory)
        memory.left -= len(text) if text is not None else 0
        if text is not None and memory.left >= 0:
            _fold(facts, text, ctx, schema)
    folded = facts.folded
    if folded is None or facts.dynamic == "PREPARE":
        return
    facts.new_schema = folded.new_schema
    facts.session_state = facts.session_state or folded.session_state
    if folded.verb in _PLAIN and not (folded.rereads or folded.dynamic or folded.calls):
        facts.rereads = facts.switches = False


# Where a user variable that stands in it is read, but for `:=` and INTO.
_READ_VARIABLES: Final = frozenset(("SELECT", "SET", "DO", "PREPARE"))
# Statements that leave what decides how a text is read as it is.
_PLAIN: Final = frozenset(("SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "SHOW", "DO"))


def _fold(facts: Facts, text: bytes, ctx: LexContext, schema: str) -> None:
    """Dynamic SQL with constant text is judged as that text, where it is one statement that is understood."""
    tokens = lex(text, ctx)
    inner: list[Statement] = []
    if tokens.error:
        return
    error, state = _statements(tokens, ctx, schema, inner, None)
    if error or len(inner) != 1:
        return
    folded = inner[0]
    folded.canonical = canonical(tokens, False)
    folded.canonical_literals = canonical(tokens, True)
    folded.digest = digest(tokens)
    facts.folded = folded
    facts.session_state = facts.session_state or state


def command(kind: str, name: str, ctx: LexContext, current_schema: str) -> Analysis:
    """A command that is not text, in words: init_db, field_list, create_db, drop_db (name: the schema or table), admin and
    session commands (name: the command's). Unknown kinds give an error."""
    facts = Facts(lex(b"", ctx), ctx, current_schema)
    error = ""
    label = kind
    if kind == "init_db":
        facts.verb = label = "USE"
        facts.session = True
        facts.needs[Need(NEED_SCHEMA_VISIBLE, "USE", facts.schema_name(name))] = True
        facts.new_schema = facts.schema_name(name)
    elif kind == "field_list":
        facts.verb = "SHOW"
        label = "DESCRIBE"
        facts.needs[Need(NEED_ANY_RIGHT, "SHOW", current_schema, facts.fold(name))] = True
    elif kind in ("create_db", "drop_db"):
        facts.verb = "CREATE" if kind == "create_db" else "DROP"
        label = facts.verb + " DATABASE"
        facts.needs[Need(NEED_SCHEMA, facts.verb, facts.schema_name(name), "", True)] = True
        facts.rereads = kind == "drop_db"
        if kind == "drop_db" and facts.schema_name(name) == current_schema:
            facts.new_schema = ""
    elif kind == "admin":
        facts.verb = label = "ADMIN"
        facts.needs[Need(NEED_BARE, "ADMIN")] = True
    elif kind == "session":
        facts.verb = label = "SESSION"
        facts.session = True
    else:
        error = f"command {kind} is not known"
    shown = f"{label} {name}".strip()
    statements = () if error else (facts.statement(),)
    return Analysis(statements, error, "", shown, "", shown, shown, False, ctx.fold_names)
