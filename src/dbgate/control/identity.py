"""The files by which the control API's HTTPS endpoint is known, and by which it knows who asks: certificate, key and tokens."""

from __future__ import annotations

import ssl
from pathlib import Path

from dbgate.control.tokens import Tokens
from dbgate.errors import ConfigError


def load_identity(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Puts the certificate and its key into the context. key "" = it is in the certificate's file. ConfigError names the setting,
    the file, and what to do; the context then has what it had before."""
    for name, path in (("control_tls_cert", certificate), ("control_tls_key", key)):
        try:
            if path:
                with Path(path).open("rb") as file:
                    file.read(1)
        except OSError as error:
            raise ConfigError(
                f"{name}: {path} cannot be read: {error.strerror}; name a PEM file that the gateway's user may read"
            ) from None
    try:
        # First where it does no harm: OpenSSL keeps a certificate whose key does not fit, and lets go of the key before it.
        for taker in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), context):
            taker.load_cert_chain(certificate, key or None, password=_no_password)
    except (OSError, ValueError) as error:  # of OpenSSL too, whose errors are OSErrors
        names = (
            f"control_tls_cert, control_tls_key: {certificate} and {key}"
            if key
            else f"control_tls_cert: {certificate}"
        )
        reason = getattr(error, "reason", None)
        why = str(reason).replace("_", " ").lower() if reason else str(error)
        raise ConfigError(
            f"{names}: expected a certificate and its key, without a password, in PEM form ({why}); name the two that belong"
            + (" together" if key else " together in one file, or the key's file with control_tls_key")
        ) from None


def problems(certificate: str, key: str, tokens: str) -> list[str]:
    """What is wrong with them, a line for each file."""
    found: list[str] = []
    try:
        load_identity(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate, key)
    except ConfigError as error:
        found.append(str(error))
    try:
        Tokens(tokens).load()
    except ConfigError as error:
        found.append(
            f"{error}; `dbgate-cli token NAME --tokens {tokens} --out FILE` makes a token, and the file"
        )
    return found


def _no_password() -> str:
    raise ValueError("the key has a password, and nobody is here to give it")
