"""What the gate asks the shell to do after it was given bytes. The whole vocabulary between floor 2 and floor 3."""

from __future__ import annotations

from typing import Final, final

from dbgate.audit.record import Record

SECURE_CLIENT: Final = 1
SECURE_SERVER: Final = 2


@final
class Effects:
    """One batch. The shell applies it, in the order of the fields, before it calls the gate again.

    to_server / to_client: bytes to write on that leg, in order; the client's own chunk travels as it came.
    finished: records that are complete (statements, connection.open/close/denied).
    pause_client: stop reading the client until a later batch says False (pipelining queue full, or a reply under way).
    secure: 0 = nothing; else the leg with which to shake hands for TLS once to_server and to_client are written (we are
    the server's client and the client's server); early: what of the handshake has come from the client already.
    close: "" = go on; else the reason why both legs are to be closed once what was written has been flushed.
    The gate owns the object and clears it at the start of each call, so the shell must not keep it.
    """

    def __init__(self) -> None:
        self.to_server: list[bytes] = []
        self.to_client: list[bytes] = []
        self.finished: list[Record] = []
        self.pause_client = False
        self.secure = 0
        self.early = b""
        self.close = ""

    def clear(self) -> None:
        if self.to_server:
            self.to_server.clear()
        if self.to_client:
            self.to_client.clear()
        if self.finished:
            self.finished.clear()
        self.secure = 0
