"""Short cuts for tests of what works on tokens."""

from __future__ import annotations

from typing import Final

from dbgate.sql.lexer import lex
from dbgate.sql.statement import MARIADB, LexContext
from dbgate.sql.tokens import Tokens

CTX: Final = LexContext(MARIADB, 101106)
ANSI: Final = LexContext(MARIADB, 101106, ansi_quotes=True)
NO_ESCAPES: Final = LexContext(MARIADB, 101106, no_backslash_escapes=True)
PIPES: Final = LexContext(MARIADB, 101106, pipes_as_concat=True)


def lexed(text: str | bytes, ctx: LexContext = CTX) -> Tokens:
    """The tokens of a text that lexes."""
    tokens = lex(text if isinstance(text, bytes) else text.encode(), ctx)
    assert not tokens.error, tokens.error
    return tokens
