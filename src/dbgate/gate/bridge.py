"""Passwords that cross from a TLS leg to a plain one, or back: caching_sha2_password's full authentication, and
sha256_password. Every other plugin says the same on both kinds of legs, and is relayed as it is.

Client in TLS, server in clear: the client sends its password, the gate asks the server for its key and encrypts.
Client in clear, server in TLS: the client asks for a key, the gate gives its own, decrypts, and passes on.
A password is held for one message, and is in no record.
"""

from __future__ import annotations

from dbgate.errors import ProtocolError
from dbgate.gate.keys import encrypt
from dbgate.gate.state import Login, State
from dbgate.wire import build
from dbgate.wire.credentials import (
    CACHING_SHA2,
    FULL_AUTH,
    KEY_WANTED_CACHING,
    KEY_WANTED_SHA256,
    NO_PASSWORD,
    SHA256,
    change_with_auth,
    folded,
    public_key,
    switch_nonce,
    with_auth,
)
from dbgate.wire.handshake import switch_plugin


def first(state: State, login: Login, payload: bytes, auth: bytes) -> bytes:
    """The client's HandshakeResponse or COM_CHANGE_USER as the server must read it; auth: its plugin's first answer.
    b"": the client was asked something first, and what it answers is for `answer`."""
    if login.plugin != SHA256 or state.client_tls == state.server_tls or auth in (b"", NO_PASSWORD):
        return payload
    if state.client_tls:
        login.secret = auth
        return _with(state, login, payload, KEY_WANTED_SHA256)
    if auth == KEY_WANTED_SHA256:
        login.held = payload
        login.full = True
        _give_key(state)
        return b""
    return _with(state, login, payload, _opened(state, auth))


def answer(state: State, login: Login, payload: bytes) -> bytes:
    """The client's answer to its plugin as the server must read it; b"": the gate has answered by itself."""
    if not login.full or state.client_tls == state.server_tls:
        return payload
    wanted = KEY_WANTED_CACHING if login.plugin == CACHING_SHA2 else KEY_WANTED_SHA256
    if not state.client_tls and payload == wanted:
        _give_key(state)
        return b""
    login.full = False
    if payload not in (b"", NO_PASSWORD):
        if state.client_tls:
            login.secret = payload
            return wanted
        payload = _opened(state, payload)
    if login.held:
        held = login.held
        login.held = b""
        return _with(state, login, held, payload)
    return payload


def told(state: State, login: Login, payload: bytes) -> bytes:
    """Called with each message of the server's plugin. What is to be sent back at once, without the client's
    knowledge; b"" = nothing, and the message is for the client."""
    secret = login.secret
    login.secret = b""
    if not secret:
        if payload == FULL_AUTH and login.plugin == CACHING_SHA2:
            login.full = True
        return b""
    sealed = encrypt(payload[1:], folded(secret, state.nonce))
    if not sealed:
        raise ProtocolError("no key that this password can be encrypted with")
    return sealed


def switched(state: State, login: Login, payload: bytes) -> None:
    """The server goes on with another plugin."""
    login.plugin = switch_plugin(payload)
    nonce = switch_nonce(payload)
    if nonce:
        state.nonce = nonce
    login.secret = b""
    login.full = login.plugin == SHA256


def _with(state: State, login: Login, payload: bytes, auth: bytes) -> bytes:
    put = change_with_auth if login.change else with_auth
    return put(payload, state.capabilities, auth)


def _give_key(state: State) -> None:
    key = state.brain.legs.key
    if key is None:
        raise ProtocolError("there is no key to give")
    reader = state.reader
    reader.seq = (reader.last_seq + 1) & 0xFF
    state.fx.to_client.append(build.packet(reader.seq, public_key(key.pem)))
    reader.seq = (reader.seq + 1) & 0xFF


def _opened(state: State, sealed: bytes) -> bytes:
    key = state.brain.legs.key
    opened = key.decrypt(sealed) if key is not None else b""
    if not opened:
        raise ProtocolError("the password was not encrypted with the gateway's key")
    return folded(opened, state.nonce)
