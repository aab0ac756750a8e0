"""Limits by address and by user, over two workers that share a ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from dbgate.gateway import sources
from dbgate.gateway.rates import Ledger
from dbgate.gateway.sources import Crowd, Sources


@pytest.fixture
def ledgers() -> Iterator[list[Ledger]]:
    fd = Ledger.create(2)
    yield [Ledger(fd, row, 2) for row in range(2)]
    os.close(fd)


def test_a_crowd_counts_over_the_workers(ledgers: list[Ledger]) -> None:
    one, two = (Crowd(ledger, "connections", 3) for ledger in ledgers)
    assert one.enter("a") and two.enter("a") and one.enter("a")
    assert not one.enter("a") and not two.enter("a")
    assert two.enter("b")
    one.leave("a")
    assert two.enter("a") and not one.enter("a")
    two.leave("a")
    two.leave("a")
    one.leave("a")
    one.leave("a")  # nobody is left: nothing happens
    assert all(two.enter("a") for _ in range(3))
    assert not two.enter("a")  # its own are enough to know
    free = Crowd(ledgers[0], "sessions", 0)
    assert all(free.enter("a") for _ in range(100))
    free.leave("a")


def test_a_worker_that_is_gone_holds_nothing(ledgers: list[Ledger]) -> None:
    gone, other = (Crowd(ledger, "connections", 1) for ledger in ledgers)
    assert gone.enter("a") and not other.enter("a")
    ledgers[1].clear_row(0)
    assert other.enter("a")


def test_connections_and_sessions(ledgers: list[Ledger]) -> None:
    it = Sources(ledgers[0], 2, 1, 0, 60.0, 60.0)
    assert it.take("10.0.0.1", 1.0) is None and it.take("10.0.0.1", 1.0) is None
    assert it.take("10.0.0.1", 1.0) == (1040, "08004", "dbgate: too many connections from this address")
    assert it.take("10.0.0.2", 1.0) is None
    it.leave("10.0.0.1")
    assert it.take("10.0.0.1", 1.0) is None
    assert it.enter("app") and not it.enter("app") and it.enter("10.0.0.1")
    it.left("app")
    assert it.enter("app")
    assert not any(it.failed("10.0.0.1", 1.0) for _ in range(1000))


def test_too_many_failed_logins_shut_the_door_for_a_while(ledgers: list[Ledger]) -> None:
    one, two = (Sources(ledger, 0, 0, 4, 60.0, 30.0) for ledger in ledgers)
    assert [one.failed("a", 1.0), two.failed("a", 2.0), one.failed("a", 3.0)] == [False] * 3
    assert one.take("a", 3.0) is None
    assert one.failed("a", 4.0)
    for worker in (one, two):
        assert worker.shut("a", 33.9) and not worker.shut("a", 34.1)
        assert worker.take("a", 5.0) == (1129, "HY000", sources.SHUT)
        assert worker.take("b", 5.0) is None
    assert one.failed("a", 35.0)  # at once: all of it was less than a minute ago
    assert [one.failed("c", at) for at in (1.0, 30.0, 59.0)] == [False] * 3
    # of the three before less than half counts, which is two
    assert [two.failed("c", at) for at in (95.0, 96.0)] == [False, True]
    assert [one.failed("d", at) for at in (1.0, 30.0, 59.0, 121.0, 121.5, 179.0)] == [False] * 6


def test_a_failure_in_two_windows_counts_whole(ledgers: list[Ledger]) -> None:
    it = Sources(ledgers[0], 0, 0, 3, 60.0, 30.0)
    assert [it.failed("a", at) for at in (59.8, 59.9, 60.1)] == [False, False, True]


def test_an_ipv6_client_owns_its_64(ledgers: list[Ledger]) -> None:
    one, two = (Sources(ledger, 2, 0, 2, 60.0, 30.0) for ledger in ledgers)
    assert one.take("2001:db8::1", 1.0) is None and two.take("2001:db8::2", 1.0) is None
    assert one.take("2001:db8::ffff:3", 1.0) == (1040, "08004", sources.TOO_MANY_HERE)
    assert one.take("2001:db8:0:1::1", 1.0) is None  # a neighbour
    two.leave("2001:db8::2")
    assert one.take("2001:db8::4", 1.0) is None
    assert not one.failed("2001:db8::5", 1.0) and two.failed("2001:db8::6", 2.0)
    assert one.shut("2001:db8::7", 3.0) and not one.shut("2001:db8:0:1::7", 3.0)
