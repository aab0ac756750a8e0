"""Whole sessions, whose long statements wait for their analysis or do not: nothing that comes out of them differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbgate.gate.phase import CLOSED, REPLY
from dbgate.wire.build import packet
from tests.unit.gate.test_handover import DYNAMIC, LITERALS, PREPARE, ROWS, SECRET, SELECT
from tests.unit.gate.test_statements import execute, prepared
from tests.unit.wire import making
from tests.unit.wire.making import CUTS, binary_row, chain, err, ok, splits

from .elsewhere import PADDING, Elsewhere, answer_to, long, waiting
from .play import POLICY, Play, brain

SCRIPT: list[tuple[bytes, list[bytes] | None]] = [
    # (command payload, reply payloads, which are left away where the gate answers)
    (b"\x03" + SELECT, ROWS),
    (b"\x03" + SELECT.replace(b"= 1", b"= 2"), ROWS),
    (b"\x03" + SECRET, ROWS),
    (b"\x03SELECT id FROM users", ROWS),
    (b"\x03" + long(b"SELECT id FROM WHERE"), ROWS),
    (b"\x03" + long(b"UPDATE users SET id = 1; SELECT id FROM orders"), [ok(1)]),
    (b"\x03" + b"INSERT INTO users VALUES (1, 'a')" + b", (2, 'b')" * 900, [ok(901)]),
    (b"\x03" + PADDING + b"SELECT SLEEP(5) FROM users -- '", ROWS),
    (b"\x03" + long(b"DELETE FROM users WHERE 1 = 1"), [ok(1)]),
    (b"\x03" + long(b"SELECT nope FROM users"), [err(1054)]),
    (PREPARE, prepared(7)),
    (execute(7), [b"\x01", making.column(), binary_row(b"1"), ok(header=0xFE)]),
    (b"\x03SET @s = 'SELECT id FROM users'", [ok()]),
    (b"\x03" + long(b"PREPARE p FROM @s"), [ok()]),
    (b"\x03" + long(b"EXECUTE p"), ROWS),
    (b"\x0e", [ok()]),
]
POLICIES = [
    POLICY,
    DYNAMIC,
    LITERALS,
    POLICY + "sql_rules: {block_patterns: [{pattern: 'id = 2', literals: true}]}\n",
    POLICY.replace("user: app\n", "user: app\n    mode: monitor\n"),
    POLICY.replace("user: app\n", "user: app\n    max_result_rows: 1\n    rate_limit: 3/s\n"),
]


def run(
    script: list[tuple[bytes, list[bytes] | None]], cuts: list[int], text: str, handed: bool
) -> tuple[object, ...]:
    """All that came out of a session."""
    elsewhere = Elsewhere()
    play = Play(brain(text))
    if handed:
        play.brain.analyst = elsewhere
    play.login()
    to_server = to_client = b""
    for command, reply in script:
        for piece in splits(packet(0, command), cuts):
            play.take(play.gate.client_bytes(piece, 1.0), piece)
            to_server += play.to_server
            to_client += play.to_client
        while (question := waiting(play.gate, elsewhere)) is not None:
            play.take(play.gate.analysed(question.ticket, answer_to(question), 1.0))
            to_server += play.to_server
            to_client += play.to_client
        if play.gate.state.phase == REPLY and reply is not None:
            play.take(play.gate.server_bytes(chain(reply), 1.0), chain(reply))
            to_client += play.to_client
    assert play.gate.state.phase != CLOSED
    return to_server, to_client, [_fields(record) for record in play.records], play.gate.describe()


def _fields(record: object) -> list[object]:
    """Everything in a record, compiled or not. Its parts are objects of their own, whose fields are the record's too."""
    parts = ("who", "what", "why")
    return [getattr(record, name) for name in sorted(dir(record)) if name[0] != "_" and name not in parts]


@given(st.lists(st.sampled_from(SCRIPT), max_size=8), CUTS, st.sampled_from(POLICIES))
def test_a_session_is_the_same_with_and_without(
    script: list[tuple[bytes, list[bytes] | None]], cuts: list[int], text: str
) -> None:
    assert run(script, cuts, text, True) == run(script, [], text, False)
