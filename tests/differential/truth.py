"""What a real server says about a statement: which tables it really opened, and which of them to change.

MariaDB: the server_audit plugin's TABLE events (READ, WRITE, CREATE, ALTER, RENAME, DROP), written before the client has
its answer. They come from the locks that the server takes, so what only names a table without locking it (SHOW CREATE
TABLE, DESCRIBE, HANDLER … OPEN) and temporary tables are not seen.

MySQL: performance_schema counts the table locks of each table (`table_lock_waits_summary_by_table`, the same place in
the server). Its own schemas are left out, because each DDL statement touches dozens of tables there; what DROP, RENAME
and TRUNCATE do is seen by what SHOW TABLES has lost and gained. MySQL resolves names before it locks, so a statement
with an unknown column shows nothing there, and MariaDB's shows what it opened.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import CLIENT

from dbgate.sql.statement import MARIADB, MYSQL
from tests.servers.mariadb import MariaDB
from tests.servers.mysql import MySQL

READ = "READ"
RESET_CONNECTION = 0x1F
CHANGES = ("WRITE", "CREATE", "ALTER", "RENAME", "DROP")

# DDL is quick where nothing is written to a disk.
MEMORY = "/dev/shm"


class Opened:
    """A table that the server opened; event: READ, WRITE, CREATE, ALTER, RENAME or DROP."""

    def __init__(self, schema: str, table: str, event: str) -> None:
        self.schema = schema
        self.table = table
        self.event = event

    def __repr__(self) -> str:
        return f"{self.event} {self.schema}.{self.table}"

    def __eq__(self, other: object) -> bool:
        return repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class Client:
    """One session that sends statements byte for byte and reads every result."""

    def __init__(self, server: MariaDB | MySQL, schema: str) -> None:
        self.server = server
        self.schema = schema
        self.connection: Any = None
        self.crashes = 0
        self.open()

    def open(self) -> None:
        """A new connection, in place of one that may be broken. A server that has crashed is started again."""
        if self.connection is not None:
            self.connection._force_close()
        if self.server.process is not None and self._crashed(self.server.process):
            self.server.start()
            self.crashes += 1
        self.connection = pymysql.connect(
            host=self.server.host,
            port=self.server.port,
            user=self.server.user,
            password=self.server.password,
            database=self.schema or None,
            autocommit=True,
            use_unicode=False,
            conv={},
            read_timeout=20,
            client_flag=CLIENT.MULTI_STATEMENTS,
            local_infile=False,
        )
        self.connection.encoding = "latin1"  # for names in results, whatever they are

    def _crashed(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether the server's process has ended; it gets a moment to write its last words."""
        try:
            process.wait(0.5 if self.connection is not None else 0)
            return True
        except subprocess.TimeoutExpired:
            return False

    @property
    def id(self) -> int:
        return int(self.connection.thread_id())

    def run(self, text: bytes) -> str:
        """Runs a text and reads all its results. "" or the error, beginning with its number."""
        try:
            self.connection.query(text)
            while self.connection._result is not None and self.connection._result.has_next:
                self.connection.next_result()
            return ""
        except (pymysql.err.InterfaceError, OSError, TypeError, IndexError, AttributeError) as error:
            self.open()
            return f"lost {error!r}"
        except pymysql.err.MySQLError as error:
            number = error.args[0] if error.args else 0
            if isinstance(number, int) and number in (2006, 2013, 2027, 1927, 1053):
                self.open()
            return f"{number} {error.args[1] if len(error.args) > 1 else ''}"

    def reset(self) -> None:
        """COM_RESET_CONNECTION: no variables, locks, handlers, prepared statements or temporary tables are left."""
        try:
            self.connection._execute_command(RESET_CONNECTION, b"")
            self.connection._read_ok_packet()
            self.connection.autocommit(True)
        except (pymysql.err.MySQLError, OSError):
            self.open()

    def rows(self, text: str) -> list[tuple[str, ...]]:
        """The rows of a query of our own."""
        with self.connection.cursor() as cursor:
            cursor.execute(text)
            return [
                tuple(
                    value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    for value in row
                )
                for row in cursor.fetchall()
            ]

    def close(self) -> None:
        self.connection.close()


class Truth:
    """A server that tells what it opened. `client`: the session under observation; `admin`: one for everything else."""

    flavour = 0
    fold = False
    client: Client
    admin: Client
    version = 0

    def __init__(self) -> None:
        self.before = tempfile.tempdir
        if os.access(MEMORY, os.W_OK) and "TMPDIR" not in os.environ:
            tempfile.tempdir = MEMORY
        try:
            self.server = self.make()
            self.server.start()
        finally:
            tempfile.tempdir = self.before

    def make(self) -> MariaDB | MySQL:
        raise NotImplementedError

    def opened(self) -> list[Opened]:
        """What was opened since the last call, by the observed session."""
        raise NotImplementedError

    def connect(self, schema: str) -> None:
        self.admin = Client(self.server, "")
        self.client = Client(self.server, schema)
        text = self.admin.rows("SELECT VERSION()")[0][0].split("-")[0]
        major, minor, patch = (int(part) for part in text.split("."))
        self.version = major * 10000 + minor * 100 + patch

    def stop(self) -> None:
        self.server.stop()


class MariaTruth(Truth):
    """fold: names of schemas and tables are compared without case (lower_case_table_names)."""

    flavour = MARIADB

    def __init__(self, fold: bool = False) -> None:
        self.fold = fold
        super().__init__()

    def make(self) -> MariaDB:
        return MariaDB(
            f"--lower-case-table-names={self.fold:d}",
            "--plugin-load-add=server_audit",
            "--server-audit-logging=ON",
            "--server-audit-events=TABLE",
            "--server-audit-file-path=audit.log",
            "--server-audit-file-rotate-size=100000000",
            "--default-storage-engine=MyISAM",
            "--max-statement-time=5",
            "--lock-wait-timeout=5",
        )

    def connect(self, schema: str) -> None:
        super().connect(schema)
        self.log = open(Path(self.server.data) / "audit.log", "rb")  # noqa: SIM115

    def opened(self) -> list[Opened]:
        found: dict[Opened, bool] = {}
        mine = str(self.client.id)
        for line in self.log.read().decode("utf-8", "replace").splitlines():
            fields = line.split(",")
            if len(fields) < 10 or fields[4] != mine:
                continue
            event, schema, table = fields[6], fields[7], ",".join(fields[8:-1])
            if event == "RENAME":
                table, _, other = table.partition("|")
                other_schema, _, other = other.partition(".")
                found[Opened(other_schema, other, event)] = True
            found[Opened(schema, table, event)] = True
        return list(found)

    def stop(self) -> None:
        if hasattr(self, "log"):
            self.log.close()
        super().stop()


_OWN = "('mysql', 'performance_schema', 'information_schema', 'sys')"


class MySQLTruth(Truth):
    flavour = MYSQL

    def make(self) -> MySQL:
        return MySQL(
            "--performance-schema=ON",
            "--performance-schema-max-table-instances=2000",
            "--performance-schema-max-table-lock-stat=2000",
            "--default-storage-engine=MyISAM",
            "--lock-wait-timeout=5",
            "--innodb-doublewrite=OFF",
        )

    def connect(self, schema: str) -> None:
        super().connect(schema)
        self.tables: set[tuple[str, ...]] = set()
        self.names()

    def names(self) -> set[tuple[str, ...]]:
        """The tables that were there at the last call; looks again."""
        before = self.tables
        self.tables = set(
            self.admin.rows(
                f"SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN {_OWN}"
            )
        )
        return before

    def clear(self) -> None:
        """What the administrator's session did is not the client's."""
        self.admin.run(b"TRUNCATE performance_schema.table_lock_waits_summary_by_table")

    def opened(self, ddl: bool = False) -> list[Opened]:
        found = []
        for schema, table, reads, writes in self.admin.rows(
            "SELECT object_schema, object_name, count_read, count_write FROM"
            " performance_schema.table_lock_waits_summary_by_table"
            f" WHERE count_star > 0 AND object_schema NOT IN {_OWN}"
        ):
            if int(reads):
                found.append(Opened(schema, table, READ))
            if int(writes):
                found.append(Opened(schema, table, "WRITE"))
        if ddl:
            before = self.names()
            found += [Opened(schema, table, "DROP") for schema, table in before - self.tables]
            found += [Opened(schema, table, "CREATE") for schema, table in self.tables - before]
        self.clear()
        return found
