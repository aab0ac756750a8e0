"""How much one session may take, and a worker remember."""

from __future__ import annotations

from typing import Final, final

LOOK: Final = 1.0  # seconds between two looks at a session's time limits
REST: Final = 5.0  # … while it has nothing to do and none of them is near


@final
class Limits:
    """Bounds of one session, and of the worker's caches. Times in seconds, sizes in bytes.

    statement: text of COM_QUERY and COM_STMT_PREPARE; packet: any other command; queue: commands that wait while a
    reply is under way (the client is paused above it); drain: what is read and dropped of a reply that was cut;
    idle_timeout: 0 = none, the policy's own takes precedence; cache: all verdicts and analyses of the worker.
    remembered: scopes, rate buckets and sets of column names that the worker keeps, each;
    stall_timeout: how long a command may be half there, 0 = for ever;
    settle_timeout: how long a session that changed a view, routine or trigger waits for the catalog that says so.
    rest: seconds that a session may be left alone that waits for nothing. A limit that begins meanwhile is not missed; a
    command that stops half-way is seen by so much later.
    """

    def __init__(
        self,
        handshake_timeout: float = 10.0,
        idle_timeout: float = 0.0,
        statement: int = 16 << 20,
        packet: int = 64 << 20,
        queue: int = 256 << 10,
        prepared: int = 16_384,
        drain: int = 64 << 20,
        cache: int = 64 << 20,
        remembered: int = 10_000,
        settle_timeout: float = 5.0,
        stall_timeout: float = 0.0,
    ) -> None:
        self.handshake_timeout = handshake_timeout
        self.idle_timeout = idle_timeout
        self.statement = statement
        self.packet = packet
        self.queue = queue
        self.prepared = prepared
        self.drain = drain
        self.cache = cache
        self.remembered = remembered
        self.settle_timeout = settle_timeout
        self.stall_timeout = stall_timeout
        shortest = min(handshake_timeout, settle_timeout, REST)
        if stall_timeout > 0.0:  # its beginning is when it is seen
            shortest = min(shortest, stall_timeout / 4.0)
        self.rest = max(LOOK, shortest)
