from __future__ import annotations

from dbgate.audit.record import NO_REASON, NOTHING, Record, What, Who, Why

WHO = ("session_id", "db_user", "client_ip", "client_port", "db_schema")
WHAT = (
    "operation",
    "operations",
    "tables",
    "written",
    "functions",
    "detections",
    "sensitive",
    "statement",
    "digest",
)
WHY = ("decision", "rule", "rule_line", "reason", "mode", "policy_version")


def parts() -> tuple[Who, What, Why]:
    """Each field with a value of its own."""
    lists = [(name,) for name in WHAT[1:7]]
    return (
        Who("session_id", "db_user", "client_ip", 7, "db_schema"),
        What("operation", *lists, "statement", "digest"),
        Why("decision", "rule", 7, "reason", "mode", "policy_version"),
    )


def test_a_new_record_says_nothing_happened() -> None:
    record = Record("query", 12.5, "s1", "app", "10.0.0.1", 4711)
    assert (record.event, record.at, record.session_id) == ("query", 12.5, "s1")
    assert (record.db_user, record.client_ip, record.client_port) == ("app", "10.0.0.1", 4711)
    assert record.duration_us == -1
    assert record.error_code == record.rows == record.affected_rows == record.bytes == record.dropped == 0
    assert record.tables == record.written == record.operations == ()
    assert not record.truncated
    assert (record.what, record.why) == (NOTHING, NO_REASON)


def test_a_record_has_the_fields_of_its_parts() -> None:
    who, what, why = parts()
    record = Record("query", 0.0, "", "", "", 0, who, what, why)
    for part, names in ((who, WHO), (what, WHAT), (why, WHY)):
        for name in names:
            value = getattr(record, name)
            assert value == getattr(part, name)
            assert value in (name, (name,), 7)


def test_what_one_record_says_of_its_own_is_not_said_by_others() -> None:
    who, what, why = parts()
    who.text, what.text, why.text = "who", "what", "why"
    for name in (*WHO, *WHAT, *WHY):
        one = Record("query", 0.0, "", "", "", 0, who, what, why)
        other = Record("query", 0.0, "", "", "", 0, who, what, why)
        old = getattr(one, name)
        new: object = ("x",) if isinstance(old, tuple) else 9 if isinstance(old, int) else "x"
        setattr(one, name, new)
        assert getattr(one, name) == new
        assert getattr(other, name) == old
        for each in (*WHO, *WHAT, *WHY):
            assert each == name or getattr(one, each) == getattr(other, each)
        shared = [one.who is who, one.what is what, one.why is why]
        assert shared.count(False) == 1
        own = one.who if not shared[0] else one.what if not shared[1] else one.why
        assert own.text == ""  # what a line said of the shared one is not said of this
