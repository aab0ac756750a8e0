"""What the gate asks the shell to do after it was given bytes. The whole vocabulary between floor 2 and floor 3."""

from __future__ import annotations

from typing import final

from dbgate.audit.record import Record


@final
class Effects:
    """One batch. The shell applies it, in the order of the fields, before it calls the gate again.

    to_server / to_client: bytes to write on that leg, in order; the client's own chunk travels as it came.
    finished: records that are complete (statements, connection.open/close/denied).
    pause_client: stop reading the client until a later batch says False (pipelining queue full, or a reply under way).
    close: "" = go on; else the reason why both legs are to be closed once what was written has been flushed.
    The gate owns the object and clears it at the start of each call, so the shell must not keep it.
    """

    def __init__(self) -> None:
        self.to_server: list[bytes] = []
        self.to_client: list[bytes] = []
        self.finished: list[Record] = []
        self.pause_client = False
        self.close = ""

    def clear(self) -> None:
        self.to_server.clear()
        self.to_client.clear()
        self.finished.clear()
