"""What a name or a comma means in a frame of the clause scanner: the frame's mode."""

from __future__ import annotations

from typing import Final

EXPR: Final = 1  # an expression, or a query that has not begun
LIST: Final = 2  # a select list: FROM opens the tables
TABLES: Final = 3  # a table is expected
AFTER: Final = 4  # behind a table: its alias, hints, partitions
COND: Final = 5  # a join condition: a comma or JOIN leads to the next table
PERIOD: Final = 6  # FOR SYSTEM_TIME, FOR PORTION OF: its FROM is not a clause
TAIL: Final = 7  # behind the tables
NAMES: Final = 8  # names only: column lists, DDL
ASSIGN: Final = 9  # SET of an UPDATE
CTE_NAME: Final = 10  # behind WITH or its comma
CTE_AS: Final = 11  # name read: columns or AS
CTE_BODY: Final = 12  # AS read: "(" opens the body
CTE_DONE: Final = 13  # behind a body: a comma or the statement proper
