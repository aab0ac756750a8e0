from __future__ import annotations

from dbgate.gate.limits import Limits
from dbgate.gate.statements import CODES
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from tests.rows import rows
from tests.unit.wire import making
from tests.unit.wire.making import binary_row, chain, column, err, ok, result

from .play import CLIENT, POLICY, Play, brain, context, policy

CAPPED = """
access_control:
  - {user: app, allowed_tables: ["shop.*"], allowed_operations: [SELECT], max_result_rows: 3}
"""
LAST = b"\xff\xff\xff\xff"


def prepared(statement_id: int = 1, columns: int = 0) -> list[bytes]:
    head = b"\x00" + statement_id.to_bytes(4, "little") + bytes((columns, 0, 0, 0, 0, 0, 0))
    return [head, *[column(b"c%d" % i) for i in range(columns)]]


def number(statement_id: int) -> bytes:
    return statement_id.to_bytes(4, "little")


def execute(statement_id: int = 1, cursor: int = 0) -> bytes:
    return b"\x17" + number(statement_id) + bytes((cursor,)) + b"\x01\x00\x00\x00"


def fetch(statement_id: int = 1, rows: int = 2) -> bytes:
    return b"\x1c" + number(statement_id) + number(rows)


def mariadb(text: str = POLICY) -> Play:
    capabilities = CLIENT & ~1 | c.MARIADB_STMT_BULK_OPERATIONS
    return Play(brain(text), capabilities, making.MARIADB_CAPABILITIES, b"5.5.5-10.11.6-MariaDB")


def test_prepare_execute_close() -> None:
    assert c.COM_STMT_PREPARE in CODES
    play = Play().login()
    play.passes(b"\x16SELECT id FROM users WHERE id = ?", prepared(7))
    play.passes(execute(7), result([binary_row(b"1")]))
    first, second = play.records[-2:]
    assert (first.operation, second.operation, second.rows) == ("SELECT", "SELECT", 1)
    assert second.statement == "SELECT id FROM users WHERE id = ?"
    before = len(play.records)
    play.client(packet(0, b"\x19" + number(7)))
    assert (play.to_server, play.to_client) == (packet(0, b"\x19" + number(7)), b"")
    assert len(play.records) == before
    play.blocked(execute(7), "protocol-command")


def test_a_statement_that_runs_again_is_judged_and_recorded_like_the_first_time() -> None:
    capped = POLICY.replace("user: app\n", "user: app\n    max_result_rows: 2\n")
    play = Play(brain(capped)).login()
    play.passes(b"\x16SELECT id FROM users WHERE id = ?", prepared(7))
    records = []
    for _ in range(3):
        play.passes(execute(7), result([binary_row(b"1"), binary_row(b"2")]))
        records.append(play.last)
    assert len({(r.statement, r.digest, r.tables, r.rows, r.decision, r.reason) for r in records}) == 1
    play.passes(execute(7))
    play.server(chain(result([binary_row(b"1"), binary_row(b"2"), binary_row(b"3")])))
    assert (play.last.rule, play.last.rows) == ("max-result-rows", 2)
    play.brain.publish(policy(POLICY.replace('"shop.users", ', "")))
    play.blocked(execute(7), "table-denied")
    play.blocked(execute(7), "table-denied")


def test_prepare_is_judged_before_the_server_sees_it() -> None:
    play = Play().login()
    play.blocked(b"\x16SELECT id FROM secret WHERE id = ?", "table-denied")
    play.blocked(execute(1), "protocol-command")


def test_a_prepare_that_the_server_refuses() -> None:
    play = Play().login()
    play.passes(b"\x16SELECT nope FROM users", [err(1054)])
    assert play.last.error_code == 1054
    assert not play.gate.state.statements.by_id


def test_execute_is_judged_again_under_the_present_policy() -> None:
    play = Play().login()
    play.passes(b"\x16SELECT id FROM orders", prepared())
    play.passes(execute(), result([]))
    play.brain.publish(policy(POLICY.replace(', "shop.orders"', "")))
    record = play.blocked(execute(), "table-denied")
    assert record.tables == ("shop.orders",)
    play.brain.publish(policy())
    play.passes(execute(), result([]))
    play.brain.publish(policy("access_control: []"))
    play.blocked(execute(), "no-access-rule")


def test_a_policy_that_comes_while_a_prepare_is_under_way_counts() -> None:
    play = Play().login()
    play.passes(b"\x16SELECT id FROM orders")
    play.brain.publish(policy(POLICY.replace(', "shop.orders"', "")))
    play.server(chain(prepared()))
    play.blocked(execute(), "table-denied")


def test_commands_without_an_answer_get_none_when_they_are_blocked() -> None:
    play = Play().login()
    before = len(play.records)
    for command in (b"\x18" + number(1) + b"\x00\x00data", b"\x19" + number(1)):
        play.client(packet(0, command))
        assert (play.to_server, play.to_client) == (b"", b"")
    assert len(play.records) == before
    play.passes(b"\x16INSERT INTO users VALUES (?)", prepared())
    play.passes(b"\x18" + number(1) + b"\x00\x00data")
    play.passes(execute(), [ok(1)])


@rows("command", [execute(9), fetch(9), b"\x1a" + number(9), execute(c.LAST_STATEMENT)])
def test_unknown_ids_never_pass(command: bytes) -> None:
    play = Play().login()
    play.passes(b"\x16SELECT id FROM users", prepared())
    assert "never prepared" in play.blocked(command, "protocol-command").reason


def test_long_data_over_the_limit_stops_its_statement_until_it_is_reset() -> None:
    play = Play(brain(limits=Limits(packet=1000))).login()
    play.passes(b"\x16INSERT INTO users VALUES (?)", prepared())
    play.client(packet(0, b"\x18" + number(1) + b"\x00\x00" + b"x" * 5000))
    assert (play.to_server, play.to_client) == (b"", b"")
    play.client(packet(0, b"\x18" + number(1) + b"\x00\x00more"))
    assert (play.to_server, play.to_client) == (b"", b"")
    play.blocked(execute(), "statement-size")
    play.passes(b"\x1a" + number(1), [ok()])
    play.passes(execute(), [ok(1)])
    play.client(packet(0, b"\x18" + number(5) + b"\x00\x00" + b"x" * 5000))
    assert (play.to_client, play.closed) == (b"", "")


def test_reset() -> None:
    play = Play().login()
    play.passes(b"\x16SELECT id FROM users", prepared())
    play.passes(b"\x1a" + number(1), [ok()])
    assert (play.last.operation, play.last.event) == ("SESSION", "query")
    play.passes(b"\x1a" + number(1), [err(1243)])


def test_cursors_add_up_from_their_execute() -> None:
    play = Play(brain(CAPPED)).login()
    play.passes(b"\x16SELECT id FROM users", prepared(1, 1))
    opened = ok(header=0xFE, status=2 | c.SERVER_STATUS_CURSOR_EXISTS)
    more = ok(header=0xFE, status=0x42)
    for _ in range(2):
        play.passes(execute(1, 1), [b"\x01", column(), opened])
        play.passes(fetch(), [binary_row(b"1"), binary_row(b"2"), more])
        assert (play.last.rows, play.last.event) == (2, "query")
        play.passes(fetch())
        good = chain([binary_row(b"3")])
        play.server(chain([binary_row(b"3"), binary_row(b"4"), more]))
        assert play.to_client.startswith(good)
        play.to_client = play.to_client[len(good) :]
        assert (play.error().errno, play.to_client[3]) == (1227, 2)
        assert (play.last.rule, play.last.rows, play.last.truncated) == ("max-result-rows", 1, True)
        play.passes(fetch())
        play.server(chain([binary_row(b"5"), more]))
        assert play.error().errno == 1227


def test_fetch_is_judged_under_the_present_policy() -> None:
    play = Play().login()
    play.passes(b"\x16SELECT id FROM orders", prepared(1, 1))
    play.passes(execute(1, 1), [b"\x01", column(), ok(header=0xFE, status=0x42)])
    play.passes(fetch(), [binary_row(b"1"), ok(header=0xFE)])
    play.brain.publish(policy(POLICY.replace(', "shop.orders"', "")))
    play.blocked(fetch(), "table-denied")


def test_mariadbs_last_statement() -> None:
    play = mariadb().login()
    play.passes(b"\x16SELECT id FROM users", prepared(3))
    play.passes(execute(c.LAST_STATEMENT), result([]))
    assert play.last.tables == ("shop.users",)
    play.blocked(b"\x16SELECT id FROM secret", "table-denied")
    play.blocked(execute(c.LAST_STATEMENT), "protocol-command")
    play.passes(execute(3), result([]))
    play.passes(b"\x16SELECT id FROM orders", [err()])
    play.blocked(execute(c.LAST_STATEMENT), "protocol-command")
    play.passes(b"\x16SELECT id FROM orders", prepared(4))
    play.passes(b"\x19" + LAST)
    assert list(play.gate.state.statements.by_id) == [3]


def test_pipelined_prepare_and_execute() -> None:
    play = mariadb().login()
    two = packet(0, b"\x16SELECT id FROM secret") + packet(0, execute(c.LAST_STATEMENT))
    play.client(two)
    assert play.to_server == b""
    assert [r.rule for r in play.records[-2:]] == ["table-denied", "protocol-command"]
    play.client(packet(0, b"\x16SELECT id FROM users") + packet(0, execute(c.LAST_STATEMENT)))
    assert play.to_server == packet(0, b"\x16SELECT id FROM users")
    play.server(chain(prepared(8)))
    assert play.to_server == packet(0, execute(c.LAST_STATEMENT))


def test_bulk_execute() -> None:
    bulk = b"\xfa" + number(3) + b"\x80\x00rest"
    play = mariadb().login()
    play.passes(b"\x16INSERT INTO users VALUES (?)", prepared(3))
    play.passes(bulk, [ok(5)])
    assert (play.last.operation, play.last.affected_rows) == ("INSERT", 5)
    deaf = Play().login()
    deaf.passes(b"\x16INSERT INTO users VALUES (?)", prepared(3))
    assert "not agreed" in deaf.blocked(bulk, "protocol-command").reason


def test_bulk_execute_with_a_result_for_each_row() -> None:
    capabilities = CLIENT & ~1 | c.MARIADB_STMT_BULK_OPERATIONS | c.MARIADB_BULK_UNIT_RESULTS
    play = Play(brain(), capabilities, making.MARIADB_CAPABILITIES, b"5.5.5-11.8.2-MariaDB").login()
    play.passes(b"\x16INSERT INTO users VALUES (?)", prepared(3))
    units = [b"\x02", column(), column(), binary_row(b"7"), binary_row(b"8"), ok(header=0xFE)]
    play.passes(b"\xfa" + number(3) + b"\xc0\x00rest", units)
    assert (play.last.event, play.last.operation, play.last.rows) == ("query", "INSERT", 2)
    play.passes(b"\x03SELECT id FROM users", result([]))  # the reply was followed to its end
    play.passes(b"\xfa" + number(3) + b"\xc0\x00rest", [ok(2)])  # a server that counts them only
    assert play.last.affected_rows == 2


def test_a_file_for_a_prepared_load() -> None:
    play = mariadb().login()
    play.passes(b"\x16LOAD DATA LOCAL INFILE 'f' INTO TABLE users", prepared(3))
    play.passes(execute(3, 1))
    play.server(packet(1, b"\xfbf"))
    play.client(packet(2, b"1\n") + packet(3, b""))
    assert play.to_server == packet(2, b"1\n") + packet(3, b"")
    play.server(packet(4, ok(1)))
    assert (play.last.affected_rows, play.closed) == (1, "")


def test_statements_are_bounded() -> None:
    play = Play(brain(limits=Limits(prepared=2))).login()
    for i in (1, 2):
        play.passes(b"\x16SELECT id FROM users", prepared(i))
    before = len(play.records)
    play.client(packet(0, b"\x16SELECT id FROM users"))
    assert (play.to_server, play.error().errno) == (b"", 1461)
    assert (len(play.records), play.last.error_code, play.last.decision) == (before + 1, 1461, "block")
    play.client(packet(0, b"\x19" + number(1)))
    play.passes(b"\x16SELECT id FROM users", prepared(3))


def test_reset_connection_forgets_them() -> None:
    play = Play().login()
    play.passes(b"\x16SELECT id FROM users", prepared())
    play.passes(b"\x1f", [ok()])
    assert not play.gate.state.statements.by_id


def test_names_of_prepared_columns_are_watched() -> None:
    text = CAPPED + "data_protection: {sensitive_columns: [{pattern: c1}]}\n"
    capabilities = CLIENT & ~1 | c.MARIADB_CACHE_METADATA
    play = Play(brain(text), capabilities, making.MARIADB_CAPABILITIES, b"10.11.6-MariaDB").login(
        answer=[
            b"\x05\x01",
            *making.result([making.row(b"", b"utf8mb4", b"utf8mb4", b"0", b"shop")], (b"a",) * 5)[1:],
        ]
    )
    play.passes(b"\x16SELECT * FROM users", prepared(1, 2))
    play.passes(execute(), [b"\x02\x00", binary_row(b"1", b"2"), ok(header=0xFE)])
    assert play.last.sensitive == ("c1",)


TRAP = b"SELECT 'x\\' FROM users UNION SELECT id FROM secret -- ' FROM users"


def move_to(play: Play, modes: bytes) -> None:
    play.passes(b"\x03SET sql_mode = '" + modes + b"'", [ok()])
    play.server(chain(context(modes=modes)))


def test_a_text_that_means_something_else_under_another_sql_mode() -> None:
    # MySQL prepares a statement anew when its tables changed, under the SQL mode of that moment (seen on 9.7).
    play = Play(brain(POLICY + "sql_rules: {injection: {detectors: []}}")).login()
    play.passes(b"\x16" + TRAP, prepared())
    play.passes(b"\x16SELECT id FROM users", prepared(2))
    play.passes(execute(), result([]))
    move_to(play, b"NO_BACKSLASH_ESCAPES")
    for _ in range(2):
        assert play.blocked(execute(), "table-denied").tables == ("shop.users", "shop.secret")
    play.passes(execute(2), result([]))
    move_to(play, b"STRICT_TRANS_TABLES")
    play.passes(execute(), result([]))
    move_to(play, b"NO_BACKSLASH_ESCAPES")
    play.brain.publish(policy())
    play.blocked(execute(), "injection")


def test_a_text_that_was_not_kept_is_refused_under_another_sql_mode() -> None:
    play = Play().login()
    play.passes(b"\x16SELECT id FROM users", prepared())
    play.gate.state.statements.by_id[1].raw = b""
    move_to(play, b"ANSI_QUOTES")
    assert "too long" in play.blocked(execute(), "session-state").reason
