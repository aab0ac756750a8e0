"""The control API over HTTPS, for dashboards and commands on other machines: who asks shows a token (control.tokens)."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from typing import Any, Final

import msgspec
from uvicorn.server import ServerState

from dbgate.control.api import Operator, app
from dbgate.control.identity import load_identity
from dbgate.control.prompt import PromptProtocol
from dbgate.control.server import http_config, let_out
from dbgate.control.tokens import Tokens
from dbgate.errors import ConfigError

LOG: Final = logging.getLogger("dbgate.control")
_HANDSHAKE_SECONDS: Final = 10.0
_NOBODY: Final = {
    "code": "unauthorised",
    "message": "no token, or none that is known here",
    "hint": "name the file that holds your token with DBGATE_CONTROL_TOKEN_FILE; `dbgate-cli token` makes one",
}
_BROKEN: Final = {
    "code": "internal",
    "message": "the gateway's file of tokens cannot be read",
    "hint": "its log says why",
}


class RemoteControl:
    """sock: a bound and listening TCP socket; certificate, key: PEM files, key "" = it is in the certificate's; tokens: the
    file of them. ConfigError where one of them cannot be used."""

    def __init__(
        self, operator: Operator, sock: socket.socket, certificate: str, key: str, tokens: str
    ) -> None:
        self._operator = operator
        self._sock = sock
        self._certificate = certificate
        self._key = key
        self._tokens = Tokens(tokens)
        self._tokens.load()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.renew()
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    def renew(self) -> None:
        """Read certificate and key anew, for the connections to come; those before them stay where they are wrong."""
        load_identity(self._context, self._certificate, self._key)

    async def start(self) -> None:
        """Serve."""
        config = http_config(self._guard(app(self._operator, os.geteuid(), lambda: -1)))
        config.load()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: PromptProtocol(config, self._state, {}, loop),
            sock=self._sock,
            ssl=self._context,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS,
        )

    async def stop(self) -> None:
        """Stop listening, and let answers that are under way go out."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        await let_out(self._state)

    def _guard(self, inner: Any) -> Any:
        """`inner` for requests with a token that is known, which is its peer; a 401 for the others, whatever they ask."""

        async def outer(scope: Any, receive: Any, send: Any) -> None:
            shown = [value for name, value in scope["headers"] if name == b"authorization"]
            try:
                peer = self._tokens.find(shown[0].decode("latin-1")) if len(shown) == 1 else None
            except ConfigError as error:
                LOG.error("control: %s", error)
                await _answer(send, 500, _BROKEN)
                return
            if peer is None:
                client = scope.get("client") or ("?", 0)
                LOG.warning("control: %s was refused: it showed no token that is known", client[0])
                await _answer(send, 401, _NOBODY)
                return
            scope["dbgate.peer"] = peer
            await inner(scope, receive, send)

        return outer


async def _answer(send: Any, status: int, error: dict[str, str]) -> None:
    body = msgspec.json.encode({"error": error}) + b"\n"
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="dbgate"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
