from __future__ import annotations

from dbgate.gate.crossing import file_text, may_ask_for_file
from dbgate.gate.phase import REPLY
from dbgate.wire import constants as c
from dbgate.wire.build import packet, query
from tests.unit.wire.making import chain, ok, result, row

from .play import CLIENT, Play, brain

CAPPED = """
access_control:
  - {user: app, allowed_tables: ["shop.*"], allowed_operations: [SELECT, LOAD, INSERT], rate_limit: 3/s, max_result_rows: 2}
"""


def test_what_was_judged_is_what_is_sent() -> None:
    play = Play().login()
    data = query(b"SELECT  id\tFROM  `users` WHERE id = 7")
    play.client(data)
    assert play.gate.state.fx.to_server[0] is data
    assert play.gate.state.phase == REPLY


def test_a_block_takes_the_next_number_and_leaves_the_session_usable() -> None:
    play = Play().login()
    record = play.blocked(b"\x03DELETE FROM users", "operation-denied")
    assert play.to_client[3] == 1
    assert (record.operation, record.tables, record.statement) == (
        "DELETE",
        ("shop.users",),
        "DELETE FROM users",
    )
    assert (record.db_schema, record.decision, record.duration_us) == ("shop", "block", 0)
    play.passes(b"\x03SELECT id FROM users", [ok()])
    assert (play.gate.state.queries, play.gate.state.blocked) == (2, 1)


def test_a_block_of_a_command_in_several_packets() -> None:
    play = Play(brain(limits=None)).login()
    play.brain.limits.statement = 1 << 26
    play.gate.state.reader.limit = 1 << 26
    text = b"\x03DROP TABLE users /*" + b"x" * (c.MAX_PAYLOAD + 7) + b"*/"
    play.client(packet(0, text))
    assert play.to_server == b""
    assert play.to_client[3] == 2
    assert play.error().errno == 1227


def test_rates_count_statements_but_not_session_commands() -> None:
    play = Play(brain(CAPPED)).login()
    for _ in range(2):
        play.passes(b"\x03SELECT 1", [ok()])
        play.passes(b"\x0e", [ok()])
    play.passes(b"\x16SELECT id FROM users", [b"\x00\x01\x00\x00\x00" + b"\x00" * 7])
    play.blocked(b"\x03SELECT 1", "rate-limit")
    play.passes(b"\x1b\x00\x00", [ok()])
    play.now += 1.0
    play.passes(b"\x03SELECT 1", [ok()])


def test_monitored_blocks_pass() -> None:
    text = CAPPED.replace("rate_limit: 3/s,", "mode: monitor,")
    play = Play(brain(text)).login()
    play.passes(b"\x03DELETE FROM users", [ok(2)])
    assert (play.last.event, play.last.decision, play.last.rule) == (
        "query.would_block",
        "would_block",
        "operation-denied",
    )
    assert (play.last.affected_rows, play.gate.state.blocked) == (2, 0)


def test_files_are_asked_for_only_where_both_agreed() -> None:
    load = b"\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE users"
    play = Play(brain(CAPPED)).login()
    play.passes(load)
    state = play.gate.state
    assert state.judged is not None
    assert may_ask_for_file(state, state.judged)
    assert state.reply.file_text is not None
    play.server(chain([b"\xfbf"]))
    assert play.closed == ""
    deaf = Play(brain(CAPPED), CLIENT & ~c.CLIENT_LOCAL_FILES).login()
    deaf.passes(load)
    assert deaf.gate.state.reply.file_text is None
    deaf.server(chain([b"\xfbf"]))
    assert deaf.closed.startswith("protocol error of the server")
    assert b"\xfbf" not in deaf.to_client


def test_the_file_is_the_one_that_the_statement_names() -> None:
    load = b"LOAD DATA LOCAL INFILE 'f' INTO TABLE users"
    play = Play().login()
    play.passes(b"\x16" + load, [b"\x00\x07\x00\x00\x00" + b"\x00" * 7])
    play.passes(b"\x17\x07\x00\x00\x00\x00\x01\x00\x00\x00")
    state = play.gate.state
    assert state.judged is not None
    assert load in file_text(state, state.judged, c.COM_STMT_EXECUTE)
    state.statements.clear()
    assert file_text(state, state.judged, c.COM_STMT_EXECUTE) == b""  # its text was not kept
    dynamic = state.brain.judge_text(
        state.current_scope(), b"", b"EXECUTE IMMEDIATE '" + load.replace(b"'", b"''") + b"'", False
    )
    assert file_text(state, dynamic, c.COM_QUERY) == b""  # it is named elsewhere


def test_caps_are_set_for_rows_only() -> None:
    play = Play(brain(CAPPED)).login()
    play.passes(b"\x03SELECT id FROM users", result([row(b"1"), row(b"2")]))
    assert (play.last.event, play.last.rows) == ("query", 2)
    play.passes(b"\x0e", [ok()])
    assert play.gate.state.reply.cap == -1


def test_a_state_that_is_not_followed_lets_nothing_cross() -> None:
    play = Play().login()
    play.gate.state.unfollowed = "sql_mode X is not known"
    assert play.blocked(b"\x03SELECT 1", "session-state").reason == "sql_mode X is not known"


def test_commands_that_no_analysis_describes_are_refused_by_their_name() -> None:
    record = Play().login().blocked(b"\x12\x00", "protocol-command")
    assert (record.operation, record.statement, record.policy_version != "") == ("BINLOG_DUMP", "", True)


def test_while_the_gateway_is_halted_nothing_passes_that_owes_a_record() -> None:
    play = Play().login()
    text = b"\x03SELECT id FROM users"
    play.passes(text, [ok()])
    play.passes(text, [ok()])  # by the short way
    play.brain.halt("the audit log cannot be written: no space")
    record = play.blocked(text, "audit-failure")
    assert (record.reason, record.mode) == ("the audit log cannot be written: no space", "enforce")
    play.blocked(b"\x16SELECT id FROM users", "audit-failure")
    play.blocked(b"\x03COMMIT", "audit-failure")
    play.blocked(b"\x03DROP TABLE users", "operation-denied")  # its own rule counts first
    play.passes(b"\x0e", [ok()])
    play.brain.publish(play.brain.policy)  # a reload changes nothing about it
    play.blocked(text, "audit-failure")
    play.brain.halt("")
    play.passes(text, [ok()])
    assert not play.closed


def test_a_statement_under_way_when_the_gateway_is_halted_ends_well() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    play.brain.halt("no space")
    answer = chain([ok()])
    play.server(answer)
    assert play.to_client == answer
    assert (play.last.event, play.last.decision) == ("query", "allow")


def test_a_record_that_is_required_is_kept_before_the_reply_is_passed_on() -> None:
    play = Play().login()
    kept: list[tuple[str, bytes]] = []
    play.brain.keep = lambda record: kept.append((record.operation, b"".join(play.gate.state.fx.to_client)))
    play.passes(b"\x03SELECT id FROM users", [ok()])
    assert [operation for operation, _ in kept] == ["SELECT"]
    play.passes(b"\x03SELECT id FROM users")
    play.take(play.gate.server_closed(1.0))
    assert [operation for operation, _ in kept] == ["SELECT", "SELECT"]
