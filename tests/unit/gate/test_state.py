from __future__ import annotations

import pytest

from dbgate.gate import phase as p
from dbgate.gate.limits import LOOK, REST, Limits
from dbgate.gate.state import FAREWELL, Login, State, blocked_message
from dbgate.policy.verdict import BLOCK, WOULD_BLOCK, Verdict
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from dbgate.wire.kinds import RESULT
from tests.unit.wire.making import ok

from .play import CLIENT, Play, brain, policy


def state() -> State:
    return State(brain(), "s-1", "10.0.0.9", 5000, 1.0)


def test_phases_follow_the_table() -> None:
    it = state()
    it.move(p.LOGIN)
    with pytest.raises(AssertionError, match="cannot follow"):
        it.move(p.READY)
    it.move(p.CLOSED)
    assert it.phase == p.CLOSED


def test_the_scope_follows_the_policy() -> None:
    it = state()
    it.user = "app"
    scope = it.current_scope()
    assert it.current_scope() is scope
    assert (scope.entry, it.entry) == (it.brain.policy.entries[0], scope.entry)  # type: ignore[union-attr]
    it.forget_scope()
    assert it.current_scope() is scope
    it.brain.publish(policy())
    assert it.current_scope() is not scope
    assert it.current_scope().epoch == it.brain.epoch
    it.brain.publish(None)
    assert it.current_scope().entry is None


def test_flags() -> None:
    it = state()
    it.status = c.SERVER_STATUS_IN_TRANS
    assert it.in_transaction()
    it.capabilities = c.CLIENT_QUERY_ATTRIBUTES
    assert it.attributes()
    it.status = it.capabilities = 0
    assert not it.in_transaction()
    assert not it.attributes()


def test_records() -> None:
    it = state()
    it.user, it.schema = "app", "shop"
    record = it.new_record("query", 2.0)
    assert (record.event, record.at, record.session_id, record.db_user) == ("query", 2.0, "s-1", "app")
    assert (record.client_ip, record.client_port, record.db_schema) == ("10.0.0.9", 5000, "shop")
    scope = it.current_scope()
    judged = it.brain.judge_text(scope, b"", b"INSERT INTO users SELECT id FROM orders", False)
    verdict = Verdict(WOULD_BLOCK, "rate-limit", 7, "too many", "monitor")
    record = it.judged_record(scope, judged, verdict, 3.0)
    assert (record.event, record.at, record.operation) == ("query.would_block", 3.0, "INSERT")
    assert set(record.tables) == {"shop.users", "shop.orders"}
    assert record.written == ("shop.users",)
    assert (record.decision, record.rule, record.rule_line, record.mode) == (
        "would_block",
        "rate-limit",
        7,
        "monitor",
    )
    assert (record.policy_version, record.event_id) == (scope.version, "E1")
    assert it.blocked == 0


def test_records_of_one_scope_share_the_session() -> None:
    it = state()
    it.user, it.schema = "app", "shop"
    scope = it.current_scope()
    judged = it.brain.judge_text(scope, b"", b"SELECT id FROM users", False)
    first, second = (it.judged_record(scope, judged, judged.verdict, at) for at in (1.0, 2.0))
    assert first.who is second.who and first.what is second.what and first.why is second.why
    assert (first.db_user, first.db_schema, first.decision, first.event_id) == ("app", "shop", "allow", "")
    it.forget_scope()
    it.schema = "other"
    scope = it.current_scope()
    assert it.judged_record(scope, judged, judged.verdict, 3.0).db_schema == "other"
    it.brain.publish(policy())
    it.user = "root"
    scope = it.current_scope()
    assert it.judged_record(scope, judged, judged.verdict, 4.0).db_user == "root"
    assert (first.db_user, first.db_schema) == ("app", "shop")


def test_a_session_is_the_same_in_all_its_records() -> None:
    it = state()
    it.user, it.schema = "app", "shop"
    scope = it.current_scope()
    judged = it.brain.judge_text(scope, b"", b"SELECT id FROM users", False)
    opened = it.new_record("connection.open", 1.0)
    assert it.judged_record(scope, judged, judged.verdict, 2.0).who is opened.who
    assert it.new_record("connection.close", 3.0).who is opened.who
    denied = it.new_record("connection.denied", 3.0)
    denied.db_user = "eve"
    it.schema = ""
    other = it.new_record("connection.close", 3.0)
    assert (other.db_schema, other.db_user) == ("", "app")
    assert (opened.db_schema, opened.db_user, denied.db_user) == ("shop", "app", "eve")


def test_a_reply_that_is_followed_late_is_capped_all_the_same() -> None:
    it = state()
    scope = it.current_scope()
    scope.watched = True
    scope.cap = 3
    it.quick = True
    it.begin_reply()
    assert (it.quick, it.reply.done) == (False, False)


def test_it_rests_until_it_was_idle_for_too_long() -> None:
    it = State(brain(limits=Limits(idle_timeout=30.0)), "s-1", "10.0.0.9", 5000, 1.0)
    assert it.rest(1.0) == LOOK  # its login is under way
    it.phase = p.READY
    it.active_at = 100.0
    assert (it.rest(110.0), it.rest(127.0), it.rest(129.9)) == (REST, 3.0, LOOK)
    it.partial = 5  # bytes of a command
    assert it.rest(110.0) == LOOK
    it = state()
    it.phase = p.READY
    assert it.rest(1e9) == REST


def test_describe() -> None:
    it = state()
    it.user, it.status, it.phase = "app", c.SERVER_STATUS_IN_TRANS, p.READY
    shown = it.describe()
    assert (shown["session_id"], shown["db_user"], shown["state"]) == ("s-1", "app", "transaction")
    it.phase = p.REPLY
    assert it.describe()["state"] == "query"


def test_who_follows_a_reply_is_told_of_it_late_but_in_time() -> None:
    for event in range(3):
        play = Play(capabilities=CLIENT).login()
        play.passes(b"\x03SELECT id FROM users", [ok()])
        play.passes(b"\x03SELECT id FROM users")
        it = play.gate.state
        assert it.quick and it.reply.done
        if event == 0:
            it.begin_reply()
        elif event == 1:
            assert it.next_seq() == 1
        else:
            it.fx.clear()
            it.end("gone", 9.0)
            assert (it.fx.records()[0].rows, it.fx.records()[0].bytes) == (0, 0)
        assert not it.quick and not it.reply.done
        it.begin_reply()


def test_refuse() -> None:
    it = state()
    record = it.new_record("query.blocked", 2.0)
    it.put_verdict(record, Verdict(BLOCK, "shape", 3, "never seen", "enforce"))
    it.refuse(record, 256 + 4)
    assert (it.blocked, record.event_id, record.error_code) == (1, "E1", 1227)
    assert it.fx.records() == [record]
    assert (
        it.fx.to_client[0][3:] == b"\x04\xff\xcb\x04#42000dbgate: blocked by policy (rule: shape, event: E1)"
    )
    assert blocked_message(record) == "dbgate: blocked by policy (rule: shape, event: E1)"


def test_end_is_done_once() -> None:
    it = state()
    it.end("nothing happened", 2.0)
    assert (it.fx.close, it.fx.records(), it.phase) == ("nothing happened", [], p.CLOSED)
    it.fx.close = "still"
    it.end("again", 3.0)
    assert it.fx.close == "still"


def test_what_each_ending_leaves_behind() -> None:
    spoke = state()
    spoke.client_spoke = True
    spoke.login = Login("eve", "shop", 1.0)
    spoke.end("vanished", 2.5)
    assert [(r.event, r.reason, r.db_user, r.db_schema) for r in spoke.fx.records()] == [
        ("connection.denied", "vanished", "eve", "shop")
    ]
    assert spoke.fx.records()[0].duration_us == 1_500_000
    told = state()
    told.client_spoke = True
    told.denied("no", 2.0, Verdict(BLOCK, "no-access-rule"), 1227)
    told.end("login blocked", 2.0)
    assert [(r.rule, r.error_code) for r in told.fx.records()] == [("no-access-rule", 1227)]
    without = State(brain(""), "s", "ip", 1, 0.0)
    assert without.denied("x", 1.0).policy_version == ""
    inside = state()
    inside.logged_in = True
    inside.record = inside.new_record("query", 2.0)
    inside.reply.begin(RESULT, 1)
    inside.reply.error_code = 1317
    inside.end("gone", 4.0)
    assert [(r.event, r.reason, r.error_code) for r in inside.fx.records()] == [
        ("query", "gone", 1317),
        ("connection.close", "gone", 0),
    ]
    assert inside.fx.records()[0].duration_us == 2_000_000


def test_where_an_err_could_go() -> None:
    it = state()
    assert it.next_seq() == 0
    it.phase, it.reader.seq = p.LOGIN, 1
    assert it.next_seq() == 2
    it.phase, it.reader.seq = p.AUTH, 4
    assert it.next_seq() == 4
    it.phase = p.WRAP
    assert it.next_seq() == 4
    it.phase = p.UPGRADE
    assert it.next_seq() == -1
    it.phase, it.reader.seq = p.ANSWER, 255
    assert it.next_seq() == 0
    for phase in (p.READY, p.CONTEXT):
        it.phase = phase
        assert it.next_seq() == 1
    it.phase = p.REPLY
    it.reply.begin(RESULT, 3)
    assert it.next_seq() == 3
    it.reply.swallow = True
    assert it.next_seq() == -1
    for phase in (p.INFILE, p.CLOSED):
        it.phase = phase
        assert it.next_seq() == -1


def test_a_reply_half_way_in_a_packet_takes_no_err() -> None:
    play = Play(capabilities=CLIENT).login()
    play.passes(b"\x03SELECT id FROM users")
    play.server(b"\x01\x00\x00\x01\x01" + b"\x30\x00\x00\x02\x03def")
    assert play.gate.state.next_seq() == -1


def test_a_login_that_never_comes_is_ended_so_that_the_server_does_not_count_it() -> None:
    play = Play()
    assert play.take(play.gate.client_closed(1.0)).to_server == b""  # no greeting yet: nothing to answer
    play = Play().greet()
    assert play.take(play.gate.client_closed(1.0)).to_server == FAREWELL
    play = Play().greet()
    assert play.take(play.gate.server_closed(1.0)).to_server == b""
    play = Play().greet().answer()
    assert play.take(play.gate.client_closed(1.0)).to_server == b""  # the server is at work on the login
    play = Play().greet().answer().server(packet(2, b"\xfeplugin\x00nonce"))
    assert play.take(play.gate.client_closed(1.0)).to_server == packet(3, b"")
    play = Play().login()
    assert play.take(play.gate.client_closed(1.0)).to_server == b""
