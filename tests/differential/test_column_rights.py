"""Column privileges of a real server are the truth: what it denies for want of a right on a column, we deny.

Each statement runs as an account that has rights on some columns, and is judged by what we say it touches and the same
rights. What we deny and the server does not is listed here, with its reason.
"""

from __future__ import annotations

from typing import Any

import pymysql
import pytest

from dbgate.sql.analyze import analyze
from dbgate.sql.statement import LexContext
from tests.differential.column_rights import ACCOUNTS, PASSWORD, granted, setup, statements
from tests.differential.truth import Truth

_DENIED = (1142, 1143)

_ALIAS = "a name behind ORDER BY or HAVING that is an alias and a column counts as the column"
_JOIN = "the servers ask for no right on the columns by which NATURAL and USING join; what they hold shows all the same"
SAFE_SIDE = {
    "SELECT id AS ssn FROM orders ORDER BY ssn": _ALIAS,
    "SELECT id ssn FROM orders HAVING ssn > 0": _ALIAS,
    "SELECT orders.id FROM orders JOIN people USING (ssn)": _JOIN,
    "SELECT orders.id FROM orders NATURAL JOIN people": _JOIN,
    "SELECT items.id FROM items NATURAL JOIN items i2": _JOIN,
    "SELECT id FROM orders WHERE EXISTS (SELECT p.* FROM people p)": "only EXISTS (SELECT * …) is known to read nothing",
    "SELECT id FROM orders WHERE EXISTS (SELECT * FROM people HAVING 1)": "MySQL asks for all columns here",
    "CREATE TABLE scratch.a5 LIKE orders": "it copies what all columns are like, keys and defaults",
    "WITH t AS (SELECT ssn FROM orders) SELECT 1 FROM t": "MySQL forgets columns of a derived table that nobody reads",
}


_NEW_ROW = "MySQL asks for SELECT where the row that is to be inserted is read, which is the client's own"
_DUPLICATE = "MariaDB asks for SELECT on what ON DUPLICATE KEY UPDATE assigns, whatever it assigns"
# What the servers deny and we do not, with a reason that is none of ours.
SERVERS_OWN: dict[str, str] = {
    "INSERT INTO orders (id, total) VALUES (1, 2) AS new ON DUPLICATE KEY UPDATE total = new.total": _NEW_ROW,
    "INSERT INTO orders (id, total) VALUES (1, 2) AS new (a, b) ON DUPLICATE KEY UPDATE total = b": _NEW_ROW,
    "INSERT INTO orders (id) VALUES (1) ON DUPLICATE KEY UPDATE total = 5": _DUPLICATE,
    "INSERT INTO orders (id) SELECT id FROM people ON DUPLICATE KEY UPDATE total = people.id": _DUPLICATE,
}


def _session(truth: Truth, user: str, password: str) -> Any:
    return pymysql.connect(
        host=truth.server.host, port=truth.server.port, user=user, password=password, database="cols",
        autocommit=False,
    )  # fmt: skip


def _error(session: Any, sql: str) -> int:
    """The number of the error that the statement gives, 0 for none; nothing is kept of what it did."""
    try:
        with session.cursor() as cursor:
            cursor.execute(sql)
            cursor.fetchall()
        return 0
    except pymysql.err.MySQLError as error:
        return int(error.args[0])
    finally:
        session.rollback()


@pytest.mark.timeout(120)
def test_what_the_server_denies_for_a_column_we_deny(truth: Truth) -> None:
    for statement in setup():
        assert truth.admin.run(statement.encode()) == "", statement
    ctx = LexContext(truth.flavour, truth.version)
    root = _session(truth, truth.server.user, truth.server.password)
    invalid: list[tuple[str, int]] = []
    leaks: list[str] = []
    strict: dict[str, list[str]] = {}
    allowed = 0
    for account in ACCOUNTS:
        session = _session(truth, account, PASSWORD)
        for sql in statements(truth.flavour):
            answer = _error(session, sql)
            if sql.startswith("CREATE"):
                assert truth.admin.run(f"DROP TABLE IF EXISTS {sql.split()[2]}".encode()) == ""
            if answer and answer not in _DENIED:
                invalid.append((sql, answer))
                continue
            analysis = analyze(sql.encode(), ctx, "cols")
            assert analysis.error == "", sql
            ours = granted(account, analysis)
            allowed += ours
            if answer in _DENIED and ours and not (account == "blind" and sql in SERVERS_OWN):
                leaks.append(f"{account}: {sql}")
            elif not answer and not ours:
                strict.setdefault(sql, []).append(account)
        session.close()
    root.close()
    assert leaks == []
    assert invalid == []
    assert sorted(set(strict) - set(SAFE_SIDE)) == []
    assert allowed > 90
