from __future__ import annotations

import os
import socket
import struct

from dbgate.control import peer as peer_module
from dbgate.control.endpoints import ENDPOINTS
from dbgate.control.peer import AUTHORISED, OPERATORS, Peer, PeerSocket, Relation, may, peer_of
from tests.rows import rows


def test_the_kernel_says_who_is_there() -> None:
    left, right = socket.socketpair(socket.AF_UNIX)
    with left, right:
        peer = peer_of(left)
    assert (peer.uid, peer.gid, peer.pid) == (os.geteuid(), os.getegid(), os.getpid())
    assert peer.groups == frozenset(os.getgroups())


class FakeSocket:
    def __init__(self, uid: int, gid: int) -> None:
        self.ucred = struct.pack("3i", 1, uid, gid)

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        if option == socket.SO_PEERCRED:
            return self.ucred
        raise OSError("not supported")


def test_a_socket_of_asyncio_or_uvloop_will_do() -> None:
    fake: PeerSocket = FakeSocket(7, 8)
    assert (peer_of(fake).uid, peer_of(fake).gid) == (7, 8)


def test_groups_from_the_user_database_where_the_kernel_does_not_tell() -> None:
    assert 0 in peer_of(FakeSocket(0, 0)).groups
    assert peer_of(FakeSocket(3_999_999, 7)).groups == frozenset()


def test_author() -> None:
    assert Peer(0, 0, frozenset(), 1).author == "root (uid 0)"
    assert Peer(3_999_999, 0, frozenset(), 1).author == "uid 3999999"


def test_author_on_behalf_of_somebody() -> None:
    peer = Peer(0, 0, frozenset(), 1)
    assert peer.acting_for("alice").author == "alice via root (uid 0)"
    assert peer.acting_for("alice").relation(5, 6) is Relation.ROOT
    for name in ("", "a b", "x" * 65, "alice\n", "é", "-x"):
        assert peer.acting_for(name).author == "root (uid 0)"


@rows(
    ("uid", "gid", "groups", "relation"),
    [
        (0, 0, (), Relation.ROOT),
        (500, 500, (), Relation.OWNER),
        (501, 600, (), Relation.GROUP),
        (501, 501, (7, 600), Relation.GROUP),
        (501, 501, (7,), Relation.OTHER),
        (65534, 65534, (), Relation.OTHER),
    ],
)
def test_relation(uid: int, gid: int, groups: tuple[int, ...], relation: Relation) -> None:
    assert Peer(uid, gid, frozenset(groups), 1).relation(500, 600) is relation


def test_the_table_names_every_verb_and_nothing_else() -> None:
    assert {endpoint.verb for endpoint in ENDPOINTS} == set(AUTHORISED)


@rows("verb", sorted(AUTHORISED))
def test_who_may(verb: str) -> None:
    looks = verb not in ("sessions.kill", "policy.reload", "policy.rollback")
    for relation in Relation:
        allowed = relation in OPERATORS or (looks and relation is Relation.LOOKING)
        assert may(verb, relation) == (allowed or verb in ("health", "openapi"))


def test_an_unlisted_verb_is_nobodys() -> None:
    assert not may("shutdown", Relation.ROOT)
    assert peer_module.AUTHORISED.get("shutdown") is None
