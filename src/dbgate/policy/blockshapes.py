"""Whether a shape in block_statements can ever match: a statement is made of it, and that is analysed."""

from __future__ import annotations

from typing import Final

from dbgate.sql.analyze import analyze
from dbgate.sql.shape import StatementPattern
from dbgate.sql.statement import MARIADB, MYSQL, LexContext

_SERVERS: Final = (LexContext(MARIADB, 110400), LexContext(MYSQL, 90000))


def never_matches(shape: StatementPattern) -> str:
    """The statement that was made of this shape and does not have it: it can never match. "" = it can."""
    error, found = _tried(shape)
    return "" if error or found else shape.example.decode("utf-8", "replace")


def no_statement(shape: StatementPattern) -> str:
    """Why no server takes a statement of this shape, so that it is blocked before anybody looks at its shape. "" = one
    does, or it cannot be told: of a beginning (not shape.whole) nothing is known."""
    return _tried(shape)[0]


def _tried(shape: StatementPattern) -> tuple[str, bool]:
    """Why no server takes the statement that is made of the shape, and whether it has the shape."""
    if not shape.whole:
        return "", True
    why = ""
    for server in _SERVERS:
        analysis = analyze(shape.example, server, "s", True)
        if analysis.error == "":
            return "", any(shape.matches(one) for one in analysis.statements)
        why = why or analysis.error
    return why, False
