"""Words that steer the clause scanner → small numbers; per server, one look-up a word."""

from __future__ import annotations

from typing import Final

from dbgate.sql.functions import RESERVED
from dbgate.sql.statement import MARIADB, MYSQL

PLAIN: Final = 1  # reserved: no name, but of no consequence here
SELECT: Final = 2
FROM: Final = 3
JOIN: Final = 4
TAIL: Final = 5  # a clause behind the tables: WHERE, GROUP, ORDER …
ON: Final = 6
FOR: Final = 7
UNION: Final = 8
WITH: Final = 9
TABLE: Final = 10
SET: Final = 11
AS: Final = 12
INTO: Final = 13
VALUES: Final = 14
WRITE: Final = 15  # UPDATE, DELETE, INSERT, REPLACE: behind a WITH list they start the statement proper
NEXT: Final = 16  # NEXT VALUE FOR, PREVIOUS VALUE FOR (MariaDB)
WHERE: Final = 17
YOUNG: Final = 18  # reserved in newer versions only: WINDOW, QUALIFY, EXCEPT, INTERSECT
NATURAL: Final = 19
USING: Final = 20
LATE: Final = 21  # of no consequence here, and the name of a column or table on older servers

_STEERING: Final = {
    "SELECT": SELECT, "FROM": FROM, "JOIN": JOIN, "STRAIGHT_JOIN": JOIN, "WHERE": WHERE, "GROUP": TAIL,
    "HAVING": TAIL, "ORDER": TAIL, "LIMIT": TAIL, "PROCEDURE": TAIL, "LOCK": TAIL, "FETCH": TAIL, "WINDOW": YOUNG,
    "ON": ON, "FOR": FOR, "UNION": UNION, "EXCEPT": YOUNG, "INTERSECT": YOUNG, "WITH": WITH, "TABLE": TABLE,
    "SET": SET, "AS": AS, "INTO": INTO, "VALUES": VALUES, "UPDATE": WRITE, "DELETE": WRITE, "INSERT": WRITE,
    "REPLACE": WRITE, "NATURAL": NATURAL, "USING": USING,
}  # fmt: skip

# Words that became reserved in MySQL 5.6 to 9 and in MariaDB 10.2 to 10.11, as far as a column may be called so.
_LATE: Final = """
CUBE CUME_DIST DENSE_RANK EMPTY EXTERNAL FIRST_VALUE FUNCTION GENERATED GET GROUPING GROUPS IO_AFTER_GTIDS
IO_BEFORE_GTIDS JSON_TABLE LAG LAST_VALUE LATERAL LEAD LIBRARY NTH_VALUE NTILE OF OFFSET OPTIMIZER_COSTS OVER PAGE_CHECKSUM PARTITION
PERCENT_RANK PORTION RANK RECURSIVE ROW ROWS ROW_NUMBER STATS_AUTO_RECALC STATS_PERSISTENT STATS_SAMPLE_PAGES STORED
SYSTEM TABLESAMPLE VIRTUAL
"""


def _actions(flavour: int) -> dict[str, int]:
    table = dict.fromkeys(RESERVED[flavour], PLAIN)
    for word in _LATE.split():
        if word in table:
            table[word] = LATE
    for word, action in _STEERING.items():
        table[word] = action
    if flavour == MARIADB:
        table["RETURNING"] = TAIL
        table["NEXT"] = NEXT
        table["PREVIOUS"] = NEXT
    else:
        table["QUALIFY"] = YOUNG
    return table


ACTIONS: Final = {MARIADB: _actions(MARIADB), MYSQL: _actions(MYSQL)}
