"""A recording relay: a TCP proxy that keeps every byte of both directions, in the order in which they came.

`exchanges()` cuts a recording at the client's commands, so that the replies of two recordings can be compared one by
one. With `capabilities` it narrows the server's greeting, so that a direct connection is negotiated with exactly the
capabilities that the gateway offers.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a greeting offers: the 32 bits of MySQL, and MariaDB's extended ones (0 on MySQL)."""

    basic: int
    extended: int


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A command (its payload, headers removed; b"" for the login) and all bytes that the server sent until the next."""

    command: bytes
    reply: bytes


def packets(data: bytes) -> list[tuple[int, bytes]]:
    """(sequence number, payload) of each whole packet; AssertionError where bytes are left over."""
    found = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 3], "little")
        assert at + 4 + size <= len(data), "a packet is cut off"
        found.append((data[at + 3], data[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


def _flags_at(greeting: bytes) -> int:
    """Where the lower capability flags stand in a greeting's payload."""
    return greeting.index(b"\0", 1) + 1 + 4 + 8 + 1


def greeting_capabilities(greeting: bytes) -> Capabilities:
    """What a greeting's payload offers. CLIENT_LONG_PASSWORD unset marks a MariaDB server's extended flags."""
    at = _flags_at(greeting)
    basic = (
        int.from_bytes(greeting[at : at + 2], "little")
        | int.from_bytes(greeting[at + 5 : at + 7], "little") << 16
    )
    extended = 0 if basic & 1 else int.from_bytes(greeting[at + 14 : at + 18], "little")
    return Capabilities(basic=basic, extended=extended)


def narrowed(greeting: bytes, to: Capabilities) -> bytes:
    """The greeting with its capability flags replaced; AssertionError where the server does not have one of them."""
    own = greeting_capabilities(greeting)
    assert own.basic & to.basic == to.basic and own.extended & to.extended == to.extended
    at = _flags_at(greeting)
    changed = bytearray(greeting)
    changed[at : at + 2] = (to.basic & 0xFFFF).to_bytes(2, "little")
    changed[at + 5 : at + 7] = (to.basic >> 16).to_bytes(2, "little")
    if not own.basic & 1:
        changed[at + 14 : at + 18] = to.extended.to_bytes(4, "little")
    return bytes(changed)


def without_secrets(greeting: bytes) -> bytes:
    """The greeting's payload with thread id and scramble blanked: they differ in every connection."""
    thread_id = greeting.index(b"\0", 1) + 1
    flags = thread_id + 13
    scramble_rest = flags + 18
    end = greeting.index(b"\0", scramble_rest)
    return greeting[:thread_id] + bytes(12) + greeting[thread_id + 12 : scramble_rest] + greeting[end:]


class Recording:
    """One connection: its events in order, each (from_client, bytes)."""

    def __init__(self) -> None:
        self.events: list[tuple[bool, bytes]] = []

    def exchanges(self) -> list[Exchange]:
        """The login first (command b""), then one exchange a command. A client packet with sequence number 0
        begins a command, unless it continues a packet of 16 MiB."""
        commands = [b""]
        replies = [bytearray()]
        pending = bytearray()
        continued = False
        for from_client, data in self.events:
            if not from_client:
                replies[-1] += data
                continue
            pending += data
            while len(pending) >= 4:
                size = int.from_bytes(pending[:3], "little")
                if len(pending) < 4 + size:
                    break
                payload = bytes(pending[4 : 4 + size])
                if pending[3] == 0 and not continued:
                    commands.append(payload)
                    replies.append(bytearray())
                elif len(commands) > 1:
                    commands[-1] += payload
                continued = size == 0xFFFFFF
                del pending[: 4 + size]
        return [Exchange(command=c, reply=bytes(r)) for c, r in zip(commands, replies, strict=True)]


class RecordingRelay:
    """Listens on a port of its own and relays every connection to `target`; a context manager.

    recordings: one for each connection, in the order of their arrival.
    """

    def __init__(self, target: tuple[str, int], capabilities: Capabilities | None = None) -> None:
        self.target = target
        self.capabilities = capabilities
        self.recordings: list[Recording] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> RecordingRelay:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive()
        for one in (self._listener, *self._sockets):
            one.close()

    def _start(self, job: object, *arguments: object) -> None:
        assert callable(job)
        thread = threading.Thread(target=job, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self.target)
                recording = Recording()
                self.recordings.append(recording)
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._sockets.append(one)
                self._start(self._copy, client, server, recording, True)
                self._start(self._copy, server, client, recording, False)

    def _copy(
        self, source: socket.socket, target: socket.socket, recording: Recording, from_client: bool
    ) -> None:
        with contextlib.suppress(OSError):
            if not from_client and self.capabilities is not None:
                self._relay_greeting(source, target, recording, self.capabilities)
            while data := source.recv(1 << 18):
                recording.events.append((from_client, data))
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    @staticmethod
    def _relay_greeting(
        source: socket.socket, target: socket.socket, recording: Recording, to: Capabilities
    ) -> None:
        data = b""
        while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:3], "little"):
            more = source.recv(4096)
            if not more:
                return
            data += more
        data = data[:4] + narrowed(data[4:], to)
        recording.events.append((False, data))
        target.sendall(data)


def read_greeting(host: str, port: int) -> bytes:
    """The payload of the greeting that a server (or the gateway) sends to a new connection."""
    with (
        socket.create_connection((host, port), timeout=60) as connection,
        connection.makefile("rb") as stream,
    ):
        header = stream.read(4)
        return stream.read(int.from_bytes(header[:3], "little"))
