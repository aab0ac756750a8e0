from __future__ import annotations

from dbgate.gate.limits import Limits
from dbgate.gate.login import MAX_ROUNDS
from dbgate.gate.phase import AUTH
from dbgate.gate.state import FAREWELL
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from dbgate.wire.handshake import parse_greeting, parse_response
from tests.rows import rows
from tests.unit.wire import making
from tests.unit.wire.making import chain, err, ok

from .play import CLIENT, POLICY, Play, brain, context

SWITCH = b"\xfeclient_ed25519\x00" + b"n" * 32
FULL = b"\x01\x04"
FAST = b"\x01\x03"


def test_the_greeting_offers_what_can_be_followed() -> None:
    play = Play().greet()
    shown = parse_greeting(play.to_client[4:])
    assert not shown.capabilities & (c.CLIENT_SSL | c.CLIENT_COMPRESS | c.CLIENT_ZSTD_COMPRESSION)
    assert shown.thread_id == 11
    assert play.records == []


def test_a_greeting_in_pieces() -> None:
    play = Play()
    data = packet(0, making.greeting())
    for i in range(len(data) - 1):
        assert play.server(data[i : i + 1]).to_client == b""
    assert len(play.server(data[-1:]).to_client) == len(data)


def test_an_err_in_place_of_the_greeting_is_relayed() -> None:
    play = Play()
    refusal = packet(0, err(1040, b"Too many connections"))
    play.server(refusal)
    assert play.to_client == refusal
    assert play.closed
    assert [(r.event, r.error_code) for r in play.records] == [("connection.denied", 1040)]


@rows(
    "data",
    [
        packet(0, making.greeting()) + b"x",
        packet(0, b"\x09" + making.greeting()[1:]),
        packet(1, making.greeting()),
        packet(0, making.greeting(version=b"nonsense")),
        packet(0, b"\x0a" * (2 << 20)),
    ],
)
def test_greetings_that_cannot_be_followed(data: bytes) -> None:
    play = Play().server(data)
    assert play.closed.startswith("protocol error of the server")
    assert play.error().errno == 1105
    assert [(r.event, r.reason, r.error_code) for r in play.records] == [
        ("connection.denied", play.closed, 1105)
    ]


def test_a_login() -> None:
    play = Play().greet().answer()
    assert play.to_server == packet(1, making.response(CLIENT, b"app", b"shop"))
    play.server(packet(2, ok()))
    assert play.to_client == packet(2, ok())
    opened = play.last
    assert (opened.event, opened.db_user, opened.db_schema, opened.operation) == (
        "connection.open",
        "app",
        "shop",
        "CONNECT",
    )
    assert (opened.decision, opened.policy_version) == ("allow", play.brain.policy.version)  # type: ignore[union-attr]
    assert b"SELECT CAST" in play.to_server
    assert play.server(chain(context())).to_client == b""
    play.passes(b"\x0e", [ok()])


def test_bits_that_were_not_offered_are_cleared() -> None:
    extra = c.CLIENT_NO_SCHEMA | c.CLIENT_REMEMBER_OPTIONS | c.CLIENT_SSL_VERIFY_SERVER_CERT
    play = Play(capabilities=CLIENT | extra).greet().answer()
    assert play.to_server == packet(1, making.response(CLIENT, b"app", b"shop"))
    assert parse_response(play.to_server[4:]).capabilities == CLIENT


@rows(
    "payload",
    [
        making.response(CLIENT | c.CLIENT_SSL)[:32],
        making.response(CLIENT | c.CLIENT_COMPRESS),
        making.response(CLIENT & ~c.CLIENT_PROTOCOL_41),
        making.response(CLIENT)[:36],
        b"",
        b"a" * (2 << 20),
    ],
)
def test_answers_that_end_the_connection(payload: bytes) -> None:
    play = Play().greet()
    play.client(packet(1, payload))
    assert play.to_server == FAREWELL
    assert play.error().errno == 1835
    assert play.closed.startswith("protocol error of the client")
    assert [r.event for r in play.records] == ["connection.denied"]


def test_an_answer_out_of_order() -> None:
    play = Play().greet()
    play.client(packet(0, making.response(CLIENT)))
    assert play.to_server == FAREWELL
    assert play.closed


def test_who_is_not_in_the_policy_stays_out() -> None:
    play = Play().greet().answer(b"nobody", b"shop")
    assert (play.to_server, play.closed) == (FAREWELL, "login blocked")
    denied = play.last
    assert play.error().message.decode() == (
        f"dbgate: blocked by policy (rule: no-access-rule, event: {denied.event_id})"
    )
    assert play.to_client[3] == 2
    assert (denied.event, denied.db_user, denied.db_schema, denied.rule, denied.error_code) == (
        "connection.denied",
        "nobody",
        "shop",
        "no-access-rule",
        1227,
    )
    assert len(play.records) == 1


def test_without_a_policy_nobody_comes_in() -> None:
    play = Play(brain("")).greet().answer()
    assert (play.to_server, play.last.rule) == (FAREWELL, "no-policy")


def test_the_schema_of_a_login_is_judged_as_a_use() -> None:
    play = Play().greet().answer(b"app", b"secret")
    assert (play.to_server, play.last.rule) == (FAREWELL, "table-denied")


def test_a_monitored_login_passes_and_is_recorded() -> None:
    play = Play(brain(POLICY.replace("name: app\n", "name: app\n    mode: monitor\n")))
    play.greet().answer(b"app", b"secret")
    assert play.to_server
    play.server(packet(2, ok()))
    assert (play.last.event, play.last.decision, play.last.rule) == (
        "connection.open",
        "would_block",
        "table-denied",
    )


@rows("collation", [28, 1, 249, 35])
def test_character_sets_that_cannot_be_followed(collation: int) -> None:
    play = Play().greet().answer(collation=collation)
    assert (play.to_server, play.last.rule) == (FAREWELL, "session-state")


def test_unknown_collations_are_the_servers_matter() -> None:
    assert Play().greet().answer(collation=0).to_server


@rows(("user", "schema", "shown"), [(b"\xff\xfe", b"", "\\xff\\xfe"), (b"app", b"\xff", "app")])
def test_names_that_cannot_be_read(user: bytes, schema: bytes, shown: str) -> None:
    play = Play().greet().answer(user, schema)
    assert (play.to_server, play.last.rule, play.last.db_user) == (FAREWELL, "parse-error", shown)


@rows("name", [b"'app'", b"'", b"a" * 33])
def test_names_that_the_server_would_change(name: bytes) -> None:
    text = "access_control: [{user: '*', allowed_tables: ['*'], allowed_operations: ['*']}]"
    play = Play(brain(text)).greet().answer(name)
    assert (play.to_server, play.last.rule) == (FAREWELL, "parse-error")
    assert Play(brain(text)).greet().answer(b"a" * 32).to_server
    play = Play(brain(text)).login(b"o'neil")
    play.client(packet(0, b"\x11" + name + b"\x00\x00\x00"))
    assert (play.to_server, play.last.rule) == (b"", "parse-error")


def test_mariadbs_names_are_longer() -> None:
    text = "access_control: [{user: '*', allowed_tables: ['*'], allowed_operations: ['*']}]"
    for size, rule in ((128, ""), (129, "parse-error")):
        play = Play(brain(text), CLIENT & ~1, making.MARIADB_CAPABILITIES, b"5.5.5-10.11.6-MariaDB")
        play.greet().answer(b"a" * size)
        assert (play.to_server == FAREWELL) == bool(rule)


def test_the_servers_refusal() -> None:
    play = Play().greet().answer()
    denied = packet(2, err(1045, b"#28000Access denied"))
    play.server(denied)
    assert (play.to_client, play.closed) == (denied, "the server refused the login")
    assert [(r.event, r.error_code, r.db_user) for r in play.records] == [("connection.denied", 1045, "app")]


def test_auth_switch_and_several_messages() -> None:
    play = Play().greet().answer()
    for seq, from_server, from_client in ((2, SWITCH, b"signature"), (4, b"\x01question", b"answer")):
        play.server(packet(seq, from_server))
        assert (play.to_client, play.to_server) == (packet(seq, from_server), b"")
        play.client(packet(seq + 1, from_client))
        assert (play.to_server, play.to_client) == (packet(seq + 1, from_client), b"")
    play.server(packet(6, ok()))
    assert play.to_client == packet(6, ok())
    assert play.last.event == "connection.open"


def test_messages_in_pieces() -> None:
    play = Play().greet().answer()
    data = packet(2, SWITCH)
    out = b""
    for i in range(len(data)):
        out += play.server(data[i : i + 1]).to_client
    assert out == data
    answer = packet(3, b"sig")
    for i in range(len(answer) - 1):
        assert play.client(answer[i : i + 1]).to_server == b""
    assert play.client(answer[-1:]).to_server == answer


def test_a_server_that_goes_on_by_itself_does_not_give_the_client_a_turn() -> None:
    play = Play(capabilities=CLIENT).greet()
    play.client(packet(1, making.response(CLIENT, plugin=b"caching_sha2_password")))
    play.server(packet(2, FAST))
    assert play.to_client == packet(2, FAST)
    # Bytes that would be a command for the server once it has said OK: they are held, then judged.
    play.client(packet(0, b"\x03SELECT * FROM secret"))
    assert play.to_server == b""
    play.server(packet(3, ok()))
    assert b"secret" not in play.to_server
    play.server(chain(context()))
    assert play.to_server == b""
    assert play.error().errno == 1227
    assert play.last.rule == "table-denied"


def test_full_authentication_gives_the_client_its_turn() -> None:
    play = Play().greet()
    play.client(packet(1, making.response(CLIENT, plugin=b"caching_sha2_password")))
    play.server(packet(2, FULL))
    play.client(packet(3, b"\x02"))
    assert play.to_server == packet(3, b"\x02")
    play.server(packet(4, b"\x01-----BEGIN PUBLIC KEY-----"))
    play.client(packet(5, b"encrypted"))
    assert play.to_server == packet(5, b"encrypted")
    play.server(packet(6, ok()))
    assert play.last.event == "connection.open"


def test_a_hidden_command_behind_an_auth_answer_is_judged_as_a_command() -> None:
    play = Play().greet().answer()
    play.server(packet(2, SWITCH))
    play.client(packet(3, b"sig") + packet(0, b"\x03DROP TABLE users") + packet(0, b"\x0e"))
    assert play.to_server == packet(3, b"sig")
    play.server(packet(4, ok()))
    assert b"DROP" not in play.to_server
    play.server(chain(context()))
    assert play.last.rule == "operation-denied"
    assert play.to_server == packet(0, b"\x0e")


def test_several_factors() -> None:
    wanted = CLIENT | c.CLIENT_MULTI_FACTOR_AUTHENTICATION
    play = Play(capabilities=wanted).greet().answer()
    play.server(packet(2, b"\x02caching_sha2_password\x00nonce"))
    play.client(packet(3, b"second"))
    play.server(packet(4, FAST))
    play.client(packet(5, b"too soon"))
    assert play.to_server == b""
    play.server(packet(5, ok()))
    assert play.last.event == "connection.open"


def test_a_server_that_ends_the_login_out_of_turn() -> None:
    play = Play().greet().answer()
    play.server(packet(2, SWITCH))
    play.server(packet(3, ok()))
    assert play.last.event == "connection.open"


@rows(
    "data",
    [
        packet(2, b""),
        packet(5, ok()),
        packet(2, ok()) + b"x",
        packet(2, err()) + packet(3, ok()),
        packet(2, b"\x00"),
        packet(2, b"x" * (2 << 20)),
        b"".join([packet(2 + i, b"\x01?") for i in range(MAX_ROUNDS + 1)]),
    ],
)
def test_logins_that_cannot_be_followed(data: bytes) -> None:
    play = Play().greet().answer().server(data)
    assert play.closed.startswith("protocol error of the server")
    assert play.last.event in ("connection.denied", "connection.close")


def test_a_login_message_that_nobody_waits_for() -> None:
    play = Play().greet()
    play.gate.state.phase = AUTH  # but no client has answered: a defect would be needed
    play.server(packet(2, ok()))
    assert play.closed.startswith("protocol error of the server")
    play = Play().login()
    play.gate.state.phase = AUTH
    play.server(packet(2, ok()))
    assert play.closed.startswith("protocol error of the server")


# --- COM_CHANGE_USER ---


def change(user: bytes, schema: bytes = b"", collation: bytes = b"\x2d\x00") -> bytes:
    return b"\x11" + user + b"\x00\x03abc" + schema + b"\x00" + collation + b"mysql_native_password\x00"


def test_change_user() -> None:
    play = Play().login()
    play.passes(b"\x16SELECT id FROM users", [b"\x00\x01\x00\x00\x00" + b"\x00" * 7])
    assert play.gate.state.statements.by_id
    play.passes(change(b"root", b"mysql2"))
    play.server(packet(1, SWITCH))
    play.client(packet(2, b"sig"))
    assert play.to_server == packet(2, b"sig")
    play.server(packet(3, ok()))
    assert (play.last.event, play.last.operation, play.last.db_user) == (
        "connection.open",
        "CHANGE_USER",
        "root",
    )
    assert b"SELECT CAST" in play.to_server
    play.server(chain(context(b"mysql2")))
    assert not play.gate.state.statements.by_id
    play.passes(b"\x03DROP TABLE users", [ok()])
    assert (play.last.db_user, play.last.tables) == ("root", ("mysql2.users",))


def test_a_blocked_change_of_user_leaves_the_session_as_it_was() -> None:
    play = Play().login()
    for command, rule in (
        (change(b"nobody"), "no-access-rule"),
        (change(b"app", b"mysql"), "schema-access"),
        (change(b"app", b"", b"\x1c\x00"), "session-state"),
    ):
        play.client(packet(0, command))
        assert play.to_server == b""
        assert play.to_client[3] == 1
        assert (play.last.event, play.last.rule, play.closed) == ("connection.denied", rule, "")
    play.passes(b"\x03SELECT id FROM users", [ok()])
    assert play.last.db_user == "app"


def test_a_change_of_user_that_the_server_refuses() -> None:
    play = Play().login()
    play.passes(change(b"root"))
    denied = packet(1, err(1045))
    play.server(denied)
    assert play.to_client == denied
    assert (play.last.event, play.last.db_user, play.last.error_code) == ("connection.denied", "root", 1045)
    assert play.closed == ""
    # The server may have reset the session: it is asked.
    assert b"SELECT CAST" in play.to_server
    play.server(chain(context()))
    play.passes(b"\x03SELECT id FROM users", [ok()])
    assert play.last.db_user == "app"


def test_a_change_of_user_that_takes_too_long() -> None:
    play = Play(brain(limits=Limits(handshake_timeout=5.0))).login()
    play.now = 100.0
    play.passes(change(b"root"))
    assert play.take(play.gate.expired(104.0)).closed == ""
    assert play.take(play.gate.expired(106.0)).closed == "the login took too long"


def test_short_change_user_uses_the_sessions_character_set() -> None:
    play = Play().login(answer=context(charset=b"latin1"))
    play.client(packet(0, b"\x11caf\xe9\x00\x00\x00"))
    assert play.last.db_user == "café"
    assert play.last.rule == "no-access-rule"


def test_malformed_change_user() -> None:
    play = Play().login()
    play.blocked(b"\x11root", "protocol-command")
    assert play.gate.describe()["queries"] == 1
