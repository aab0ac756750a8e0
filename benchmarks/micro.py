"""Where the microseconds go: `./run python -m benchmarks.micro`. Each part of a query's way by itself, in one process,
without sockets; CPU time of the process, best of several rounds. The gate is driven by the unit tests' own fixture."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import cast

from benchmarks.candidates import POLICY, rules
from dbgate.audit.record import Record
from dbgate.audit.redact import LineEncoder
from dbgate.config.parse import address
from dbgate.gate.session import Gate
from dbgate.gateway.board import Seats
from dbgate.gateway.connection import Session
from dbgate.gateway.hub import Hub
from dbgate.gateway.timers import Timers
from dbgate.hot import describe
from dbgate.policy.compile import compile_policy
from dbgate.policy.evaluate import decide, find_entry
from dbgate.policy.load import parse_policy
from dbgate.policy.verdict import ALLOW
from dbgate.sql.analyze import analyze
from dbgate.sql.digest import fast_digest
from dbgate.sql.lexer import lex
from dbgate.sql.statement import MARIADB, LexContext
from dbgate.stats import layout
from dbgate.stats.counters import Counters
from dbgate.wire.build import packet
from dbgate.wire.packet import PacketReader
from tests.unit.gate.play import CLIENT, Play, brain, chain, context, ok, result, row
from tests.unit.wire import making

ROUNDS = 5
COUNT = 4000
CONTEXT = LexContext(MARIADB, 101106)
JOIN = (
    b"SELECT o.id, o.created_at, c.name, SUM(i.price * i.amount) AS total FROM sbtest1 o JOIN sbtest2 c ON c.id = o.k "
    b"LEFT JOIN sbtest3 i ON i.id = o.id AND i.pad <> 'x' WHERE o.k BETWEEN 10 AND 20 AND c.pad IN ('a', 'b', 'c') "
    b"AND EXISTS (SELECT 1 FROM sbtest4 r WHERE r.k = o.id AND r.pad LIKE '%y%') GROUP BY o.id, o.created_at, c.name "
    b"HAVING total > 100 ORDER BY total DESC, o.id LIMIT 50"
)

REPORT = b"""\
SELECT o.id AS order_id,
       c.k AS customer,
       CASE WHEN o.k > 500000 THEN 'large' WHEN o.k > 500001 THEN 'middle' ELSE 'small' END AS class,
       COUNT(*) AS items,
       SUM(i.k * 1.1) AS total,
       MAX(LENGTH(i.pad)) AS longest
FROM sbtest1 o
JOIN sbtest2 c ON c.id = o.id AND c.k BETWEEN 0 AND 500002
LEFT JOIN sbtest1 i ON i.id = o.id + 1 AND i.pad <> 'x500003'
LEFT JOIN (SELECT r.id, COUNT(*) AS returns
           FROM sbtest2 r
           WHERE r.id BETWEEN 10 AND 15
           GROUP BY r.id) AS back ON back.id = o.id
WHERE o.id BETWEEN 10 AND 15
  AND c.pad NOT IN ('a', 'b', 'c')
  AND (o.c LIKE '%1%' OR o.c LIKE '%500004%')
  AND EXISTS (SELECT 1 FROM sbtest2 e WHERE e.id = o.id AND e.k >= 0)
GROUP BY o.id, c.k, class
HAVING items > 0
ORDER BY total DESC, o.id
LIMIT 50"""  # as benchmarks/lua/report.lua makes it


def point(number: int) -> bytes:
    """sysbench's point select."""
    return b"SELECT c FROM sbtest1 WHERE id=%d" % number


def best(job: Callable[[int], object], count: int = COUNT) -> float:
    """µs of CPU that one call of job(n) costs, n = 0, 1, 2, …: the best of several rounds."""
    found = float("inf")
    for number in range(ROUNDS):
        began = time.process_time()
        for n in range(number * count, (number + 1) * count):
            job(n)
        found = min(found, (time.process_time() - began) / count)
    return found * 1e6


def session() -> Play:
    """A session that has logged in, under the benchmark's policy."""
    play = Play(brain(POLICY.replace("127.0.0.0/8", "10.0.0.0/8")))
    play.greet().answer(b"app", b"sbtest")
    play.server(packet(2, ok()))
    play.server(chain(context(b"sbtest")))
    return play


def gate(text: Callable[[int], bytes]) -> float:
    """A query and its reply of one row, through the gate."""
    play = session()
    reply = chain(result([row(b"x" * 120)]))

    def job(n: int) -> None:
        passed = play.gate.client_bytes(packet(0, b"\x03" + text(n)), 1.0)
        if not passed.relay and not passed.to_server:
            raise AssertionError(f"blocked: {passed.to_client}")
        if len(play.gate.server_bytes(reply, 1.0).records()) != 1:
            raise AssertionError("the reply has no end")

    return best(job)


def whole_session() -> float:
    """A session through the gate, like others before it: login, the gate's own question, one query, the end."""
    shared = brain(POLICY.replace("127.0.0.0/8", "10.0.0.0/8"))
    script = [
        (False, packet(0, making.greeting())),
        (True, packet(1, making.response(CLIENT, b"app", b"sbtest"))),
        (False, packet(2, ok())),
        (False, chain(context(b"sbtest"))),
        (True, packet(0, b"\x03" + point(1))),
        (False, chain(result([row(b"x" * 120)]))),
        (True, packet(0, b"\x01")),
    ]

    def job(n: int) -> None:
        one = Gate(shared, "m", "10.0.0.9", n & 0xFFFF, 1.0)
        for from_client, data in script:
            effects = one.client_bytes(data, 1.0) if from_client else one.server_bytes(data, 1.0)
        if effects.close != "the client quit":
            raise AssertionError(f"it ended with: {effects.close}")

    return best(job)


def a_record() -> Record:
    """The record of a point select."""
    record = Record("query", 1.0, "01d65-4", "app", "127.0.0.1", 50938)
    record.db_schema = "sbtest"
    record.operation = "SELECT"
    record.operations = ("SELECT",)
    record.tables = ("sbtest.sbtest1",)
    record.statement = "SELECT c FROM sbtest1 WHERE id=?"
    record.digest = "837e90982387f1f52b813ddd8408d06c"
    record.decision = "allow"
    record.reason = "granted by entry 'sysbench'"
    record.policy_version = "e68972e84ba1"
    record.rows, record.bytes, record.duration_us = 1, 200, 300
    return record


def decisions(count: int) -> float:
    """A decision under a policy of so many rules."""
    policy = compile_policy(parse_policy(rules(count)))
    entry = find_entry(policy, "app", "127.0.0.1")
    analysed = analyze(point(1), CONTEXT, "sbtest")
    if decide(policy, entry, analysed).effect != ALLOW:
        raise AssertionError("the policy does not allow the statement")
    return best(lambda n: decide(policy, entry, analysed))


def packets() -> float:
    """A chunk of one packet, split."""
    reader = PacketReader(1 << 20)
    chunk = packet(0, b"\x03" + point(1))

    def job(n: int) -> None:
        reader.seq = 0
        reader.feed(chunk)
        reader.next()
        reader.payload()
        reader.next()

    return best(job)


class _Transport:
    """Takes everything and keeps nothing."""

    def write(self, data: bytes) -> None:
        pass

    def writelines(self, data: list[bytes]) -> None:
        pass

    def is_closing(self) -> bool:
        return False


def shell() -> float:
    """A query and its reply through the shell's session: gate, transports that take everything, a queue of records."""
    loop = asyncio.new_event_loop()
    try:
        kept: list[Record] = []
        hub = Hub(
            loop=loop,
            upstream=address("127.0.0.1:1"),
            connect_timeout=5.0,
            seats=cast(Seats, None),  # it has one
            timers=Timers(0.0),
            new_gate=cast(Callable[[str, str, int, float], Gate], None),
            keep=lambda records, offset: kept.extend(records),
            counters=Counters(memoryview(bytearray(layout.PAGE_BYTES)), 1),
            session_prefix="m",
        )
        one = Session(hub, loop)
        one.gate = session().gate
        one.client = one.server = cast(asyncio.Transport, _Transport())
        reply = chain(result([row(b"x" * 120)]))
        asked = [packet(0, b"\x03" + point(n)) for n in range(500)]

        def job(n: int) -> None:
            one.data_received(asked[n % 500])
            one.server_bytes(reply)
            if n % 100 == 0:
                hub.flush()
                kept.clear()

        return best(job)
    finally:
        loop.close()


def measure() -> dict[str, float]:
    """µs of CPU by name."""
    policy = compile_policy(parse_policy(POLICY))
    entry = find_entry(policy, "app", "127.0.0.1")
    analysed = analyze(point(1), CONTEXT, "sbtest")
    lines = LineEncoder("bench", os.urandom)
    record = a_record()
    # a new shape is a new alias: nothing that was seen before helps
    return {
        "shell and gate: the same bytes again": shell(),
        "gate: the same bytes again (exact cache)": gate(lambda n: point(n % 500)),
        "gate: the same shape, new literals (digest cache)": gate(point),
        "gate: a new shape each time": gate(lambda n: b"SELECT c AS a%d FROM sbtest1 WHERE id=1" % n),
        "gate: login, one query, end": whole_session(),
        "wire: one packet split": packets(),
        "lexer, point select": best(lambda n: lex(point(n), CONTEXT)),
        "lexer, join": best(lambda n: lex(JOIN, CONTEXT), COUNT // 10),
        "digest, point select": best(lambda n: fast_digest(point(n), CONTEXT)),
        "analysis, point select": best(lambda n: analyze(point(n), CONTEXT, "sbtest")),
        "analysis, join": best(lambda n: analyze(JOIN, CONTEXT, "sbtest"), COUNT // 20),
        "analysis, report of twenty lines": best(lambda n: analyze(REPORT, CONTEXT, "sbtest"), COUNT // 20),
        "decision": best(lambda n: decide(policy, entry, analysed)),
        "decision, 10 rules": decisions(10),
        "decision, 1,000 rules": decisions(1000),
        "audit line": best(lambda n: lines.line(record, 1.7e9 + n * 1e-4)),
    }


def main() -> None:
    """Prints the table."""
    print(f"µs of CPU, best of {ROUNDS} rounds, {describe()}")
    for name, cost in measure().items():
        print(f"{cost:9.2f}  {name}")


if __name__ == "__main__":
    main()
