"""Listening sockets: shared among workers, never shared with another gateway."""

from __future__ import annotations

import resource
import socket

import pytest

from dbgate.config.parse import Address
from dbgate.errors import ConfigError
from dbgate.gateway import listener
from tests.rows import rows

HERE = Address("127.0.0.1", 0)


def test_workers_share_one_port() -> None:
    socks = listener.bind(HERE, 3)
    try:
        addresses = {listener.bound_address(sock) for sock in socks}
        assert len(socks) == 3
        assert len(addresses) == 1
        (address,) = addresses
        assert address.port > 0
        clients = [socket.create_connection((address.host, address.port), 2) for _ in range(12)]
        for client in clients:
            client.close()
        for sock in socks:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    finally:
        for sock in socks:
            sock.close()


@rows("count", [1, 2])
def test_a_port_that_is_taken_is_an_error(count: int) -> None:
    (sock,) = listener.bind(HERE, 1)
    with sock:
        taken = listener.bound_address(sock)
        with pytest.raises(ConfigError, match=rf"listen: cannot listen on {taken}: Address already in use"):
            listener.bind(taken, count)


def test_another_gateway_with_several_workers_is_seen_too() -> None:
    socks = listener.bind(HERE, 2)
    try:
        with pytest.raises(ConfigError, match="already in use"):
            listener.bind(listener.bound_address(socks[0]), 2)
    finally:
        for sock in socks:
            sock.close()


def test_a_name_that_is_none() -> None:
    with pytest.raises(ConfigError, match=r"admin_listen: no\.such\.host\.invalid cannot be resolved"):
        listener.bind(Address("no.such.host.invalid", 0), 1, "admin_listen")


def test_an_address_of_another_machine() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1:1"):
        listener.bind(Address("192.0.2.1", 1), 1)


def test_file_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [1024, 5000]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limits))

    def setrlimit(_: int, new: tuple[int, int]) -> None:
        limits[:] = new

    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    assert listener.raise_file_limit(100) == ""
    assert limits == [1024, 5000]
    assert listener.raise_file_limit(1000) == ""
    assert limits == [2064, 5000]
    assert "the limit on open files (5000) is below the 20064" in listener.raise_file_limit(10_000)
    assert limits == [5000, 5000]
