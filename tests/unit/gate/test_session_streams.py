"""Any stream, cut anywhere: the same packets, records and end."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dbgate.audit.line import Line
from dbgate.gate.effects import TO_CLIENT, TO_SERVER
from dbgate.gate.session import Gate
from dbgate.wire import constants as c
from dbgate.wire.build import packet, query
from tests.unit.gate.test_session import CAPPED, ROWS
from tests.unit.wire import making
from tests.unit.wire.making import CUTS, binary_row, chain, err, ok, result, row, splits

from .play import CLIENT, POLICY, Play, brain, context

SCRIPT = [
    # (command payload, reply payloads or None where the gate answers)
    (b"\x03SELECT id FROM users", ROWS),
    (b"\x03SELECT id FROM secret", None),
    (b"\x02shop", [ok()]),
    (b"\x16SELECT id FROM users WHERE id = ?", [b"\x00\x01\x00\x00\x00" + b"\x00" * 7]),
    (b"\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00", result([binary_row(b"1")] * 4)),
    (b"\x03UPDATE users SET name = 'b' WHERE id = 1", [ok(1)]),
    (b"\x03UPDATE users SET name = 'c' WHERE id = 22", [ok(1)]),
    (b"\x03SELECT id, ssn FROM users WHERE id = 1", result([row(b"1", b"2")], (b"id", b"ssn"))),
    (b"\x03SELECT id, ssn FROM users WHERE id = 22", result([row(b"1", b"2")] * 3, (b"id", b"ssn"))),
    (b"\x03SELECT nope FROM users", [err(1054)]),
    (b"\x0e", [ok()]),
    (b"\x17\x09\x00\x00\x00\x00\x01\x00\x00\x00", None),
    (b"\x03SELECT id FROM users", ROWS),
]


WATCHED = CAPPED + "data_protection: {sensitive_columns: [{pattern: ssn}]}\n"
MONITORED = WATCHED.replace("user: app\n", "user: app\n    mode: monitor\n")


FIELDS = [field.name for field in msgspec.structs.fields(Line) if field.name not in ("time", "instance")]


def run(
    script: list[tuple[bytes, list[bytes] | None]],
    cuts: list[int],
    policy: str = POLICY,
    early: bool = False,
) -> tuple[object, ...]:
    """All that came out of a session whose bytes were cut at these places. early: each second command comes before the
    reply to the one in front of it."""
    gate = Gate(brain(policy), "s", "10.0.0.9", 1, 0.0)
    to_server = to_client = b""
    records: list[tuple[object, ...]] = []

    def take(from_client: bool, data: bytes) -> None:
        nonlocal to_server, to_client
        for piece in splits(data, cuts):
            effects = gate.client_bytes(piece, 1.0) if from_client else gate.server_bytes(piece, 1.0)
            to_server += (piece if effects.relay == TO_SERVER else b"") + b"".join(effects.to_server)
            to_client += (piece if effects.relay == TO_CLIENT else b"") + b"".join(effects.to_client)
            for r in effects.records():
                records.append(tuple([getattr(r, name) for name in FIELDS]))

    take(False, packet(0, making.greeting()))
    take(True, packet(1, making.response(CLIENT)))
    take(False, packet(2, ok()))
    take(False, chain(context()))
    step = 2 if early else 1
    for at in range(0, len(script), step):
        for command, _ in script[at : at + step]:
            take(True, packet(0, command))
        for _, reply in script[at : at + step]:
            if reply is not None:
                take(False, chain(reply))
    return to_server, to_client, records, gate.describe()


@given(
    st.lists(st.sampled_from(SCRIPT), max_size=6),
    CUTS,
    st.sampled_from([POLICY, CAPPED, WATCHED, MONITORED]),
    st.booleans(),
)
def test_any_split_gives_the_same_session(
    script: list[tuple[bytes, list[bytes] | None]], cuts: list[int], policy: str, early: bool
) -> None:
    script = [SCRIPT[3], SCRIPT[0], *script, *script]
    if policy == MONITORED:
        script = [each for each in script if each[1] is not None]
    assert run(script, [], policy, early) == run(script, cuts, policy, early)


@given(st.lists(st.sampled_from(SCRIPT), max_size=8), CUTS)
def test_each_command_leaves_one_record(
    script: list[tuple[bytes, list[bytes] | None]], cuts: list[int]
) -> None:
    script = [SCRIPT[3], *script]
    owed = [command for command, _ in script if command != b"\x0e"]
    records = run(script, cuts)[2]
    assert isinstance(records, list)
    assert len(records) == 1 + len(owed)


PACKETS = st.one_of(
    st.binary(max_size=20),
    st.builds(packet, st.integers(0, 4), st.binary(max_size=24)),
    st.sampled_from(
        [
            packet(0, making.greeting()),
            packet(1, making.response(CLIENT)),
            packet(2, ok()),
            packet(2, b"\xfeplugin\x00n"),
            chain(context()),
            chain(ROWS),
            packet(1, ok()),
            packet(1, err()),
            packet(1, b"\xfbf"),
            *[packet(0, command) for command, _ in SCRIPT],
            query(b"LOAD DATA LOCAL INFILE 'f' INTO TABLE users"),
            packet(0, b"\x11root\x00\x00\x00"),
            packet(0, b"\x1f"),
        ]
    ),
)


EVENTS = st.lists(st.tuples(st.sampled_from(["client", "server"]), PACKETS), max_size=25)


@given(EVENTS, st.booleans(), st.sampled_from(["client_closed", "server_closed", "kill", "drain", "expired"]))
def test_the_gate_never_raises_and_leaves_no_record_open(
    events: list[tuple[str, bytes]], logged_in: bool, end: str
) -> None:
    play = Play(brain(CAPPED), capabilities=CLIENT | c.CLIENT_SESSION_TRACK)
    if logged_in:
        play.login()
    for who, data in events:
        if who == "client":
            play.client(data)
        else:
            play.server(data)
        if play.closed:
            break
    play.take(getattr(play.gate, end)(play.now))
    play.take(play.gate.client_closed(play.now))
    assert "internal error" not in play.closed
    assert all("internal" not in r.reason for r in play.records)
    assert play.gate.state.record is None
    opened = [r.event for r in play.records].count("connection.open")
    assert [r.event for r in play.records].count("connection.close") == (1 if opened else 0)
