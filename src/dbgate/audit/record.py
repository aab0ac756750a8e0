"""One audit record: what the gate knows of a command, which the sink turns into a JSON line (docs/audit.md).

Most of a record is the same in thousands of others: the session's part in all that it sends, the statement's and the
verdict's in all that were judged alike. These parts are objects that records share, so that a record costs little more
than its numbers; and what a line says of a part is made once and kept with it.
"""

from __future__ import annotations

from typing import Final, final


@final
class Who:
    """A session's part, `text` being what a line says of it, "" where that was not made yet. Never changed, as it is
    shared: a record that says something else has one of its own (see Record)."""

    __slots__ = ("client_ip", "client_port", "db_schema", "db_user", "session_id", "text")

    def __init__(
        self, session_id: str, db_user: str, client_ip: str, client_port: int, db_schema: str = ""
    ) -> None:
        self.text = ""
        self.session_id = session_id
        self.db_user = db_user
        self.client_ip = client_ip
        self.client_port = client_port
        self.db_schema = db_schema

    def copy(self) -> Who:
        return Who(self.session_id, self.db_user, self.client_ip, self.client_port, self.db_schema)


@final
class What:
    """A statement's part, shared by all records of one analysis; else as Who. `tables` are "schema.table" strings,
    `written` those of them that the statement changes."""

    # fmt: off
    __slots__ = (
        "detections", "digest", "functions", "operation", "operations", "sensitive", "statement", "tables", "text",
        "written",
    )
    # fmt: on

    def __init__(
        self,
        operation: str = "",
        operations: tuple[str, ...] = (),
        tables: tuple[str, ...] = (),
        written: tuple[str, ...] = (),
        functions: tuple[str, ...] = (),
        detections: tuple[str, ...] = (),
        sensitive: tuple[str, ...] = (),
        statement: str = "",
        digest: str = "",
    ) -> None:
        self.text = ""
        self.operation = operation
        self.digest = digest
        self.operations = operations
        self.tables = tables
        self.written = written
        self.functions = functions
        self.detections = detections
        self.sensitive = sensitive
        self.statement = statement

    def copy(self) -> What:
        return What(
            self.operation,
            self.operations,
            self.tables,
            self.written,
            self.functions,
            self.detections,
            self.sensitive,
            self.statement,
            self.digest,
        )


@final
class Why:
    """A verdict's part; else as Who."""

    __slots__ = ("decision", "mode", "policy_version", "reason", "rule", "rule_line", "text")

    def __init__(
        self,
        decision: str = "",
        rule: str = "",
        rule_line: int = 0,
        reason: str = "",
        mode: str = "",
        policy_version: str = "",
    ) -> None:
        self.text = ""
        self.rule = rule
        self.policy_version = policy_version
        self.decision = decision
        self.rule_line = rule_line
        self.reason = reason
        self.mode = mode

    def copy(self) -> Why:
        return Why(self.decision, self.rule, self.rule_line, self.reason, self.mode, self.policy_version)


NOTHING: Final = What()
NO_REASON: Final = Why()


@final
class Record:
    """Field names are those of the JSON object. `at` is the monotonic second at which the command came (the sink
    turns it into `time`); event_id is "" where nobody needed it yet (the sink makes it); duration_us is -1 and
    rows, affected_rows, error_code are 0 where they do not apply. `dropped` is the number of records lost, in an
    audit.dropped event.

    who, what, why: shared parts; who = None: one is made of the arguments before it. To set one of their fields here
    gives this record a part of its own."""

    # fmt: off
    __slots__ = (
        "affected_rows", "at", "bytes", "dropped", "duration_us", "error_code", "event", "event_id", "kept", "rows",
        "truncated", "what", "who", "why",
    )
    # fmt: on

    def __init__(
        self,
        event: str,
        at: float,
        session_id: str,
        db_user: str,
        client_ip: str,
        client_port: int,
        who: Who | None = None,
        what: What = NOTHING,
        why: Why = NO_REASON,
    ) -> None:
        self.event = event
        self.at = at
        self.event_id = ""
        self.who = Who(session_id, db_user, client_ip, client_port) if who is None else who
        self.what = what
        self.why = why
        self.rows = 0
        self.affected_rows = 0
        self.bytes = 0
        self.duration_us = -1
        self.error_code = 0
        self.dropped = 0
        self.truncated = False  # the reply was cut by max_result_rows
        self.kept = False  # the log has it already

    # --- the session ---

    def _own_who(self) -> Who:
        self.who = self.who.copy()
        return self.who

    @property
    def session_id(self) -> str:
        return self.who.session_id

    @session_id.setter
    def session_id(self, value: str) -> None:
        self._own_who().session_id = value

    @property
    def db_user(self) -> str:
        return self.who.db_user

    @db_user.setter
    def db_user(self, value: str) -> None:
        self._own_who().db_user = value

    @property
    def client_ip(self) -> str:
        return self.who.client_ip

    @client_ip.setter
    def client_ip(self, value: str) -> None:
        self._own_who().client_ip = value

    @property
    def client_port(self) -> int:
        return self.who.client_port

    @client_port.setter
    def client_port(self, value: int) -> None:
        self._own_who().client_port = value

    @property
    def db_schema(self) -> str:
        return self.who.db_schema

    @db_schema.setter
    def db_schema(self, value: str) -> None:
        self._own_who().db_schema = value

    # --- the statement ---

    def _own_what(self) -> What:
        self.what = self.what.copy()
        return self.what

    @property
    def operation(self) -> str:
        return self.what.operation

    @operation.setter
    def operation(self, value: str) -> None:
        self._own_what().operation = value

    @property
    def operations(self) -> tuple[str, ...]:
        return self.what.operations

    @operations.setter
    def operations(self, value: tuple[str, ...]) -> None:
        self._own_what().operations = value

    @property
    def tables(self) -> tuple[str, ...]:
        return self.what.tables

    @tables.setter
    def tables(self, value: tuple[str, ...]) -> None:
        self._own_what().tables = value

    @property
    def written(self) -> tuple[str, ...]:
        return self.what.written

    @written.setter
    def written(self, value: tuple[str, ...]) -> None:
        self._own_what().written = value

    @property
    def functions(self) -> tuple[str, ...]:
        return self.what.functions

    @functions.setter
    def functions(self, value: tuple[str, ...]) -> None:
        self._own_what().functions = value

    @property
    def detections(self) -> tuple[str, ...]:
        return self.what.detections

    @detections.setter
    def detections(self, value: tuple[str, ...]) -> None:
        self._own_what().detections = value

    @property
    def sensitive(self) -> tuple[str, ...]:
        return self.what.sensitive

    @sensitive.setter
    def sensitive(self, value: tuple[str, ...]) -> None:
        self._own_what().sensitive = value

    @property
    def statement(self) -> str:
        return self.what.statement

    @statement.setter
    def statement(self, value: str) -> None:
        self._own_what().statement = value

    @property
    def digest(self) -> str:
        return self.what.digest

    @digest.setter
    def digest(self, value: str) -> None:
        self._own_what().digest = value

    # --- the verdict ---

    def _own_why(self) -> Why:
        self.why = self.why.copy()
        return self.why

    @property
    def decision(self) -> str:
        return self.why.decision

    @decision.setter
    def decision(self, value: str) -> None:
        self._own_why().decision = value

    @property
    def rule(self) -> str:
        return self.why.rule

    @rule.setter
    def rule(self, value: str) -> None:
        self._own_why().rule = value

    @property
    def rule_line(self) -> int:
        return self.why.rule_line

    @rule_line.setter
    def rule_line(self, value: int) -> None:
        self._own_why().rule_line = value

    @property
    def reason(self) -> str:
        return self.why.reason

    @reason.setter
    def reason(self, value: str) -> None:
        self._own_why().reason = value

    @property
    def mode(self) -> str:
        return self.why.mode

    @mode.setter
    def mode(self, value: str) -> None:
        self._own_why().mode = value

    @property
    def policy_version(self) -> str:
        return self.why.policy_version

    @policy_version.setter
    def policy_version(self, value: str) -> None:
        self._own_why().policy_version = value
