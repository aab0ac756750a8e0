"""Where the microseconds go: `./run python -m benchmarks.micro`. Each part of a query's way by itself, in one process,
without sockets; CPU time of the process, best of several rounds. The gate is driven by the unit tests' own fixture."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from benchmarks.candidates import POLICY
from dbgate.audit.record import Record
from dbgate.audit.redact import LineEncoder
from dbgate.hot import describe
from dbgate.policy.compile import compile_policy
from dbgate.policy.evaluate import decide, find_entry
from dbgate.policy.load import parse_policy
from dbgate.sql.analyze import analyze
from dbgate.sql.digest import fast_digest
from dbgate.sql.lexer import lex
from dbgate.sql.statement import MARIADB, LexContext
from dbgate.wire.build import packet
from tests.unit.gate.play import Play, brain, chain, context, ok, result, row

ROUNDS = 5
COUNT = 4000
CONTEXT = LexContext(MARIADB, 101106)
JOIN = (
    b"SELECT o.id, o.created_at, c.name, SUM(i.price * i.amount) AS total FROM sbtest1 o JOIN sbtest2 c ON c.id = o.k "
    b"LEFT JOIN sbtest3 i ON i.id = o.id AND i.pad <> 'x' WHERE o.k BETWEEN 10 AND 20 AND c.pad IN ('a', 'b', 'c') "
    b"AND EXISTS (SELECT 1 FROM sbtest4 r WHERE r.k = o.id AND r.pad LIKE '%y%') GROUP BY o.id, o.created_at, c.name "
    b"HAVING total > 100 ORDER BY total DESC, o.id LIMIT 50"
)


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
        if not passed.to_server:
            raise AssertionError(f"blocked: {passed.to_client}")
        if len(play.gate.server_bytes(reply, 1.0).finished) != 1:
            raise AssertionError("the reply has no end")

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


def main() -> None:
    """Prints the table."""
    policy = compile_policy(parse_policy(POLICY))
    entry = find_entry(policy, "app", "127.0.0.1")
    analysed = analyze(point(1), CONTEXT, "sbtest")
    lines = LineEncoder("bench", os.urandom)
    record = a_record()
    # a new shape is a new alias: nothing that was seen before helps
    parts = {
        "gate: the same bytes again (exact cache)": gate(lambda n: point(n % 500)),
        "gate: the same shape, new literals (digest cache)": gate(point),
        "gate: a new shape each time": gate(lambda n: b"SELECT c AS a%d FROM sbtest1 WHERE id=1" % n),
        "lexer, point select": best(lambda n: lex(point(n), CONTEXT)),
        "lexer, join": best(lambda n: lex(JOIN, CONTEXT), COUNT // 10),
        "digest, point select": best(lambda n: fast_digest(point(n), CONTEXT)),
        "analysis, point select": best(lambda n: analyze(point(n), CONTEXT, "sbtest")),
        "analysis, join": best(lambda n: analyze(JOIN, CONTEXT, "sbtest"), COUNT // 20),
        "decision": best(lambda n: decide(policy, entry, analysed)),
        "audit line (in the writer's thread)": best(lambda n: lines.line(record, 1.7e9 + n * 1e-4)),
    }
    print(f"µs of CPU, best of {ROUNDS} rounds, {describe()}")
    for name, cost in parts.items():
        print(f"{cost:9.1f}  {name}")


if __name__ == "__main__":
    main()
