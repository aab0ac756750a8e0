"""Sequence diagrams for the gate: who says what, and what must reach whom. One `Play` is one session."""

from __future__ import annotations

from collections.abc import Callable

from dbgate.audit.record import Record
from dbgate.gate.brain import Brain
from dbgate.gate.effects import TO_CLIENT, TO_SERVER, Effects
from dbgate.gate.limits import Limits
from dbgate.gate.session import Gate
from dbgate.policy.compile import compile_policy
from dbgate.policy.compiled import CompiledPolicy
from dbgate.policy.load import parse_policy
from dbgate.wire import constants as c
from dbgate.wire.build import packet, query
from dbgate.wire.handshake import offer, parse_greeting, rewrite_greeting
from dbgate.wire.status import Err, parse_err
from tests.unit.wire import making
from tests.unit.wire.making import CLIENT_CAPABILITIES, chain, err, ok, result, row

POLICY = """
version: 1
global: {default_schema: shop}
access_control:
  - name: app
    user: app
    allowed_tables: ["shop.users", "shop.orders"]
    allowed_operations: [SELECT, INSERT, UPDATE, LOAD, SHOW, CALL]
  - name: root
    user: root
    allowed_tables: ["*"]
    allowed_operations: ["*"]
"""
MODES = b"STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION"
CLIENT = CLIENT_CAPABILITIES | c.CLIENT_DEPRECATE_EOF | c.CLIENT_LOCAL_FILES | c.CLIENT_MULTI_STATEMENTS


def policy(text: str = POLICY) -> CompiledPolicy:
    return compile_policy(parse_policy(text))


def ids() -> Callable[[], str]:
    made = [0]

    def new() -> str:
        made[0] += 1
        return f"E{made[0]}"

    return new


def brain(text: str = POLICY, limits: Limits | None = None) -> Brain:
    return Brain(policy(text) if text else None, limits or Limits(), ids())


def context(
    schema: bytes | None = b"shop", modes: bytes = MODES, charset: bytes = b"utf8mb4", fold: bytes = b"0"
) -> list[bytes]:
    """The payloads of the server's answer to the gate's own question."""
    names = (b"m", b"c", b"n", b"l", b"d")
    return result([row(modes, charset, charset, fold, schema)], names)


class Play:
    """`client` and `server` speak; what the gate then sends is in `to_server`, `to_client`, and checked by the
    caller; `records` has all that were finished so far, `closed` the reason once the session ended."""

    def __init__(
        self,
        the_brain: Brain | None = None,
        capabilities: int = CLIENT,
        server: int = making.MYSQL_CAPABILITIES,
        version: bytes = b"9.7.4",
    ) -> None:
        self.brain = the_brain or brain()
        self.gate = Gate(self.brain, "s-1", "10.0.0.9", 5000, 0.0)
        self.capabilities = capabilities
        self.server_capabilities = server
        self.version = version
        self.now = 0.0
        self.to_server = b""
        self.to_client = b""
        self.relay = 0
        self.records: list[Record] = []
        self.closed = ""
        self.paused = False

    def take(self, effects: Effects, chunk: bytes = b"") -> Play:
        self.to_server = b"".join(effects.to_server)
        self.to_client = b"".join(effects.to_client)
        self.relay = effects.relay
        if effects.relay == TO_SERVER:
            self.to_server = chunk + self.to_server
        elif effects.relay == TO_CLIENT:
            self.to_client = chunk + self.to_client
        self.records += effects.records()
        self.closed = effects.close
        self.paused = effects.pause_client
        return self

    def client(self, data: bytes) -> Play:
        self.now += 0.001
        return self.take(self.gate.client_bytes(data, self.now), data)

    def server(self, data: bytes) -> Play:
        self.now += 0.001
        return self.take(self.gate.server_bytes(data, self.now), data)

    # --- usual scenes ---

    def greet(self) -> Play:
        payload = making.greeting(self.server_capabilities, self.version)
        self.server(packet(0, payload))
        shown = rewrite_greeting(payload, offer(parse_greeting(payload)))
        assert self.to_client == packet(0, shown)
        return self

    def answer(self, user: bytes = b"app", schema: bytes = b"shop", collation: int = 45) -> Play:
        return self.client(packet(1, making.response(self.capabilities, user, schema, collation=collation)))

    def login(self, user: bytes = b"app", schema: bytes = b"shop", answer: list[bytes] | None = None) -> Play:
        """Up to the first command."""
        self.greet().answer(user, schema)
        assert self.to_server, self.records
        self.server(packet(2, ok()))
        assert self.to_client == packet(2, ok())
        assert (
            self.to_server.startswith(b"\xc7\x01\x00\x00\x03SELECT CAST") or b"SELECT CAST" in self.to_server
        )
        self.server(chain(answer or context(schema or None)))
        assert (self.to_client, self.closed) == (b"", "")
        return self

    def ask(self, sql: bytes) -> Play:
        return self.client(query(sql))

    def passes(self, command: bytes, reply: list[bytes] | None = None) -> Play:
        """A command (payload) that reaches the server as it is, and its reply the client."""
        data = packet(0, command)
        self.client(data)
        assert self.to_server == data, (self.to_client, self.records[-1].reason if self.records else "")
        assert self.to_client == b""
        if reply is not None:
            answer = chain(reply, 1 + len(command) // c.MAX_PAYLOAD)
            self.server(answer)
            assert self.to_client == answer
        return self

    def blocked(self, command: bytes, rule: str) -> Record:
        """A command that is answered by the gate."""
        before = len(self.records)
        self.client(packet(0, command))
        assert self.to_server == b""
        error = self.error()
        assert error.errno == 1227
        record = self.records[-1]
        assert len(self.records) == before + 1
        assert error.sqlstate == "42000"
        assert error.message.decode() == f"dbgate: blocked by policy (rule: {rule}, event: {record.event_id})"
        assert (record.rule, record.event, record.error_code) == (rule, "query.blocked", 1227)
        return record

    def error(self) -> Err:
        """The one ERR that the client was sent."""
        assert self.to_client[4:5] == b"\xff", self.to_client
        assert len(self.to_client) == 4 + int.from_bytes(self.to_client[:3], "little")
        return parse_err(self.to_client, 4, len(self.to_client))

    @property
    def last(self) -> Record:
        return self.records[-1]


__all__ = [
    "CLIENT",
    "POLICY",
    "Play",
    "brain",
    "chain",
    "context",
    "err",
    "ok",
    "packet",
    "policy",
    "query",
    "result",
    "row",
]
