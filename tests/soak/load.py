"""The soak's load: a process with many sessions, each a thread, each sure of what every answer must be.

Arguments: HOST PORT SESSIONS SECONDS FIRST. Prints one JSON object: commands (those that owe an audit record), blocked,
connections, operations by kind, and the first wrong answers. Commands are counted where the libraries send them, so that
the audit log can be held to the exact number.
"""

from __future__ import annotations

import json
import random
import struct
import sys
import threading
import time
from collections import Counter
from typing import Any

import mysql.connector.connection
import pymysql.connections

OWES_NOTHING = (0x01, 0x0E, 0x18, 0x19)  # QUIT, PING, SEND_LONG_DATA, STMT_CLOSE
ROWS = 500


class Tally:
    """What all sessions did; a session has one of its own, so that nothing is counted under a lock."""

    def __init__(self) -> None:
        self.commands = 0
        self.blocked = 0
        self.connections = 0
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []

    def command(self, code: int) -> None:
        self.commands += code not in OWES_NOTHING


class TextConnection(pymysql.connections.Connection):  # type: ignore[type-arg]
    """PyMySQL, with its commands counted."""

    tally: Tally

    def __init__(self, tally: Tally, **arguments: Any) -> None:
        self.tally = tally
        super().__init__(**arguments)

    def _execute_command(self, command: int, sql: Any) -> None:
        self.tally.command(command)
        super()._execute_command(command, sql)  # type: ignore[misc]


class BinaryConnection(mysql.connector.connection.MySQLConnection):
    """mysql-connector-python's pure implementation, with its commands counted."""

    def __init__(self, tally: Tally, **arguments: Any) -> None:
        self.tally = tally
        super().__init__(**arguments)

    def _send_cmd(self, command: int, *arguments: Any, **options: Any) -> Any:
        self.tally.command(command)
        return super()._send_cmd(command, *arguments, **options)


class Session(threading.Thread):
    """One session after another, until the time is up. number: names the rows that are its own."""

    def __init__(self, number: int, until: float, at: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self.number = number
        self.until = until
        self.at = at
        self.tally = Tally()
        self.chance = random.Random(number)
        self.balance = 0  # what this session's row must hold

    def run(self) -> None:
        work = self.binary if self.number % 4 == 0 else self.text
        while time.monotonic() < self.until and len(self.tally.wrong) < 3:
            try:
                self.tally.connections += 1
                work()
            except Exception as error:
                self.tally.wrong.append(f"session {self.number}: {type(error).__name__}: {error}"[:500])

    def expect(self, kind: str, seen: object, wanted: object) -> None:
        self.tally.done[kind] += 1
        if seen != wanted:
            self.tally.wrong.append(
                f"session {self.number}: {kind}: {str(seen)[:200]} for {str(wanted)[:200]}"
            )

    def text(self) -> None:
        connection: Any = TextConnection(self.tally, **self.at, database="soak", read_timeout=60)
        cursor = connection.cursor()
        for _ in range(self.chance.randrange(20, 60)):
            if time.monotonic() > self.until:
                break
            self.chance.choice(
                (self.select, self.select, self.transaction, self.big, self.refused, self.failing, self.call)
            )(cursor)
            time.sleep(self.chance.random() * 0.02)
        if self.chance.random() < 0.2:
            self.vanish(connection)
        else:
            connection.close()

    def select(self, cursor: Any) -> None:
        key = self.chance.randrange(1, ROWS + 1)
        cursor.execute("SELECT id, word FROM words WHERE id = %s", (key,))
        self.expect("select", cursor.fetchall(), ((key, f"word {key}"),))

    def transaction(self, cursor: Any) -> None:
        amount = self.chance.randrange(1, 9)
        cursor.execute("BEGIN")
        cursor.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (amount, self.number))
        if self.chance.random() < 0.5:
            cursor.execute("COMMIT")
            self.balance += amount
        else:
            cursor.execute("ROLLBACK")
        cursor.execute("SELECT balance FROM accounts WHERE id = %s", (self.number,))
        self.expect("transaction", cursor.fetchall(), ((self.balance,),))

    def big(self, cursor: Any) -> None:
        cursor.execute("SELECT id, word FROM words ORDER BY id")
        rows = cursor.fetchall()
        self.expect("big", (len(rows), rows[-1]), (ROWS, (ROWS, f"word {ROWS}")))

    def refused(self, cursor: Any) -> None:
        try:
            cursor.execute("SELECT secret FROM secrets")
            self.expect("refused", cursor.fetchall(), "a block")
        except pymysql.Error as error:
            self.tally.blocked += 1
            self.expect(
                "refused", (error.args[0], str(error.args[1])[:26]), (1227, "dbgate: blocked by policy ")
            )

    def failing(self, cursor: Any) -> None:
        try:
            cursor.execute("SELECT id FROM missing")
            self.expect("failing", cursor.fetchall(), "an error")
        except pymysql.Error as error:
            self.expect("failing", error.args[0], 1146)

    def call(self, cursor: Any) -> None:
        cursor.execute("CALL two_results(7)")
        first = cursor.fetchall()
        cursor.nextset()
        second = cursor.fetchall()
        while cursor.nextset():
            pass
        self.expect("call", (first, second), ((("word 7",),), ((ROWS,),)))

    def vanish(self, connection: Any) -> None:
        """Asks for a long reply and is gone before it comes, with a reset. Who has not heard a byte of it cannot know that
        the question ever came: a reset discards what is on its way (RFC 9293, 3.10.5)."""
        self.tally.done["vanish"] += 1
        text = b"\x03SELECT id, word FROM words ORDER BY id"
        self.tally.command(3)
        connection._sock.sendall(len(text).to_bytes(3, "little") + b"\0" + text)
        if self.chance.random() < 0.5:
            connection._sock.recv(100)
        else:
            self.tally.done["unheard"] += 1
        connection._sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER 0: close sends RST
        connection._force_close()

    def binary(self) -> None:
        connection: Any = BinaryConnection(
            self.tally, **self.at, database="soak", ssl_disabled=True, autocommit=True
        )
        cursor = connection.cursor(prepared=True)
        for _ in range(self.chance.randrange(20, 60)):
            if time.monotonic() > self.until:
                break
            key = self.chance.randrange(1, ROWS + 1)
            cursor.execute("SELECT id, word FROM words WHERE id = %s", (key,))
            self.expect("prepared", cursor.fetchall(), [(key, f"word {key}")])
            time.sleep(self.chance.random() * 0.02)
        cursor.close()
        connection.close()


def main() -> None:
    host, port, sessions, seconds, first = sys.argv[1:6]
    at = {"host": host, "port": int(port), "user": "app", "password": "app_pw"}
    until = time.monotonic() + float(seconds)
    threads = [Session(int(first) + number, until, at) for number in range(int(sessions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(float(seconds) + 60)
    stuck = sum(thread.is_alive() for thread in threads)
    wrong = [text for thread in threads for text in thread.tally.wrong]
    if stuck:
        wrong.append(f"{stuck} sessions did not end")
    done: Counter[str] = Counter()
    for thread in threads:
        done += thread.tally.done
    print(
        json.dumps(
            {
                "commands": sum(thread.tally.commands for thread in threads),
                "blocked": sum(thread.tally.blocked for thread in threads),
                "connections": sum(thread.tally.connections for thread in threads),
                "done": done,
                "wrong": wrong[:20],
            }
        )
    )


main()
