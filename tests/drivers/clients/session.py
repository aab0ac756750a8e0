"""The statements of the session that every client does, and the helpers that its programs share."""

from __future__ import annotations

import json
import sys
from typing import Any

TEXT = "SELECT id, name, price FROM products ORDER BY id"
BY_ID = "SELECT name, price FROM products WHERE id = %s"
INSERT = "INSERT INTO orders (product, amount, note) VALUES (%s, %s, %s)"
COUNT = "SELECT COUNT(*) FROM orders"
ERROR = "SELECT id FROM missing"
CALL = "CALL two_results(2)"
MULTI = "SELECT 1; SELECT name FROM products WHERE id = 2; SELECT 3"
BIG = "SELECT id, body FROM big ORDER BY id"
FORBIDDEN = "SELECT id, secret FROM secrets"
AFTER = "SELECT name FROM products WHERE id = 3"


def arguments() -> dict[str, Any]:
    """host, port, user, password, as most libraries name them."""
    host, port, user, password = sys.argv[1:5]
    return {"host": host, "port": int(port), "user": user, "password": password}


def plain(value: object) -> object:
    """A value as JSON can show it; the same text whatever the library's types are."""
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("latin-1")
    return value if isinstance(value, int | str | None) else str(value)


def rows(cursor: Any) -> list[list[object]]:
    """All rows of a DB-API cursor's current result."""
    return [[plain(value) for value in row] for row in cursor.fetchall()]


def size(found: list[list[object]]) -> list[int]:
    """[rows, characters of the last column]: of a result too big to print."""
    return [len(found), sum(len(str(row[-1])) for row in found)]


def report(seen: dict[str, object]) -> None:
    """Prints what the client saw."""
    json.dump(seen, sys.stdout)
    print()
