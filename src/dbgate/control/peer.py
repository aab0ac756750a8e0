"""Who asks on the control socket, and what they may do. The kernel says who it is (SO_PEERCRED), at connect."""

from __future__ import annotations

import os
import pwd
import re
import socket
import struct
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

_UCRED: Final = struct.Struct("3i")
_SO_PEERGROUPS: Final = 59  # linux/socket.h; the peer's supplementary groups, which SO_PEERCRED leaves out
_MAX_GROUPS_BYTES: Final = 1024  # the most that getsockopt takes from Python
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")

ON_BEHALF: Final = "X-Dbgate-On-Behalf-Of"  # a request's header: for whom a program (the dashboard) asks


class Relation(StrEnum):
    """What the peer is to the gateway."""

    ROOT = "root"
    OWNER = "the gateway's own user"
    GROUP = "a member of the socket's group"
    OTHER = "somebody else"
    LOOKING = "a token of a viewer"
    ACTING = "a token of an operator"


EVERYBODY: Final = frozenset(Relation)
OPERATORS: Final = frozenset({Relation.ROOT, Relation.OWNER, Relation.GROUP, Relation.ACTING})
VIEWERS: Final = OPERATORS | {Relation.LOOKING}

# The authorisation table: each verb of the API and who may use it. What is not listed nobody may. On the socket, its
# group may read and act alike: it is the group that the administrator gives the socket to.
AUTHORISED: Final[dict[str, frozenset[Relation]]] = {
    "health": EVERYBODY,
    "openapi": EVERYBODY,
    "stats": VIEWERS,
    "sessions": VIEWERS,
    "policy": VIEWERS,
    "catalog": VIEWERS,
    "sessions.kill": OPERATORS,
    "policy.reload": OPERATORS,
    "policy.versions": VIEWERS,
    "policy.version": VIEWERS,
    "policy.diff": VIEWERS,
    "policy.rollback": OPERATORS,
    "policy.explain": VIEWERS,
    "audit": VIEWERS,
}


class PeerSocket(Protocol):
    """A connected Unix socket, as far as it is needed here."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Peer:
    """uid, gid: effective ones at connect; groups: supplementary ones; pid: at connect (it may be gone); behalf: for
    whom it says that it acts (the dashboard's user), "" = itself. It is written down, and gives no right. token: the name of
    the one that it showed over HTTPS, "" = it came by the socket; acts: that is an operator's."""

    uid: int
    gid: int
    groups: frozenset[int]
    pid: int
    behalf: str = ""
    token: str = ""
    acts: bool = False

    @property
    def author(self) -> str:
        """For logs and versions: `alice (uid 1000)`, `bob via dbgate (uid 998)`."""
        via = f"{self.behalf} via " if self.behalf else ""
        if self.token:
            return f"{via}token {self.token}"
        try:
            return f"{via}{pwd.getpwuid(self.uid).pw_name} (uid {self.uid})"
        except KeyError:
            return f"{via}uid {self.uid}"

    def acting_for(self, name: str) -> Peer:
        """The same peer on behalf of `name`; one that is no plain name is left out."""
        return replace(self, behalf=name) if _NAME.fullmatch(name) else self

    def relation(self, owner_uid: int, socket_gid: int) -> Relation:
        """What it is to a gateway that runs as `owner_uid` and whose socket belongs to `socket_gid`."""
        if self.token:
            return Relation.ACTING if self.acts else Relation.LOOKING
        if self.uid == 0:
            return Relation.ROOT
        if self.uid == owner_uid:
            return Relation.OWNER
        if socket_gid == self.gid or socket_gid in self.groups:
            return Relation.GROUP
        return Relation.OTHER


def peer_of(sock: PeerSocket) -> Peer:
    """The peer of a connected Unix socket; OSError where it has none."""
    pid, uid, gid = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return Peer(uid, gid, _groups(sock, uid, gid), pid)


def _groups(sock: PeerSocket, uid: int, gid: int) -> frozenset[int]:
    try:
        raw = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MAX_GROUPS_BYTES)
        return frozenset(struct.unpack(f"{len(raw) // 4}I", raw))
    except OSError:  # an old kernel, or more groups than fit: ask the user database instead
        try:
            return frozenset(os.getgrouplist(pwd.getpwuid(uid).pw_name, gid))
        except (KeyError, OSError):
            return frozenset()


def may(verb: str, relation: Relation) -> bool:
    """Whether the table lets a peer of that relation use `verb`."""
    return relation in AUTHORISED.get(verb, frozenset())
