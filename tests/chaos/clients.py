"""Clients that know what is true: what each of them wrote, what may have been written, and what nobody may see."""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections import Counter
from typing import Any

import pymysql
from pymysql.connections import Connection

WORDS = 100
PATIENCE = 6.0  # seconds for an answer
PAUSE = 0.01  # between two statements

SCHEMA = f"""
CREATE DATABASE chaos;
CREATE TABLE chaos.words (id INT PRIMARY KEY, word VARCHAR(50));
INSERT INTO chaos.words SELECT seq, CONCAT('word ', seq) FROM seq_1_to_{WORDS};
CREATE TABLE chaos.counts (id INT PRIMARY KEY, value INT NOT NULL);
INSERT INTO chaos.counts SELECT seq, 0 FROM seq_0_to_99;
CREATE TABLE chaos.pairs (id INT PRIMARY KEY, owner INT NOT NULL, value INT NOT NULL);
INSERT INTO chaos.pairs SELECT seq, seq DIV 2, 0 FROM seq_0_to_199;
CREATE TABLE chaos.secrets (id INT PRIMARY KEY, secret VARCHAR(50));
INSERT INTO chaos.secrets VALUES (1, 'nobody sees this');
"""


class Client(threading.Thread):
    """One client that connects again whenever it is cut off. context: of TLS, None = in clear. Its statements carry a
    name of their own (an alias), by which its records are found."""

    def __init__(self, number: int, port: int, context: ssl.SSLContext | None) -> None:
        super().__init__(daemon=True, name=f"client-{number}")
        self.number = number
        self.port = port
        self.context = context
        self.stopped = threading.Event()
        self.wrong: list[str] = []
        self.saw: Counter[str] = Counter()
        self.answered: dict[str, float] = {}  # name of a statement -> monotonic second of its answer
        self.answered_at = 0.0  # the latest second at which a whole transaction was answered
        self._made = 0
        self._chance = random.Random(number)
        self._known = 0  # additions that were answered
        self._maybe = 0  # … and those that may have happened
        self._seen = 0

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                connection = self._connect()
            except (pymysql.Error, OSError) as error:
                self._note(error)
                self.stopped.wait(0.05)
                continue
            try:
                with connection, connection.cursor() as cursor:
                    while not self.stopped.wait(PAUSE):
                        self._one(cursor)
            except (pymysql.Error, OSError) as error:
                self._note(error)
            except _GivenUp:
                self.saw["hung up to end a transaction"] += 1
            except Exception as error:  # a client that does not understand what it got
                self._wrong(f"{type(error).__name__}: {error}")

    def _connect(self) -> Connection[Any]:
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="app",
            password="app_pw",
            database="chaos",
            autocommit=True,
            connect_timeout=3,
            read_timeout=PATIENCE,
            write_timeout=PATIENCE,
            ssl=self.context,
            ssl_disabled=self.context is None,
        )

    def _one(self, cursor: Any) -> None:
        self._chance.choice((self._read, self._read, self._add, self._move, self._forbidden))(cursor)

    # --- what it does ---

    def _read(self, cursor: Any) -> None:
        key = self._chance.randrange(1, WORDS + 1)
        if self._ask(cursor, "SELECT id, word AS {} FROM words WHERE id = %s", (key,)):
            self._expect("a word", cursor.fetchall(), ((key, f"word {key}"),))

    def _add(self, cursor: Any) -> None:
        self._maybe += 1
        if not self._ask(cursor, "UPDATE counts AS {} SET value = value + 1 WHERE id = %s", (self.number,)):
            self._maybe -= 1  # refused: it has not happened
            return
        self._expect("rows that were changed", cursor.rowcount, 1)
        self._known += 1
        self._maybe -= 1
        if self._ask(cursor, "SELECT value AS {} FROM counts WHERE id = %s", (self.number,)):
            value = cursor.fetchall()[0][0]
            low, high = max(self._known, self._seen), self._known + self._maybe
            if not low <= value <= high:
                self._wrong(f"a sum of {value} where it is between {low} and {high}")
                self._known = value  # told once
            self._seen = value

    def _move(self, cursor: Any) -> None:
        """One from a row to another; their sum is 0 at all times."""
        try:
            cursor.execute("BEGIN")
            for row, change in ((2 * self.number, 1), (2 * self.number + 1, -1)):
                self._expect_move(cursor, row, change)
            cursor.execute("COMMIT")
        except _Refused:
            try:
                cursor.execute("ROLLBACK")
            except pymysql.OperationalError as error:
                self._note(error)
                if error.args[0] != 1227:
                    raise
                raise _GivenUp from None
            return
        except pymysql.OperationalError as error:
            if error.args[0] == 1227:  # BEGIN or COMMIT was refused: the connection is the transaction's end
                self._note(error)
                raise _GivenUp from None
            raise
        if self._ask(cursor, "SELECT SUM(value) AS {} FROM pairs WHERE owner = %s", (self.number,)):
            self._expect("half a transaction", int(cursor.fetchall()[0][0]), 0)
            self.answered_at = time.monotonic()

    def _expect_move(self, cursor: Any, row: int, change: int) -> None:
        if not self._ask(cursor, "UPDATE pairs AS {} SET value = value + %s WHERE id = %s", (change, row)):
            raise _Refused

    def _forbidden(self, cursor: Any) -> None:
        text = self._chance.choice(("SELECT secret FROM secrets", "DELETE FROM words", "DROP TABLE words"))
        try:
            cursor.execute(text)
        except pymysql.OperationalError as error:
            if error.args[0] != 1227:
                raise
            self._note(error, "a block as it should be" if "-denied" in str(error) else "")
            return
        self._wrong(f"FORBIDDEN, and let through: {text}: {cursor.fetchall()!r}")

    # --- how it is told ---

    def _ask(self, cursor: Any, text: str, values: tuple[object, ...]) -> bool:
        """Whether it was answered; False: refused by the gateway."""
        self._made += 1
        name = f"t{self.number}_{self._made}"
        try:
            cursor.execute(text.format(name), values)
        except pymysql.OperationalError as error:
            if error.args[0] not in (
                1227,
                1205,
            ):  # a lock that a lost session still held: undone by the server
                raise
            self._note(error)
            return False
        self.answered[name] = time.monotonic()
        self.saw["answers"] += 1
        return True

    def _expect(self, what: str, seen: object, wanted: object) -> None:
        if seen != wanted:
            self._wrong(f"{what}: {seen!r} for {wanted!r}")

    def _wrong(self, text: str) -> None:
        self.wrong.append(f"client {self.number}: {text}"[:300])

    def _note(self, error: Exception, words: str = "") -> None:
        if not words:
            number = error.args[0] if error.args else 0
            text = str(error.args[1]) if len(error.args) > 1 else str(error)
            if "rule: " in text:
                words = f"{number} rule {text.partition('rule: ')[2].partition(',')[0]}"
            elif isinstance(number, int) and number >= 2000:
                words = f"connection lost ({number})"
            elif isinstance(number, int):
                words = f"{number} {text[:60]}"
            else:
                words = f"{type(error).__name__}: {text[:60]}"
        self.saw[words] += 1


class _Refused(Exception):
    """The gateway refused a statement of a transaction."""


class _GivenUp(Exception):
    """Neither COMMIT nor ROLLBACK is let through: hanging up is the transaction's end."""
