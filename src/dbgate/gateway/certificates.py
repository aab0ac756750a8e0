"""Certificates and keys, from the files that the settings name to the contexts that handshakes use."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbgate.errors import ConfigError

if TYPE_CHECKING:
    from dbgate.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Contexts:
    """client: for the legs of clients, None = they get no TLS; server: for the legs to the server, whose certificate
    must be for `server_name` where its mode is verify-full; None = off."""

    client: ssl.SSLContext | None
    server: ssl.SSLContext | None
    server_name: str


def load_contexts(settings: Settings) -> Contexts:
    """Reads the files; ConfigError names the one that is wrong."""
    return Contexts(
        client=_client_leg(settings) if settings.tls_cert else None,
        server=_server_leg(settings) if settings.upstream_tls_mode != "off" else None,
        server_name=settings.upstream.host,
    )


def _client_leg(settings: Settings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _bounds(context)
    # No session is resumed: each connection shows its certificate, and a renewed one is seen at once.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    _identity(context, "tls_cert", settings.tls_cert, "tls_key", settings.tls_key)
    if settings.tls_client_ca:
        _authorities(context, "tls_client_ca", settings.tls_client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _server_leg(settings: Settings) -> ssl.SSLContext:
    mode = settings.upstream_tls_mode
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _bounds(context)
    context.check_hostname = mode == "verify-full"
    if mode in ("verify-ca", "verify-full"):
        if settings.upstream_tls_ca:
            _authorities(context, "upstream_tls_ca", settings.upstream_tls_ca)
        else:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.verify_mode = ssl.CERT_NONE
    if settings.upstream_tls_cert:
        _identity(
            context,
            "upstream_tls_cert",
            settings.upstream_tls_cert,
            "upstream_tls_key",
            settings.upstream_tls_key,
        )
    return context


def _bounds(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION


def _identity(context: ssl.SSLContext, cert_name: str, cert: str, key_name: str, key: str) -> None:
    _readable(cert_name, cert)
    if key:
        _readable(key_name, key)
    try:
        # A key with a password is an error here, and no question on a terminal that nobody sees.
        context.load_cert_chain(cert, key or None, password=lambda: b"")
    except (OSError, ValueError) as error:  # of OpenSSL too, whose errors are OSErrors
        where = f"{cert} and {key}" if key else cert
        raise ConfigError(
            f"{cert_name}: {where}: expected a certificate and its key, without a password, in PEM form ({_why(error)})"
        ) from None


def _authorities(context: ssl.SSLContext, name: str, path: str) -> None:
    _readable(name, path)
    try:
        context.load_verify_locations(path)
    except OSError as error:  # of OpenSSL too
        raise ConfigError(f"{name}: {path}: expected certificates in PEM form ({_why(error)})") from None


def _readable(name: str, path: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise ConfigError(f"{name}: {path} cannot be read: {error.strerror}") from None


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason).replace("_", " ").lower() if reason else type(error).__name__


def subject_of(certificate: bytes | None) -> str:
    """The subject of a certificate (DER) as RFC 4514 writes it, the most specific part first ("CN=app,O=Shop"), with
    what could be taken for another part escaped; "" for None, and for what cannot be read: no rule names that."""
    if not certificate:
        return ""
    from cryptography.x509 import load_der_x509_certificate

    try:
        return load_der_x509_certificate(certificate).subject.rfc4514_string()
    except ValueError:
        return ""
