"""Play one attack over a connection and tell what came of it."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import pymysql
from pymysql.constants import CLIENT, COMMAND
from pymysql.converters import conversions

from tests.attacks.case import Attack, Step
from tests.attacks.world import CANARY


@dataclass
class Outcome:
    """stolen: the canary came back; errors: (step number, errno, text) of each refusal; rows: of the last step."""

    stolen: bool = False
    errors: list[tuple[int, int, str]] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    steps: int = 0

    @property
    def succeeded(self) -> bool:
        return not self.errors

    @property
    def refused(self) -> bool:
        """dbgate itself refused a step."""
        return any(text.startswith("dbgate: ") for _, _, text in self.errors)


def connect(
    port: int, attack: Attack, user: str = "app", password: str = "app_pw"
) -> pymysql.Connection[Any]:
    """A client as the attack wants it; it reads every value as bytes, so that nothing is lost in decoding."""
    flags = CLIENT.LOCAL_FILES | (CLIENT.MULTI_STATEMENTS if attack.multi else 0)
    connection = pymysql.connect(
        host="127.0.0.1",
        port=port,
        user=user,
        password=password,
        charset=attack.charset,
        database=attack.schema,
        autocommit=True,
        client_flag=flags,
        conv={k: v for k, v in conversions.items() if not isinstance(k, int)},
        use_unicode=False,
        local_infile=True,
        read_timeout=10,
        write_timeout=10,
    )
    connection.encoding = "latin1"  # names and errors come in any bytes: never fail to decode them
    return connection


def _take(connection: Any, outcome: Outcome) -> None:
    while True:
        result = connection._result
        if result is not None and result.rows:
            outcome.rows = list(result.rows)
            if any(CANARY.encode() in cell for row in result.rows for cell in row if isinstance(cell, bytes)):
                outcome.stolen = True
        if result is None or not result.has_next:
            return
        connection.next_result(unbuffered=False)


def _prepare_and_execute(connection: Any, sql: bytes, outcome: Outcome) -> None:
    connection._execute_command(COMMAND.COM_STMT_PREPARE, sql)
    head = connection._read_packet().get_all_data()
    statement, columns, params = struct.unpack_from("<IHH", head, 1)
    for count in (params, columns):
        if count:
            while not connection._read_packet().is_eof_packet():
                pass
    body = struct.pack("<IBI", statement, 0, 1)
    if params:
        body += bytes([0xFF] * ((params + 7) // 8)) + b"\x01" + b"\x06\x00" * params
    connection._execute_command(COMMAND.COM_STMT_EXECUTE, body)
    first = connection._read_packet()
    if first.is_ok_packet():
        return
    seen_eof = 0
    while seen_eof < 2:
        packet = connection._read_packet()
        if packet.is_eof_packet():
            seen_eof += 1
        elif CANARY.encode() in packet.get_all_data():
            outcome.stolen = True


def _step(connection: Any, step: Step, outcome: Outcome) -> None:
    raw = step if isinstance(step, bytes) else step.encode("utf8")
    if raw.startswith(b":db "):
        connection._execute_command(COMMAND.COM_INIT_DB, raw[4:])
        connection._read_ok_packet()
    elif raw == b":reset":
        connection._execute_command(0x1F, b"")
        connection._read_ok_packet()
    elif raw.startswith(b":prepare "):
        _prepare_and_execute(connection, raw[9:], outcome)
    else:
        connection._execute_command(COMMAND.COM_QUERY, raw)
        connection._affected_rows = connection._read_query_result(unbuffered=False)
        _take(connection, outcome)


def play(port: int, attack: Attack) -> Outcome:
    """Run every step; an error ends only its step, a lost connection ends the attack (and is an error)."""
    outcome = Outcome(steps=len(attack.steps))
    try:
        connection = connect(port, attack)
    except pymysql.err.MySQLError as error:
        outcome.errors.append((0, *_said(error)))
        return outcome
    try:
        for number, step in enumerate(attack.steps, 1):
            try:
                _step(connection, step, outcome)
            except pymysql.err.MySQLError as error:
                code, text = _said(error)
                outcome.errors.append((number, code, text))
                if CANARY in text:
                    outcome.stolen = True
                if code in (2006, 2013, 0):
                    break
    finally:
        if connection.open:
            connection._force_close()  # type: ignore[attr-defined]
    return outcome


def _said(error: pymysql.err.MySQLError) -> tuple[int, str]:
    if len(error.args) >= 2:
        return int(error.args[0]), str(error.args[1])
    return 0, str(error)
