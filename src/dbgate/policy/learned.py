"""Learned shapes at the moment of decision: is this text one that its user is known to send?"""

from __future__ import annotations

from typing import Final, final

from dbgate.sql.statement import NEED_ANY_RIGHT, NEED_TABLE, Statement


@final
class LearnedShape:
    """One shape of one user: what the text with this digest may do. tables: "schema.table", as in the audit log;
    detectors: the injection detectors whose hits on it are known and do not count."""

    def __init__(self, operations: frozenset[str], tables: frozenset[str], detectors: frozenset[str]) -> None:
        self.operations = operations
        self.tables = tables
        self.detectors = detectors


NO_SHAPES: Final[dict[str, LearnedShape]] = {}


def novelty(known: LearnedShape | None, digest: str, units: tuple[Statement, ...]) -> str:
    """Why a text of this digest is new, known being what was learned of it; "" where it is not.

    A command that is no text (digest "") has no shape, and a session statement that reads nothing needs none."""
    if digest == "" or keeps_session(units):
        return ""
    if known is None:
        return "its shape was never learned for this user"
    for unit in units:
        for operation in unit.operations:
            if operation not in known.operations:
                return f"its shape was learned without the operation {operation}"
        for need in unit.needs:
            if need.kind == NEED_TABLE or need.kind == NEED_ANY_RIGHT:
                table = f"{need.schema}.{need.table}" if need.schema != "" else need.table
                if table not in known.tables:
                    return f"its shape was learned on other tables than {table}"
    return ""


def keeps_session(units: tuple[Statement, ...]) -> bool:
    """Whether all of these are session statements, and none reads a table or calls a routine."""
    for unit in units:
        if not unit.session or unit.functions or unit.calls:
            return False
        for need in unit.needs:
            if need.kind == NEED_TABLE or need.kind == NEED_ANY_RIGHT:
                return False
    return True
