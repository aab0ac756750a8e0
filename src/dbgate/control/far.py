"""The client's side of the control API over HTTPS: the certificate is verified, and a token is shown."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dbgate.control.access import Access, Unreachable
from dbgate.control.deadline import CarefulResponse, DeadlineSocket

DEFAULT_PORT: Final = 8443
_TOKEN: Final = re.compile(r"[\x21-\x7e]{8,512}")


class _DeadlineTls(DeadlineSocket, ssl.SSLSocket):
    """The same, over TLS."""


class _FarConnection(http.client.HTTPConnection):
    response_class = CarefulResponse

    def __init__(self, host: str, port: int, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=timeout)
        self._context = context
        self._seconds = timeout

    def connect(self) -> None:
        deadline = time.monotonic() + self._seconds
        plain = socket.create_connection((self.host, self.port), self._seconds)
        try:
            plain.settimeout(
                max(0.001, deadline - time.monotonic())
            )  # what is left is for the whole handshake
            sock = self._context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
        assert isinstance(sock, _DeadlineTls)  # noqa: S101  # the context makes no others
        sock.deadline = deadline
        self.sock = sock


def connect(address: str, timeout: float, access: Access | None) -> http.client.HTTPConnection:
    """A connection that is made with its first request. Unreachable where the address or the authority cannot be used."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError:
        host, port = None, 0
    if not host or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise Unreachable(f"{address} is no address of a gateway", "write https://HOST or https://HOST:PORT")
    ca = access.ca if access is not None else ""
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca or None)
    except OSError as error:  # of OpenSSL too
        raise Unreachable(
            f"the authority's certificate {ca} cannot be read: {error}",
            "name its PEM file with DBGATE_CONTROL_CA",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _DeadlineTls
    return _FarConnection(host, port, timeout, context)


def token(access: Access | None) -> str:
    """The token, as its file has it. Unreachable where there is none."""
    path = access.token_file if access is not None else ""
    hint = "`dbgate-cli token` makes one; name its file with DBGATE_CONTROL_TOKEN_FILE"
    if not path:
        raise Unreachable("a gateway elsewhere asks for a token, and no file of one is named", hint)
    try:
        found = Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise Unreachable(f"the token's file {path} cannot be read: {why}", hint) from None
    if not _TOKEN.fullmatch(found):
        raise Unreachable(f"what stands in {path} is no token", hint)
    return found


def explain(address: str, error: OSError) -> Unreachable:
    """Why there was no answer, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable(
            f"the certificate of {address} is not trusted: {error.verify_message}",
            "name the PEM file of its authority with DBGATE_CONTROL_CA, and the gateway as its certificate does",
        )
    if isinstance(error, ssl.SSLError):
        return Unreachable(
            f"{address} does not speak TLS as it should: {error.reason or error}",
            "name the gateway's control_listen address",
        )
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"there is no such host: {address}", "name the gateway's host as the network knows it"
        )
    return Unreachable(
        f"no gateway answers at {address}: {error.strerror or error}",
        "is its control_listen set, and reachable from here?",
    )
