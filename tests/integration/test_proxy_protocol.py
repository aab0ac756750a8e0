"""PROXY headers: `source_ip` means the client behind a real HAProxy, and nobody else can say who they are."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pymysql
import pytest

from dbgate.gate.session import NO_HEADER
from dbgate.wire.proxy import V2_START, crc32c
from tests.servers.gateway import Gateway, eventually
from tests.servers.haproxy import HAProxy
from tests.servers.mariadb import MariaDB

PROXY = "127.0.0.9"  # the only address that is trusted
CLIENT = "127.0.0.5"  # the only one that the policy lets in
POLICY = f"""
access_control:
  - {{user: app, source_ip: {CLIENT}, allowed_tables: ["*"], allowed_operations: [SELECT]}}
"""
HEADER = f"PROXY TCP4 {CLIENT} 127.0.0.1 4000 3306\r\n".encode()


@pytest.fixture(scope="module")
def behind(mariadb: MariaDB) -> Iterator[Gateway]:
    with Gateway(mariadb, POLICY, trusted_proxies=f"{PROXY}/32, fd00::/8", handshake_timeout="1m") as running:
        yield running


def v2(command: int, family: int, block: bytes) -> bytes:
    return V2_START + bytes((command, family)) + len(block).to_bytes(2, "big") + block


def talk(gateway: Gateway, source: str, *pieces: bytes) -> bytes:
    """What somebody at `source` hears who says these pieces at once and then nothing, until the gateway hangs up or
    has greeted."""
    with socket.create_connection((gateway.host, gateway.port), 30, (source, 0)) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            peer.sendall(piece)
        heard = b""
        with contextlib.suppress(
            ConnectionResetError
        ):  # behind the last word, where it waited long to be heard
            while chunk := peer.recv(65536):
                heard += chunk
                if heard[4:5] == b"\x0a" and len(pieces) == 1:
                    break
        return heard


def refused(gateway: Gateway, reason: str, ip: str) -> None:
    gateway.wait_records(event="connection.denied", client_ip=ip, reason=reason)


@pytest.mark.parametrize(
    "options", ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"]
)
def test_source_ip_is_the_client_behind_haproxy(behind: Gateway, options: str) -> None:
    with HAProxy(behind.port, options, PROXY) as balancer:
        with (
            pymysql.connect(
                host=balancer.host, port=balancer.port, user="app", password="app_pw", bind_address=CLIENT
            ) as client,
            client.cursor() as cursor,
        ):
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == ((1,),)
            port = client._sock.getsockname()[1]  # type: ignore[attr-defined]
        behind.wait_records(event="connection.open", client_ip=CLIENT, client_port=port)
        with pytest.raises(pymysql.err.OperationalError, match="no-access-rule"):
            pymysql.connect(host=balancer.host, port=balancer.port, user="app", password="app_pw")
        behind.wait_records(event="connection.denied", client_ip="127.0.0.1", rule="no-access-rule")


@pytest.mark.parametrize("options", ["send-proxy", "send-proxy-v2"])
def test_haproxys_health_check_passes(behind: Gateway, options: str) -> None:
    """LOCAL and UNKNOWN: the proxy speaks for itself. Its MySQL check wants a greeting, and a login for `app`, which
    the policy does not let in from there."""
    check = "option mysql-check user app"
    before = len(behind.records(event="connection.denied", client_ip=PROXY, rule="no-access-rule"))
    with HAProxy(behind.port, f"{options} check check-send-proxy inter 200ms", PROXY, check):
        behind.wait_records(before + 1, event="connection.denied", client_ip=PROXY, rule="no-access-rule")


def test_a_header_is_wanted_from_who_is_trusted(behind: Gateway) -> None:
    heard = talk(behind, PROXY, b"\x4a\x00\x00\x01\x8d\xa6\xff\x01")
    assert b"dbgate: a PROXY header was due" in heard and heard[4:5] == b"\xff"
    refused(behind, "dbgate: a PROXY header was due", PROXY)


def test_who_says_nothing_is_not_greeted_and_does_not_stay(mariadb: MariaDB) -> None:
    with Gateway(mariadb, POLICY, trusted_proxies=PROXY, handshake_timeout="1s") as gateway:
        heard = talk(gateway, PROXY)
        assert b"dbgate: no PROXY header came" in heard and heard[4:5] == b"\xff"
        refused(gateway, "dbgate: no PROXY header came", PROXY)


BLOCK = socket.inet_aton(CLIENT) * 2 + b"\x0f\xa0\x0c\xea"


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"PROXY TCP4 127.0.0.5 127.0.0.1 4000\r\n", "cannot be read"),
        (b"PROXY TCP4 127.0.0.5 nonsense 4000 3306\r\n", "bad address"),
        (b"PROXY " + b"x" * 200, "does not end"),
        (V2_START + b"\x21\x11\xff\xff" + BLOCK, "too long"),
        (v2(0x21, 0x11, BLOCK + b"\x04\xff\xff" + bytes(100)), "early"),
        (v2(0x21, 0x11, BLOCK + b"\x03\x00\x04" + bytes(4)), "checksum"),
        (v2(0x21, 0x31, bytes(216)), "no TCP connection"),
        (v2(0x22, 0x11, BLOCK), "unknown version or command"),
    ],
)
def test_bad_headers_from_who_is_trusted(behind: Gateway, header: bytes, why: str) -> None:
    heard = talk(behind, PROXY, header)
    assert heard[4:5] == b"\xff" and why.encode() in heard
    assert heard[3] == 0  # in place of a greeting


@pytest.mark.parametrize("header", [HEADER, v2(0x21, 0x11, BLOCK), v2(0x20, 0, b"")])
def test_a_header_from_anyone_else_ends_the_connection(behind: Gateway, header: bytes) -> None:
    wanted = {
        "event": "connection.denied",
        "client_ip": CLIENT,
        "reason": f"protocol error of the client: {NO_HEADER}",
    }
    before = len(behind.records(**wanted))
    heard = talk(behind, CLIENT, header, b"")
    assert b"a PROXY header from an address that may send none" in heard
    behind.wait_records(before + 1, **wanted)
    assert not behind.records(event="connection.open", client_port=4000)


def test_a_header_counts_once_and_only_in_front(behind: Gateway) -> None:
    heard = talk(behind, PROXY, HEADER + HEADER, b"")
    assert b"or a second one" in heard
    with socket.create_connection((behind.host, behind.port), 10, (PROXY, 0)) as peer:
        peer.sendall(HEADER)
        assert peer.recv(65536)[4:5] == b"\x0a"  # greeted
        peer.sendall(HEADER.replace(CLIENT.encode(), b"10.0.0.1"))
        assert b"or a second one" in peer.recv(65536)
    assert not behind.records(client_ip="10.0.0.1")


def test_byte_by_byte_and_checked_sums(behind: Gateway) -> None:
    head = v2(0x21, 0x11, BLOCK + b"\xee\x00\x02hi" + b"\x03\x00\x04" + bytes(4))
    for header in (HEADER, head[:-4] + crc32c(head).to_bytes(4, "big")):
        with socket.create_connection((behind.host, behind.port), 10, (PROXY, 0)) as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(len(header)):
                peer.sendall(header[i : i + 1])
            assert peer.recv(65536)[4:5] == b"\x0a"


def test_who_needs_no_header_is_served_as_before(behind: Gateway) -> None:
    with behind.connect(bind_address=CLIENT) as client, client.cursor() as cursor:
        cursor.execute("SELECT 2")
        assert cursor.fetchall() == ((2,),)
    with pytest.raises(pymysql.err.OperationalError, match="no-access-rule"):
        behind.connect()


def test_limits_count_before_and_after_the_header(mariadb: MariaDB) -> None:
    with Gateway(mariadb, POLICY, trusted_proxies=PROXY, max_connections=1) as gateway:
        with (
            socket.create_connection((gateway.host, gateway.port), 10, (PROXY, 0)),
            socket.create_connection((gateway.host, gateway.port), 10, (PROXY, 0)) as second,
            socket.create_connection((gateway.host, gateway.port), 10, (PROXY, 0)) as third,
        ):
            second.sendall(HEADER)
            assert second.recv(65536)[4:5] == b"\x0a"
            third.sendall(HEADER)
            assert b"too many connections" in third.recv(65536)
        eventually(lambda: gateway.health("/health")[1]["sessions"] == 0)
