from __future__ import annotations

import pytest

from dbgate.gate import inband
from dbgate.gate.limits import Limits
from dbgate.gate.phase import CONTEXT, READY
from dbgate.wire import constants as c
from dbgate.wire.codec import Reader
from dbgate.wire.kinds import RESULT
from dbgate.wire.response import Reply
from tests.unit.gate.play import CLIENT, Play, brain, packet, policy

POLICY = """
version: 1
access_control:
  - name: boss
    user: boss
    allowed_tables: [shop.users]
    allowed_operations: [SELECT, EXECUTE]
    admin_statements: [EXPLAIN, stats, SESSIONS, RULES]
  - name: half
    user: half
    mode: monitor
    allowed_tables: [shop.users]
    allowed_operations: [SELECT]
    admin_statements: EXPLAIN
  - name: busy
    user: busy
    rate_limit: 2/s
    allowed_tables: [shop.users]
    allowed_operations: [SELECT]
    admin_statements: [STATS]
  - user: app
    allowed_tables: [shop.users]
    allowed_operations: [SELECT]
procedure_control: {block_dynamic_sql: false}
"""


def begin(user: str = "boss", limits: Limits | None = None, capabilities: int = CLIENT) -> Play:
    play = Play(brain(POLICY, limits), capabilities).login(user.encode())
    play.asked: list[tuple[str, int, str]] = []  # type: ignore[attr-defined, misc]
    play.brain.on_want = lambda *what: play.asked.append(what)  # type: ignore[attr-defined]
    return play


def rows(play: Play) -> list[list[str]]:
    """The table that the client was sent, its names first."""
    reply = Reply(play.gate.state.capabilities)
    reply.begin(RESULT, 1)
    reply.watch(-1, 0, False, True)
    reply.expect(False, False, True)
    assert reply.feed(play.to_client, 0, []) == len(play.to_client)
    assert reply.done
    found = [[name.decode() for name in reply.names]]
    for raw in reply.kept:
        one = Reader(raw)
        found.append([one.lenenc_bytes().decode() for _ in reply.names])
    return found


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (b"DBGATE", True),
        (b"dbgate show stats", True),
        (b" \n\tDbGate\tEXPLAIN x", True),
        (b"DBGATE;", True),
        (b"DBGATES SHOW", False),
        (b"DBGATE.x", False),
        (b"`DBGATE` SHOW", False),
        (b"/* x */ DBGATE SHOW STATS", False),
        (b"SELECT DBGATE", False),
        (b"", False),
    ],
)
def test_what_is_meant_for_the_gateway(text: bytes, meant: bool) -> None:
    assert inband.begins(text) is meant


def test_explain_says_what_would_come_of_a_statement() -> None:
    play = begin()
    for sql, rule in (
        (b"SELECT * FROM users", ""),
        (b"SELECT * FROM payroll", "table-denied"),
        (b"SELEC", "parse-error"),
    ):
        play.ask(b"DBGATE EXPLAIN " + sql)
        assert play.to_server == b""
        names, verdict, statement, *steps = rows(play)
        assert tuple(names) == inband.EXPLAINED
        assert verdict[2:4] == ["block" if rule else "allow", rule]
        assert len(steps) == 12
        record = play.last
        assert (record.event, record.decision, record.operation) == ("query", "allow", "DBGATE EXPLAIN")
        assert (record.rows, record.bytes, record.error_code) == (14, len(play.to_client), 0)
        if rule:
            play.blocked(b"\x03" + sql, rule)
            assert play.last.reason == verdict[5]
    assert statement[1:] == ["statement", "", "", "", ""]
    play.ask(b"DBGATE EXPLAIN SELECT 'secret' FROM users")
    assert rows(play)[2][2:] == ["SELECT", "", "", "shop.users"]
    assert play.last.statement == "DBGATE EXPLAIN SELECT ? FROM users"


def test_explain_knows_what_the_session_has_left_on_the_server() -> None:
    play = begin()
    play.ask(b"DBGATE EXPLAIN EXECUTE IMMEDIATE @s")
    assert rows(play)[1][3] == "dynamic-sql"
    play.passes(b"\x03SET @s = 'SELECT id FROM payroll'", [b"\x00\x00\x00\x02\x00\x00\x00"])
    play.ask(b"DBGATE EXPLAIN EXECUTE IMMEDIATE @s")
    assert rows(play)[1][3] == "table-denied"
    play.blocked(b"\x03EXECUTE IMMEDIATE @s", "table-denied")


def test_show_waits_for_the_supervisor() -> None:
    play = begin()
    play.ask(b"DBGATE SHOW STATS;")
    assert (play.to_server, play.to_client, play.asked) == (b"", b"", [("s-1", 1, "STATS")])  # type: ignore[attr-defined]
    assert play.gate.state.phase == CONTEXT
    play.ask(b"SELECT id FROM users")  # held
    assert play.to_server == b""
    play.take(play.gate.told(1, ("name", "value"), [("qps", "3.5")], "", play.now + 1))
    assert play.to_server.endswith(b"SELECT id FROM users")
    play.to_client, told = play.to_client, play.to_client
    assert rows(play) == [["name", "value"], ["qps", "3.5"]]
    record = play.last
    assert (record.operation, record.statement, record.rows) == ("DBGATE SHOW STATS", "DBGATE SHOW STATS", 1)
    assert (record.bytes, record.duration_us >= 1_000_000) == (len(told), True)


def test_what_comes_too_late_is_dropped() -> None:
    play = begin(limits=Limits(settle_timeout=5.0))
    play.ask(b"DBGATE SHOW SESSIONS")
    play.take(play.gate.expired(play.now + 1))
    assert play.to_client == b""
    play.take(play.gate.expired(play.now + 6))
    assert play.error().message == b"dbgate: the gateway did not answer in time"
    assert (play.last.error_code, play.last.reason) == (1105, inband.LATE)
    play.ask(b"DBGATE SHOW RULES")
    play.take(play.gate.told(1, ("a",), [("late",)], "", play.now))
    assert play.to_client == b""
    play.take(play.gate.told(2, (), [], "no", play.now))
    assert play.error().message == b"dbgate: no"
    play.take(play.gate.told(2, ("a",), [("twice",)], "", play.now))
    assert (play.to_client, play.gate.state.phase) == (b"", READY)


def test_nobody_to_ask() -> None:
    play = begin()
    play.brain.on_want = None
    play.ask(b"DBGATE SHOW STATS")
    assert play.error().errno == 1105
    assert play.gate.state.phase == READY


def test_a_session_that_ends_while_it_waits() -> None:
    play = begin()
    play.ask(b"DBGATE SHOW STATS")
    play.take(play.gate.client_closed(play.now))
    assert [record.operation for record in play.records[-2:]] == ["DBGATE SHOW STATS", ""]
    play.take(play.gate.told(1, ("a",), [], "", play.now))
    assert (play.to_client, play.closed) == (b"", "the client closed the connection")
    play = begin()
    play.ask(b"DBGATE SHOW STATS")
    play.take(play.gate.drain(play.now))
    assert play.closed == ""
    play.take(play.gate.told(1, ("a",), [], "", play.now))
    assert play.closed == "draining"
    play = begin()
    play.ask(b"DBGATE SHOW STATS")
    play.server(b"\x01\x00\x00\x00\x00")
    assert play.closed.startswith("protocol error of the server")


def test_a_defect_on_the_way_back_ends_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    play = begin()
    play.ask(b"DBGATE SHOW STATS")
    play.take(play.gate.told(1, ("a",), [(5,)], "", play.now))  # type: ignore[list-item]
    assert play.closed.startswith("internal error")


def test_a_fault_behind_the_answer() -> None:
    play = begin()
    play.ask(b"DBGATE SHOW STATS")
    play.client(packet(1, b""))
    play.take(play.gate.told(1, ("a",), [], "", play.now))
    assert play.closed == "protocol error of the client: packet number 1 where 0 was due"


def test_who_may() -> None:
    play = begin("app")
    record = play.blocked(b"\x03DBGATE EXPLAIN SELECT 1", "operation-denied")
    assert record.reason == "DBGATE EXPLAIN is not among the admin_statements of entry 'app@*'"
    assert record.statement == "DBGATE EXPLAIN SELECT ?"
    assert play.blocked(b"\x03DBGATE nonsense 'secret'", "operation-denied").statement == ""
    play = begin("half")  # in monitor mode
    record = play.blocked(b"\x03dbgate show stats", "operation-denied")
    assert (record.mode, record.rule_line) == ("enforce", 9)
    play.ask(b"DBGATE EXPLAIN SELECT 1")
    assert rows(play)[1][2] == "allow"


def test_what_is_no_statement_of_the_gateway() -> None:
    play = begin()
    for text in (
        b"DBGATE",
        b"DBGATE SHOW",
        b"DBGATE SHOW TABLES",
        b"DBGATE EXPLAIN",
        b"DBGATE DROP 'x'",
        b"DBGATE SHOW \xff",
    ):
        play.ask(text)
        assert play.to_server == b""
        error = play.error()
        assert (error.errno, error.sqlstate, error.message.decode()) == (1064, "42000", inband.USAGE)
        assert (play.last.error_code, play.last.statement, play.last.rows) == (1064, "", 0)
    play.blocked(packet(0, b"")[4:] + b"\x16DBGATE SHOW STATS", "parse-error")  # prepared


def test_its_rate_and_its_policy_count() -> None:
    play = begin("busy")
    for _ in range(2):
        play.ask(b"DBGATE SHOW STATS")
        play.take(play.gate.told(play.gate.state.wanted, ("a",), [], "", play.now))
    play.blocked(b"\x03DBGATE SHOW STATS", "rate-limit")
    play.brain.publish(None)
    play.blocked(b"\x03DBGATE SHOW STATS", "no-policy")
    play.brain.publish(policy(POLICY.replace("user: busy", "user: other")))
    play.blocked(b"\x03DBGATE SHOW STATS", "parse-error")


def test_query_attributes_are_skipped() -> None:
    play = begin(capabilities=CLIENT | c.CLIENT_QUERY_ATTRIBUTES)
    play.client(packet(0, b"\x03\x00\x01DBGATE EXPLAIN SELECT 1"))
    assert rows(play)[1][2] == "allow"


def test_without_an_access_rule_nothing_is_answered() -> None:
    play = begin()
    scope = play.brain.scope(play.gate.state.ctx, "shop", None, False)
    with pytest.raises(AssertionError):
        inband.take(play.gate.state, scope, b"DBGATE SHOW STATS", 1.0)
