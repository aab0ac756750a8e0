"""Reads from the server what stands behind names: views, routines, triggers, loadable functions.

Blocking, for a thread of the supervisor: never on the data path. An account that may not see everything is refused,
because what it does not see would pass unjudged. The same account ends what a session left running (end_thread).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from dbgate.config.parse import Address
from dbgate.sql.bodies import Definition, build
from dbgate.sql.catalog import FUNCTION, PROCEDURE, TRIGGER, VIEW, Catalog
from dbgate.sql.statement import MARIADB, MYSQL

READ_SECONDS: Final = 60.0  # for one answer of the server; below the lock_wait_timeout of _SESSION
SHOW_ROUTINE_SINCE: Final = 80020  # MySQL; before it, SELECT was what shows routines
# The server's own schemas are left out: their views and routines are judged by name.
_VIEWS: Final = (
    "SELECT table_schema, table_name, view_definition, definer, security_type FROM information_schema.views"
    " WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
)
_ROUTINES: Final = (
    "SELECT routine_schema, routine_name, routine_type, sql_mode, definer, security_type, routine_body"
    " FROM information_schema.routines"
    " WHERE routine_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
)
_TRIGGERS: Final = (
    "SELECT event_object_schema, trigger_name, event_object_table, event_manipulation, sql_mode, definer"
    " FROM information_schema.triggers"
    " WHERE trigger_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
)
# Only where they are wanted: MariaDB opens every table and view for it.
_COLUMNS: Final = (
    "SELECT table_schema, table_name, ordinal_position, column_name FROM information_schema.columns"
    " WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
)
# MySQL since 8.0.30: the primary keys that it makes are columns too, also where they are not shown.
_SHOW_KEYS: Final = "SET SESSION show_gipk_in_create_table_and_information_schema = ON"
_NO_TLS: Final = 2026  # PyMySQL's number for a server without TLS
# A table that somebody has locked is left out of information_schema once lock_wait_timeout is over: READ_SECONDS must be
# over before, so that there is an error instead.
_SESSION: Final = (
    "SET SESSION sql_mode = '', sql_select_limit = DEFAULT, sql_quote_show_create = 1, lock_wait_timeout = 90"
)
_LOADABLE: Final = (
    "SELECT name FROM mysql.func",
    "SELECT udf_name FROM performance_schema.user_defined_functions",
)


class CatalogError(Exception):
    """The catalog cannot be read; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the catalog is read, and as whom. timeout: seconds to connect; tls: for the connection, None = in clear;
    tls_demanded: where the server has none, it is an error."""

    address: Address
    user: str
    password: str
    timeout: float
    tls: ssl.SSLContext | None = None
    tls_demanded: bool = True


def read_catalog(source: Source, columns: bool = False) -> Catalog:
    """The catalog as it is now, with what columns there are where these are wanted; CatalogError."""
    try:
        connection = _open(source)
        try:
            return _Reader(connection.cursor()).read(columns)
        finally:
            connection.close()
    except (pymysql.MySQLError, OSError, RuntimeError, UnicodeError, ValueError) as error:
        raise CatalogError(_words(error)) from None


@dataclass(frozen=True, slots=True)
class ServerThread:
    """What a session is on the server. number: as its greeting told it; user: who logged in; port: of the gateway's end of the
    connection."""

    number: int
    user: str
    port: int


KILLED: Final = "killed"
GONE: Final = "gone"
_HOLDS_PROCESS: Final = (
    "SELECT 1 FROM information_schema.user_privileges WHERE privilege_type = 'PROCESS' AND grantee = %s"
)
_NO_THREAD: Final = 1094
_MAY_NOT_KILL: Final = (1095, 1227)


def end_thread(source: Source, thread: ServerThread, seconds: float) -> str:
    """KILL for a connection that the gateway has closed: KILLED, or GONE where the server had ended it already. CatalogError
    where that cannot be, or where the server has another connection by that number: behind a balancer it may be another server,
    and numbers are short. seconds: for each answer."""
    try:
        connection = _open(replace(source, timeout=min(source.timeout, seconds)), seconds)
        try:
            return _end(connection.cursor(), thread, source.user)
        finally:
            connection.close()
    except (pymysql.MySQLError, OSError, RuntimeError, UnicodeError, ValueError) as error:
        raise CatalogError(_words(error)) from None


def _end(cursor: Cursor, thread: ServerThread, account: str) -> str:
    cursor.execute("SELECT user, host FROM information_schema.processlist WHERE id = %s", (thread.number,))
    row = cursor.fetchone()
    if row is None:
        cursor.execute("SELECT CURRENT_USER()")
        (account,) = cursor.fetchone() or ("",)
        cursor.execute(_HOLDS_PROCESS, (_grantee(account),))
        if cursor.fetchone() is None:
            raise CatalogError(
                f"the account {account} does not see it there: GRANT PROCESS ON *.* to it, not by a role"
            )
        return GONE
    user, host = row
    if str(user) != thread.user or str(host).rpartition(":")[2] != str(thread.port):
        raise CatalogError("the server has another connection by its number: is there a balancer in between?")
    try:
        cursor.execute("KILL CONNECTION %s", (thread.number,))
    except pymysql.MySQLError as error:
        if error.args[0] == _NO_THREAD:
            return GONE
        if error.args[0] in _MAY_NOT_KILL:
            raise CatalogError(
                f"the account {account} may not end it there: GRANT CONNECTION ADMIN ON *.* to it (MySQL: CONNECTION_ADMIN, and"
                " SYSTEM_USER against accounts that have it; MariaDB before 10.5: SUPER)"
            ) from None
        raise
    return KILLED


def _open(source: Source, seconds: float = READ_SECONDS) -> Connection[Cursor]:
    try:
        return _connect(source, source.tls, seconds)
    except pymysql.err.OperationalError as error:
        if source.tls is None or source.tls_demanded or error.args[0] != _NO_TLS:
            raise
        return _connect(source, None, seconds)


def _connect(source: Source, tls: ssl.SSLContext | None, seconds: float) -> Connection[Cursor]:
    """A context makes PyMySQL demand TLS before it sends anything."""
    return pymysql.connect(
        host=source.address.host,
        port=source.address.port,
        user=source.user,
        password=source.password,
        connect_timeout=max(1, round(source.timeout)),
        read_timeout=seconds,
        write_timeout=seconds,
        charset="utf8mb4",
        autocommit=True,
        ssl=tls,
        ssl_disabled=tls is None,
    )


def _words(error: Exception) -> str:
    if isinstance(error, pymysql.MySQLError) and len(error.args) > 1:
        return f"error {error.args[0]}: {error.args[1]}"
    return str(error) or type(error).__name__


class _Reader:
    """One reading, over one connection."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._definitions: list[Definition] = []
        self._packages: set[str] = set()

    def read(self, columns: bool) -> Catalog:
        self._rows(_SESSION)
        version_text, folding, account = self._rows(
            "SELECT VERSION(), @@lower_case_table_names, CURRENT_USER()"
        )[0]
        flavour = MARIADB if "mariadb" in version_text.lower() else MYSQL
        version = _version(version_text)
        self._may_see_all(account, flavour, version)
        self._views()
        self._routines()
        self._triggers(flavour)
        loadable = frozenset(
            str(name).lower() for question in _LOADABLE for (name,) in self._rows_or_none(question)
        )
        return build(
            self._definitions,
            flavour,
            version,
            str(folding) != "0",
            loadable,
            frozenset(self._packages),
            self._columns(flavour) if columns else None,
        )

    def _may_see_all(self, account: str, flavour: int, version: int) -> None:
        """CatalogError where a right is missing: rows of information_schema would be left out without a word."""
        held = {
            row[0]
            for row in self._rows(
                "SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = %s",
                (_grantee(account),),
            )
        }
        wanted = ["SELECT", "SHOW VIEW", "TRIGGER"]
        if flavour == MYSQL and version >= SHOW_ROUTINE_SINCE:
            wanted.append("SHOW_ROUTINE")
        if lacking := [right for right in wanted if right not in held]:
            raise CatalogError(
                f"account {account} does not see everything: GRANT {', '.join(lacking)} ON *.* to it, not by a role"
            )
        if any(row[0].startswith("REVOKE") for row in self._rows("SHOW GRANTS")):
            raise CatalogError(
                f"account {account} does not see everything: rights on some schemas are revoked"
            )

    def _views(self) -> None:
        for schema, name, text, definer, security in self._rows(_VIEWS):
            self._add(VIEW, schema, name, text, "", definer, security)

    def _routines(self) -> None:
        for schema, name, kind, mode, definer, security, language in self._rows(_ROUTINES):
            if kind not in ("PROCEDURE", "FUNCTION"):
                self._packages.add(name.lower())
                continue
            # A routine that is dropped meanwhile is not there; the next reading tells.
            shown = self._rows_or_none(f"SHOW CREATE {kind} {_quoted(schema)}.{_quoted(name)}")
            text = shown[0][2] if shown else None
            problem = "" if language == "SQL" else f"it is written in {language}"
            self._add(
                PROCEDURE if kind == "PROCEDURE" else FUNCTION,
                schema,
                name,
                text,
                mode,
                definer,
                security,
                problem=problem,
            )

    def _triggers(self, flavour: int) -> None:
        rows = self._rows(_TRIGGERS)
        periods = {
            (schema, table)
            for schema, table in {(row[0], row[2]) for row in rows if "INSERT" in str(row[3])}
            if flavour == MARIADB and self._has_period(schema, table)
        }
        for schema, name, table, event, mode, definer in rows:
            shown = self._rows_or_none(f"SHOW CREATE TRIGGER {_quoted(schema)}.{_quoted(name)}")
            text = shown[0][2] if shown else None
            events = {part.strip().upper() for part in re.split(r",|\bOR\b", str(event))}
            if "INSERT" in events and (schema, table) in periods:
                events |= {"UPDATE", "DELETE"}  # FOR PORTION OF inserts what is left over, and fires it
            self._add(TRIGGER, schema, name, text, mode, definer, "DEFINER", table, tuple(sorted(events)))

    def _columns(self, flavour: int) -> list[tuple[str, str, str]]:
        """As sql.bodies.build takes them."""
        if flavour == MYSQL:
            self._rows_or_none(_SHOW_KEYS)
        rows = sorted(
            (str(schema), str(table), int(at), str(name)) for schema, table, at, name in self._rows(_COLUMNS)
        )
        return [(schema, table, name) for schema, table, _, name in rows]

    def _has_period(self, schema: str, table: str) -> bool:
        """Whether a table has an application-time period, or cannot be looked at."""
        shown = self._rows_or_none(f"SHOW CREATE TABLE {_quoted(schema)}.{_quoted(table)}")
        return not shown or "PERIOD FOR `" in shown[0][1]

    def _add(
        self,
        kind: int,
        schema: str,
        name: str,
        text: str | bytes | None,
        mode: str,
        definer: str,
        security: str,
        table: str = "",
        events: tuple[str, ...] = (),
        problem: str = "",
    ) -> None:
        if isinstance(text, bytes):  # made by a client with the character set binary
            if not text.isascii():
                problem = problem or "its text has no character set"
            text = text.decode("latin-1")
        invoker = security == "INVOKER"
        self._definitions.append(
            Definition(kind, schema, name, text, mode, definer, invoker, table, events, problem)
        )

    def _rows(self, question: str, values: Sequence[str] = ()) -> Sequence[tuple[Any, ...]]:
        self._cursor.execute(question, values or None)
        return self._cursor.fetchall()

    def _rows_or_none(self, question: str) -> Sequence[tuple[Any, ...]]:
        """Nothing where the server refuses: the account may not see it, or it is not there."""
        try:
            return self._rows(question)
        except (pymysql.err.OperationalError, pymysql.err.ProgrammingError) as error:
            if error.args and error.args[0] in _LOST:
                raise
            return ()


_LOST: Final = (0, 2006, 2013)  # PyMySQL's own numbers: the connection is gone


def _grantee(account: str) -> str:
    """CURRENT_USER() as information_schema has it."""
    user, _, host = account.rpartition("@")
    return f"'{user}'@'{host}'"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _version(text: str) -> int:
    """As in LexContext: 101106 for 10.11.6."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    if found is None:
        raise CatalogError(f"the server's version cannot be read: {text[:40]!r}")
    major, minor, patch = (int(part) for part in found.groups())
    return major * 10_000 + minor * 100 + patch
