"""Certificates and keys, from the files that the settings name to the contexts that handshakes use.

The supervisor reads the files, and hands what they hold to the workers: so all workers have the same, and one that is
started again while a file is bad, or half written, has what was good before.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dbgate.errors import ConfigError

if TYPE_CHECKING:
    from dbgate.config.settings import Settings


FILES: Final = (
    "tls_cert",
    "tls_key",
    "tls_client_ca",
    "upstream_tls_ca",
    "upstream_tls_cert",
    "upstream_tls_key",
)
MOST: Final = 1 << 20  # bytes that are read of one
SOON: Final = 14 * 86_400.0  # seconds before its end from which a certificate is worth a warning


@dataclass(frozen=True, slots=True)
class Contexts:
    """client: for the legs of clients, None = they get no TLS; server: for the legs to the server, whose certificate
    must be for `server_name` where its mode is verify-full; None = off."""

    client: ssl.SSLContext | None
    server: ssl.SSLContext | None
    server_name: str


def read_files(settings: Settings) -> dict[str, bytes]:
    """What the files hold that the settings name, by the setting's name. ConfigError where one cannot be read."""
    found: dict[str, bytes] = {}
    for name in FILES:
        path: str = getattr(settings, name)
        if not path:
            continue
        try:
            with open(path, "rb") as file:
                found[name] = file.read(MOST)
        except OSError as error:
            raise ConfigError(f"{name}: {path} cannot be read: {error.strerror}") from None
    return found


def load_contexts(settings: Settings, files: Mapping[str, bytes] | None = None) -> Contexts:
    """files: as read_files gives them, None = they are read now. ConfigError names the one that is wrong."""
    held = read_files(settings) if files is None else files
    return Contexts(
        client=_client_leg(settings, held) if settings.tls_cert else None,
        server=_server_leg(settings, held) if settings.upstream_tls_mode != "off" else None,
        server_name=settings.upstream.host,
    )


def _client_leg(settings: Settings, files: Mapping[str, bytes]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _bounds(context)
    # No session is resumed: each connection shows its certificate, and a renewed one is seen at once.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    _identity(context, settings, files, "tls_cert", "tls_key")
    if settings.tls_client_ca:
        _authorities(context, settings, files, "tls_client_ca")
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _server_leg(settings: Settings, files: Mapping[str, bytes]) -> ssl.SSLContext:
    mode = settings.upstream_tls_mode
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _bounds(context)
    context.check_hostname = mode == "verify-full"
    if mode in ("verify-ca", "verify-full"):
        if settings.upstream_tls_ca:
            _authorities(context, settings, files, "upstream_tls_ca")
        else:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.verify_mode = ssl.CERT_NONE
    if settings.upstream_tls_cert:
        _identity(context, settings, files, "upstream_tls_cert", "upstream_tls_key")
    return context


def _bounds(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION


def _identity(
    context: ssl.SSLContext, settings: Settings, files: Mapping[str, bytes], cert: str, key: str
) -> None:
    try:
        with _named(files[cert]) as chain, _named(files.get(key)) as secret:
            # A key with a password is an error here, and no question on a terminal that nobody sees.
            context.load_cert_chain(chain, secret or None, password=lambda: b"")
    except (OSError, ValueError) as error:  # of OpenSSL too, whose errors are OSErrors
        names: list[str] = [getattr(settings, name) for name in (cert, key) if name in files]
        raise ConfigError(
            f"{cert}: {' and '.join(names)}: expected a certificate and its key, without a password, in PEM form "
            f"({_why(error)})"
        ) from None


def _authorities(context: ssl.SSLContext, settings: Settings, files: Mapping[str, bytes], name: str) -> None:
    try:
        with _named(files[name]) as path:
            context.load_verify_locations(path)
    except OSError as error:  # of OpenSSL too
        where: str = getattr(settings, name)
        raise ConfigError(f"{name}: {where}: expected certificates in PEM form ({_why(error)})") from None


@contextlib.contextmanager
def _named(content: bytes | None) -> Iterator[str]:
    """A path by which OpenSSL can read what was read before, and nothing else can; "" for None."""
    if content is None:
        yield ""
        return
    fd = os.memfd_create("dbgate-certificate", os.MFD_CLOEXEC)
    try:
        os.write(fd, content)
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason).replace("_", " ").lower() if reason else type(error).__name__


def expiries(files: Mapping[str, bytes]) -> dict[str, float]:
    """When the gateway's own certificates expire, by the setting's name, as Unix seconds: of a chain the first to do so.
    files: as read_files gives them. A certificate that cannot be read is left out."""
    found: dict[str, float] = {}
    for name in ("tls_cert", "upstream_tls_cert"):
        if name not in files:
            continue
        from cryptography.x509 import load_pem_x509_certificates

        with contextlib.suppress(ValueError):
            chain = load_pem_x509_certificates(files[name])
            found[name] = min(one.not_valid_after_utc.timestamp() for one in chain)
    return found


def expiry_warnings(files: Mapping[str, bytes], now: float) -> list[str]:
    """A line for each of the gateway's certificates that has expired, or does so soon; now: Unix seconds."""
    found = []
    for name, at in expiries(files).items():
        if at - now < SOON:
            when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
            state = "has expired" if at <= now else "expires"
            found.append(f"{name}: the certificate, or one of its chain, {state} on {when}")
    return found


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
