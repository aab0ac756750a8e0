"""RSA for passwords that cross from a plain leg to a TLS leg or back: OAEP with SHA-1, as the servers have it
(RSA_PKCS1_OAEP_PADDING in sql/auth/sha2_password.cc).

`cryptography` is imported where it is needed: a gateway whose legs are alike never loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_BITS: Final = 2048  # as the servers' own
LONGEST_PEM: Final = 8192  # bytes of a server's key that are looked at


@final
class RsaKey:
    """The gateway's own key, which clients on a plain leg encrypt their password with. It lives as long as its
    process and is never written down. Making one takes some 100 ms. pem: the public half as a server sends it."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._key: rsa.RSAPrivateKey = rsa.generate_private_key(65537, KEY_BITS)
        self.pem: bytes = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def decrypt(self, data: bytes) -> bytes:
        """What was encrypted; b"" where this is nothing that was encrypted with the public half, whatever is wrong
        with it: who could tell the ways to fail apart could learn what others sent."""
        try:
            return self._key.decrypt(data, _oaep())
        except ValueError:
            return b""


def encrypt(pem: bytes, data: bytes) -> bytes:
    """`data` for the holder of the RSA key whose public half is `pem`; b"" where it is no such key, or too short."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if len(pem) > LONGEST_PEM:
        return b""
    try:
        key = load_pem_public_key(pem)
        return key.encrypt(data, _oaep()) if isinstance(key, rsa.RSAPublicKey) else b""
    except (ValueError, UnsupportedAlgorithm):
        return b""


def _oaep() -> padding.OAEP:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the protocol's
