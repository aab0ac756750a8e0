"""The state of the server's session that decides how it reads a text: asked of the server itself, never guessed.

The question is sent right behind the server's OK to a login, COM_CHANGE_USER or COM_RESET_CONNECTION, and after a
statement whose effect its text does not tell. Its reply is swallowed, and commands wait for it. All values come as
bytes in utf8mb4, whatever character_set_results is; LIMIT 1 beats sql_select_limit.
"""

from __future__ import annotations

from typing import Final

from dbgate.errors import ProtocolError
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


def ask(state: State, now: float) -> None:
    """Send the question; the caller has moved the session to CONTEXT."""
    state.forget_scope()
    state.asked_at = now
    state.fx.to_server.append(build.query(QUESTION, state.attributes()))
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


def learn(state: State) -> bool:
    """The reply has ended: take over what it says. False: there was no such answer, the session must end."""
    reply = state.reply
    if reply.error_code or len(reply.kept) != 1:
        return False
    try:
        values = _values(reply.kept[0])
    except (ProtocolError, UnicodeDecodeError):
        return False
    state.status = reply.status
    state.schema = values[4]
    follow(state, values[0], values[1].lower(), values[2].lower(), values[3] != "0")
    state.move(READY)
    return True


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


def follow(state: State, sql_mode: str, charset: str, connection: str, fold_names: bool) -> None:
    """Make the lexer's context of the server's values, or note why they cannot be followed."""
    state.forget_scope()
    state.brain.fold_names = fold_names
    modes = parse_sql_mode(sql_mode)
    state.unfollowed = modes.refused
    for name in (charset, connection):
        if not charset_followed(name):
            state.unfollowed = f"character set {name} cannot be followed"
    greeting = state.greeting
    state.ctx = LexContext(
        MARIADB if state.mariadb else MYSQL,
        greeting.version if greeting is not None else 0,
        charset,
        modes.ansi_quotes,
        modes.no_backslash_escapes,
        modes.ignore_space,
        modes.pipes_as_concat,
        modes.high_not_precedence,
        fold_names,
    )
    if state.queries == 0:  # what a session is before it has asked for anything else
        state.brain.context = state.ctx
