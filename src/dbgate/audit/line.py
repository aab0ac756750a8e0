"""The fields of a line of the audit log, as a type: what writes it (audit.redact) and docs/audit.md are held to it by tests."""

from __future__ import annotations

import msgspec


class Line(msgspec.Struct):
    """The fields of one line, in order. `time` is RFC 3339, UTC, with microseconds; duration_us is null where
    nothing was timed. Every event has every field; those that mean nothing for it are "", 0, [] or false.
    docs/audit.md describes each. Decoding into this class skips unknown fields of later versions."""

    time: str = ""
    event: str = ""
    event_id: str = ""
    instance: str = ""
    session_id: str = ""
    db_user: str = ""
    client_ip: str = ""
    client_port: int = 0
    db_schema: str = ""
    operation: str = ""
    operations: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    detections: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    statement: str = ""
    digest: str = ""
    decision: str = ""
    rule: str = ""
    rule_line: int = 0
    reason: str = ""
    mode: str = ""
    policy_version: str = ""
    rows: int = 0
    affected_rows: int = 0
    bytes: int = 0
    duration_us: int | None = None
    error_code: int = 0
    truncated: bool = False
    dropped: int = 0
