from __future__ import annotations

from dbgate.gate import context as module
from dbgate.gate.context import decode, enter, speak
from dbgate.wire import constants as c
from dbgate.wire.build import packet, query
from tests.rows import rows
from tests.unit.wire import making
from tests.unit.wire.making import chain, err, ok, result, row

from .play import CLIENT, MODES, Play, context


def asked(play: Play) -> bool:
    return play.to_server == query(module.QUESTION, play.gate.state.attributes())


def test_the_question_follows_the_login_and_its_answer_is_swallowed() -> None:
    play = Play().greet().answer().server(packet(2, ok()))
    assert asked(play)
    data = chain(context(b"shop", MODES, b"latin1", b"1"))
    for i in range(0, len(data), 7):
        play.server(data[i : i + 7])
        assert play.to_client == b""
    state = play.gate.state
    assert (state.ctx.charset, state.ctx.fold_names, state.schema, state.unfollowed) == (
        "latin1",
        True,
        "shop",
        "",
    )
    assert play.brain.fold_names
    assert [r.event for r in play.records] == ["connection.open"]


def test_with_query_attributes_the_question_carries_none() -> None:
    play = Play(capabilities=CLIENT | c.CLIENT_QUERY_ATTRIBUTES).greet().answer().server(packet(2, ok()))
    assert play.to_server == query(module.QUESTION, True)


def test_sql_modes_reach_the_lexer() -> None:
    play = Play().login(answer=context(modes=b"ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT"))
    ctx = play.gate.state.ctx
    assert (ctx.ansi_quotes, ctx.no_backslash_escapes, ctx.pipes_as_concat, ctx.ignore_space) == (
        True,
        True,
        True,
        False,
    )
    assert (ctx.flavour, ctx.version) == (1, 90704)


def test_mariadb() -> None:
    play = Play(
        capabilities=CLIENT & ~1, server=making.MARIADB_CAPABILITIES, version=b"5.5.5-10.11.6-MariaDB"
    )
    play.login()
    assert (play.gate.state.ctx.flavour, play.gate.state.ctx.version) == (2, 101106)


def test_commands_wait_for_the_answer() -> None:
    play = Play().greet().answer().server(packet(2, ok()))
    play.client(query(b"SELECT id FROM users") + query(b"SELECT id FROM orders"))
    assert (play.to_server, play.to_client) == (b"", b"")
    play.server(chain(context()))
    assert play.to_server == query(b"SELECT id FROM users")
    play.server(packet(1, ok()))
    assert play.to_server == query(b"SELECT id FROM orders")


@rows(
    "answer",
    [
        [err(1820, b"#HY000expired")],
        [ok()],
        result([]),
        result([row(MODES)]),
        result([row(b"\xff", b"utf8", b"utf8", b"0", None)]),
        [*context()[:-1], *[context()[-2]], context()[-1]],
    ],
)
def test_without_an_answer_the_session_ends(answer: list[bytes]) -> None:
    play = Play().greet().answer().server(packet(2, ok()))
    play.server(chain(answer))
    assert play.closed == "the session's state cannot be read from the server"
    assert play.error().errno == 1105
    assert [r.event for r in play.records] == ["connection.open", "connection.close"]


@rows(
    ("answer", "why"),
    [
        (context(modes=b"ORACLE"), "ORACLE"),
        (context(modes=b"NEWLY_INVENTED"), "NEWLY_INVENTED"),
        (context(charset=b"gbk"), "gbk"),
        (context(charset=b""), "character set"),
    ],
)
def test_state_that_cannot_be_followed_blocks_until_it_is_mended(answer: list[bytes], why: str) -> None:
    play = Play().login(answer=answer)
    assert why in play.blocked(b"\x03SELECT id FROM users", "session-state").reason
    assert play.blocked(b"\x16SELECT id FROM users", "session-state")
    assert play.blocked(b"\x02shop", "session-state")
    play.passes(b"\x0e", [ok()])
    play.passes(b"\x1f", [ok()])
    assert asked(play)
    play.server(chain(context()))
    play.passes(b"\x03SELECT id FROM users", [ok()])


def test_a_verdict_of_another_session_is_no_way_round() -> None:
    play = Play().login()
    play.passes(b"\x03SELECT id FROM users", [ok()])
    state = play.gate.state
    assert state.scope is not None
    state.unfollowed = "for the test"
    play.blocked(b"\x03SELECT id FROM users", "session-state")


def test_no_schema() -> None:
    play = Play().login(schema=b"")
    assert play.gate.state.schema == ""
    play.blocked(b"\x03SELECT id FROM users", "table-denied")


def test_enter() -> None:
    play = Play().login(answer=context(fold=b"1"))
    state = play.gate.state
    state.current_scope()
    assert enter(state, b"SHOP")
    assert state.scope is not None
    assert enter(state, "Über".encode())
    assert state.schema == "über"
    assert state.scope is None
    assert not enter(state, b"\xff")
    assert state.schema == "über"


def test_speak() -> None:
    play = Play().login(answer=context(modes=b"ANSI_QUOTES", fold=b"1"))
    state = play.gate.state
    scope = state.current_scope()
    speak(state, "utf8mb4")
    assert state.scope is scope
    speak(state, "latin1")
    assert state.scope is None
    assert (state.ctx.charset, state.ctx.ansi_quotes, state.ctx.fold_names) == ("latin1", True, True)
    assert state.ctx.key != scope.ctx.key


@rows(
    ("name", "charset", "read"),
    [
        (b"plain", "koi8r", "plain"),
        ("ü".encode(), "utf8mb4", "ü"),
        ("ü".encode(), "utf8mb3", "ü"),
        (b"\xfc", "utf8", None),
        (b"\xfc", "latin1", "ü"),
        (b"\x80", "latin1", None),
        (b"\xfc", "koi8r", None),
    ],
)
def test_decode(name: bytes, charset: str, read: str | None) -> None:
    assert decode(name, charset) == read
