"""When a command goes the short way; that both ways give the same is a property in test_session.py."""

from __future__ import annotations

import pytest

from dbgate.gate import shortcut
from dbgate.gate.effects import TO_CLIENT, TO_SERVER
from dbgate.gate.phase import READY, REPLY
from dbgate.wire import constants as c
from dbgate.wire.build import packet, query
from tests.unit.gate.test_statements import execute, prepared
from tests.unit.wire import making
from tests.unit.wire.making import binary_row, chain, column, err, ok, result, row

from .play import CLIENT, POLICY, Play, brain, context, policy

ROWS = result([row(b"1"), row(b"2")])
SQL = b"SELECT id FROM users WHERE id = 1"


def known(text: str = POLICY) -> Play:
    """A session in which SQL was judged."""
    play = Play(brain(text)).login()
    play.passes(b"\x03" + SQL, ROWS)
    return play


def test_by_its_bytes_and_by_its_shape() -> None:
    play = known()
    state = play.gate.state
    for data in (query(SQL), query(SQL[:-1] + b"77")):
        assert shortcut.take(state, data, 1.0)
        assert (state.phase, state.quick) == (REPLY, True)
        assert state.record is not None
        assert state.record.statement == SQL[:-1].decode() + "?"
        play.server(chain(ROWS))
        assert (play.last.event, play.last.rows) == ("query", 2)


def test_a_statement_that_runs_again() -> None:
    play = Play().login()
    play.passes(b"\x16SELECT id FROM users", prepared(7))
    again = packet(0, execute(7))
    state = play.gate.state
    for _ in range(2):
        assert shortcut.take(state, again, 1.0)
        assert (state.phase, state.quick, state.statement_id) == (REPLY, True, 7)
        play.server(chain([b"\x01", column(), binary_row(b"1"), ok(header=0xFE)]))
        found = state.statements.find(7)
        assert found is not None and found.given == 1
        assert (play.last.event, play.last.operation, play.last.rows) == ("query", "SELECT", 1)
    state.fx.clear()
    assert not shortcut.take(state, packet(0, execute(8)), 1.0)
    play.brain.publish(policy(POLICY.replace('"shop.users", ', "")))
    assert not shortcut.take(state, again, 1.0)


def test_a_cap_counts_on_the_short_way_too() -> None:
    play = Play(brain(POLICY.replace("user: app\n", "user: app\n    max_result_rows: 1\n"))).login()
    play.client(query(SQL)).server(chain(ROWS))
    assert play.last.truncated and play.last.rule == "max-result-rows"
    state = play.gate.state
    assert shortcut.take(state, query(SQL), 1.0) and state.quick
    play.server(chain(result([row(b"1")])))
    assert (play.last.event, play.last.rows, play.last.truncated) == ("query", 1, False)
    assert shortcut.take(state, query(SQL), 1.0) and state.quick
    play.server(chain(ROWS))
    assert (play.last.event, play.last.rule, play.last.truncated) == (
        "query.blocked",
        "max-result-rows",
        True,
    )


def test_what_takes_the_long_way() -> None:
    play = known()
    state = play.gate.state
    for data in (
        b"",
        b"\x01",
        packet(0, b"\x0e"),
        packet(0, b"\x16" + SQL),
        query(b"SELECT name FROM users"),
        query(SQL)[:-1],
        query(SQL) + b"\0",
        packet(0, b"\x17" + b"\x09\0\0\0\0\x01\0\0\0"),
    ):
        assert not shortcut.take(state, data, 1.0)
    play.client(query(SQL)[:3])
    assert not shortcut.take(state, query(SQL), 1.0)


def test_a_verdict_of_another_moment_is_none() -> None:
    play = known()
    play.brain.publish(play.brain.policy)
    assert not shortcut.take(play.gate.state, query(SQL), 1.0)
    play = known()
    play.gate.state.unfollowed = "a mode"
    assert not shortcut.take(play.gate.state, query(SQL), 1.0)
    play = known()
    play.gate.state.schema = "other"
    play.gate.state.forget_scope()
    assert not shortcut.take(play.gate.state, query(SQL), 1.0)


def test_the_rate_is_asked_each_time() -> None:
    play = known(POLICY.replace("user: app\n", "user: app\n    rate_limit: 2/s\n"))
    state = play.gate.state
    state.fx.clear()
    assert shortcut.take(state, query(SQL), 0.01)
    play.server(chain(ROWS))
    state.fx.clear()
    assert shortcut.take(state, query(SQL), 0.01)
    assert (state.phase, state.fx.relay, state.record) == (READY, 0, None)
    play.take(state.fx)
    assert (play.last.event, play.last.rule, play.error().errno) == ("query.blocked", "rate-limit", 1227)
    assert play.gate.state.blocked == 1


def test_a_statement_that_would_be_blocked_passes_with_its_record() -> None:
    play = Play(brain(POLICY.replace("user: app\n", "user: app\n    mode: monitor\n"))).login()
    text = b"SELECT id FROM secrets WHERE id = 1"
    for n in range(3):
        play.passes(b"\x03" + text, ROWS)
        assert (play.relay, play.last.event, play.last.rule) == (
            TO_CLIENT,
            "query.would_block",
            "table-denied",
        )
        assert len({record.event_id for record in play.records if record.event_id}) == n + 1


def test_what_was_blocked_is_never_known() -> None:
    play = Play().login()
    text = b"SELECT id FROM secrets WHERE id = 1"
    for _ in range(2):
        assert play.client(query(text)).to_server == b""
        assert not shortcut.take(play.gate.state, query(text), 1.0)


def test_a_command_that_is_no_query_but_has_the_same_bytes() -> None:
    play = Play().login()
    prepare = packet(0, b"\x16" + SQL)
    play.client(prepare)
    assert prepare in play.gate.state.current_scope().view.exact
    play = known()
    play.gate.state.current_scope().view.put_exact(
        prepare, next(iter(play.gate.state.current_scope().view.exact.values()))
    )
    assert not shortcut.take(play.gate.state, prepare, 1.0)


def test_a_known_chunk_travels_as_it_is() -> None:
    play = Play().login()
    data = query(b"SELECT id FROM users WHERE id = 1")
    for n in range(3):
        twin = bytes(bytearray(data))
        play.client(twin)
        if n == 0:
            assert play.gate.state.fx.to_server[0] is twin
        else:
            assert (play.relay, play.gate.state.quick) == (TO_SERVER, True)
        play.server(chain(ROWS))
        assert (play.last.event, play.last.rows, play.last.tables) == ("query", 2, ("shop.users",))
    assert play.gate.state.queries == 3


def test_a_known_shape_travels_as_it_is() -> None:
    play = Play().login()
    for n in range(4):
        data = query(b"SELECT id FROM users WHERE id = %d" % n)
        play.client(data)
        assert play.to_server == data
        assert (play.relay == TO_SERVER) is (n > 0)
        play.server(chain(ROWS))
        assert (play.last.event, play.last.rows, play.last.statement) == (
            "query",
            2,
            "SELECT id FROM users WHERE id = ?",
        )
    blocked = play.client(query(b"SELECT id FROM users WHERE id = 1 OR 1 = 1"))
    assert (blocked.to_server, blocked.last.event) == (b"", "query.blocked")


DYNAMIC = """
version: 1
global: {default_schema: shop}
access_control:
  - {name: app, user: app, allowed_tables: ["shop.*"], allowed_operations: ["*"], mode: monitor}
procedure_control: {block_dynamic_sql: false}
sql_rules: {mode: enforce, block_statements: [DROP]}
"""


def test_dynamic_sql_is_judged_by_what_the_session_left_there() -> None:
    """The same text, of which nothing was known, would only be monitored; now it drops a table."""
    play = Play(brain(DYNAMIC)).login()
    for _ in range(2):
        play.passes(b"\x03PREPARE s FROM @x", [ok()])
        assert (play.last.event, play.last.rule) == ("query.would_block", "dynamic-sql")
    play.passes(b"\x03SET @x = 'DROP TABLE users'", [ok()])
    play.blocked(b"\x03PREPARE s FROM @x", "block-statement")


def test_a_whole_reply_completes_the_record() -> None:
    play = known()
    state = play.gate.state
    for reply, rows, affected in ((ROWS, 2, 0), ([ok(3)], 0, 3), (ROWS, 2, 0)):
        play.client(query(SQL))
        assert state.quick
        data = chain(reply)
        effects = play.gate.server_bytes(data, play.now + 0.25)
        assert (effects.only, effects.relay, effects.finished) == (True, TO_CLIENT, [])
        record = effects.record
        assert record is not None
        assert (record.event, record.decision, record.rows, record.affected_rows) == (
            "query",
            "allow",
            rows,
            affected,
        )
        assert (record.bytes, record.duration_us // 1000, record.error_code) == (len(data), 250, 0)
        assert (state.phase, state.quick, state.record, state.judged) == (READY, False, None, None)
        assert (state.status, state.active_at) == (2, play.now + 0.25)


def test_a_reply_that_is_not_ordinary_takes_the_long_way() -> None:
    for data, event, code in (
        (packet(1, err(1054)), "query", 1054),
        (chain([ok(status=2 | c.SERVER_MORE_RESULTS_EXISTS), ok()]), "query", 0),
    ):
        play = known()
        play.client(query(SQL))
        assert play.gate.state.quick
        play.server(data)
        assert (play.to_client, play.gate.state.quick) == (data, False)
        assert (play.last.event, play.last.error_code) == (event, code)
    play = known()
    data = chain(ROWS)
    play.client(query(SQL))
    play.server(data[:9])
    assert (play.gate.state.quick, play.gate.state.phase) == (False, REPLY)
    play.server(data[9:])
    assert (play.last.rows, play.last.bytes) == (2, len(data))


def test_replies_with_a_byte_on_metadata_take_the_long_way() -> None:
    cached = CLIENT & ~c.CLIENT_LONG_PASSWORD | c.MARIADB_CACHE_METADATA
    play = Play(capabilities=cached, server=making.MARIADB_CAPABILITIES, version=b"11.4.2-MariaDB")
    text = context()
    play.greet().answer()
    play.server(packet(2, ok()))
    play.server(chain([text[0] + b"\x01", *text[1:]]))
    for n in range(3):
        play.client(query(SQL))
        assert play.gate.state.quick is (n > 0)
        play.server(chain([b"\x01\x01", column(), row(b"1"), ok(header=0xFE)]))
        assert (play.closed, play.last.event, play.last.rows) == ("", "query", 1)


def test_a_command_that_comes_before_the_reply_waits_for_it() -> None:
    play = known()
    state = play.gate.state
    play.client(query(SQL))
    assert state.quick
    play.client(query(SQL[:-1] + b"2"))
    assert (play.to_server, state.quick) == (b"", False)
    play.server(chain(ROWS))
    assert (play.to_client, play.to_server) == (chain(ROWS), query(SQL[:-1] + b"2"))
    play.server(chain([ok()]))
    assert [record.rows for record in play.records[-2:]] == [2, 0]
    assert state.phase == READY


def test_who_drains_ends_behind_the_reply() -> None:
    play = known()
    state = play.gate.state
    play.client(query(SQL))
    assert state.quick
    play.take(play.gate.drain(play.now))
    assert (play.closed, state.quick) == ("", False)
    play.server(chain(ROWS))
    assert (play.closed, play.records[-2].rows) == ("draining", 2)
    play = known()
    state = play.gate.state
    state.status = c.SERVER_STATUS_IN_TRANS
    play.take(play.gate.drain(play.now))
    assert (play.closed, play.client(query(SQL)).relay, state.quick) == ("", TO_SERVER, False)
    play.server(chain(ROWS))
    assert play.closed == "draining"


def test_a_session_that_is_ended_before_the_reply() -> None:
    play = known()
    play.client(query(SQL))
    assert play.gate.state.quick
    play.take(play.gate.kill(play.now))
    assert (play.error().errno, play.to_client[3]) == (1927, 1)
    record = play.records[-2]
    assert (record.event, record.rows, record.bytes, record.reason.endswith("killed by an operator")) == (
        "query",
        0,
        0,
        True,
    )


def test_columns_are_watched_on_the_short_way_too() -> None:
    play = known(POLICY + "data_protection: {sensitive_columns: [{pattern: id}]}\n")
    for _ in range(2):
        play.passes(b"\x03" + SQL, result([row(b"1")], (b"id",)))
        assert (play.relay, play.last.sensitive, play.last.rows) == (TO_CLIENT, ("id",), 1)


def test_where_records_are_owed_they_are_kept_before_the_reply_goes_on() -> None:
    play = known()
    kept: list[object] = []
    play.brain.keep = kept.append
    play.passes(b"\x03" + SQL, ROWS)
    assert kept == [play.last] and play.last.rows == 2


def test_a_verdict_that_no_record_has_had() -> None:
    play = known()
    scope = play.gate.state.current_scope()
    (judged,) = scope.view.exact.values()
    judged.why = None
    play.passes(b"\x03" + SQL, ROWS)
    assert (play.last.decision, play.last.policy_version) == ("allow", scope.version)


def test_a_reply_that_nothing_asked_for_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="under way"):
        shortcut.replied(known().gate.state, chain(ROWS), 1.0)


def test_what_a_session_left_on_the_server_is_followed() -> None:
    """What a session left on the server for dynamic SQL is followed by every reply."""
    play = Play(brain(POLICY.replace("LOAD,", "LOAD, SET,"))).login()
    play.passes(b"\x03" + SQL, ROWS)
    play.passes(b"\x03SET @x = 'SELECT 1'", [ok()])
    state = play.gate.state
    assert state.memory is not None
    play.client(query(SQL))
    assert (play.relay, state.quick) == (TO_SERVER, False)
