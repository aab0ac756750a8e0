"""The demo's sample database where no MariaDB can be had: mysql-mimic speaks the protocol, SQLite keeps the tables.

It is a process of its own: `python -m dbgate.workers.demo_sample PORT`. It understands what the demo's scenario and a
curious visitor send; it is no MySQL, and proves nothing about one.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from typing import Any, Final

from mysql_mimic import MysqlServer, Session
from mysql_mimic.auth import IdentityProvider, NativePasswordAuthPlugin, User
from mysql_mimic.constants import DEFAULT_SERVER_CAPABILITIES
from mysql_mimic.errors import ErrorCode, MysqlError
from mysql_mimic.types import Capabilities
from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from dbgate.workers.demo_database import PASSWORD, sample_text

USERS: Final = ("app_service", "analyst", "newcomer", "intruder")
PROCEDURE: Final = "SELECT id, name FROM users WHERE id = ?"  # shop.sp_get_user_info


def open_sample() -> sqlite3.Connection:
    """A fresh copy of the shop, in memory."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    for statement in parse(sample_text("shop.sql"), read="mysql"):
        if isinstance(statement, exp.Create) and statement.kind != "TABLE":
            continue
        if statement is not None and not isinstance(statement, exp.Use):
            database.execute(to_sqlite(statement))
    return database


def to_sqlite(statement: exp.Expr) -> str:
    """A MySQL statement in SQLite's words; there is one schema, so its name goes."""
    for table in statement.find_all(exp.Table):
        table.set("db", None)
    return statement.sql("sqlite").replace("INTEGER AUTOINCREMENT", "INTEGER")


class SampleSession(Session):  # type: ignore[misc]
    """One connection to the sample. All sessions share one database, as they would on a server."""

    database_of_all: sqlite3.Connection

    async def query(self, expression: Any, sql: str, attrs: dict[str, str]) -> Any:
        """(rows, column names) of a statement; MysqlError where SQLite refuses it."""
        words = sql.strip().rstrip(";").split("(")
        if words[0].split()[0].upper() == "CALL":
            argument = words[1].rstrip(") ") if len(words) > 1 else "0"
            return self._run(PROCEDURE, (argument,))
        return self._run(to_sqlite(expression), ())

    def _run(self, text: str, values: tuple[str, ...]) -> tuple[list[tuple[object, ...]], list[str]]:
        try:
            cursor = self.database_of_all.execute(text, values)
        except sqlite3.Error as error:
            raise MysqlError(str(error), ErrorCode.UNKNOWN_ERROR) from error
        names = [column[0] for column in cursor.description or ()]
        return cursor.fetchall(), names

    async def handle_query(self, sql: str, attrs: dict[str, str]) -> Any:
        """mysql-mimic's, with its parser's errors as the client's errors, and with an answer to the gateway's own
        question about the session's state, whose casts are not SQLite's."""
        if "@@sql_mode" in sql and "@@lower_case_table_names" in sql:
            return [("", "utf8mb4", "utf8mb4", "0", self.database)], ["a", "b", "c", "d", "e"]
        try:
            return await super().handle_query(sql, attrs)
        except SqlglotError as error:
            raise MysqlError(str(error).splitlines()[0], ErrorCode.PARSE_ERROR) from error


class SampleUsers(IdentityProvider):  # type: ignore[misc]
    """The demo's users, all with the same password."""

    def get_plugins(self) -> list[NativePasswordAuthPlugin]:
        """mysql_native_password is all that the sample speaks."""
        return [NativePasswordAuthPlugin()]

    async def get_user(self, username: str) -> User | None:
        """The user of that name, None where there is none."""
        if username not in USERS:
            return None
        return User(
            name=username,
            auth_string=NativePasswordAuthPlugin.create_auth_string(PASSWORD),
            auth_plugin=NativePasswordAuthPlugin.name,
        )


async def serve(port: int) -> None:
    """Listens on 127.0.0.1:port until the process is ended."""
    SampleSession.database_of_all = open_sample()
    # every client library says that it takes several results, also to servers that never send them
    capabilities = DEFAULT_SERVER_CAPABILITIES | Capabilities.CLIENT_MULTI_RESULTS
    server = MysqlServer(SampleSession, capabilities, identity_provider=SampleUsers())
    await server.start_server(host="127.0.0.1", port=port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
