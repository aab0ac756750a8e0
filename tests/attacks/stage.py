"""A server with the world of tests.attacks.world in it, and a running gateway in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql

from tests.attacks import world
from tests.attacks.case import Attack
from tests.attacks.play import Outcome, play
from tests.servers.gateway import Gateway
from tests.servers.mariadb import MariaDB
from tests.servers.mysql import MySQL


class Stage:
    """server_port: the unguarded server; gateway_port: the same behind the gateway. The referee is a connection of
    its own to the server, that sees what changed and puts it back."""

    def __init__(self, server: MariaDB | MySQL, gateway: Gateway) -> None:
        self.server = server
        self.gateway = gateway
        self.server_port = server.port
        self.gateway_port = gateway.port
        self.mariadb = isinstance(server, MariaDB)
        self._referee: pymysql.Connection[Any] | None = None
        self.restore()
        self._before = world.fingerprint(self._connection())

    def _connection(self) -> pymysql.Connection[Any]:
        if self._referee is None or not self._referee.open:
            self._referee = pymysql.connect(
                host="127.0.0.1", port=self.server_port, user="app", password="app_pw", autocommit=True
            )
        return self._referee

    def changed(self) -> bool:
        """Whether something that must not change has."""
        try:
            return world.fingerprint(self._connection()) != self._before
        except pymysql.err.MySQLError:
            self.close()
            return True

    def restore(self) -> None:
        """Put the world back."""
        world.build(self._connection(), self.mariadb)

    def refresh(self) -> None:
        """Put only the rows back that the user may write."""
        world.refill(self._connection())

    def answers(self) -> bool:
        """Whether honest work still passes the gateway."""
        outcome = play(
            self.gateway_port, Attack(name="alive", steps=("SELECT name FROM users WHERE id = 1",))
        )
        return len(outcome.rows) == 1

    def reason(self, outcome: Outcome) -> str:
        """Why the gateway refused, by its audit log: the last block's reason."""
        blocks = [record for record in self.gateway.records() if record["decision"] == "block"]
        return str(blocks[-1].get("reason", "")) if blocks else ""

    def close(self) -> None:
        if self._referee is not None and self._referee.open:
            self._referee.close()
        self._referee = None


@contextmanager
def open_stage(flavour: str, policy: str) -> Iterator[Stage]:
    """flavour: "mariadb" or "mysql". Skips where the server cannot be had."""
    with MariaDB() if flavour == "mariadb" else MySQL() as server, Gateway(server, policy) as gateway:
        stage = Stage(server, gateway)
        try:
            yield stage
        finally:
            stage.close()
