"""A server that asks a client for a file."""

from __future__ import annotations

from dbgate.wire.build import packet
from tests.rows import rows
from tests.unit.wire.making import ok

from .play import Play, brain

ROOT = "access_control: [{user: app, allowed_tables: ['*'], allowed_operations: ['*']}]"


def test_local_infile() -> None:
    play = Play().login()
    load = b"\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE users"
    play.passes(load)
    play.server(packet(1, b"\xfbf"))
    assert play.to_client == packet(1, b"\xfbf")
    data = packet(2, b"a\n" * 5000)
    for i in range(0, len(data), 3000):
        assert play.client(data[i : i + 3000]).to_server == data[i : i + 3000]
    play.client(packet(3, b"") + packet(0, b"\x03SELECT id FROM users"))
    assert play.to_server == packet(3, b"")
    play.server(packet(4, ok(5000)))
    assert play.to_client == packet(4, ok(5000))
    assert (play.last.operation, play.last.affected_rows) == ("LOAD", 5000)
    assert play.to_server == packet(0, b"\x03SELECT id FROM users")


def test_a_file_that_was_sent_too_early() -> None:
    play = Play().login()
    play.client(
        packet(0, b"\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE users") + packet(2, b"data") + packet(3, b"")
    )
    play.server(packet(1, b"\xfbf"))
    assert play.to_server == packet(2, b"data") + packet(3, b"")
    play.server(packet(4, ok(1)))
    assert play.last.affected_rows == 1


@rows("statement", [b"SELECT id FROM users", b"LOAD DATA INFILE 'f' INTO TABLE users"])
def test_a_server_that_asks_for_a_file_gets_none(statement: bytes) -> None:
    play = Play(brain(ROOT)).login()
    play.passes(b"\x03" + statement)
    play.server(packet(1, b"\xfb/etc/passwd"))
    assert play.error().errno == 1105
    assert b"passwd" not in play.to_client
    assert play.closed.startswith("protocol error of the server")
    assert [r.event for r in play.records[-2:]] == ["query", "connection.close"]


@rows("name", [b"/etc/passwd", b"f'", b"LOAD", b"", b"users"])
def test_a_server_that_asks_for_another_file_gets_none(name: bytes) -> None:
    for prepared in (False, True):
        play = Play().login()
        load = b"LOAD DATA LOCAL INFILE '/home/me/f' INTO TABLE users"
        if prepared:
            play.passes(b"\x16" + load, [b"\x00\x07\x00\x00\x00" + b"\x00" * 7])
            play.passes(b"\x17\x07\x00\x00\x00\x00\x01\x00\x00\x00")
        else:
            play.passes(b"\x03" + load)
        play.server(packet(1, b"\xfb" + name))
        assert play.error().errno == 1105
        assert b"\xfb" + name not in play.to_client.replace(b"\xff", b"") or not name
        assert play.closed == "protocol error of the server: server asks for a file that no statement loads"


def test_what_dynamic_sql_loads_is_named_elsewhere() -> None:
    play = Play(
        brain(ROOT + "\nprocedure_control: {block_dynamic_sql: false}"), version=b"10.11.6-MariaDB"
    ).login()
    play.passes(b"\x03PREPARE s FROM 'LOAD DATA LOCAL INFILE ''f'' INTO TABLE users'", [ok()])
    play.passes(b"\x03EXECUTE s")
    play.server(packet(1, b"\xfbf"))
    assert play.to_client == packet(1, b"\xfbf")


def test_the_file_of_a_prepared_statement_with_a_cursor() -> None:
    play = Play().login()
    play.passes(b"\x16LOAD DATA LOCAL INFILE 'f' INTO TABLE users", [b"\x00\x07\x00\x00\x00" + b"\x00" * 7])
    play.passes(b"\x17\x07\x00\x00\x00\x01\x01\x00\x00\x00")
    play.server(packet(1, b"\xfbf"))
    assert play.to_client == packet(1, b"\xfbf")


def test_a_server_that_talks_while_the_file_comes() -> None:
    play = Play().login()
    play.passes(b"\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE users")
    play.server(packet(1, b"\xfbf") + packet(2, ok()))
    assert play.closed.startswith("protocol error of the server")
    play = Play().login()
    play.passes(b"\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE users")
    play.server(packet(1, b"\xfbf"))
    play.server(packet(2, ok()))
    assert play.closed.startswith("protocol error of the server")
