"""A long statement waits for its analysis, and then everything is as if it had not: verdict, record and bytes."""

from __future__ import annotations

import pytest

from dbgate.gate import handover
from dbgate.gate.brain import LONGEST_KEYED
from dbgate.gate.phase import ANALYSIS, READY, REPLY
from dbgate.gate.question import Answer, Question
from dbgate.sql.analyze import analyze
from dbgate.sql.catalog import Catalog
from dbgate.wire import constants as c
from dbgate.wire.build import packet, query
from tests.unit.wire.making import chain, err, ok, result, row

from .elsewhere import Handed, answer_to, long
from .play import POLICY, Play, brain, policy

ROWS = result([row(b"1"), row(b"2")])
SELECT = long(b"SELECT id FROM users WHERE id = 1")
SECRET = long(b"SELECT id FROM secret")
PREPARE = b"\x16" + long(b"SELECT id FROM users WHERE id = ?")
DYNAMIC = (
    POLICY.replace("SHOW, CALL]", "SHOW, CALL, PREPARE, EXECUTE]")
    + "procedure_control: {block_dynamic_sql: false}\n"
)
LITERALS = POLICY.replace("global: {", "global: {log_literals: true, ")


def test_a_short_statement_is_judged_at_once() -> None:
    play = Handed().login().passes(b"\x03SELECT id FROM users", ROWS)
    assert play.brain.tickets == 0


def test_a_long_statement_waits_and_then_passes_as_it_came() -> None:
    play = Handed().login()
    play.ask(SELECT)
    assert (play.to_server, play.to_client, play.gate.state.phase) == (b"", b"", ANALYSIS)
    assert play.gate.describe()["state"] == "query"
    came = play.now
    play.analysed()
    assert (play.to_server, play.to_client, play.gate.state.phase) == (query(SELECT), b"", REPLY)
    play.server(chain(ROWS))
    assert (play.last.event, play.last.operation, play.last.rows) == ("query", "SELECT", 2)
    assert (play.last.at, play.last.duration_us) == (came, 501_000)
    assert play.gate.state.question is None
    assert play.brain.verdicts.exact_misses == 1
    play.passes(b"\x03" + SELECT, ROWS)  # it is known now
    play.passes(b"\x03" + SELECT.replace(b"= 1", b"= 2"), ROWS)  # … and so is its shape
    assert play.brain.tickets == 1


def test_a_blocked_one() -> None:
    play = Handed().login()
    play.ask(SECRET)
    came = play.now
    play.analysed()
    assert (play.to_server, play.error().errno) == (b"", 1227)
    assert (play.last.rule, play.last.at, play.last.duration_us) == ("table-denied", came, 0)
    assert play.gate.state.phase == READY
    assert play.gate.state.blocked == play.gate.state.queries == 1


def test_without_an_answer_it_is_blocked() -> None:
    play = Handed().login()
    for _ in range(2):  # that is not remembered
        play.ask(SELECT)
        play.analysed(none=True)
        assert (play.to_server, play.error().errno) == (b"", 1227)
        assert (play.last.rule, play.last.mode, play.last.reason) == (
            "internal-error",
            "enforce",
            handover.FAILED,
        )
        assert (play.last.operation, play.last.statement) == ("QUERY", "")
    play.client(packet(0, PREPARE))
    play.analysed(none=True)
    assert (play.last.rule, play.last.operation) == ("internal-error", "PREPARE")
    play.ask(SELECT)
    play.analysed()
    assert play.to_server == query(SELECT)


def test_monitor_mode_lets_nothing_pass_that_was_not_analysed() -> None:
    play = Handed(POLICY.replace("user: app\n", "user: app\n    mode: monitor\n")).login()
    play.ask(SELECT)
    play.analysed(none=True)
    assert (play.to_server, play.last.event, play.last.rule) == (b"", "query.blocked", "internal-error")


def test_patience_has_an_end() -> None:
    play = Handed().login()
    play.ask(SELECT)
    play.take(play.gate.expired(play.now + handover.PATIENCE - 1))
    assert (play.to_client, play.closed, play.gate.state.phase) == (b"", "", ANALYSIS)
    question = play.question()
    play.take(play.gate.expired(play.now + handover.PATIENCE + 1))
    assert (play.last.rule, play.to_server, play.gate.state.phase) == ("internal-error", b"", READY)
    play.take(play.gate.analysed(question.ticket, answer_to(question), play.now))  # it comes too late
    assert (play.to_server, play.to_client) == (b"", b"")


def test_further_commands_wait_and_the_client_is_paused() -> None:
    play = Handed().login()
    play.brain.limits.queue = 1000
    play.ask(SELECT)
    play.ask(b"SELECT id FROM orders")
    assert (play.to_server, play.paused) == (b"", False)
    play.ask(b"SELECT '" + b"x" * 2000 + b"'")
    assert play.paused
    play.analysed()
    assert (play.to_server, play.paused) == (query(SELECT), True)
    play.server(chain(ROWS))
    assert (play.to_server, play.paused) == (query(b"SELECT id FROM orders"), True)
    play.server(chain(ROWS))
    assert not play.paused


def test_a_blocked_one_lets_the_next_command_go_at_once() -> None:
    play = Handed().login()
    play.client(query(SECRET) + query(SELECT) + query(b"SELECT id FROM orders"))
    play.analysed()
    assert (play.to_server, play.last.rule, play.gate.state.phase) == (b"", "table-denied", ANALYSIS)
    play.analysed()
    assert play.to_server == query(SELECT)
    play.server(chain(ROWS))
    assert play.to_server == query(b"SELECT id FROM orders")


@pytest.mark.parametrize(
    ("end", "errno"), [("client_closed", 0), ("server_closed", 1105), ("kill", 1927), ("stalled", 0)]
)
def test_a_session_that_ends_meanwhile_leaves_one_record_of_the_command(end: str, errno: int) -> None:
    play = Handed().login()
    play.passes(b"\x03SELECT id FROM users", ROWS)
    play.ask(SELECT)
    question = play.question()
    came = play.now
    play.take(getattr(play.gate, end)(came + 1))
    assert play.closed
    assert (play.error().errno if errno else 0) == errno
    assert [r.event for r in play.records] == ["connection.open", "query", "query", "connection.close"]
    record = play.records[2]
    assert (record.decision, record.operation, record.at) == ("block", "QUERY", came)
    assert record.reason == f"{handover.PENDING}; {play.closed}"
    assert (record.rows, record.bytes) == (0, 0)  # not those of the command before
    assert play.gate.question(question.ticket) is None
    play.take(play.gate.analysed(question.ticket, answer_to(question), came + 2))
    assert (play.to_server, play.to_client, len(play.records)) == (b"", b"", 4)


def test_the_server_says_goodbye_meanwhile() -> None:
    play = Handed().login()
    play.ask(SELECT)
    goodbye = packet(0, err(1053))
    play.server(goodbye)
    assert (play.to_client, play.closed) == (goodbye, "the server ended the session with error 1053")
    assert [r.event for r in play.records] == ["connection.open", "query", "connection.close"]
    play = Handed().login()
    play.ask(SELECT)
    play.server(packet(1, ok()))
    assert play.closed.startswith("protocol error of the server")


@pytest.mark.parametrize("text", [SELECT, SECRET])
def test_the_gateway_ends_meanwhile(text: bytes) -> None:
    play = Handed().login()
    play.ask(text)
    play.take(play.gate.drain(play.now))
    assert play.closed == ""
    play.analysed()
    if text == SELECT:
        assert play.closed == ""
        play.server(chain(ROWS))
    assert play.closed == "draining"


def test_the_policy_of_the_moment_of_the_answer_counts() -> None:
    play = Handed().login()
    play.ask(SELECT)
    play.brain.publish(policy(POLICY.replace('"shop.users", ', "")))
    play.analysed()
    assert (play.to_server, play.last.rule) == (b"", "table-denied")
    assert play.last.policy_version == play.brain.policy.version  # type: ignore[union-attr]
    play.brain.publish(policy())
    play.ask(SELECT)  # the analysis is remembered, the verdict is not
    assert (play.brain.tickets, play.to_server) == (1, query(SELECT))
    play.server(chain(ROWS))
    play.ask(SECRET)
    play.brain.publish(None)
    play.analysed()
    assert play.last.rule == "no-access-rule" or play.last.rule == "no-policy"


def test_the_catalog_and_the_rate_of_that_moment_count() -> None:
    play = Handed(POLICY.replace("user: app\n", "user: app\n    rate_limit: 1/s\n")).login()
    play.ask(SELECT)
    play.brain.publish_catalog(Catalog(()))
    play.analysed()
    play.server(chain(ROWS))
    assert play.last.event == "query"
    play.ask(SECRET)
    play.analysed()
    play.ask(SELECT)
    play.gate.analysed(play.brain.tickets, None, play.now)
    assert play.gate.state.phase == REPLY or play.gate.state.blocked


def test_an_answer_by_shape_is_none_where_the_policy_reads_literals() -> None:
    play = Handed().login()
    play.ask(SELECT)
    assert play.question().shapes
    other = analyze(SELECT.replace(b"1", b"7"), play.question().ctx, "shop")
    play.brain.publish(
        policy(POLICY + "sql_rules: {block_patterns: [{pattern: 'id = 1', literals: true}]}\n")
    )
    play.analysed(Answer(other, "", True))
    assert (play.gate.state.phase, play.to_server, play.brain.tickets) == (ANALYSIS, b"", 2)
    assert not play.question().shapes
    play.analysed()
    assert (play.to_server, play.last.rule) == (b"", "block-pattern")
    assert play.last.at < play.now - 0.9
    play = Handed().login()
    play.ask(SELECT)
    play.analysed(Answer(analyze(SELECT, play.question().ctx, "shop"), "", True))
    assert play.to_server == query(SELECT)
    assert play.brain.analyses.size < 4000 + len(SELECT)  # only the view itself: it may be another text's


def test_the_log_with_literals() -> None:
    play = Handed(LITERALS).login()
    play.ask(SELECT)
    assert play.question().literals
    play.analysed()
    play.server(chain(ROWS))
    assert "id = 1" in play.last.statement
    play = Handed().login()
    play.ask(SELECT)
    play.brain.publish(policy(LITERALS))
    play.analysed()
    assert play.question().literals  # once more: the new policy wants them
    play.analysed()
    play.server(chain(ROWS))
    assert "id = 1" in play.last.statement


def test_texts_up_to_a_length_are_found_by_their_shape_and_longer_ones_are_not() -> None:
    play = Handed().login()
    for size, tickets in ((LONGEST_KEYED - 10, 1), (LONGEST_KEYED + 10, 3)):
        for literal in (b"1", b"2"):
            sql = b"SELECT id FROM users WHERE id = " + literal + b" /*"
            sql += b"x" * (size - len(sql) - 2) + b"*/"
            data = query(sql)
            play.client(data[:100]).client(data[100:])
            if play.gate.state.phase == ANALYSIS:
                play.analysed()
            assert play.to_server == data
            play.server(chain(ROWS))
        assert play.brain.tickets == tickets


def test_dynamic_sql_is_analysed_with_what_the_session_left_on_the_server() -> None:
    play = Handed(DYNAMIC).login()
    play.passes(b"\x03SET @s = 'SELECT id FROM users'", [ok()])
    text = long(b"PREPARE p FROM @s")
    play.ask(text)
    assert play.question().memory is None
    play.analysed()
    assert play.to_server == b""
    assert play.question().memory is play.gate.state.memory
    play.analysed()
    assert play.to_server == query(text)
    play.server(packet(1, ok()))
    assert play.last.decision == "allow"
    text = long(b"EXECUTE p")
    play.ask(text).analysed().analysed(none=True)
    assert (play.to_server, play.last.rule) == (b"", "internal-error")
    play.ask(text)  # that it recalls is remembered
    assert play.question().memory is not None
    play.analysed()
    assert play.to_server == query(text)
    assert play.gate.state.judged.tables == ("shop.users",)  # type: ignore[union-attr]


def test_dynamic_sql_that_is_too_long_to_be_remembered() -> None:
    """The first analysis is found nowhere when the second one comes."""
    play = Handed(DYNAMIC).login()
    play.passes(b"\x03SET @s = 'SELECT id FROM users'", [ok()])
    text = b"PREPARE p FROM @s /*" + b"x" * (1 << 20) + b"*/"
    play.ask(text).analysed().analysed()
    assert (play.to_server, play.brain.tickets) == (query(text), 2)


def test_a_text_in_several_packets() -> None:
    text = b"INSERT INTO users VALUES ('" + b"x" * c.MAX_PAYLOAD + b"')"
    play = Handed().login()
    play.brain.limits.statement = 64 << 20
    play.gate.state.reader.limit = 64 << 20
    payload = b"\x03" + text
    data = b"\xff\xff\xff\x00" + payload[: c.MAX_PAYLOAD] + packet(1, payload[c.MAX_PAYLOAD :])
    play.client(data)
    assert play.question().text == text
    play.analysed()
    assert play.to_server == data
    play.server(packet(2, ok(1)))
    assert (play.last.operation, play.last.affected_rows) == ("INSERT", 1)
    play.client(data)
    play.analysed(none=True)
    assert play.to_client[3] == 2  # the number behind the command's last packet


def test_an_analysis_that_never_came_is_told_from_a_verdict() -> None:
    play = Handed().login()
    state = play.gate.state
    scope = state.current_scope()
    question = Question(1, SECRET, scope.ctx, "shop", False, None, False, False, None, 1.0)
    assert handover.failed(handover._given(state, scope, b"", question))
    question.analysis = analyze(SECRET, scope.ctx, "shop")
    assert not handover.failed(handover._given(state, scope, b"", question))


def test_what_goes_wrong_behind_the_answer() -> None:
    play = Handed().login()
    play.client(query(SECRET) + packet(7, b"\x03SELECT 1"))
    play.analysed()
    assert play.closed.startswith("protocol error of the client")
    assert [r.event for r in play.records] == ["connection.open", "query.blocked", "connection.close"]
    play = Handed().login()
    play.ask(SECRET)

    def broken() -> str:
        raise RuntimeError("a defect")

    play.brain.new_event_id = broken
    play.analysed()
    assert (play.closed, play.to_server) == ("internal error: RuntimeError", b"")


def test_an_answer_without_a_question_is_a_defect() -> None:
    play = Play().login()
    with pytest.raises(AssertionError):
        handover.take(play.gate.state, None)
    with pytest.raises(AssertionError):
        handover._ask(play.gate.state, play.gate.state.current_scope(), SELECT, False, None, None, 1.0)


def test_without_an_analyst_all_is_done_here() -> None:
    play = Play(brain(DYNAMIC)).login()
    play.passes(b"\x03" + SELECT, ROWS)
    play.passes(b"\x03SET @s = 'SELECT id FROM users'", [ok()])
    play.passes(b"\x03" + long(b"PREPARE p FROM @s"), [ok()])
    assert play.brain.tickets == 0
