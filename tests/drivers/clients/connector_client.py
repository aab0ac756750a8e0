"""mysql-connector-python with binary prepared statements; a fifth argument chooses `pure` or `c`."""

from __future__ import annotations

import sys
from typing import Any

import mysql.connector

from tests.drivers.clients import session as s


def main() -> None:
    pure = sys.argv[5] == "pure"
    seen: dict[str, object] = {}
    connection: Any = mysql.connector.connect(
        **s.arguments(), database="shop", use_pure=pure, ssl_disabled=True, autocommit=True
    )
    assert type(connection).__name__ == ("MySQLConnection" if pure else "CMySQLConnection")
    cursor = connection.cursor()
    cursor.execute(s.TEXT)
    seen["text"] = s.rows(cursor)
    prepared = connection.cursor(prepared=True)
    found = []
    for number in (2, 3, 2):
        prepared.execute(s.BY_ID, (number,))
        found += s.rows(prepared)
    prepared.close()
    seen["prepared"] = found
    counts = []
    connection.start_transaction()
    cursor.execute(s.INSERT, (1, 5, "rolled back"))
    connection.rollback()
    cursor.execute(s.COUNT)
    counts += s.rows(cursor)
    connection.start_transaction()
    prepared = connection.cursor(prepared=True)
    prepared.execute(s.INSERT, (1, 2, "it's"))
    prepared.execute(s.INSERT, (2, 3, None))
    prepared.close()
    connection.commit()
    cursor.execute(s.COUNT)
    counts += s.rows(cursor)
    seen["transaction"] = counts
    try:
        cursor.execute(s.ERROR)
    except mysql.connector.Error as error:
        seen["error"] = error.errno
    results = []
    for text in (s.CALL, s.MULTI):
        cursor.execute(text)
        while True:
            if cursor.with_rows:
                results.append(s.rows(cursor))
            if not cursor.nextset():
                break
    seen["multi"] = results
    cursor.execute(s.BIG)
    seen["big"] = s.size(s.rows(cursor))
    try:
        cursor.execute(s.FORBIDDEN)
        cursor.fetchall()
        seen["blocked"] = None
    except mysql.connector.Error as error:
        seen["blocked"] = [error.errno, error.msg]
    cursor.execute(s.AFTER)
    seen["after"] = s.rows(cursor)
    connection.reset_session()
    connection.ping()
    connection.close()
    s.report(seen)


main()
