"""What changes in a login where one leg is TLS and the other is not: the SSLRequest, and where the password stands.

caching_sha2_password and sha256_password send a password that the server cannot check by a hash in clear under TLS;
without TLS it is folded with the server's nonce and encrypted with an RSA key that the client asks for
(page_caching_sha2_authentication_exchanges in the MySQL manual; sql-common/client_authentication.cc).
"""

from __future__ import annotations

from typing import Final

from dbgate.errors import ProtocolError
from dbgate.wire.codec import Reader, put_lenenc_bytes
from dbgate.wire.constants import (
    CLIENT_PLUGIN_AUTH_LENENC,
    CLIENT_SECURE_CONNECTION,
    CLIENT_SSL,
    MORE_DATA_HEADER,
)

SSL_REQUEST: Final = 32  # bytes of its payload: a HandshakeResponse up to the user's name
NONCE: Final = 20  # bytes of a scramble

CACHING_SHA2: Final = "caching_sha2_password"
SHA256: Final = "sha256_password"
FAST_AUTH_OK: Final = b"\x01\x03"  # caching_sha2_password: the server goes on by itself
FULL_AUTH: Final = b"\x01\x04"  # caching_sha2_password: the password itself is wanted
KEY_WANTED_CACHING: Final = b"\x02"  # the client's wish for the public key
KEY_WANTED_SHA256: Final = b"\x01"
NO_PASSWORD: Final = b"\x00"


def ssl_request(payload: bytes) -> bytes:
    """The SSLRequest in front of the HandshakeResponse `payload`, which says the same: MySQL's server takes the
    capabilities from the request and does not look at those of the answer (sql/auth/sql_authentication.cc)."""
    if len(payload) <= SSL_REQUEST:
        raise ProtocolError("packet ends early")
    return bytes((payload[0], payload[1] | CLIENT_SSL >> 8)) + payload[2:SSL_REQUEST]


def switch_nonce(payload: bytes) -> bytes:
    """The nonce in an AuthSwitchRequest; b"" where it has none."""
    read = Reader(payload, 1)
    if not read.left():
        return b""
    read.nul_bytes()
    return read.rest()[:NONCE]


def folded(password: bytes, nonce: bytes) -> bytes:
    """The password XOR the nonce, repeated: what is encrypted, and (it is its own inverse) what was decrypted."""
    if not nonce:
        raise ProtocolError("a password without a nonce")
    size = len(nonce)
    return bytes([byte ^ nonce[i % size] for i, byte in enumerate(password)])


def public_key(pem: bytes) -> bytes:
    """The payload that gives a client the key it asked for."""
    return bytes((MORE_DATA_HEADER,)) + pem


def with_auth(payload: bytes, capabilities: int, auth: bytes) -> bytes:
    """The HandshakeResponse with another answer of its plugin. The payload was read by parse_response."""
    read = Reader(payload, SSL_REQUEST)
    read.nul_bytes()
    start = read.pos
    if capabilities & CLIENT_PLUGIN_AUTH_LENENC:
        read.lenenc_bytes()
        return payload[:start] + put_lenenc_bytes(auth) + payload[read.pos :]
    if not capabilities & CLIENT_SECURE_CONNECTION:
        raise ProtocolError("a client too old for this password")
    read.take(read.u8())
    return payload[:start] + _short(auth) + payload[read.pos :]


def change_with_auth(payload: bytes, capabilities: int, auth: bytes) -> bytes:
    """The same for COM_CHANGE_USER, which was read by parse_change_user."""
    if not capabilities & CLIENT_SECURE_CONNECTION:
        raise ProtocolError("a client too old for this password")
    read = Reader(payload, 1)
    read.nul_bytes()
    start = read.pos
    read.take(read.u8())
    return payload[:start] + _short(auth) + payload[read.pos :]


def _short(auth: bytes) -> bytes:
    if len(auth) > 255:
        raise ProtocolError("a password too long to be passed on")
    return bytes((len(auth),)) + auth
