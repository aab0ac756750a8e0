"""A client that sends any bytes: its own handshake, its own packets, in any order and cut."""

from __future__ import annotations

import hashlib
import socket
import struct
import time

LONG_PASSWORD, FOUND_ROWS, LONG_FLAG, WITH_DB, NO_SCHEMA, COMPRESS, ODBC, LOCAL_FILES = (
    1 << n for n in range(8)
)
PROTOCOL_41, SSL, TRANSACTIONS, SECURE = 1 << 9, 1 << 11, 1 << 13, 1 << 15
MULTI_STATEMENTS, MULTI_RESULTS, PS_MULTI_RESULTS, PLUGIN_AUTH = 1 << 16, 1 << 17, 1 << 18, 1 << 19
QUERY_ATTRIBUTES = 1 << 27
ORDINARY = (
    LONG_PASSWORD
    | LONG_FLAG
    | PROTOCOL_41
    | TRANSACTIONS
    | SECURE
    | MULTI_RESULTS
    | PS_MULTI_RESULTS
    | PLUGIN_AUTH
)
QUERY, INIT_DB, FIELD_LIST, CHANGE_USER = 0x03, 0x02, 0x04, 0x11
PREPARE, EXECUTE, LONG_DATA, CLOSE, FETCH, SET_OPTION, RESET_CONNECTION = (
    0x16,
    0x17,
    0x18,
    0x19,
    0x1C,
    0x1B,
    0x1F,
)
LAST_ID = 0xFFFFFFFF


def packet(payload: bytes, seq: int = 0) -> bytes:
    """One or more packets, cut at 16 MiB - 1 as the protocol wants it."""
    out = b""
    while True:
        part, payload = payload[:0xFFFFFF], payload[0xFFFFFF:]
        out += len(part).to_bytes(3, "little") + bytes([seq & 0xFF]) + part
        seq += 1
        if len(part) < 0xFFFFFF:
            return out


def query(sql: str | bytes) -> bytes:
    return packet(bytes([QUERY]) + (sql if isinstance(sql, bytes) else sql.encode()))


def prepare(sql: str) -> bytes:
    return packet(bytes([PREPARE]) + sql.encode())


def execute(statement: int, cursor: int = 0, body: bytes = b"") -> bytes:
    return packet(bytes([EXECUTE]) + struct.pack("<IBI", statement, cursor, 1) + body)


def native(password: bytes, nonce: bytes) -> bytes:
    """mysql_native_password's answer."""
    first = hashlib.sha1(password).digest()
    mix = hashlib.sha1(nonce + hashlib.sha1(first).digest()).digest()
    return bytes(a ^ b for a, b in zip(first, mix, strict=True))


def sha2(password: bytes, nonce: bytes) -> bytes:
    """caching_sha2_password's fast answer."""
    first = hashlib.sha256(password).digest()
    mix = hashlib.sha256(hashlib.sha256(first).digest() + nonce).digest()
    return bytes(a ^ b for a, b in zip(first, mix, strict=True))


class Raw:
    """One connection. `seen` holds every byte that came back. flags: the capabilities of the handshake response;
    extended: MariaDB's own upper flags."""

    def __init__(self, port: int, timeout: float = 5.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.seen = b""
        self.greeting = self._packet()
        self.nonce = b""
        self.plugin = b""
        self.offered = 0
        if self.greeting[:1] == b"\x0a":
            at = self.greeting.index(b"\0", 1) + 5
            first, low = self.greeting[at : at + 8], self.greeting[at + 9 : at + 11]
            high, second = self.greeting[at + 14 : at + 16], self.greeting[at + 27 : at + 39]
            self.offered = int.from_bytes(low + high, "little")
            self.nonce = first + second
            self.plugin = self.greeting[at + 40 :].split(b"\0")[0]

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        self.seen += data
        return data

    def _packet(self) -> bytes:
        head = self._exactly(4)
        return self._exactly(int.from_bytes(head[:3], "little"))

    def answer(
        self, flags: int, user: bytes, schema: bytes | None, collation: int = 45, extended: int = 0
    ) -> bytes:
        """A handshake response's payload."""
        scramble = self._scramble(self.plugin, self.nonce)
        body = (
            struct.pack("<IIB", flags & 0xFFFFFFFF, 1 << 30, collation & 0xFF)
            + bytes(19)
            + struct.pack("<I", extended)
        )
        body += user + b"\0" + bytes([len(scramble)]) + scramble
        if schema is not None:
            body += schema + b"\0"
        return body + self.plugin + b"\0"

    @staticmethod
    def _scramble(plugin: bytes, nonce: bytes) -> bytes:
        return sha2(b"app_pw", nonce) if plugin == b"caching_sha2_password" else native(b"app_pw", nonce)

    def login(
        self,
        flags: int = ORDINARY,
        user: bytes = b"app",
        schema: bytes | None = b"shop",
        collation: int = 45,
        extended: int = 0,
        behind: bytes = b"",
    ) -> bool:
        """Logs in; True where the server said OK. behind: bytes that go out in the same segment as the response."""
        if schema is not None:
            flags |= WITH_DB
        self.socket.sendall(packet(self.answer(flags, user, schema, collation, extended), 1) + behind)
        return self.finish()

    def finish(self, seq: int = 2) -> bool:
        """Goes on with the login after a response or COM_CHANGE_USER was sent."""
        while True:
            head = self._exactly(4)
            reply = self._exactly(int.from_bytes(head[:3], "little"))
            seq = head[3] + 1
            if reply[:1] == b"\xfe":
                plugin, _, nonce = reply[1:].partition(b"\0")
                self.socket.sendall(packet(self._scramble(plugin, nonce[:20]), seq))
            elif reply[:1] == b"\x01":
                if reply[1:2] == b"\x04":
                    raise ConnectionError("full authentication is not played here")
            else:
                return reply[:1] == b"\x00"

    def send(self, *data: bytes, cut: int = 0) -> None:
        """Sends everything in one segment, or in pieces of `cut` bytes."""
        whole = b"".join(data)
        if not cut:
            self.socket.sendall(whole)
            return
        for start in range(0, len(whole), cut):
            self.socket.sendall(whole[start : start + cut])
            time.sleep(0.001)

    def drain(self, quiet: float = 0.3, longest: float = 5.0) -> bytes:
        """Everything that comes until the other side is quiet for `quiet` seconds or closes."""
        got = b""
        until = time.monotonic() + longest
        self.socket.settimeout(quiet)
        while time.monotonic() < until:
            try:
                data = self.socket.recv(1 << 20)
            except (TimeoutError, ConnectionError):
                break
            if not data:
                break
            got += data
        self.seen += got
        return got
