"""Attacks below SQL: packets cut, joined, out of order, unannounced; commands before the login and beside it.

Each is played on a connection of its own through the gateway. Nothing of the canary may come back, nothing may
change, the server must still be there; where an attack works on the unguarded server, the test shows that too.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import pytest

from tests.attacks import raw, world
from tests.attacks.raw import Raw, execute, packet, prepare, query
from tests.attacks.stage import Stage, open_stage
from tests.servers.gateway import Gateway
from tests.servers.ports import free_port

THEFT = "SELECT s FROM secret"
GOOD = "SELECT name FROM users"
MARK = world.CANARY.encode()


@pytest.fixture(autouse=True)
def still_there(stage: Stage) -> Iterator[None]:
    """A gateway or server that has gone would make every attack fail."""
    yield
    assert stage.answers()


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with open_stage(request.param, world.POLICY) as made:
        pymysql.connect(host="127.0.0.1", port=made.server_port, user="app", password="app_pw").close()
        yield made


def _play(port: int, act: Callable[[Raw], None], patience: float = 5.0, **login: Any) -> bytes:
    """Logs in, lets `act` send, and gives all that came back; a closed or refused connection is an answer too.
    patience: seconds that the other side may be silent in the login."""
    connection: Raw | None = None
    try:
        connection = Raw(port, patience)
        if connection.login(**login):
            act(connection)
    except OSError:
        pass
    finally:
        if connection is not None:
            connection.socket.close()
    return connection.seen if connection is not None else b""


def _nothing(stage: Stage, seen: bytes) -> None:
    assert MARK not in seen
    assert not stage.changed()


def _send(*parts: bytes, cut: int = 0, quiet: float = 1.0) -> Callable[[Raw], None]:
    """What sends `parts`, then COM_QUIT, and reads until the other side has closed, or is silent for `quiet` seconds."""

    def act(connection: Raw) -> None:
        connection.send(*parts, packet(b"\x01"), cut=cut)
        connection.drain(quiet, 5.0 * quiet)

    return act


NOBACK = query("SET sql_mode = 'NO_BACKSLASH_ESCAPES'")
BACKSLASH = query("SELECT 'a\\', s FROM secret -- '")
QUOTED = query("SELECT '\\'', s FROM secret -- '")
RESET = packet(bytes([raw.RESET_CONNECTION]))

# What also works on the unguarded server: sent in one segment unless said otherwise.
PIPELINES: dict[str, tuple[bytes, ...]] = {
    "theft": (query(THEFT),),
    "behind-good": (query(GOOD), query(THEFT)),
    "behind-many": (*[query("SELECT 1")] * 40, query(THEFT)),
    "between": (query(GOOD), query(THEFT), query(GOOD)),
    "behind-ping": (packet(b"\x0e"), query(THEFT)),
    "behind-error": (query("SELECT nothing FROM nowhere"), query(THEFT)),
    "behind-syntax-error": (query("SELEC"), query(THEFT)),
    "behind-mode": (NOBACK, BACKSLASH),
    "behind-mode-and-good": (NOBACK, query(GOOD), BACKSLASH),
    "behind-failed-mode": (NOBACK, query("SET sql_mode = 'nonsense'"), BACKSLASH),
    "behind-mode-and-reset": (NOBACK, RESET, QUOTED),
    "behind-ansi-quotes": (
        query("SET sql_mode = 'ANSI_QUOTES'"),
        query('SELECT 1 AS "a\\", s FROM secret -- "'),
    ),
    "behind-latin1": (query("SET NAMES latin1"), query(b"SELECT\xa0s\xa0FROM\xa0secret")),
    "behind-gbk": (query("SET NAMES gbk"), query(b"SELECT '\xbf\\', s FROM secret -- '")),
    "behind-use": (query("USE vault"), query(GOOD)),
    "behind-init-db": (packet(b"\x02vault"), query(GOOD)),
    "behind-use-and-good": (query("USE vault"), query("SELECT 1"), query(GOOD)),
    "behind-begin": (query("BEGIN"), query(THEFT), query("ROLLBACK")),
    "behind-large": (query(f"SELECT '{'x' * 300000}'"), query(THEFT)),
    "prepared": (prepare(THEFT), execute(1)),
    "prepared-second": (prepare(GOOD), prepare(THEFT), execute(2)),
    "prepared-behind-close": (
        prepare(GOOD),
        packet(b"\x19" + struct.pack("<I", 1)),
        prepare(THEFT),
        execute(2),
    ),
    "prepared-cursor": (prepare(THEFT), execute(1, 1), packet(b"\x1c" + struct.pack("<II", 1, 9))),
    "field-list-and-theft": (packet(b"\x04users\0"), query(THEFT)),
    "set-option": (packet(b"\x1b\x00\x00"), query("SELECT 1; " + THEFT)),
    "comment-over-16-mib": (packet(b"\x03SELECT s FROM secret -- " + b"a" * 0xFFFFFF),),
    "string-over-16-mib": (packet(b"\x03SELECT s, '" + b"a" * 0xFFFFFF + b"' FROM secret LIMIT 1"),),
    "theft-at-the-seam": (packet(b"\x03/*" + b" " * (0xFFFFFF - 9) + b"*/ SEL" + b"ECT s FROM secret"),),
    "blanks-of-exactly-16-mib": (packet((b"\x03" + THEFT.encode()).ljust(0xFFFFFF)),),
}


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("cut", [0, 7], ids=["joined", "cut"])
def test_pipelined_and_cut_commands(stage: Stage, name: str, cut: int) -> None:
    parts = PIPELINES[name]
    if cut and sum(map(len, parts)) > 4000:
        pytest.skip("too long to be sent in small pieces")
    flags = raw.ORDINARY | raw.MULTI_STATEMENTS
    _nothing(stage, _play(stage.gateway_port, _send(*parts, cut=cut), flags=flags))


def test_the_pipelines_work_on_the_unguarded_server(stage: Stage) -> None:
    flags = raw.ORDINARY | raw.MULTI_STATEMENTS
    stolen = [
        n for n, parts in PIPELINES.items() if MARK in _play(stage.server_port, _send(*parts), flags=flags)
    ]
    assert len(stolen) > len(PIPELINES) * 0.7, stolen


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_honest_commands_in_one_segment_or_in_pieces(stage: Stage, cut: int) -> None:
    parts = [query("SET NAMES utf8mb4"), query(GOOD), query("SELECT 'last one'")]
    seen = _play(stage.gateway_port, _send(*parts, cut=cut, quiet=30.0), 30.0)
    assert b"ann" in seen and b"last one" in seen
    assert b"dbgate: " not in seen


@pytest.mark.parametrize("seq", [1, 2, 5, 128, 255])
def test_sequence_numbers_out_of_order(stage: Stage, seq: int) -> None:
    theft = b"\x03" + THEFT.encode()
    for parts in (
        [packet(theft, seq)],
        [query(GOOD), packet(theft, seq)],
        [packet(b"\x03" + GOOD.encode(), seq), query(THEFT)],
        [packet(b"", seq), query(THEFT)],
        [packet(b""), packet(theft, seq)],
    ):
        _nothing(stage, _play(stage.gateway_port, _send(*parts)))


def _ids() -> list[list[bytes]]:
    rows: list[list[bytes]] = []
    for number in (0, 1, 2, 3, 0x7FFFFFFF, raw.LAST_ID):
        tail = struct.pack("<I", number)
        rows += [
            [prepare(THEFT), execute(number)],
            [prepare(GOOD), prepare(THEFT), execute(number)],
            [prepare(THEFT), prepare(GOOD), execute(number)],
            [prepare("DELETE FROM users"), execute(number)],
            [prepare(THEFT), execute(number, 1), packet(b"\x1c" + tail + b"\xff\0\0\0")],
            [prepare(THEFT), packet(b"\x18" + tail + b"\0\0x"), execute(number)],
            [prepare(THEFT), packet(b"\x1a" + tail), execute(number)],
            [prepare(GOOD), packet(b"\x19" + tail), prepare(THEFT), execute(number)],
            [
                prepare("INSERT INTO secret VALUES (?, 'x', 1)"),
                packet(b"\xfa" + tail + b"\x80\0\x03\0\0\x63\0\0\0"),
            ],
            [packet(b"\x1c" + tail + b"\xff\0\0\0"), query(THEFT)],
        ]
    return rows


def test_statement_ids_that_were_refused_or_never_given(stage: Stage) -> None:
    for parts in _ids():
        _nothing(stage, _play(stage.gateway_port, _send(*parts)))


def _briefly(data: bytes) -> Callable[[Raw], None]:
    def act(connection: Raw) -> None:
        connection.send(data)
        connection.drain(0.02)

    return act


@pytest.mark.parametrize("first", range(0, 256, 32))
def test_every_command_byte(stage: Stage, first: int) -> None:
    tails = (
        b"",
        b"vault",
        b"secret\0%",
        THEFT.encode(),
        struct.pack("<IIII", 1, 0, 4, 1),
        b"\0\x01" + THEFT.encode(),
    )
    for command in range(first, first + 32):
        for tail in tails:
            if command in (raw.QUERY, raw.PREPARE) and tail == THEFT.encode():
                continue
            seen = _play(stage.gateway_port, _briefly(packet(bytes([command]) + tail)))
            assert MARK not in seen, (command, tail)
    assert not stage.changed()


def test_capabilities_that_were_not_offered(stage: Stage) -> None:
    frame = query(THEFT)
    squeezed = len(frame).to_bytes(3, "little") + b"\0" + b"\0\0\0" + frame
    for bit in range(32):
        for behind in (query(THEFT), squeezed, packet(b"\x03\x00\x01" + THEFT.encode())):
            _nothing(stage, _play(stage.gateway_port, _send(behind), flags=raw.ORDINARY ^ (1 << bit)))
    for extended in (1, 2, 4, 8, 16, 0xFFFFFFFF):
        _nothing(
            stage, _play(stage.gateway_port, _send(query(THEFT)), flags=raw.ORDINARY & ~1, extended=extended)
        )


def test_query_attributes_as_a_disguise(stage: Stage) -> None:
    value = b"\xfe\0\x01a\x08SELECT 1"
    bodies = [
        b"\x00\x01" + THEFT.encode(),
        b"\x01\x01\x00\x01" + value + THEFT.encode(),
        b"\x01\x01\x00\x01" + value + b"SELECT 1",
        b"\xfc\x00\x00\x01" + THEFT.encode(),
        b"\x00\xfc\x01\x00" + THEFT.encode(),
        b"\x00\x00" + THEFT.encode(),
        b"\x02\x01\x00\x01" + value + value + THEFT.encode(),
        b"\xfb\x01" + THEFT.encode(),
    ]
    for flags in (raw.ORDINARY, raw.ORDINARY | raw.QUERY_ATTRIBUTES):
        for body in bodies:
            _nothing(stage, _play(stage.gateway_port, _send(packet(b"\x03" + body)), flags=flags))


@pytest.mark.parametrize(
    ("user", "schema", "collation"),
    [
        (b"app", b"vault", 45), (b"app", b"mysql", 45), (b"app", b"SHOP", 45), (b"app", b"information_schema", 45),
        (b"evil_victim", b"shop", 45), (b"root", None, 45), (b"", None, 45), (b"APP", b"shop", 45), (b"app ", b"shop", 45),
        (b"app", b"shop", 28), (b"app", b"shop", 1), (b"app", b"shop", 13), (b"app", b"shop", 95), (b"app", b"shop", 248),
        (b"app", b"shop", 35), (b"app", b"shop", 54), (b"app", b"shop", 60), (b"app", b"shop", 0), (b"app", b"shop", 255),
    ],
)  # fmt: skip
def test_the_login_itself(stage: Stage, user: bytes, schema: bytes | None, collation: int) -> None:
    """Users without a rule, schemas that are not theirs, character sets whose bytes nobody follows."""
    attempts = [query(GOOD if schema == b"vault" else THEFT), query(b"SELECT '\xbf\\', s FROM secret -- '")]
    attempts += [query("TABLE users") if schema == b"SHOP" else query(b"SELECT '\xbf', s FROM secret -- '")]
    for attempt in attempts:
        seen = _play(stage.gateway_port, _send(attempt), user=user, schema=schema, collation=collation)
        _nothing(stage, seen)


def test_commands_before_the_login_is_done(stage: Stage) -> None:
    for behind in (
        query(THEFT),
        packet(b"\x03" + THEFT.encode(), 2),
        query(GOOD) + query(THEFT),
        query("DELETE FROM users"),
    ):
        _nothing(stage, _play(stage.gateway_port, _send(), behind=behind))
        with contextlib.suppress(OSError), Raw(stage.gateway_port) as connection:
            connection.send(behind, packet(connection.answer(raw.ORDINARY, b"app", None), 1))
            connection.drain()
            _nothing(stage, connection.seen)
        with contextlib.suppress(OSError), Raw(stage.gateway_port) as connection:
            response = packet(connection.answer(raw.ORDINARY, b"app", None), 1)
            connection.send(response, response, packet(b"", 2), behind)
            connection.drain()
            _nothing(stage, connection.seen)


def test_responses_that_lie_about_themselves(stage: Stage) -> None:
    with Raw(stage.gateway_port) as probe:
        good = probe.answer(raw.ORDINARY | raw.WITH_DB, b"app", b"shop")
    for bad in (
        b"", good[:4], good[:20], good[:33], good[:40], good[:-1], good + b"\0" * 5000,
        good[:4] + b"\xff" * 4 + good[8:], good.replace(b"app\0", b"app\0\0"), good.replace(b"shop\0", b"shop\0vault\0"),
        struct.pack("<HI", raw.LONG_PASSWORD, 0)[:5] + b"app\0", struct.pack("<IIB", raw.ORDINARY | raw.SSL, 1 << 24, 45) + bytes(23),
    ):  # fmt: skip
        with contextlib.suppress(OSError), Raw(stage.gateway_port) as connection:
            connection.send(packet(bad, 1), query(THEFT))
            connection.drain(0.1)
            _nothing(stage, connection.seen)


def _change_user(c: Raw, user: bytes, schema: bytes, collation: int, *behind: bytes) -> None:
    scramble = c._scramble(c.plugin, c.nonce)
    body = b"\x11" + user + b"\0" + bytes([len(scramble)]) + scramble + schema + b"\0"
    c.send(packet(body + struct.pack("<H", collation) + c.plugin + b"\0"), *behind)
    with contextlib.suppress(OSError):
        c.socket.settimeout(1)
        c.finish()
    with contextlib.suppress(OSError):
        c.send(
            query(GOOD),
            query("SELECT s FROM users"),
            query(THEFT),
            query(b"SELECT '\xbf\\', s FROM secret -- '"),
        )
    c.drain()


def _changing(user: bytes, schema: bytes, collation: int, *behind: bytes) -> Callable[[Raw], None]:
    def act(connection: Raw) -> None:
        _change_user(connection, user, schema, collation, *behind)

    return act


@pytest.mark.parametrize("user", [b"app", b"evil_victim", b"root", b""])
@pytest.mark.parametrize("schema", [b"shop", b"vault", b"mysql", b"SHOP", b""])
def test_change_user(stage: Stage, user: bytes, schema: bytes) -> None:
    for collation in (45, 28, 8, 63, 1000, 0):
        _nothing(stage, _play(stage.gateway_port, _changing(user, schema, collation)))
        _nothing(
            stage,
            _play(
                stage.gateway_port,
                _changing(user, schema, collation, query(GOOD), query(THEFT)),
            ),
        )


class _Rogue(threading.Thread):
    """A server that lets everybody in and then asks for the client's files, whatever the statement."""

    def __init__(self, greeting: bytes, reply: bytes) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.greeting, self.reply = greeting, reply
        self.got = b""

    def run(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), peer:
                peer.settimeout(3)
                peer.sendall(packet(self.greeting, 0))
                peer.recv(65536)
                peer.sendall(packet(b"\0\0\0\x02\0\0\0", 2))
                while data := peer.recv(65536):
                    self.got += data
                    peer.sendall(packet(self.reply, 1))


@pytest.mark.parametrize(
    "reply",
    [
        b"\xfb/etc/passwd",
        b"\xfb",
        b"\xfb" + b"a" * 5000,
        b"\xfe" + b"\0" * 30,
        b"\xff",
        b"\x00",
        b"\xfc\xff",
        b"\xfd\xff\xff\xff",
    ],
)
def test_a_rogue_server_gets_no_file(stage: Stage, reply: bytes) -> None:
    with Raw(stage.server_port) as honest:
        greeting = honest.greeting
    rogue = _Rogue(greeting, reply)
    rogue.start()

    class Server:
        host, port, user, password = "127.0.0.1", rogue.listener.getsockname()[1], "app", "app_pw"

    try:
        with Gateway(Server(), world.POLICY) as gateway, contextlib.suppress(OSError):
            connection = Raw(gateway.port, 30.0)
            with connection:
                if connection.login(flags=raw.ORDINARY | raw.LOCAL_FILES, schema=None):
                    connection.send(query(GOOD))
                    connection.drain(0.5)
                    connection.send(packet(b"file content", 2), packet(b"", 3))
                    connection.drain(0.2)
        assert b"/etc/passwd" not in connection.seen
        assert b"file content" not in rogue.got
    finally:
        rogue.listener.close()
