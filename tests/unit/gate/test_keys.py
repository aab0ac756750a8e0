from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from dbgate.gate.keys import LONGEST_PEM, RsaKey, encrypt

KEY = RsaKey()


def test_what_was_encrypted_is_opened() -> None:
    assert KEY.pem.startswith(b"-----BEGIN PUBLIC KEY-----\n")
    for text in (b"p\x00", b"x" * 214):
        sealed = encrypt(KEY.pem, text)
        assert len(sealed) == 256
        assert KEY.decrypt(sealed) == text
        assert encrypt(KEY.pem, text) != sealed


def test_what_cannot_be() -> None:
    assert encrypt(KEY.pem, b"x" * 215) == b""
    assert encrypt(KEY.pem + b" " * LONGEST_PEM, b"x") == b""
    assert encrypt(b"no key", b"x") == b""
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    assert encrypt(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), b"x") == b""
    weak = rsa.generate_private_key(65537, 1024).public_key()
    assert len(encrypt(weak.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), b"x")) == 128
    assert RsaKey().decrypt(encrypt(KEY.pem, b"x")) == b""


@settings(max_examples=20)
@given(st.one_of(st.binary(max_size=300), st.binary(min_size=256, max_size=256)))
def test_anything_is_opened_or_not(data: bytes) -> None:
    assert KEY.decrypt(data) == b""
    assert encrypt(data, b"x") == b""
