"""What the gate asks the shell to do after it was given bytes. The whole vocabulary between floor 2 and floor 3."""

from __future__ import annotations

from typing import Final, final

from dbgate.audit.record import Record

TO_SERVER: Final = 1
TO_CLIENT: Final = 2

SECURE_CLIENT: Final = 1
SECURE_SERVER: Final = 2


@final
class Effects:
    """One batch. The shell applies it, in the order of the fields, before it calls the gate again.

    only: relay and record are all there is, and pause_client is as it was: most batches.
    relay: TO_SERVER or TO_CLIENT: the chunk that the gate was just given goes on to that leg as it came; 0 = it does not.
    to_server / to_client: bytes to write on that leg, in order; the client's own chunk travels as it came.
    record: a record that is complete, None = none; finished: more of them, later ones (statements,
    connection.open/close/denied). relay and record are the usual case, for which no list has to be filled.
    pause_client: stop reading the client until a later batch says False (pipelining queue full, or a reply under way).
    secure: 0 = nothing; else the leg with which to shake hands for TLS once to_server and to_client are written (we are
    the server's client and the client's server); early: what of the handshake has come from the client already.
    close: "" = go on; else the reason why both legs are to be closed once what was written has been flushed.
    The gate owns the object and clears it at the start of each call, so the shell must not keep it.
    """

    # fmt: off
    __slots__ = (
        "close", "early", "finished", "only", "pause_client", "record", "relay", "secure", "to_client", "to_server",
    )
    # fmt: on

    def __init__(self) -> None:
        self.only = False
        self.relay = 0
        self.record: Record | None = None
        self.to_server: list[bytes] = []
        self.to_client: list[bytes] = []
        self.finished: list[Record] = []
        self.pause_client = False
        self.secure = 0
        self.early = b""
        self.close = ""

    def finish(self, record: Record) -> None:
        """One more record that is complete."""
        if self.record is None and not self.finished:
            self.record = record
        else:
            self.finished.append(record)

    def records(self) -> list[Record]:
        """All that are complete, in order."""
        return self.finished if self.record is None else [self.record, *self.finished]

    def clear(self) -> None:
        self.only = False
        self.relay = 0
        self.record = None
        if self.to_server:
            self.to_server.clear()
        if self.to_client:
            self.to_client.clear()
        if self.finished:
            self.finished.clear()
        self.secure = 0


def _onward() -> Effects:
    effects = Effects()
    effects.only = True
    effects.relay = TO_SERVER
    return effects


# What a command that goes on as it came asks for: the same for all of them, and never changed.
ONWARD: Final = _onward()
