"""mysqlclient: Python over MariaDB's C client library."""

from __future__ import annotations

import MySQLdb

from tests.drivers.clients import session as s


def main() -> None:
    seen: dict[str, object] = {}
    connection = MySQLdb.connect(**s.arguments(), database="shop", charset="utf8mb4")
    cursor = connection.cursor()
    cursor.execute(s.TEXT)
    seen["text"] = s.rows(cursor)
    cursor.execute(s.BY_ID, (2,))
    seen["prepared"] = s.rows(cursor)
    counts = []
    connection.begin()
    cursor.execute(s.INSERT, (1, 5, "rolled back"))
    connection.rollback()
    cursor.execute(s.COUNT)
    counts += s.rows(cursor)
    cursor.executemany(s.INSERT, [(1, 2, "it's"), (2, 3, None)])
    connection.commit()
    cursor.execute(s.COUNT)
    counts += s.rows(cursor)
    seen["transaction"] = counts
    try:
        cursor.execute(s.ERROR)
    except MySQLdb.Error as error:
        seen["error"] = error.args[0]
    results = []
    for text in (s.CALL, s.MULTI):
        cursor.execute(text)
        while True:
            results.append(s.rows(cursor))
            if not cursor.nextset():
                break
    seen["multi"] = results
    cursor.execute(s.BIG)
    seen["big"] = s.size(s.rows(cursor))
    try:
        cursor.execute(s.FORBIDDEN)
        seen["blocked"] = None
    except MySQLdb.Error as error:
        seen["blocked"] = [error.args[0], error.args[1]]
    cursor.execute(s.AFTER)
    seen["after"] = s.rows(cursor)
    connection.ping()
    cursor.close()
    connection.close()
    s.report(seen)


main()
