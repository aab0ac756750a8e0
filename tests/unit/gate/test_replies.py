from __future__ import annotations

from dbgate.gate.limits import Limits
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from dbgate.wire.codec import put_lenenc_bytes
from tests.rows import rows
from tests.unit.wire import making
from tests.unit.wire.making import binary_row, chain, column, err, ok, result, row

from .play import CLIENT, Play, brain, context

CAPPED = """
access_control:
  - {user: app, allowed_tables: ["shop.*"], allowed_operations: [SELECT, SHOW, CALL], max_result_rows: 3}
  - {user: watched, mode: monitor, allowed_tables: ["shop.*"], allowed_operations: [SELECT], max_result_rows: 3}
data_protection: {sensitive_columns: [{pattern: ssn}]}
"""
ROOT = "access_control: [{user: app, allowed_tables: ['*'], allowed_operations: ['*']}]"
ROWS = [row(b"%d" % i) for i in range(6)]
MORE = 2 | c.SERVER_MORE_RESULTS_EXISTS


def track(kind: int, *words: bytes) -> bytes:
    return bytes((kind,)) + put_lenenc_bytes(b"".join([put_lenenc_bytes(word) for word in words]))


DYNAMIC = """
access_control:
  - {user: app, allowed_tables: [shop.users], allowed_operations: [SELECT, PREPARE, EXECUTE]}
procedure_control: {block_dynamic_sql: false}
"""


def test_when_dynamic_sql_is_no_longer_known() -> None:
    prepare = b"\x03PREPARE p FROM 'SELECT id FROM users'"
    play = Play(brain(DYNAMIC)).login()
    play.passes(prepare, [err(1064)])
    assert play.gate.state.memory is None
    play.passes(prepare, [ok()])
    play.passes(b"\x0e", [ok()])  # COM_PING
    play.passes(b"\x03SELECT id FROM users", [ok()])
    play.passes(b"\x03EXECUTE p", [ok()])
    play.passes(b"\x16SELECT 1")  # COM_STMT_PREPARE works out what is constant
    play.server(chain([err(1064)]))
    assert play.gate.state.memory is None
    play.passes(prepare, [ok()])
    assert play.gate.state.memory is not None
    play.passes(b"\x1f")  # COM_RESET_CONNECTION
    play.server(chain([ok()]))
    play.server(chain(context()))
    assert play.gate.state.memory is None
    play.blocked(b"\x03EXECUTE p", "dynamic-sql")


def test_the_record_of_a_reply() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    data = chain(result(ROWS))
    play.now += 1.5
    play.server(data)
    record = play.last
    assert (record.rows, record.bytes, record.error_code, record.decision) == (6, len(data), 0, "allow")
    assert record.duration_us == 1_501_000
    play.passes(b"\x03UPDATE users SET name = 'x' WHERE id = 3", [ok(2)])
    assert (play.last.affected_rows, play.last.written) == (2, ("shop.users",))
    play.passes(b"\x03SELECT id FROM users", [err(1146)])
    assert play.last.error_code == 1146


def test_a_reply_in_pieces_is_passed_on_as_it_comes() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    data = chain(result([row(b"x" * 1000)] * 20))
    got = b""
    for i in range(0, len(data), 700):
        got += play.server(data[i : i + 700]).to_client
    assert got == data
    assert play.last.rows == 20


def test_more_rows_than_allowed() -> None:
    play = Play(brain(CAPPED)).login()
    play.passes(b"\x03SELECT id FROM users", result(ROWS[:3]))
    assert play.last.event == "query"
    play.passes(b"\x03SELECT id FROM users")
    payloads = result(ROWS)
    before = chain(payloads[:5])
    play.server(chain(payloads))
    assert play.to_client.startswith(before)
    play.to_client = play.to_client[len(before) :]
    error = play.error()
    assert (error.errno, error.sqlstate, play.to_client[3]) == (1227, "42000", 6)
    record = play.last
    assert f"(rule: max-result-rows, event: {record.event_id})" in error.message.decode()
    assert (record.event, record.decision, record.rule, record.mode) == (
        "query.blocked",
        "block",
        "max-result-rows",
        "enforce",
    )
    assert (record.rows, record.truncated, record.error_code, record.rule_line) == (3, True, 1227, 3)
    assert record.tables == ("shop.users",)
    play.passes(b"\x03SELECT id FROM users", result(ROWS[:3]))


def test_nothing_more_of_a_reply_that_was_cut() -> None:
    play = Play(brain(CAPPED)).login()
    play.passes(b"\x03SELECT id FROM users")
    data = chain([*result(ROWS, status=MORE), *result(ROWS, status=MORE), ok()])
    cut = len(chain(result(ROWS)[:5]))
    got = b""
    for i in range(len(data)):
        got += play.server(data[i : i + 1]).to_client
    assert got[:cut] == data[:cut]
    assert got[cut + 4] == 0xFF
    assert len(got) == cut + 4 + int.from_bytes(got[cut : cut + 3], "little")
    assert play.last.rows == 3


def test_too_much_to_wait_for() -> None:
    play = Play(brain(CAPPED, Limits(drain=5000))).login()
    play.passes(b"\x03SELECT id FROM users")
    play.server(chain(result([row(b"x" * 1000)] * 20))[:9000])
    assert play.closed.startswith("more rows than max_result_rows")
    assert [r.event for r in play.records[-2:]] == ["query.blocked", "connection.close"]
    assert play.records[-2].rule == "max-result-rows"


def test_a_monitored_cap_is_recorded_not_cut() -> None:
    play = Play(brain(CAPPED)).login(b"watched")
    play.passes(b"\x03SELECT id FROM users", result(ROWS))
    record = play.last
    assert (record.event, record.decision, record.rule) == (
        "query.would_block",
        "would_block",
        "max-result-rows",
    )
    assert (record.rows, record.truncated) == (6, False)
    play.passes(b"\x03DELETE FROM users", result(ROWS))
    assert play.last.rule == "operation-denied"


def test_a_policy_that_goes_while_a_capped_reply_is_under_way() -> None:
    play = Play(brain(CAPPED)).login(b"watched")
    play.passes(b"\x03SELECT id FROM users")
    play.gate.state.entry = None
    play.server(chain(result(ROWS)))
    assert (play.last.rule, play.last.rule_line) == ("max-result-rows", 0)


def test_columns_are_watched() -> None:
    play = Play(brain(CAPPED)).login()
    play.passes(b"\x03SELECT * FROM users", result([row(b"1", b"2")], (b"id", b"SSN")))
    assert play.last.sensitive == ("ssn",)
    play.passes(b"\x03SELECT id FROM users", result([row(b"1")]))
    assert not play.records[-1].sensitive


# --- what the session's state becomes ---


def test_use_counts_when_the_server_says_so() -> None:
    play = Play(brain(ROOT)).login()
    play.passes(b"\x03USE other", [err(1049)])
    play.passes(b"\x03SELECT id FROM users", [ok()])
    assert play.last.tables == ("shop.users",)
    play.passes(b"\x03USE other", [ok()])
    play.passes(b"\x03SELECT id FROM users", [ok()])
    assert (play.last.tables, play.last.db_schema) == (("other.users",), "other")


def test_names_fold_where_the_server_folds() -> None:
    play = Play(brain(ROOT)).login(answer=context(b"shop", fold=b"1"))
    play.passes(b"\x02OTHER", [ok()])
    assert play.gate.state.schema == "other"


def test_a_set_whose_effect_is_unknown_is_read_from_the_server() -> None:
    play = Play(brain(ROOT)).login()
    play.passes(b"\x03SET CHARACTER SET latin1")
    play.server(packet(1, ok()))
    assert play.to_client == packet(1, ok())
    assert b"SELECT CAST" in play.to_server
    play.client(packet(0, b"\x03SELECT id FROM users"))
    assert play.to_server == b""
    play.server(chain(context(charset=b"latin1")))
    assert play.to_server == packet(0, b"\x03SELECT id FROM users")
    assert play.gate.state.ctx.charset == "latin1"


def test_a_set_names_tells_its_effect() -> None:
    play = Play(brain(ROOT)).login()
    for charset in ("latin1", "utf8mb4", "utf8mb4"):
        before = play.gate.state.ctx
        play.passes(b"\x03SET NAMES " + charset.encode())
        assert play.gate.state.ctx is before  # not before the server has said OK
        play.server(packet(1, ok()))
        assert (play.to_client, play.to_server) == (packet(1, ok()), b"")
        ctx = play.gate.state.ctx
        assert (ctx.charset, ctx.version, ctx.ansi_quotes) == (charset, before.version, before.ansi_quotes)
    play.passes(b"\x03SET NAMES latin1", [err(1115)])
    assert play.gate.state.ctx.charset == "utf8mb4" and play.to_server == b""


def test_a_text_of_several_statements_that_fails_is_followed_by_the_question() -> None:
    play = Play(brain(ROOT + "\nsql_rules: {injection: {detectors: []}}")).login()
    play.passes(b"\x03USE other; SELECT id FROM nope", None)
    play.server(chain([ok(status=MORE), err(1146)]))
    assert b"SELECT CAST" in play.to_server
    play.server(chain(context(b"other")))
    assert play.gate.state.schema == "other"


def test_a_call_may_have_done_anything() -> None:
    play = Play(brain(ROOT)).login()
    play.passes(b"\x03CALL shop.p()", [*result(ROWS, status=MORE), ok()])
    assert b"SELECT CAST" in play.to_server


def test_session_tracking_is_the_servers_word() -> None:
    play = Play(brain(ROOT), CLIENT | c.CLIENT_SESSION_TRACK).login()
    play.passes(b"\x03SELECT 1", [ok(track=track(1, b"elsewhere"))])
    assert (play.gate.state.schema, play.to_server) == ("elsewhere", b"")
    play.passes(b"\x03SELECT 2", [ok(track=track(0, b"character_set_client", b"latin1"))])
    assert b"SELECT CAST" in play.to_server
    play.server(chain(context()))
    play.passes(b"\x03SELECT 3", [ok(track=track(1, b"\xff"))])
    assert b"SELECT CAST" in play.to_server


def test_a_schema_that_is_dropped_under_the_session() -> None:
    play = Play(brain(ROOT)).login()
    play.passes(b"\x03DROP DATABASE shop", [ok(status=2 | c.SERVER_STATUS_DB_DROPPED)])
    assert b"SELECT CAST" in play.to_server
    play.server(chain(context(None)))
    assert play.gate.state.schema == ""


def test_transactions() -> None:
    play = Play().login()
    play.passes(b"\x03BEGIN", [ok(status=3)])
    assert play.gate.describe()["state"] == "transaction"
    play.passes(b"\x03SELECT nope", [err()])
    assert play.gate.describe()["state"] == "transaction"
    play.blocked(b"\x03DROP TABLE users", "operation-denied")
    assert play.gate.describe()["state"] == "transaction"
    play.passes(b"\x03COMMIT", [ok(status=2)])
    assert play.gate.describe()["state"] == "idle"


# --- files ---


# --- what nobody asked for ---


def test_a_server_may_say_goodbye() -> None:
    for seq in (0, 1):
        play = Play().login()
        farewell = packet(seq, err(1927, b"#70100Connection was killed"))
        play.server(farewell)
        assert play.to_client == farewell
        assert "1927" in play.closed


def test_goodbye_behind_a_reply() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    reply, farewell = chain(result(ROWS)), packet(0, err(1053))
    play.server(reply + farewell)
    assert play.to_client == reply + farewell
    assert [r.event for r in play.records[-2:]] == ["query", "connection.close"]
    play = Play().greet().answer().server(packet(2, ok()))
    play.server(chain(context()) + farewell)
    assert play.to_client == farewell


@rows("data", [b"x", packet(1, ok()), packet(1, err())[:-1], packet(1, err()) + b"x", b"\0\0\0\0"])
def test_rogue_bytes_end_the_session(data: bytes) -> None:
    play = Play().login().server(data)
    assert play.closed.startswith("protocol error of the server")
    assert play.error().errno == 1105
    assert data not in play.to_client


def test_replies_that_cannot_be_followed() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users")
    play.server(packet(7, ok()))
    assert play.closed.startswith("protocol error of the server")
    assert (play.to_client[3], play.error().errno) == (1, 1105)
    assert play.records[-2].reason and play.records[-2].error_code == 1105


def test_a_record_has_the_error_that_its_client_was_told_at_the_end() -> None:
    play = Play().login().client(packet(0, b"\x03SELECT id FROM users"))
    play.take(play.gate.server_closed(play.now))
    assert (play.error().errno, [record.error_code for record in play.records[1:]]) == (1105, [1105, 0])
    play = Play().login().client(packet(0, b"\x03SELECT id FROM users"))
    play.take(play.gate.client_closed(play.now))
    assert play.records[1].error_code == 0
    play = Play().greet().client(b"x")
    play.take(play.gate.expired(play.now + 1000))
    assert (play.error().errno, play.last.event, play.last.error_code) == (1159, "connection.denied", 1159)


def test_rows_without_a_statement_cannot_be_cut() -> None:
    play = Play(brain(CAPPED)).login()
    play.passes(b"\x03SELECT id FROM users")
    play.gate.state.record = None
    play.server(chain(result(ROWS)))
    assert play.closed.startswith("protocol error of the server")


def test_drain() -> None:
    play = Play().login()
    play.take(play.gate.drain(1.0))
    assert (play.error().errno, play.error().sqlstate, play.closed) == (1053, "08S01", "draining")
    play = Play().login()
    play.passes(b"\x03BEGIN", [ok(status=3)])
    assert play.take(play.gate.drain(1.0)).closed == ""
    play.passes(b"\x03SELECT id FROM users", result(ROWS, status=3))
    assert play.closed == ""
    play.passes(b"\x03COMMIT")
    play.server(packet(1, ok()))
    assert play.closed == "draining"
    assert play.to_client.startswith(packet(1, ok()))


def test_drain_while_the_question_is_under_way() -> None:
    play = Play().greet().answer().server(packet(2, ok()))
    assert play.take(play.gate.drain(1.0)).closed == ""
    play.server(chain(context()))
    assert play.closed == "draining"


def test_binary_rows_are_capped_too() -> None:
    play = Play(brain(CAPPED)).login()
    play.passes(b"\x16SELECT id FROM users", [b"\x00\x01\x00\x00\x00" + b"\x00" * 7])
    play.passes(b"\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00")
    play.server(chain(result([binary_row(b"\xfe" * 9)] * 5)))
    assert (play.last.rule, play.last.rows) == ("max-result-rows", 3)


def test_what_prepared_statements_become() -> None:
    play = Play(
        brain(CAPPED), CLIENT & ~1 | c.MARIADB_CACHE_METADATA, making.MARIADB_CAPABILITIES, b"10.11.6-MariaDB"
    )
    play.login(answer=[b"\x05\x01", *context()[1:]])
    state = play.gate.state
    head = b"\x00\x01\x00\x00\x00\x01" + b"\x00" * 6
    play.passes(b"\x16SELECT ssn FROM users", [head, column(b"ssn")])
    assert state.statements.by_id[1].columns == (b"ssn",)
    play.passes(b"\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00", [b"\x01\x00", binary_row(b"1"), ok(header=0xFE)])
    assert (play.last.sensitive, state.statements.by_id[1].given) == (("ssn",), 1)
    state.statements.by_id[1].lost = True
    play.passes(b"\x1a\x01\x00\x00\x00", [err()])
    assert state.statements.by_id[1].lost
    play.passes(b"\x1a\x01\x00\x00\x00", [ok()])
    assert (state.statements.by_id[1].lost, state.statements.by_id[1].given) == (False, 0)
    play.passes(b"\x16SELECT id FROM users", [err()])
    assert state.statements.last == -1
    play.passes(b"\x1f", [ok()])
    assert not state.statements.by_id


def test_an_answer_that_says_nothing_ends_the_session() -> None:
    play = Play().greet().answer().server(packet(2, ok())).server(packet(1, err()))
    assert play.closed == "the session's state cannot be read from the server"
    assert play.error().errno == 1105


def test_an_answer_in_pieces_and_one_without_end() -> None:
    play = Play().greet().answer().server(packet(2, ok()))
    data = chain(context())
    play.server(data[:30])
    assert play.gate.state.schema == "shop"
    play.server(data[30:])
    play.passes(b"\x0e", [ok()])
    play = Play().greet().answer().server(packet(2, ok()))
    play.server(chain(result([row(b"x" * 3000)] * 30)))
    assert play.closed == "protocol error of the server: an answer to the gate's question of too many bytes"
