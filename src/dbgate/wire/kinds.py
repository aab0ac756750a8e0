"""Kinds of reply: what the server answers a command with. `response.Reply` is told one for each command."""

from __future__ import annotations

from typing import Final

RESULT: Final = 0  # COM_QUERY, EXECUTE, BULK_EXECUTE, PROCESS_INFO: results
SIMPLE: Final = 1  # OK, EOF or ERR
PREPARE: Final = 2  # COM_STMT_PREPARE
ROWS: Final = 3  # COM_STMT_FETCH: rows and their end; COM_FIELD_LIST: definitions and their end
TEXT: Final = 4  # COM_STATISTICS: one packet of text
