"""The state of the server's session that decides how it reads a text: asked of the server itself, never guessed.

The question is sent right behind the server's OK to a login, COM_CHANGE_USER or COM_RESET_CONNECTION, and after a
statement whose effect its text does not tell. Its reply is swallowed, and commands wait for it. All values come as
bytes in utf8mb4, whatever character_set_results is; LIMIT 1 beats sql_select_limit.
"""

from __future__ import annotations

from typing import Final

from dbgate.errors import ProtocolError
from dbgate.gate.familiar import Surroundings
from dbgate.gate.phase import READY
from dbgate.gate.state import State
from dbgate.sql.charset import charset_followed
from dbgate.sql.sqlmode import parse_sql_mode
from dbgate.sql.statement import MARIADB, MYSQL, LexContext
from dbgate.wire import build
from dbgate.wire.codec import Reader
from dbgate.wire.kinds import RESULT

QUESTION: Final = (
    b"SELECT CAST(CONVERT(@@sql_mode USING utf8mb4) AS BINARY),"
    b" CAST(CONVERT(@@character_set_client USING utf8mb4) AS BINARY),"
    b" CAST(CONVERT(@@character_set_connection USING utf8mb4) AS BINARY),"
    b" CAST(CONVERT(@@lower_case_table_names USING utf8mb4) AS BINARY),"
    b" CAST(CONVERT(DATABASE() USING utf8mb4) AS BINARY) LIMIT 1"
)
_ASKED: Final = build.query(QUESTION)
_ASKED_WITH_ATTRIBUTES: Final = build.query(QUESTION, True)


def ask(state: State, now: float) -> None:
    """Send the question; the caller has moved the session to CONTEXT."""
    state.forget_scope()
    state.asked_at = now
    state.heard = False
    state.fx.to_server.append(_ASKED_WITH_ATTRIBUTES if state.attributes() else _ASKED)
    state.reply.begin(RESULT, 1)
    state.reply.expect(False, False, True)


def decode(name: bytes, charset: str) -> str | None:
    """A name that a client sent in its character set; None where it cannot be told what the server reads."""
    if name.isascii():
        return name.decode("ascii")
    if charset in ("utf8", "utf8mb3", "utf8mb4"):
        try:
            return name.decode("utf-8")
        except UnicodeDecodeError:
            return None
    return name.decode("latin-1") if charset == "latin1" and not _cp1252_differs(name) else None


def _cp1252_differs(name: bytes) -> bool:
    """MySQL's latin1 is cp1252: bytes 80 to 9F are other characters than in ISO 8859-1."""
    return any(0x80 <= byte < 0xA0 for byte in name)


def recall(state: State, data: bytes) -> bool:
    """Where the answer is, in one chunk, one that was read before under the same circumstances: take over what it says.
    False: nothing was done. `data` is the first of the answer."""
    told = state.brain.familiar.answers.get(data)
    if told is None or told.capabilities != state.capabilities:
        return False
    ctx = told.ctx
    if ctx.version != _version(state) or ctx.flavour != _flavour(state):
        return False
    state.reply.done = True
    _take(state, told)
    return True


def learn(state: State, chunk: bytes) -> bool:
    """The reply has ended: take over what it says. False: there was no such answer, the session must end. chunk: all of
    it, where it came in one; else b""."""
    reply = state.reply
    if reply.error_code or len(reply.kept) != 1:
        return False
    try:
        values = _values(reply.kept[0])
    except (ProtocolError, UnicodeDecodeError):
        return False
    told = _told(state, values)
    state.brain.familiar.keep_answer(chunk, told)
    _take(state, told)
    return True


def _take(state: State, told: Surroundings) -> None:
    state.forget_scope()
    state.status = told.status
    state.schema = told.schema
    state.ctx = told.ctx
    state.unfollowed = told.unfollowed
    state.brain.fold_names = told.ctx.fold_names
    if state.queries == 0:  # what a session is before it has asked for anything else
        state.brain.context = told.ctx
    state.move(READY)


def _values(row: bytes) -> list[str]:
    """The five values of the row; NULL (no schema) is ""."""
    read = Reader(row)
    values: list[str] = []
    for _ in range(5):
        value = read.lenenc_or_null()
        values.append("" if value is None else value.decode("utf-8"))
    return values


def enter(state: State, schema: bytes) -> bool:
    """The server has changed the current schema to this one (UTF-8). False: the name cannot be read."""
    try:
        name = schema.decode("utf-8")
    except UnicodeDecodeError:
        return False
    name = name.lower() if state.ctx.fold_names else name
    if name != state.schema:
        state.schema = name
        state.forget_scope()
    return True


def speak(state: State, charset: str) -> None:
    """The server has taken this character set for what the client sends, and of the connection, from a SET NAMES that
    changes nothing else."""
    ctx = state.ctx
    if charset != ctx.charset:
        state.forget_scope()
        state.ctx = LexContext(
            ctx.flavour,
            ctx.version,
            charset,
            ctx.ansi_quotes,
            ctx.no_backslash_escapes,
            ctx.ignore_space,
            ctx.pipes_as_concat,
            ctx.high_not_precedence,
            ctx.fold_names,
        )


def _flavour(state: State) -> int:
    return MARIADB if state.mariadb else MYSQL


def _version(state: State) -> int:
    greeting = state.greeting
    return greeting.version if greeting is not None else 0


def _told(state: State, values: list[str]) -> Surroundings:
    """Make the lexer's context of the server's values, or note why they cannot be followed."""
    modes = parse_sql_mode(values[0])
    unfollowed = modes.refused
    for name in (values[1].lower(), values[2].lower()):
        if not charset_followed(name):
            unfollowed = f"character set {name} cannot be followed"
    ctx = LexContext(
        _flavour(state),
        _version(state),
        values[1].lower(),
        modes.ansi_quotes,
        modes.no_backslash_escapes,
        modes.ignore_space,
        modes.pipes_as_concat,
        modes.high_not_precedence,
        values[3] != "0",
    )
    return Surroundings(state.capabilities, state.reply.status, values[4], ctx, unfollowed)
