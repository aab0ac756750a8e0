"""Who may log in; that what is remembered changes nothing is a property below."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbgate.gate import admission
from dbgate.gate.brain import Brain
from dbgate.gate.effects import TO_CLIENT, TO_SERVER
from dbgate.gate.legs import Legs
from dbgate.gate.session import Gate
from dbgate.gate.state import State
from dbgate.policy.verdict import ALLOW
from dbgate.wire import constants as c
from dbgate.wire.build import packet, query
from tests.unit.wire import making
from tests.unit.wire.making import chain, ok, result, row

from .play import CLIENT, POLICY, Play, brain, context, policy

CLOCKED = POLICY.replace("user: app\n", "user: app\n    time_restriction: {allow: '00:00-12:00'}\n")
NARROW = POLICY.replace("user: app\n", "user: app\n    source_ip: 10.0.0.0/8\n")
MONITORED = POLICY.replace("user: app\n", "user: app\n    mode: monitor\n")


def test_names() -> None:
    named = admission.who(b"app", b"shop", "", "plug")
    assert (named.user, named.schema, named.charset, named.followed, named.plugin) == (
        "app",
        "shop",
        "utf8mb4",
        True,
        "plug",
    )
    named = admission.who(b"\xff", b"\xfe", "gbk", "")
    assert (named.user, named.schema, named.shown, named.shown_schema, named.followed) == (
        None,
        None,
        "\\xff",
        "\\xfe",
        False,
    )


def test_who_was_let_in_is_not_judged_anew_while_nothing_changes() -> None:
    it = brain()
    Play(it).login()
    (named,) = it.familiar.logins.values()
    assert named.verdict is not None
    first = named.verdict
    play = Play(it).greet().answer()
    assert play.gate.state.login is not None
    assert play.gate.state.login.who is named
    assert play.gate.state.login.verdict is first
    assert play.gate.state.login.entry is it.policy.entries[0]  # type: ignore[union-attr]
    it.publish(policy(POLICY.replace("user: app\n", "user: other\n")))
    assert not it.familiar.logins
    play = Play(it).greet().answer()
    assert play.last.rule == "no-access-rule"


def test_a_login_that_the_policy_overtook_is_not_remembered() -> None:
    it = brain()
    play = Play(it).greet().answer()
    it.publish(policy())
    play.server(packet(2, ok()))
    assert not it.familiar.logins
    play.server(chain(context()))
    assert play.gate.state.current_scope().entry is it.policy.entries[0]  # type: ignore[union-attr]


def test_refused_logins_are_not_remembered() -> None:
    it = brain()
    Play(it).greet().answer(b"nobody")
    Play(it).greet().answer().server(packet(2, making.err(1045)))
    assert not it.familiar.logins


def test_hours_are_asked_each_time() -> None:
    it = brain(CLOCKED)
    for wall, rule in ((3600.0, ""), (13 * 3600.0, "time-restriction"), (3600.0, "")):
        it.wall_offset = wall
        play = Play(it).greet().answer()
        if rule:
            assert play.last.rule == rule
        else:
            play.server(packet(2, ok()))
            assert it.familiar.logins


def test_a_halt_and_an_address_count_at_once() -> None:
    it = brain(NARROW)
    Play(it).login()
    it.halt("no space")
    assert Play(it).greet().answer().last.rule == "audit-failure"
    it.halt("")
    Play(it).login()
    gate = Gate(it, "s-2", "192.168.0.1", 5000, 0.0)
    gate.server_bytes(packet(0, making.greeting()), 0.0)
    effects = gate.client_bytes(packet(1, making.response(CLIENT)), 0.0)
    assert [r.rule for r in effects.records()] == ["no-access-rule"]


def test_judge() -> None:
    state = State(brain(), "s", "10.0.0.9", 1, 0.0)
    login = admission.judge(state, admission.who(b"app", b"shop", "utf8mb4", ""), 1.0)
    assert (login.user, login.schema, login.at, login.verdict.effect) == ("app", "shop", 1.0, ALLOW)
    assert state.login is login


def test_the_gates_own_refusals() -> None:
    it = brain()
    state = State(it, "s", "10.0.0.9", 1, 0.0)
    for user, charset, rule in (
        (b"app", "gbk", "session-state"),
        (b"\xff", "utf8mb4", "parse-error"),
        (b"a" * 33, "utf8mb4", "parse-error"),
        (b"'app'", "utf8mb4", "parse-error"),
    ):
        named = admission.who(user, b"shop", charset, "")
        assert admission.judge(state, named, 1.0).verdict.rule == rule
        assert named.verdict is None
    it.legs = Legs(offered=True, required=True)
    named = admission.who(b"app", b"shop", "utf8mb4", "")
    assert admission.judge(state, named, 1.0).verdict.rule == "tls-required"
    state.client_tls = True
    assert admission.judge(state, named, 1.0).verdict.effect == ALLOW
    assert named.verdict is None  # it holds for connections without TLS


VERSIONS = ((making.MYSQL_CAPABILITIES, b"9.7.4"), (making.MARIADB_CAPABILITIES, b"5.5.5-10.11.6-MariaDB"))
LOGINS = st.tuples(
    st.sampled_from([b"app", b"root", b"nobody", b"a" * 40, b"\xff"]),
    st.sampled_from([b"", b"shop", b"SHOP", b"mysql"]),
    st.sampled_from([45, 8, 28, 0]),
    st.sampled_from(
        [CLIENT, CLIENT | c.CLIENT_NO_SCHEMA, CLIENT & ~c.CLIENT_DEPRECATE_EOF, CLIENT | c.CLIENT_SSL]
    ),
    st.sampled_from(VERSIONS),
    st.binary(min_size=20, max_size=20),  # scramble
    st.sampled_from(["10.0.0.9", "192.168.0.1"]),
    st.sampled_from(
        [
            context(),
            context(b"other", fold=b"1"),
            context(None, charset=b"latin1"),
            context(modes=b"ORACLE"),
            result([row(b"x")]),
            [ok()],
        ]
    ),
    st.integers(0, 40),  # where the answer is cut in two
)


def one_login(the_brain: Brain, given_: tuple[object, ...]) -> list[object]:
    """All that comes out of one session: a login, a query, a USE, the end."""
    user, schema, collation, capabilities, server, scramble, ip, answer, cut = given_
    assert isinstance(server, tuple) and isinstance(ip, str) and isinstance(capabilities, int)
    assert isinstance(answer, list) and isinstance(cut, int)
    gate = Gate(the_brain, "s", ip, 1, 0.0)
    out: list[object] = []

    def take(from_client: bool, data: bytes) -> None:
        fx = gate.client_bytes(data, 1.0) if from_client else gate.server_bytes(data, 1.0)
        to_server = (data if fx.relay == TO_SERVER else b"") + b"".join(fx.to_server)
        to_client = (data if fx.relay == TO_CLIENT else b"") + b"".join(fx.to_client)
        out.append((to_server, to_client, fx.close, fx.pause_client))
        out.append(
            [
                (r.event, r.db_user, r.db_schema, r.decision, r.rule, r.reason, r.operation, r.tables)
                for r in fx.records()
            ]
        )
        out.append(gate.describe())

    assert isinstance(user, bytes) and isinstance(schema, bytes) and isinstance(collation, int)
    assert isinstance(scramble, bytes)
    spoken = capabilities if server is VERSIONS[0] else capabilities & ~1
    take(False, packet(0, making.greeting(server[0], server[1], scramble=scramble)))
    take(True, packet(1, making.response(spoken, user, schema, scramble, collation=collation)))
    take(False, packet(2, ok()))
    whole = chain(answer)
    for piece in (whole[:cut], whole[cut:]):
        if piece:
            take(False, piece)
    for command in (b"SELECT id FROM users WHERE id = 1", b"SELECT x FROM secret"):
        take(True, query(command))
        if gate.state.record is not None:
            take(False, chain(result([row(b"1")])))
    take(True, packet(0, b"\x01"))
    out.append(gate.state.ctx.key)
    return out


@given(st.lists(LOGINS, min_size=1, max_size=6), st.sampled_from([POLICY, NARROW, MONITORED, CLOCKED, ""]))
def test_what_a_worker_remembers_changes_nothing(logins: list[tuple[object, ...]], text: str) -> None:
    compiled = policy(text) if text else None
    it = brain("")
    it.publish(compiled)
    for each in [*logins, *logins]:
        fresh = brain("")
        fresh.publish(compiled)
        fresh.fold_names = it.fold_names
        fresh.new_event_id = it.new_event_id = lambda: "E"
        assert one_login(it, each) == one_login(fresh, each)
