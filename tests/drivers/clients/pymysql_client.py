"""PyMySQL: the text protocol in pure Python."""

from __future__ import annotations

import pymysql
from pymysql.constants import CLIENT

from tests.drivers.clients import session as s


def main() -> None:
    seen: dict[str, object] = {}
    connection = pymysql.connect(**s.arguments(), database="shop", client_flag=CLIENT.MULTI_STATEMENTS)
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
    connection.begin()
    cursor.executemany(s.INSERT, [(1, 2, "it's"), (2, 3, None)])
    connection.commit()
    cursor.execute(s.COUNT)
    counts += s.rows(cursor)
    seen["transaction"] = counts
    try:
        cursor.execute(s.ERROR)
    except pymysql.Error as error:
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
    except pymysql.Error as error:
        seen["blocked"] = [error.args[0], error.args[1]]
    cursor.execute(s.AFTER)
    seen["after"] = s.rows(cursor)
    connection.ping(reconnect=False)
    connection.close()
    s.report(seen)


main()
