"""Servers that the integration tests share: one private MariaDB for the whole run, gateways as each test wants them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.gateway import Gateway
from tests.servers.mariadb import MariaDB


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A private MariaDB with schema `test`. Tests that stop or freeze the server make one of their own."""
    with MariaDB() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(mariadb: MariaDB) -> Iterator[Gateway]:
    """A gateway before it, with a policy that allows nearly everything. For tests that change nothing about it."""
    with Gateway(mariadb) as running:
        yield running
