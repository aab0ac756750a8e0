"""The ways in which operators reach the gateway: the control socket, and HTTPS where that is set."""

from __future__ import annotations

import logging
from typing import Final

from dbgate.config.settings import Settings
from dbgate.control.api import Operator
from dbgate.control.remote import RemoteControl
from dbgate.control.server import ControlServer
from dbgate.errors import ConfigError
from dbgate.gateway.listener import bind, bound_address

LOG: Final = logging.getLogger("dbgate.workers")


class Controls:
    """Both of them. remote_at: where HTTPS is served, "" = nowhere."""

    def __init__(self, settings: Settings, operator: Operator) -> None:
        self._settings = settings
        self._operator = operator
        self._socket: ControlServer | None = None
        self._remote: RemoteControl | None = None
        self.remote_at = ""

    async def start(self) -> None:
        """ConfigError where a socket, a certificate or the tokens cannot be had."""
        settings = self._settings
        if settings.control_socket:
            server = ControlServer(self._operator, settings.control_socket)
            await server.start()
            self._socket = server
        if settings.control_listen is None:
            return
        sock = bind(settings.control_listen, 1, "control_listen")[0]
        try:
            remote = RemoteControl(
                self._operator,
                sock,
                settings.control_tls_cert,
                settings.control_tls_key,
                settings.control_tokens,
            )
        except ConfigError:
            sock.close()
            raise
        await remote.start()
        self._remote = remote
        self.remote_at = f"https://{bound_address(sock)}"
        LOG.info("the control API answers on %s", self.remote_at)

    def renew(self) -> None:
        """Read the certificate anew; where it is wrong, the one before it stays."""
        if self._remote is not None:
            try:
                self._remote.renew()
            except ConfigError as error:
                LOG.error("the control API's certificate was not renewed, the one before it stays: %s", error)

    async def stop(self) -> None:
        """No more requests; answers that are under way go out."""
        if self._socket is not None:
            await self._socket.stop()
        if self._remote is not None:
            await self._remote.stop()
