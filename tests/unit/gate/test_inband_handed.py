"""DBGATE EXPLAIN of a long text waits for its analysis as the statement itself would."""

from __future__ import annotations

import pytest

from dbgate.gate import handover, inband
from dbgate.gate.phase import ANALYSIS, READY
from tests.unit.wire.making import ok

from .elsewhere import Handed, long
from .play import POLICY, Play, brain
from .test_inband import rows

ASKING = (
    POLICY.replace("SHOW, CALL]", "SHOW, CALL, EXECUTE]\n    admin_statements: [EXPLAIN]")
    + "procedure_control: {block_dynamic_sql: false}\n"
)
SELECT = long(b"SELECT id FROM users WHERE id = 1").strip()
SECRET = long(b"SELECT id FROM secret").strip()


@pytest.mark.parametrize(
    ("sql", "rule"), [(SELECT, ""), (SECRET, "table-denied"), (long(b"SELEC"), "parse-error")]
)
def test_it_waits_and_then_is_answered_as_if_it_had_not(sql: bytes, rule: str) -> None:
    play = Handed(ASKING).login()
    play.ask(b"DBGATE EXPLAIN " + sql)
    assert (play.to_server, play.to_client, play.gate.state.phase) == (b"", b"", ANALYSIS)
    assert play.question().text == sql.strip()  # what is around it is analysed nowhere
    came = play.now
    play.analysed()
    assert (play.to_server, play.gate.state.phase, play.brain.tickets) == (b"", READY, 1)
    assert rows(play)[1][2:4] == ["block" if rule else "allow", rule]
    record = play.last
    assert (record.operation, record.decision, record.at) == ("DBGATE EXPLAIN", "allow", came)
    assert (play.gate.state.queries, play.gate.state.question) == (1, None)
    here = Play(brain(ASKING)).login()
    here.ask(b"DBGATE EXPLAIN " + sql)
    assert here.to_client == play.to_client
    assert here.last.statement == record.statement


def test_what_was_not_analysed_is_not_explained() -> None:
    play = Handed(ASKING).login()
    play.ask(b"DBGATE EXPLAIN " + SELECT)
    play.analysed(none=True)
    assert (play.to_server, play.error().errno) == (b"", 1227)
    assert (play.last.event, play.last.rule, play.last.reason) == (
        "query.blocked",
        "internal-error",
        handover.FAILED,
    )
    assert play.last.statement == "DBGATE EXPLAIN"


def test_dynamic_sql_is_looked_at_with_what_the_session_left_on_the_server() -> None:
    play = Handed(ASKING).login()
    play.passes(b"\x03SET @s = 'SELECT id FROM secret'", [ok()])
    play.ask(b"DBGATE EXPLAIN " + long(b"EXECUTE IMMEDIATE @s"))
    play.analysed()
    assert play.question().memory is play.gate.state.memory
    play.analysed()
    assert rows(play)[1][3] == "table-denied"


def test_who_may_not_ask_gets_a_block() -> None:
    play = Handed().login()
    play.ask(b"DBGATE EXPLAIN " + SELECT)
    play.analysed()
    assert (play.to_server, play.last.rule) == (b"", "operation-denied")
    assert play.last.statement.startswith("DBGATE EXPLAIN SELECT id FROM users WHERE id = ?")


def test_a_session_that_ends_meanwhile_leaves_one_record() -> None:
    play = Handed(ASKING).login()
    play.ask(b"DBGATE EXPLAIN " + SELECT)
    play.take(play.gate.client_closed(play.now))
    assert [record.event for record in play.records] == ["connection.open", "query", "connection.close"]
    assert play.records[1].reason.startswith(handover.PENDING)


def test_a_long_text_that_explains_nothing_asks_nobody() -> None:
    play = Handed(ASKING).login()
    play.ask(long(b"DBGATE SHOW TABLES"))
    assert (play.error().message.decode(), play.brain.tickets) == (inband.USAGE, 0)
