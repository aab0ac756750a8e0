from __future__ import annotations

import pytest

from dbgate.errors import ProtocolError
from dbgate.gate.sensitive import MOST_KEPT_HEAD, SensitiveNames
from dbgate.wire.build import packet
from tests.unit.wire.making import column

from .play import POLICY, policy

WATCHING = policy(POLICY + "data_protection: {sensitive_columns: [{pattern: ssn}]}\n")


def head(*names: bytes) -> bytes:
    return b"".join(packet(2 + n, column(name)) for n, name in enumerate(names))


def test_by_names_and_by_definitions() -> None:
    names = SensitiveNames(WATCHING, 10)
    for _ in range(2):
        assert names.among([b"id", b"SSN", b"\xff"]) == ("ssn",)
        assert names.within(head(b"id", b"SSN")) == ("ssn",)
        assert names.within(head(b"id")) == ()
    assert list(names._by_head) == [head(b"id", b"SSN"), head(b"id")]


def test_without_a_policy_nothing_is_meant() -> None:
    assert SensitiveNames(None, 10).within(head(b"ssn")) == ()


def test_what_is_remembered_is_bounded() -> None:
    names = SensitiveNames(WATCHING, 3)
    for n in range(8):
        names.within(head(b"c%d" % n))
        assert len(names._by_head) <= 3 and len(names._by_names) <= 3
    names.within(head(b"x" * MOST_KEPT_HEAD))
    assert all(len(each) <= MOST_KEPT_HEAD for each in names._by_head)


def test_what_is_no_definition() -> None:
    with pytest.raises(ProtocolError):
        SensitiveNames(WATCHING, 3).within(packet(2, b"\x05abc"))
