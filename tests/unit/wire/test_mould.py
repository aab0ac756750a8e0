from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire import constants as c
from dbgate.wire import handshake as h
from dbgate.wire.build import packet
from dbgate.wire.mould import Mould, auth_of, without_auth

from . import making
from .making import CLIENT_CAPABILITIES, MARIADB_CAPABILITIES, MYSQL_CAPABILITIES

KINDS = st.sampled_from(
    [
        (MYSQL_CAPABILITIES, b"9.7.4", b"caching_sha2_password"),
        (MARIADB_CAPABILITIES, b"5.5.5-10.11.6-MariaDB", b"mysql_native_password"),
        (MYSQL_CAPABILITIES & ~c.CLIENT_PLUGIN_AUTH, b"5.7.1", b""),
    ]
)
SCRAMBLES = st.binary(min_size=20, max_size=20)
THREADS = st.integers(0, 2**32 - 1)


def mould(payload: bytes, tls: bool = False) -> Mould:
    greeting = h.parse_greeting(payload)
    return Mould(payload, greeting, h.offer(greeting, tls))


def facts(greeting: h.Greeting) -> tuple[object, ...]:
    return (
        greeting.version_text,
        greeting.thread_id,
        greeting.scramble,
        greeting.capabilities,
        greeting.collation,
        greeting.status,
        greeting.plugin,
        greeting.mariadb,
        greeting.version,
    )


@given(KINDS, SCRAMBLES, SCRAMBLES, THREADS, st.booleans())
def test_a_greeting_is_what_it_would_be_read_as(
    kind: tuple[int, bytes, bytes], first: bytes, second: bytes, thread: int, tls: bool
) -> None:
    known = mould(making.greeting(*kind, first), tls)
    payload = making.greeting(*kind, second, thread)
    read = known.read(packet(0, payload))
    assert read is not None
    assert facts(read) == facts(h.parse_greeting(payload))
    assert known.shown(packet(0, payload)) == packet(0, h.rewrite_greeting(payload, known.offered))
    assert known.offered == h.offer(read, tls)


@given(KINDS, SCRAMBLES, st.integers(0, 200), st.integers(1, 255))
def test_a_greeting_with_one_byte_changed(
    kind: tuple[int, bytes, bytes], scramble: bytes, at: int, by: int
) -> None:
    known = mould(making.greeting(*kind))
    data = bytearray(packet(0, making.greeting(*kind, scramble)))
    data[at % len(data)] ^= by
    read = known.read(bytes(data))
    if read is not None:
        assert data[:4] == packet(0, bytes(data[4:]))[:4]
        assert facts(read) == facts(h.parse_greeting(bytes(data[4:])))


def test_other_chunks_are_no_greeting_of_this_kind() -> None:
    payload = making.greeting()
    known = mould(payload)
    whole = packet(0, payload)
    others = (
        b"",
        whole[:-1],
        whole + b"\0",
        packet(1, payload),
        packet(0, making.greeting(version=b"9.7.5")),
        packet(0, making.greeting(plugin=b"caching_sha2_passworD")),
        packet(0, making.greeting(MYSQL_CAPABILITIES & ~c.CLIENT_SSL)),
    )
    assert known.read(whole) is not None
    assert [known.read(other) for other in others] == [None] * len(others)


LAYOUTS = st.lists(
    st.sampled_from(
        [
            c.CLIENT_CONNECT_WITH_DB,
            c.CLIENT_PLUGIN_AUTH,
            c.CLIENT_CONNECT_ATTRS,
            c.CLIENT_PLUGIN_AUTH_LENENC,
            c.CLIENT_LONG_PASSWORD,
        ]
    )
)
WORDS = st.binary(max_size=6).filter(lambda value: b"\x00" not in value)
AUTHS = st.one_of(st.binary(max_size=21), st.binary(min_size=249, max_size=252))


def said(payload: bytes) -> tuple[object, ...]:
    found = h.parse_response(payload)
    return (
        found.capabilities,
        found.max_packet,
        found.collation,
        found.user,
        found.schema,
        found.plugin,
        found.attributes,
    )


@given(LAYOUTS, WORDS, WORDS, AUTHS, AUTHS, st.binary(max_size=8))
def test_answers_that_differ_in_their_plugins_answer_say_the_same_besides(
    bits: list[int], user: bytes, schema: bytes, auth: bytes, other: bytes, tail: bytes
) -> None:
    capabilities = c.CLIENT_PROTOCOL_41 | c.CLIENT_SECURE_CONNECTION
    for bit in bits:
        capabilities |= bit
    payloads = [
        making.response(capabilities, user, schema, each, b"plug", 45, b"\x01a\x01b") + tail
        for each in (auth, other)
    ]
    keys = [without_auth(payload) for payload in payloads]
    for payload, each, key in zip(payloads, (auth, other), keys, strict=True):
        assert (key == b"") == (len(each) >= 0xFB)
        if key:
            assert auth_of(payload) == h.parse_response(payload).auth == each
    if all(keys):
        assert keys[0] == keys[1]
        assert said(payloads[0]) == said(payloads[1])


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_equal_keys_mean_the_same_whatever_the_bytes(one: bytes, two: bytes) -> None:
    for base in (CLIENT_CAPABILITIES, CLIENT_CAPABILITIES | c.CLIENT_PLUGIN_AUTH_LENENC):
        head = making.response(base)[:32]
        # The second has the first's words around another answer.
        end = (head + one).find(b"\x00", 32) + 1
        payloads = [head + one]
        if end and without_auth(payloads[0]):
            rest = payloads[0][end + 1 + payloads[0][end] :]
            payloads.append((head + one)[:end] + bytes((len(two),)) + two + rest)
        results = []
        for payload in payloads:
            try:
                results.append(said(payload))
            except ProtocolError:
                results.append(())
        assert len({without_auth(payload) for payload in payloads}) == 1
        assert len(set(results)) == 1


def test_what_has_no_key() -> None:
    head = making.response()[:32]
    for payload in (b"", head, head + b"app", head + b"app\0", head + b"app\0\x05four", head + b"app\0\xfb"):
        assert without_auth(payload) == b""
    assert without_auth(head + b"app\0\x02xyshop\0") == head + b"app\0shop\0"
