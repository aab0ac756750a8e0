"""One stage for all clients of a server: the server with its shop, and a gateway in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from tests.drivers import zoo
from tests.drivers.relay import Capabilities, Recording, RecordingRelay, greeting_capabilities, read_greeting
from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB
from tests.servers.mysql import MySQL


class Stage:
    """A server and a gateway; sessions of the zoo's clients go to either, through a relay that records them."""

    def __init__(self, server: MariaDB | MySQL, gateway: Gateway) -> None:
        self.server = server
        self.gateway = gateway
        self.offered: Capabilities = greeting_capabilities(read_greeting(gateway.host, gateway.port))

    def prepare(self) -> None:
        """The same state before each session: no orders, fresh tables, the account known to caching_sha2_password."""
        self.server.sql("TRUNCATE shop.orders; FLUSH TABLES")
        pymysql.connect(
            host=self.server.host, port=self.server.port, user=self.server.user, password=self.server.password
        ).close()

    def records(self) -> list[dict[str, Any]]:
        """The gateway's records, once every session before is over and has all of its own."""
        eventually(lambda: self._sessions("connection.open") == self._sessions("connection.close"))
        return self.gateway.records()

    def _sessions(self, event: str) -> set[str]:
        return {record["session_id"] for record in self.gateway.records(event=event)}

    def direct(self, client: str) -> tuple[dict[str, object], list[Recording]]:
        """A session with the server itself, which offers only what the gateway offers."""
        self.prepare()
        with RecordingRelay((self.server.host, self.server.port), self.offered) as relay:
            return zoo.run_client(
                client, relay.port, self.server.user, self.server.password
            ), relay.recordings

    def through(self, client: str) -> tuple[dict[str, object], list[Recording]]:
        """A session through the gateway."""
        self.prepare()
        with RecordingRelay((self.gateway.host, self.gateway.port)) as relay:
            return zoo.run_client(
                client, relay.port, self.server.user, self.server.password
            ), relay.recordings


@pytest.fixture(scope="package", params=["mariadb", "mysql"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with MariaDB() if request.param == "mariadb" else MySQL() as server:
        server.sql(zoo.SCHEMA)
        with Gateway(server, zoo.POLICY) as gateway:
            yield Stage(server, gateway)
