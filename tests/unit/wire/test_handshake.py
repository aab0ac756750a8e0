from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire import constants as c
from dbgate.wire import handshake as h
from tests.rows import rows

from . import making
from .making import CLIENT_CAPABILITIES, MARIADB_CAPABILITIES, MYSQL_CAPABILITIES

# As real servers sent them: MySQL 9.7.4 and MariaDB 10.11.14 of Debian, payloads only, scrambles as they were.
MYSQL_9 = (
    b"\n9.7.4-2\x00\x0b\x00\x00\x00\x11\x14G8\x1dl\x01V\x00\xff\xff\xff\x02\x00\xff\xdf\x15\x00\x00\x00\x00\x00\x00"
    b"\x00\x00\x00\x00@\x19_N\x01SNO,n\x08_\x00caching_sha2_password\x00"
)


def test_a_mysql_9_greeting() -> None:
    greeting = h.parse_greeting(MYSQL_9)
    assert (greeting.version_text, greeting.version, greeting.mariadb) == ("9.7.4-2", 90704, False)
    assert greeting.thread_id == 11
    assert greeting.plugin == "caching_sha2_password"
    assert greeting.scramble == b"\x11\x14G8\x1dl\x01V@\x19_N\x01SNO,n\x08_"
    assert greeting.capabilities == 0xDFFFFFFF
    offered = h.offer(greeting)
    assert not offered & (
        c.CLIENT_SSL
        | c.CLIENT_COMPRESS
        | c.CLIENT_ZSTD_COMPRESSION
        | c.CLIENT_OPTIONAL_RESULTSET_METADATA
        | c.CLIENT_SSL_VERIFY_SERVER_CERT
        | c.CLIENT_REMEMBER_OPTIONS
    )
    assert offered & c.CLIENT_QUERY_ATTRIBUTES
    shown = h.parse_greeting(h.rewrite_greeting(MYSQL_9, offered))
    assert shown.capabilities == offered
    assert (shown.thread_id, shown.scramble, shown.plugin) == (
        greeting.thread_id,
        greeting.scramble,
        greeting.plugin,
    )


def test_a_mariadb_greeting() -> None:
    payload = making.greeting(
        MARIADB_CAPABILITIES, b"5.5.5-10.11.14-MariaDB-0+deb12u2", b"mysql_native_password"
    )
    greeting = h.parse_greeting(payload)
    assert greeting.mariadb
    assert greeting.version == 101114
    assert greeting.capabilities == MARIADB_CAPABILITIES
    offered = h.offer(greeting)
    assert offered & c.MARIADB_CACHE_METADATA
    assert not offered & c.MARIADB_COM_MULTI
    assert not offered & c.CLIENT_COMPRESS
    assert h.parse_greeting(h.rewrite_greeting(payload, offered)).capabilities == offered


def test_a_greeting_like_another() -> None:
    first = h.parse_greeting(making.greeting(MARIADB_CAPABILITIES, b"5.5.5-10.11.14-MariaDB"))
    again = h.Greeting("5.5.5-10.11.14-MariaDB", 7, b"s" * 20, first.capabilities, 255, 2, "p", first)
    assert (again.mariadb, again.version, again.thread_id) == (True, 101114, 7)


def test_flavours() -> None:
    assert h.parse_greeting(making.greeting(MYSQL_CAPABILITIES, b"11.4.2-MariaDB")).mariadb
    assert h.parse_greeting(making.greeting(MARIADB_CAPABILITIES, b"10.6.0-custom")).mariadb
    assert not h.parse_greeting(making.greeting()).mariadb


@rows(
    ("text", "number"),
    [
        ("5.5.5-10.11.6-MariaDB", 101106),
        ("9.7.4-2", 90704),
        ("8.0.35-27", 80035),
        ("5.7.44", 50744),
        ("8.4", 80400),
        ("8.4.x", 80400),
        ("11.8.2-MariaDB-log", 110802),
    ],
)
def test_versions(text: str, number: int) -> None:
    assert h.version_number(text) == number


@rows("text", ["", "x", "10", "10.", "v8.0.1", "123.4.5"])
def test_versions_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ProtocolError, match="version"):
        h.version_number(text)


def test_greetings_that_are_refused() -> None:
    with pytest.raises(ProtocolError, match="unknown protocol version"):
        h.parse_greeting(b"\x09" + MYSQL_9[1:])
    with pytest.raises(ProtocolError, match=r"older than 4\.1"):
        h.parse_greeting(making.greeting(MYSQL_CAPABILITIES & ~c.CLIENT_PROTOCOL_41))
    for end in range(len(making.greeting()) - len(b"caching_sha2_password\x00")):
        with pytest.raises(ProtocolError):
            h.parse_greeting(making.greeting()[:end])


def test_a_greeting_without_plugin() -> None:
    assert h.parse_greeting(making.greeting(MYSQL_CAPABILITIES & ~c.CLIENT_PLUGIN_AUTH)).plugin == ""
    assert h.parse_greeting(making.greeting(plugin=b"")[:-1]).plugin == ""
    assert h.parse_greeting(making.greeting(plugin=b"p")[:-1]).plugin == "p"


@given(
    st.integers(0, 2**32 - 1),
    st.binary(min_size=20, max_size=20).filter(lambda value: not value.endswith(b"\x00")),
    st.sampled_from([MYSQL_CAPABILITIES, MARIADB_CAPABILITIES]),
)
def test_greetings_come_back(thread_id: int, scramble: bytes, capabilities: int) -> None:
    version = b"8.0.1\xff" if capabilities == MYSQL_CAPABILITIES else b"10.6.1"
    payload = making.greeting(capabilities, version, b"plug", scramble, thread_id)
    greeting = h.parse_greeting(payload)
    assert (greeting.thread_id, greeting.scramble, greeting.plugin) == (thread_id, scramble, "plug")
    assert (greeting.collation, greeting.status) == (255, 2)
    assert h.rewrite_greeting(payload, capabilities) == payload


LAYOUTS = st.lists(
    st.sampled_from(
        [
            c.CLIENT_CONNECT_WITH_DB,
            c.CLIENT_PLUGIN_AUTH,
            c.CLIENT_CONNECT_ATTRS,
            c.CLIENT_PLUGIN_AUTH_LENENC,
            c.CLIENT_SECURE_CONNECTION,
            c.CLIENT_LONG_PASSWORD,
            c.CLIENT_FOUND_ROWS,
        ]
    )
)
WORDS = st.binary(max_size=20).filter(lambda value: b"\x00" not in value)


@given(LAYOUTS, WORDS, WORDS, WORDS)
def test_responses_come_back(bits: list[int], user: bytes, schema: bytes, auth: bytes) -> None:
    capabilities = c.CLIENT_PROTOCOL_41
    for bit in bits:
        capabilities |= bit
    if not capabilities & c.CLIENT_LONG_PASSWORD:
        capabilities |= c.MARIADB_STMT_BULK_OPERATIONS
    payload = making.response(capabilities, user, schema, auth, b"plug", 33, b"\x01a\x01b")
    assert h.response_capabilities(payload) == capabilities
    found = h.parse_response(payload)
    assert (found.user, found.auth, found.collation, found.max_packet) == (user, auth, 33, 1 << 24)
    assert found.schema == (schema if capabilities & c.CLIENT_CONNECT_WITH_DB else b"")
    assert found.plugin == ("plug" if capabilities & c.CLIENT_PLUGIN_AUTH else "")
    assert found.attributes == (b"\x01a\x01b" if capabilities & c.CLIENT_CONNECT_ATTRS else b"")


def test_plugin_and_attributes_may_be_missing() -> None:
    capabilities = CLIENT_CAPABILITIES | c.CLIENT_CONNECT_ATTRS
    payload = making.response(capabilities & ~c.CLIENT_PLUGIN_AUTH & ~c.CLIENT_CONNECT_ATTRS)
    found = h.parse_response(h.rewrite_response(payload, capabilities))
    assert (found.schema, found.plugin, found.attributes) == (b"shop", "", b"")


def test_old_clients_are_refused() -> None:
    with pytest.raises(ProtocolError, match=r"older than 4\.1"):
        h.response_capabilities(b"\x85\xa4\x00\x00root\x00")
    with pytest.raises(ProtocolError):
        h.response_capabilities(b"\x85")


def test_answers_are_held_to_the_offer() -> None:
    offered = CLIENT_CAPABILITIES & ~c.CLIENT_CONNECT_WITH_DB
    assert h.held(offered, offered) == offered
    assert h.held(offered | c.CLIENT_NO_SCHEMA | c.CLIENT_REMEMBER_OPTIONS, offered) == offered
    # Whether the filler is read as capabilities is the client's word: clearing the bit would turn it on.
    assert h.held(offered, offered & ~c.CLIENT_LONG_PASSWORD) == offered
    # libmysqlclient sets these whatever it was offered, and then speaks as it was offered.
    unasked = c.CLIENT_LOCAL_FILES | c.CLIENT_QUERY_ATTRIBUTES | c.CLIENT_MULTI_FACTOR_AUTHENTICATION
    assert h.held(offered | unasked, offered) == offered


@rows(
    "bit",
    [
        c.CLIENT_SSL,
        c.CLIENT_COMPRESS,
        c.CLIENT_ZSTD_COMPRESSION,
        c.CLIENT_CONNECT_WITH_DB,
        c.CLIENT_DEPRECATE_EOF,
        c.CLIENT_SESSION_TRACK,
        c.CLIENT_OPTIONAL_RESULTSET_METADATA,
        c.MARIADB_COM_MULTI,
        c.MARIADB_CACHE_METADATA,
        c.MARIADB_PROGRESS,
    ],
)
def test_altering_bits_must_be_offered(bit: int) -> None:
    offered = CLIENT_CAPABILITIES & ~c.CLIENT_CONNECT_WITH_DB
    with pytest.raises(ProtocolError, match="not offered"):
        h.held(offered | bit, offered)


def test_everything_that_alters_replies_is_followed_or_refused() -> None:
    refused = h.ALTERING & ~h.ALLOWED
    assert refused == (
        c.CLIENT_COMPRESS
        | c.CLIENT_SSL
        | c.CLIENT_ZSTD_COMPRESSION
        | c.CLIENT_OPTIONAL_RESULTSET_METADATA
        | c.CLIENT_CAPABILITY_EXTENSION
        | c.MARIADB_COM_MULTI
    )


@rows("base", [CLIENT_CAPABILITIES, CLIENT_CAPABILITIES & ~c.CLIENT_LONG_PASSWORD])
def test_rewritten_answers_differ_in_capabilities_only(base: int) -> None:
    payload = making.response(base | c.CLIENT_NO_SCHEMA)
    held = h.held(h.response_capabilities(payload), base)
    assert h.rewrite_response(payload, held) == making.response(base)


def test_change_user() -> None:
    body = b"\x11app\x00\x03abcshop\x00\x2d\x00caching_sha2_password\x00attrs"
    found = h.parse_change_user(body, CLIENT_CAPABILITIES)
    assert (found.user, found.auth, found.schema, found.collation) == (b"app", b"abc", b"shop", 45)
    assert found.plugin == "caching_sha2_password"
    short = h.parse_change_user(b"\x11app\x00\x00\x00", CLIENT_CAPABILITIES)
    assert (short.auth, short.schema, short.collation, short.plugin) == (b"", b"", -1, "")
    old = h.parse_change_user(b"\x11app\x00abc\x00shop\x00\x2d\x00", 0)
    assert (old.auth, old.schema, old.collation) == (b"abc", b"shop", 45)


def test_switch_plugin() -> None:
    assert h.switch_plugin(b"\xfeclient_ed25519\x00scramble") == "client_ed25519"
    assert h.switch_plugin(b"\xfe") == ""


@given(st.binary(max_size=120))
def test_nothing_but_protocol_errors(payload: bytes) -> None:
    for parse in (h.parse_greeting, h.response_capabilities, h.parse_response, h.switch_plugin):
        with contextlib.suppress(ProtocolError):
            parse(payload)
    for capabilities in (0, CLIENT_CAPABILITIES):
        with contextlib.suppress(ProtocolError):
            h.parse_change_user(payload, capabilities)


@given(st.binary(max_size=80))
def test_damaged_answers_raise_nothing_else(tail: bytes) -> None:
    for base in (CLIENT_CAPABILITIES | c.CLIENT_CONNECT_ATTRS, c.CLIENT_PROTOCOL_41, 0xFFFFFFFF):
        payload = making.response(base)[:32] + tail
        with contextlib.suppress(ProtocolError):
            h.parse_response(payload)
