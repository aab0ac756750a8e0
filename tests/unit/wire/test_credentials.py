from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire import constants as c
from dbgate.wire.credentials import (
    change_with_auth,
    folded,
    public_key,
    ssl_request,
    switch_nonce,
    with_auth,
)
from dbgate.wire.handshake import parse_change_user, parse_response, response_capabilities
from tests.rows import rows

from .making import CLIENT_CAPABILITIES, response

LENENC = CLIENT_CAPABILITIES | c.CLIENT_PLUGIN_AUTH_LENENC
OLD = CLIENT_CAPABILITIES & ~c.CLIENT_SECURE_CONNECTION


@rows("capabilities", [LENENC, CLIENT_CAPABILITIES & ~1 | 5 << 32])
def test_the_request_says_what_the_answer_says(capabilities: int) -> None:
    payload = response(capabilities)
    request = ssl_request(payload)
    assert len(request) == 32
    assert response_capabilities(request) == capabilities | c.CLIENT_SSL
    assert request[4:] == payload[4:32]
    with pytest.raises(ProtocolError):
        ssl_request(payload[:32])


def test_nonces() -> None:
    assert switch_nonce(b"\xfecaching_sha2_password\x00" + b"n" * 20 + b"\x00") == b"n" * 20
    assert switch_nonce(b"\xfeclient_ed25519\x00") == b""
    assert switch_nonce(b"\xfe") == b""
    with pytest.raises(ProtocolError):
        switch_nonce(b"\xfeno end")


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=20))
def test_folding_is_its_own_inverse(password: bytes, nonce: bytes) -> None:
    assert folded(folded(password, nonce), nonce) == password


def test_folding() -> None:
    assert folded(b"ab\x00", b"\x01\x02") == b"\x60\x60\x01"
    with pytest.raises(ProtocolError):
        folded(b"x", b"")


def test_a_key_is_more_data() -> None:
    assert public_key(b"PEM") == b"\x01PEM"


@given(st.binary(max_size=400), st.sampled_from([LENENC, CLIENT_CAPABILITIES]))
def test_another_answer_in_a_login(auth: bytes, capabilities: int) -> None:
    payload = response(capabilities, auth=b"old")
    if len(auth) > 255 and capabilities != LENENC:
        with pytest.raises(ProtocolError):
            with_auth(payload, capabilities, auth)
        return
    made = with_auth(payload, capabilities, auth)
    assert made == response(capabilities, auth=auth)
    assert parse_response(made).auth == auth


def test_another_answer_in_a_change_of_user() -> None:
    payload = b"\x11root\x00\x03oldshop\x00\x2d\x00sha256_password\x00"
    made = change_with_auth(payload, CLIENT_CAPABILITIES, b"new one")
    found = parse_change_user(made, CLIENT_CAPABILITIES)
    assert (found.user, found.auth, found.schema, found.plugin) == (
        b"root",
        b"new one",
        b"shop",
        "sha256_password",
    )
    with pytest.raises(ProtocolError):
        change_with_auth(payload, CLIENT_CAPABILITIES, b"x" * 256)


def test_clients_that_are_too_old() -> None:
    with pytest.raises(ProtocolError):
        with_auth(response(OLD), OLD, b"x")
    with pytest.raises(ProtocolError):
        change_with_auth(b"\x11root\x00old\x00\x00", OLD, b"x")
