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

_STEERING: Final = {
    "SELECT": SELECT, "FROM": FROM, "JOIN": JOIN, "STRAIGHT_JOIN": JOIN, "WHERE": WHERE, "GROUP": TAIL,
    "HAVING": TAIL, "ORDER": TAIL, "LIMIT": TAIL, "PROCEDURE": TAIL, "LOCK": TAIL, "FETCH": TAIL, "WINDOW": YOUNG,
    "ON": ON, "FOR": FOR, "UNION": UNION, "EXCEPT": YOUNG, "INTERSECT": YOUNG, "WITH": WITH, "TABLE": TABLE,
    "SET": SET, "AS": AS, "INTO": INTO, "VALUES": VALUES, "UPDATE": WRITE, "DELETE": WRITE, "INSERT": WRITE,
    "REPLACE": WRITE,
}  # fmt: skip


def _actions(flavour: int) -> dict[str, int]:
    table = dict.fromkeys(RESERVED[flavour], PLAIN)
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
