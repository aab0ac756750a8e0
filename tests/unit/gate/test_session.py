from __future__ import annotations

from dbgate.gate.limits import Limits
from dbgate.sql.catalog import Catalog
from dbgate.wire.build import packet, query
from tests.unit.wire import making
from tests.unit.wire.making import chain, ok, result, row

from .play import CLIENT, POLICY, Play, brain, context, policy

ROWS = result([row(b"1"), row(b"2")])


def test_a_known_chunk_is_judged_anew_under_a_new_policy() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM orders", ROWS)
    play.brain.publish(policy(POLICY.replace(', "shop.orders"', "")))
    play.blocked(b"\x03SELECT id FROM orders", "table-denied")


def test_an_idle_session_lets_an_old_policy_go() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM orders", ROWS)
    old = play.brain.policy
    assert old is not None
    waiting = Play(play.brain).greet()
    play.brain.publish(policy(POLICY.replace(', "shop.orders"', "")))
    for one in (play, waiting):
        one.gate.keep_up()
    state = play.gate.state
    assert state.scope is not None and state.scope.policy is play.brain.policy
    assert state.entry is not None and state.entry not in old.entries
    assert waiting.gate.state.scope is None
    play.blocked(b"\x03SELECT id FROM orders", "table-denied")


def test_a_known_chunk_inside_another_packet_is_no_command() -> None:
    play = Play(brain(limits=Limits(statement=100))).login()
    known = b"\x03SELECT id FROM users"
    play.passes(known, ROWS)
    inner = packet(0, known)
    big = packet(0, b"\x03" + b"x" * 200 + inner + b"y" * 50)
    at = big.index(inner)
    play.client(big[:at])
    assert play.client(inner).to_server == b""
    play.client(big[at + len(inner) :])
    assert (play.to_server, play.last.rule) == (b"", "statement-size")
    play = Play().login()
    play.passes(known, ROWS)
    text = packet(0, b"\x03SELECT '" + inner + b"' FROM secret")
    at = text.index(inner)
    play.client(text[:at])
    assert play.client(inner).to_server == b""
    assert play.client(text[at + len(inner) :]).to_server == b""
    assert play.last.event == "query.blocked"


def test_prepares_do_not_take_the_short_way() -> None:
    play = Play().login()
    for number in (1, 2):
        play.passes(b"\x16SELECT id FROM users", [b"\x00" + bytes((number,)) + b"\x00" * 10])
    assert sorted(play.gate.state.statements.by_id) == [1, 2]


def test_pipelined_commands_wait_their_turn() -> None:
    play = Play().login()
    commands_ = [b"SELECT id FROM users", b"SELECT id FROM secret", b"SELECT id FROM orders"]
    play.client(b"".join([query(sql) for sql in commands_]))
    assert play.to_server == query(commands_[0])
    play.server(chain(ROWS))
    assert play.to_client.startswith(chain(ROWS))
    assert b"table-denied" in play.to_client
    assert play.to_server == query(commands_[2])
    play.server(chain(ROWS))
    assert [r.event for r in play.records] == ["connection.open", "query", "query.blocked", "query"]


def test_the_queue_is_bounded_by_pausing_the_client() -> None:
    play = Play(brain(limits=Limits(queue=1000))).login()
    play.passes(b"\x03SELECT id FROM users")
    play.client(query(b"SELECT '" + b"x" * 500 + b"'"))
    assert not play.paused
    play.client(query(b"SELECT '" + b"x" * 600 + b"'"))
    assert play.paused
    play.server(chain(ROWS))
    assert not play.paused
    play.client(b"")
    play.server(chain(ROWS))
    assert not play.paused
    early = Play(brain(limits=Limits(queue=1000)))
    assert early.client(b"x" * 1001).paused


def test_data_before_the_greeting_is_held() -> None:
    play = Play()
    play.client(packet(1, making.response(CLIENT)))
    assert (play.to_server, play.to_client) == (b"", b"")
    play.server(packet(0, making.greeting()))
    assert play.to_server == packet(1, making.response(CLIENT))


def test_wrong_numbers_end_the_session() -> None:
    play = Play().login().client(packet(1, b"\x03SELECT 1"))
    assert (play.to_server, play.error().errno) == (b"", 1835)
    assert play.closed == "protocol error of the client: packet number 1 where 0 was due"
    play = Play().greet().answer()
    play.client(packet(9, b"x"))
    play.server(packet(2, b"\xfeplugin\x00n"))
    assert (play.to_server, play.closed[:12]) == (packet(3, b""), "protocol err")


def test_a_login_packet_that_is_too_long() -> None:
    play = Play().greet().answer().server(packet(2, b"\xfeplugin\x00n"))
    play.client(packet(3, b"x" * (2 << 20)))
    assert play.closed == "protocol error of the client: packet too long for a login"


def waiting() -> Play:
    """A session that changed something, and waits for the catalog that says so."""
    the_brain = brain()
    the_brain.publish_catalog(Catalog(()))
    the_brain.on_change = [].append
    return Play(the_brain).login(b"root").passes(b"\x03ALTER VIEW users AS SELECT 1", [ok()])


def test_the_wait_for_the_catalog_has_an_end() -> None:
    play = waiting()
    play.ask(b"SELECT 1")
    assert play.to_server == b""
    play.take(play.gate.expired(play.now + 4.0))
    assert (play.to_server, play.closed) == (b"", "")
    play.take(play.gate.expired(play.now + 6.0))
    assert play.to_server == query(b"SELECT 1")


def test_what_goes_wrong_behind_the_wait() -> None:
    play = waiting()
    play.client(packet(7, b"\x03SELECT 1"))
    play.take(play.gate.settled(1, play.now))
    assert play.closed.startswith("protocol error of the client")
    play = waiting()
    play.brain.new_event_id = broken
    play.client(packet(0, b"\x03SELECT * FROM mysql.user"))
    play.take(play.gate.settled(1, play.now))
    assert play.closed == "internal error: RuntimeError"


def test_the_list_of_sessions() -> None:
    play = Play()
    play.brain.wall_offset = 1000.0
    assert play.gate.describe()["state"] == "connecting"
    play.login()
    play.passes(b"\x03SELECT id FROM users", ROWS)
    play.blocked(b"\x03DROP TABLE users", "operation-denied")
    shown = play.gate.describe()
    assert shown == {
        "session_id": "s-1",
        "client_ip": "10.0.0.9",
        "client_port": 5000,
        "db_user": "app",
        "db_name": "shop",
        "connected_at": 1000.0,
        "state": "idle",
        "queries": 2,
        "blocked": 1,
        "last_digest": play.last.digest,
        "tls": False,
        "cert_subject": "",
    }


CAPPED = POLICY.replace(
    "    allowed_operations: [SELECT, INSERT",
    "    max_result_rows: 3\n    allowed_operations: [SELECT, INSERT",
)


def broken() -> str:
    raise RuntimeError("a defect")


def test_defects_fail_closed() -> None:
    play = Play().login()
    play.brain.new_event_id = broken
    play.client(query(b"DROP TABLE users"))
    assert (play.to_server, play.error().errno, play.closed) == (
        b"",
        1105,
        "internal error: RuntimeError",
    )
    assert [r.event for r in play.records] == ["connection.open", "connection.close"]
    play = Play(brain(CAPPED)).login()
    play.passes(b"\x03SELECT id FROM users")
    play.brain.new_event_id = broken
    play.server(chain(result([row(b"1")] * 9)))
    assert (play.closed[:14], [r.event for r in play.records[-2:]]) == (
        "internal error",
        ["query", "connection.close"],
    )
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    play.client(query(b"DROP TABLE users"))
    play.brain.new_event_id = broken
    play.server(chain(ROWS))
    assert play.closed.startswith("internal error")
    assert play.to_client.startswith(chain(ROWS))
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    play.client(packet(5, b"\x03SELECT id FROM orders"))
    play.server(chain(ROWS))
    assert play.closed.startswith("protocol error of the client")


def test_a_login_with_several_turns_and_a_file() -> None:
    play = Play().greet().answer().server(packet(2, b"\xfeplugin\x00n"))
    play.client(packet(3, b"sig"))
    assert play.to_server == packet(3, b"sig")
    play.server(packet(4, ok())).server(chain(context()))
    load = query(b"LOAD DATA LOCAL INFILE 'f' INTO TABLE users")
    play.client(load).server(packet(1, b"\xfbf"))
    assert play.client(packet(2, b"1\n2\n")[:5]).to_server == packet(2, b"1\n2\n")[:5]
    play.client(packet(2, b"1\n2\n")[5:] + packet(3, b"") + packet(0, b"\x0e"))
    assert play.to_server == packet(2, b"1\n2\n")[5:] + packet(3, b"")
    play.server(packet(4, ok(2)))
    assert (play.last.affected_rows, play.to_server) == (2, packet(0, b"\x0e"))


def test_files_in_the_queue() -> None:
    load = query(b"LOAD DATA LOCAL INFILE 'f' INTO TABLE users")
    play = Play().login()
    play.client(load + packet(2, b"1\n")).server(packet(1, b"\xfbf"))
    assert play.to_server == packet(2, b"1\n")
    play = Play().login()
    play.client(load + packet(2, b"1\n") + packet(3, b"") + packet(0, b"\x0e")).server(packet(1, b"\xfbf"))
    assert play.to_server == packet(2, b"1\n") + packet(3, b"")
    play.server(packet(4, ok(1)))
    assert play.to_server == packet(0, b"\x0e")
    play = Play().login()
    play.client(load).server(packet(1, b"\xfbf")).server(packet(2, ok()))
    assert play.closed == "protocol error of the server: the server spoke before its turn"
    play = Play().login()
    play.client(load).server(packet(1, b"\xfbf")).client(packet(7, b"x"))
    assert play.closed == "protocol error of the client: packet number 7 where 2 was due"


def test_an_answer_of_the_supervisors() -> None:
    play = Play(
        brain(POLICY.replace("  - name: root", "    admin_statements: [EXPLAIN, STATS]\n  - name: root"))
    ).login()
    play.ask(b"DBGATE SHOW STATS")  # nobody can be asked here
    assert play.error().errno == 1105
    play.brain.on_want = lambda *what: None
    for columns, rows, behind, closed in (
        (("a",), [("1",)], b"", ""),
        (("a",), [], packet(9, b""), "protocol error of the client: packet number 9 where 0 was due"),
        (("a",), [(1,)], b"", "internal error: AttributeError"),
    ):
        play.ask(b"DBGATE SHOW STATS")
        if behind:
            play.client(behind)
        play.take(play.gate.told(play.gate.state.wanted, columns, rows, "", play.now))  # type: ignore[arg-type]
        assert (play.closed, play.to_server) == (closed, b"")
        if closed:
            play = Play(play.brain).login()
    play.ask(b"DBGATE SHOW STATS")
    play.take(play.gate.expired(play.now + play.brain.limits.settle_timeout / 2))
    assert play.to_client == b""
    play.take(play.gate.expired(play.now + play.brain.limits.settle_timeout + 1))
    assert play.error().errno == 1105
    play.take(play.gate.kill(play.now))
    play.take(play.gate.told(9, ("a",), [], "", play.now))
    assert play.to_client == b""
