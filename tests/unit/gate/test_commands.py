from __future__ import annotations

from dbgate.gate.limits import Limits
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from tests.rows import rows
from tests.unit.wire.making import chain, column, eof, ok, result, row

from .play import CLIENT, POLICY, Play, brain, context

ADMIN = "access_control: [{user: app, allowed_tables: ['*'], allowed_operations: ['*']}]"


def test_queries() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users", result([row(b"1")]))
    assert (play.last.event, play.last.operation, play.last.rows) == ("query", "SELECT", 1)
    play.blocked(b"\x03DROP TABLE users", "operation-denied")
    play.blocked(b"\x03SELECT id FROM", "parse-error")
    play.blocked(b"\x03SELECT 1\x00", "parse-error")


DYNAMIC = """
access_control:
  - {user: app, allowed_tables: [shop.users], allowed_operations: [SELECT, CALL, PREPARE, EXECUTE]}
procedure_control: {mode: blacklist, blacklist: [shop.bad], block_dynamic_sql: false}
"""


def test_dynamic_sql_is_judged_by_what_the_session_has_left_on_the_server() -> None:
    play = Play(brain(DYNAMIC)).login()
    play.blocked(b"\x03PREPARE p FROM @s", "dynamic-sql")
    play.blocked(b"\x03EXECUTE p", "dynamic-sql")
    play.passes(b"\x03SET @s = 'SELECT id FROM users'", [ok()])
    play.passes(b"\x03PREPARE p FROM @s", [ok()])
    assert (play.last.operation, play.last.tables) == ("PREPARE", ("shop.users",))
    play.passes(b"\x03EXECUTE p", result([row(b"1")]))
    assert (play.last.operation, play.last.tables) == ("EXECUTE", ("shop.users",))
    play.passes(b"\x03EXECUTE p", result([row(b"1")]))
    play.passes(b"\x03SET @s = 'SELECT id FROM secret'", [ok()])
    play.blocked(b"\x03PREPARE p FROM @s", "table-denied")
    play.passes(b"\x03EXECUTE p", result([row(b"1")]))
    play.passes(b"\x03CALL p()")
    play.server(chain([ok()]))
    play.server(chain(context()))
    play.blocked(b"\x03EXECUTE p", "dynamic-sql")


def test_literals_of_dynamic_sql_are_kept_where_the_policy_wants_them() -> None:
    play = Play(brain("global: {log_literals: true}" + DYNAMIC)).login()
    play.passes(b"\x03PREPARE p FROM 'SELECT id FROM users'", [ok()])
    play.passes(b"\x03EXECUTE p /* x */", result([row(b"1")]))
    assert play.last.statement.startswith("EXECUTE p")


def test_query_attributes() -> None:
    play = Play(capabilities=CLIENT | c.CLIENT_QUERY_ATTRIBUTES).login()
    play.passes(b"\x03\x00\x01SELECT id FROM users", [ok()])
    assert play.last.statement == "SELECT id FROM users"
    named = b"\x01\x01\x00\x01\xfe\x00\x01a\x05value"
    play.passes(b"\x03" + named + b"SELECT id FROM users", [ok()])
    play.blocked(b"\x03" + named + b"SELECT id FROM secret", "table-denied")
    play.blocked(b"\x03\x05\x02SELECT 1", "protocol-command")


def test_the_same_bytes_mean_something_else_without_attributes() -> None:
    the_brain = brain()
    Play(the_brain, CLIENT | c.CLIENT_QUERY_ATTRIBUTES).login().passes(
        b"\x03\x00\x01SELECT id FROM users", [ok()]
    )
    Play(the_brain).login().blocked(b"\x03\x00\x01SELECT id FROM users", "parse-error")


def test_init_db_is_a_use() -> None:
    play = Play().login(schema=b"")
    play.blocked(b"\x03SELECT id FROM users", "table-denied")
    play.passes(b"\x02shop", [ok()])
    assert (play.last.operation, play.gate.state.schema) == ("USE", "shop")
    play.passes(b"\x03SELECT id FROM users", [ok()])
    play.blocked(b"\x02mysql", "schema-access")
    play.blocked(b"\x02other", "table-denied")
    play.blocked(b"\x02sh\x00op", "parse-error")
    play.blocked(b"\x02\xff\xfe", "parse-error")


def test_a_refused_init_db_changes_nothing() -> None:
    play = Play().login(schema=b"")
    play.passes(b"\x02shop")
    play.server(chain([b"\xff\x19\x04#42000Unknown database"]))
    assert (play.gate.state.schema, play.last.error_code) == ("", 1049)


def test_field_list() -> None:
    play = Play().login()
    play.passes(b"\x04users\x00", [column(), eof()])
    assert (play.last.operation, play.last.tables) == ("SHOW", ("shop.users",))
    play.blocked(b"\x04secret\x00", "table-denied")
    play.blocked(b"\x04\xff\x00", "parse-error")
    play.blocked(b"\x04users", "protocol-command")


def test_schemas_made_and_dropped() -> None:
    play = Play().login()
    play.blocked(b"\x05new", "operation-denied")
    play.blocked(b"\x06shop", "operation-denied")
    play = Play(brain(ADMIN)).login()
    play.passes(b"\x05new", [ok()])
    play.passes(b"\x06new", [ok()])
    assert b"SELECT CAST" in play.to_server


@rows(
    ("command", "reply"),
    [
        (b"\x07\x01", [ok()]),
        (b"\x08\x00", [eof()]),
        (b"\x0a", result([row(b"1")])),
        (b"\x0c\x01\x00\x00\x00", [ok()]),
        (b"\x0d", [eof()]),
    ],
)
def test_administration(command: bytes, reply: list[bytes]) -> None:
    assert Play().login().blocked(command, "operation-denied").operation == "ADMIN"
    play = Play(brain(ADMIN)).login()
    play.passes(command, reply)
    assert (play.last.event, play.last.operation) == ("query", "ADMIN")


def test_session_commands() -> None:
    play = Play().login()
    before = len(play.records)
    play.passes(b"\x0e", [ok()])
    assert len(play.records) == before
    play.passes(b"\x09", [b"Uptime: 3"])
    play.passes(b"\x1b\x01\x00", [eof()])
    assert [r.event for r in play.records[before:]] == ["query", "query"]
    play.passes(b"\x1f", [ok()])
    assert b"SELECT CAST" in play.to_server
    play.server(chain(context(b"shop", b"ANSI_QUOTES")))
    assert play.gate.state.ctx.ansi_quotes


def test_a_ping_that_is_blocked_leaves_a_record() -> None:
    play = Play().login()
    play.brain.publish(None)
    assert play.blocked(b"\x0e", "no-policy").operation == "SESSION"


@rows("code", [0, 11, 15, 16, 18, 19, 20, 21, 29, 30, 32, 33, 100, 249, 254, 255])
def test_what_never_passes(code: int) -> None:
    play = Play(brain(ADMIN)).login()
    record = play.blocked(bytes((code,)) + b"\x00" * 12, "protocol-command")
    assert "never passes" in record.reason
    play.passes(b"\x0e", [ok()])


@rows("payload", [b"\x17\x01", b"\x1a", b"\x1c\x01\x00\x00\x00", b"\x04users", b"\x11root", b""])
def test_what_cannot_be_read_is_blocked_like_any_command(payload: bytes) -> None:
    play = Play().login()
    record = play.blocked(payload, "protocol-command")
    assert record.reason.startswith("it cannot be read: ")
    play.passes(b"\x0e", [ok()])
    assert play.closed == ""


@rows("payload", [b"\x19", b"\x18\x01\x00\x00\x00\x00"])
def test_malformed_heads_of_what_has_no_answer_end_the_session(payload: bytes) -> None:
    assert Play().login().client(packet(0, payload)).closed.startswith("protocol error of the client")


def test_quit() -> None:
    play = Play().login()
    play.client(packet(0, b"\x01"))
    assert (play.to_server, play.closed) == (packet(0, b"\x01"), "the client quit")
    assert [r.event for r in play.records] == ["connection.open", "connection.close"]
    assert play.client(packet(0, b"\x0e")).to_server == b""


def test_statements_over_the_limit_are_not_kept() -> None:
    play = Play(brain(limits=Limits(statement=1000, packet=2000))).login()
    big = packet(0, b"\x03SELECT '" + b"x" * 100_000 + b"'")
    for i in range(0, len(big) - 900, 900):
        play.client(big[i : i + 900])
        assert (play.to_server, play.to_client) == (b"", b"")
        assert play.gate.state.reader.buffered == 0
    rest = len(big) % 900 or 900
    play.client(big[-rest:])
    assert play.error().errno == 1227
    assert (play.last.rule, play.last.event, play.last.operation) == (
        "statement-size",
        "query.blocked",
        "QUERY",
    )
    play.passes(b"\x03SELECT id FROM users", [ok()])
    play.blocked(b"\x16SELECT '" + b"x" * 1500, "statement-size")
    play.blocked(b"\x02" + b"x" * 3000, "statement-size")
    play.client(packet(0, b"\x19" + b"x" * 3000))
    assert (play.to_server, play.to_client) == (b"", b"")


def test_a_block_in_a_session_without_policy() -> None:
    play = Play().login()
    play.brain.publish(None)
    play.blocked(b"\x03SELECT id FROM users", "no-policy")
    play.blocked(b"\x12", "protocol-command")


def test_change_user_is_a_login() -> None:
    play = Play().login()
    play.client(packet(0, b"\x11nobody\x00\x00\x00"))
    assert (play.to_server, play.last.event, play.last.rule) == (b"", "connection.denied", "no-access-rule")
    play.passes(b"\x11app\x00\x00\x00")
    assert play.gate.state.queries == 2


def test_long_data_over_the_limit_gets_no_answer() -> None:
    play = Play(brain(limits=Limits(packet=1000))).login()
    play.client(packet(0, b"\x18\x01\x00\x00\x00\x00\x00" + b"x" * 5000))
    assert (play.to_server, play.to_client, play.closed) == (b"", b"", "")


def test_what_may_mend_a_state_that_is_not_followed() -> None:
    play = Play().login(answer=context(modes=b"ORACLE"))
    play.passes(b"\x0e", [ok()])
    play.blocked(b"\x09", "session-state")
    play.passes(b"\x1f", [ok()])
    assert play.gate.state.unfollowed


def test_commands_on_prepared_statements_are_known() -> None:
    play = Play().login()
    play.passes(b"\x16SELECT id FROM users", [b"\x00\x01\x00\x00\x00" + b"\x00" * 7])
    play.blocked(b"\x16SELECT id FROM secret", "table-denied")
    assert play.last.operation == "SELECT"


def test_what_is_for_the_gateway_goes_no_further() -> None:
    play = Play(
        brain(POLICY.replace("  - name: root", "    admin_statements: [EXPLAIN, STATS]\n  - name: root"))
    ).login()
    for text in (b"DBGATE EXPLAIN SELECT 1", b"dbgate nonsense"):
        play.ask(text)
        assert (play.to_server, play.to_client != b"") == (b"", True)
    play.blocked(b"\x03DBGATES SHOW STATS", "parse-error")


def test_a_quit_that_comes_with_the_command_before_it_is_sent_behind_its_reply() -> None:
    play = Play().login()
    play.client(packet(0, b"\x03SELECT id FROM users") + packet(0, b"\x01"))
    play.server(chain(result([row(b"1")])))
    assert (play.to_server, play.closed) == (packet(0, b"\x01"), "the client quit")
