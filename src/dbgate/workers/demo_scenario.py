"""The demo's story: what is sent through the gateway, as whom, and what must come of it.

Each step is done with PyMySQL on a real connection; its outcome is what the client saw, checked against the audit log.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pymysql
from pymysql.cursors import Cursor

PASSED: Final = "passed"
AUDIT_SECONDS: Final = 5.0
BLOCK_TEXT: Final = re.compile(r"dbgate: blocked by policy \(rule: ([a-z-]+), event: ([0-9A-Z]{26})\)")


@dataclass(frozen=True, slots=True)
class Step:
    """sql as `user`; expected: PASSED or the rule id that must block; monitored: the rule that would have blocked."""

    user: str
    sql: str
    expected: str
    monitored: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a step. seen: PASSED, a rule id, or the error's text; shown: what the client was told;
    record: the audit log's line about it, {} where none was found; good: all as expected."""

    step: Step
    seen: str
    shown: str
    record: dict[str, Any]
    good: bool


STEPS: Final = (
    Step("app_service", "SELECT name, price FROM products ORDER BY id", PASSED),
    Step("app_service", "INSERT INTO orders (user_id, product_id, amount) VALUES (4, 1, 2)", PASSED),
    Step("app_service", "UPDATE products SET stock = stock - 2 WHERE id = 1", PASSED),
    Step("app_service", "CALL sp_get_user_info(2)", PASSED),
    Step("app_service", "DROP TABLE orders", "block-statement"),
    Step("app_service", "UPDATE products SET price = 0", "require-where"),
    Step("app_service", "SELECT name FROM users WHERE id = 1 OR 1=1 -- '", "injection"),
    Step("app_service", "SELECT salary FROM payroll", "table-denied"),
    Step("app_service", "DELETE FROM orders WHERE id = 1", "operation-denied"),
    Step("app_service", "SELECT User FROM mysql.user", "schema-access"),
    Step("app_service", "CALL sp_raise_salary(1)", "procedure"),
    Step("app_service", "PREPARE p FROM 'SELECT salary FROM payroll'", "dynamic-sql"),
    Step("app_service", "SELECT /*! salary FROM payroll */", "table-denied"),
    Step("app_service", "SELECT COUNT(*) FROM orders", PASSED),
    Step("analyst", "SELECT month, revenue FROM report_sales ORDER BY month", PASSED),
    Step("analyst", "SELECT name FROM products", "max-result-rows"),
    Step("newcomer", "SELECT name FROM users WHERE id = 3", PASSED, monitored="table-denied"),
    Step("intruder", "SELECT name FROM products", "no-access-rule"),
)


class Scenario:
    """Plays the steps through the gateway on 127.0.0.1:port and reads its audit log."""

    def __init__(self, port: int, password: str, audit_log: Path) -> None:
        self.port = port
        self.password = password
        self.audit_log = audit_log
        self._connections: dict[str, pymysql.Connection[Cursor]] = {}

    def play(self, step: Step) -> Outcome:
        """Does one step, on the user's open connection where there is one: a block does not end it."""
        began = len(self._records())
        try:
            with self._connection(step.user).cursor() as cursor:
                cursor.execute(step.sql)
                rows = cursor.fetchall()
                count = len(rows) if cursor.description else cursor.rowcount
                shown = f"{count} row{'' if count == 1 else 's'}{'' if cursor.description else ' changed'}"
                seen, event = PASSED, ""
        except pymysql.Error as error:
            number, text = error.args[0], str(error.args[1])
            found = BLOCK_TEXT.search(text)
            shown = f"ERROR {number}: {text}"
            seen, event = (found[1], found[2]) if found and number == 1227 else (shown, "")
        record = self._record(step, seen, event, began)
        return Outcome(step, seen, shown, record, self._good(step, seen, record))

    @staticmethod
    def _good(step: Step, seen: str, record: dict[str, Any]) -> bool:
        if seen != step.expected or not record or record.get("db_user") != step.user:
            return False
        if seen == PASSED:
            return str(record.get("rule", "")) == step.monitored
        return str(record.get("rule")) == seen

    def _connection(self, user: str) -> pymysql.Connection[Cursor]:
        if user not in self._connections:
            self._connections[user] = pymysql.connect(
                host="127.0.0.1",
                port=self.port,
                user=user,
                password=self.password,
                database="shop",
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=10,
                read_timeout=30,
            )
        return self._connections[user]

    def _records(self) -> list[dict[str, Any]]:
        """The audit log's whole lines."""
        if not self.audit_log.exists():
            return []
        lines = self.audit_log.read_bytes().split(b"\n")[:-1]
        found: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return found

    def _record(self, step: Step, seen: str, event: str, began: int) -> dict[str, Any]:
        """The step's own line: that of the event the client was told, else the last query of the user."""
        deadline = time.monotonic() + AUDIT_SECONDS
        while True:
            for record in self._records()[began:][::-1]:
                if event and record.get("event_id") == event:
                    return record
                if not event and seen == PASSED and self._is_query_of(record, step):
                    return record
            if time.monotonic() > deadline:
                return {}
            time.sleep(0.05)

    @staticmethod
    def _is_query_of(record: dict[str, Any], step: Step) -> bool:
        verb = step.sql.split()[0].upper()
        return (
            record.get("db_user") == step.user
            and str(record.get("event", "")).startswith("query")
            and record.get("operation") == verb
        )

    def line(self, event_id: str) -> str:
        """The audit log's line of an event as it stands there, "" where there is none."""
        for line in self.audit_log.read_text(encoding="utf-8").splitlines():
            if json.loads(line).get("event_id") == event_id:
                return line
        return ""

    def close(self) -> None:
        """Ends the users' connections."""
        for connection in self._connections.values():
            if connection.open:
                connection.close()
        self._connections.clear()
