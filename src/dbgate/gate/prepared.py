"""The prepared statements of one session: what was judged at PREPARE, kept for EXECUTE."""

from __future__ import annotations

from typing import Final, final

from dbgate.gate.judged import Judged
from dbgate.sql.statement import Analysis
from dbgate.wire.command import CURSOR_FLAGS
from dbgate.wire.constants import COM_STMT_EXECUTE, HEADER, LAST_STATEMENT, MAX_PAYLOAD

_LEAST_EXECUTE: Final = 10  # bytes of its payload: code, id, flags, iteration count
KEPT: Final = 4 << 20  # bytes of texts that a session keeps for its prepared statements


@final
class Prepared:
    """One prepared statement. judged holds under `epoch`; the analysis is decided again when the policy changes.

    raw: the PREPARE as it came, b"" where it was too long to be kept; ctx_key, schema: what it was prepared under.
    A MySQL server that has to prepare it anew (after a change of its tables) reads its text under the SQL mode and
    character set of that moment, so under another context it is judged under both: `again` is that verdict, for the
    context and epoch that `again_for` names.
    columns: names of its result's columns, where they are watched; given: rows that its cursor gave since EXECUTE;
    over: its cursor has passed the row cap; lost: a piece of long data was refused, so that it must not run.
    """

    def __init__(
        self,
        analysis: Analysis,
        judged: Judged,
        epoch: int,
        columns: tuple[bytes, ...],
        raw: bytes,
        ctx_key: str,
        schema: str,
    ) -> None:
        self.analysis = analysis
        self.judged = judged
        self.epoch = epoch
        self.raw = raw
        self.ctx_key = ctx_key
        self.schema = schema
        self.again = judged
        self.again_for = ""
        self.columns = columns
        self.given = 0
        self.over = False
        self.lost = False


@final
class Statements:
    """By id. `last` is what MariaDB's id 0xFFFFFFFF means: the statement prepared last, -1 after a PREPARE that was
    blocked or failed, so that a pipelined EXECUTE cannot run an older one. kept: bytes of all texts, at most KEPT."""

    def __init__(self) -> None:
        self.by_id: dict[int, Prepared] = {}
        self.last = -1
        self.kept = 0

    def add(self, statement_id: int, statement: Prepared) -> None:
        """The server has prepared it under this id. Its text is kept where there is room."""
        self.close(statement_id)
        self.by_id[statement_id] = statement
        self.last = statement_id
        if self.kept + len(statement.raw) > KEPT:
            statement.raw = b""
        self.kept += len(statement.raw)

    def resolve(self, statement_id: int, mariadb: bool) -> int:
        """The id that is meant; it may still be unknown."""
        return self.last if mariadb and statement_id == LAST_STATEMENT else statement_id

    def plain_execute(self, data: bytes, limit: int) -> int:
        """The statement that a chunk runs, where the chunk is one COM_STMT_EXECUTE of at most `limit` bytes that asks
        for no cursor; else -1. The id may be unknown."""
        size = len(data) - HEADER
        if not self.by_id or size < _LEAST_EXECUTE or data[HEADER] != COM_STMT_EXECUTE or data[3] != 0:
            return -1
        if size != data[0] | data[1] << 8 | data[2] << 16 or size >= MAX_PAYLOAD or size > limit:
            return -1
        if data[9] & CURSOR_FLAGS:
            return -1
        return data[5] | data[6] << 8 | data[7] << 16 | data[8] << 24

    def find(self, statement_id: int) -> Prepared | None:
        """None: the id is unknown."""
        return self.by_id.get(statement_id)

    def close(self, statement_id: int) -> None:
        """Forget one; an unknown id is nothing."""
        statement = self.by_id.pop(statement_id, None)
        if statement is not None:
            self.kept -= len(statement.raw)
        if self.last == statement_id:
            self.last = -1

    def clear(self) -> None:
        """Forget all: the server has, too."""
        self.by_id.clear()
        self.last = -1
        self.kept = 0
