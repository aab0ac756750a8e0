"""One audit record: plain fields that the gate fills and the sink turns into a JSON line (docs/audit.md)."""

from __future__ import annotations

from typing import final


@final
class Record:
    """Field names are those of the JSON object. `at` is the monotonic second at which the command came (the sink
    turns it into `time`); event_id is "" where nobody needed it yet (the sink makes it); duration_us is -1 and
    rows, affected_rows, error_code are 0 where they do not apply. `tables` are "schema.table" strings, `written` those
    of them that the statement changes. `dropped` is the number of records lost, in an audit.dropped event."""

    def __init__(
        self, event: str, at: float, session_id: str, db_user: str, client_ip: str, client_port: int
    ) -> None:
        self.event = event
        self.at = at
        self.event_id = ""
        self.session_id = session_id
        self.db_user = db_user
        self.client_ip = client_ip
        self.client_port = client_port
        self.db_schema = ""
        self.operation = ""
        self.tables: tuple[str, ...] = ()
        self.written: tuple[str, ...] = ()
        self.operations: tuple[str, ...] = ()
        self.functions: tuple[str, ...] = ()
        self.detections: tuple[str, ...] = ()
        self.sensitive: tuple[str, ...] = ()
        self.statement = ""
        self.digest = ""
        self.decision = ""
        self.rule = ""
        self.rule_line = 0
        self.reason = ""
        self.mode = ""
        self.policy_version = ""
        self.rows = 0
        self.affected_rows = 0
        self.bytes = 0
        self.duration_us = -1
        self.error_code = 0
        self.truncated = False  # the reply was cut by max_result_rows
        self.dropped = 0
        self.kept = False  # the log has it already
