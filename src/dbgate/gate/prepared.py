"""The prepared statements of one session: what was judged at PREPARE, kept for EXECUTE."""

from __future__ import annotations

from typing import final

from dbgate.gate.judged import Judged
from dbgate.sql.statement import Analysis
from dbgate.wire.constants import LAST_STATEMENT


@final
class Prepared:
    """One prepared statement. judged holds under `epoch`; the analysis is decided again when the policy changes.

    columns: names of its result's columns, where they are watched; given: rows that its cursor gave since EXECUTE;
    over: its cursor has passed the row cap; lost: a piece of long data was refused, so that it must not run.
    """

    def __init__(self, analysis: Analysis, judged: Judged, epoch: int, columns: tuple[bytes, ...]) -> None:
        self.analysis = analysis
        self.judged = judged
        self.epoch = epoch
        self.columns = columns
        self.given = 0
        self.over = False
        self.lost = False


@final
class Statements:
    """By id. `last` is what MariaDB's id 0xFFFFFFFF means: the statement prepared last, -1 after a PREPARE that was
    blocked or failed, so that a pipelined EXECUTE cannot run an older one."""

    def __init__(self) -> None:
        self.by_id: dict[int, Prepared] = {}
        self.last = -1

    def add(self, statement_id: int, statement: Prepared) -> None:
        self.by_id[statement_id] = statement
        self.last = statement_id

    def resolve(self, statement_id: int, mariadb: bool) -> int:
        """The id that is meant; it may still be unknown."""
        return self.last if mariadb and statement_id == LAST_STATEMENT else statement_id

    def find(self, statement_id: int) -> Prepared | None:
        return self.by_id.get(statement_id)

    def close(self, statement_id: int) -> None:
        self.by_id.pop(statement_id, None)
        if self.last == statement_id:
            self.last = -1

    def clear(self) -> None:
        self.by_id.clear()
        self.last = -1
