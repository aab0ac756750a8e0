from __future__ import annotations

from dbgate.audit.record import Record


def test_a_new_record_says_nothing_happened() -> None:
    record = Record("query", 12.5, "s1", "app", "10.0.0.1", 4711)
    assert (record.event, record.at, record.session_id) == ("query", 12.5, "s1")
    assert (record.db_user, record.client_ip, record.client_port) == ("app", "10.0.0.1", 4711)
    assert record.duration_us == -1
    assert record.error_code == record.rows == record.affected_rows == record.bytes == record.dropped == 0
    assert record.tables == record.written == record.operations == ()
    assert not record.truncated
