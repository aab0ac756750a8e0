from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable

from dbgate.audit.queue import RecordQueue
from dbgate.audit.record import Record
from dbgate.audit.redact import LineEncoder


def a_queue(records: int, size: int, wake: Callable[[], None] | None = None) -> RecordQueue:
    return RecordQueue(
        records, size, LineEncoder("gw1", os.urandom), lambda at: at + 1_700_000_000.0, wake or quiet
    )


def record(statement: str = "SELECT 1") -> Record:
    made = Record("query", 100.0, "s1", "app", "10.0.0.1", 1234)
    made.statement = statement
    return made


def statements(lines: list[bytes]) -> list[str]:
    return [json.loads(line)["statement"] for line in lines]


def quiet() -> None:
    raise AssertionError("nobody was asleep")


def test_the_oldest_are_taken_first_and_so_many_bytes() -> None:
    queue = a_queue(100, 1 << 20)
    for n in range(5):
        queue.put(record(f"SELECT {n}"))
    assert queue.waiting() == 5
    lines = queue.take(1)  # one line is more than a byte
    assert statements(lines) == ["SELECT 0"]
    assert json.loads(lines[0])["time"] == "2023-11-14T22:15:00.000000Z"
    assert statements(queue.take(len(lines[0]) + 1)) == ["SELECT 1", "SELECT 2"]
    assert queue.drop() == 2
    assert (queue.waiting(), queue.accepted, queue.refused) == (0, 5, 0)


def test_bounds_by_number_and_by_bytes() -> None:
    queue = a_queue(2, 1 << 20)
    for _ in range(5):
        queue.put(record())
    assert (queue.waiting(), queue.accepted, queue.refused) == (2, 2, 3)
    queue = a_queue(100, 50_000)
    for _ in range(3):
        queue.put(record("x" * 20_000))
    assert (queue.accepted, queue.refused) == (2, 1)
    queue.take(1)
    queue.put(record("x" * 20_000))  # the room of what was taken is free again
    assert (queue.accepted, queue.refused) == (3, 1)


def test_a_closed_queue_refuses_and_gives_what_it_has() -> None:
    queue = a_queue(10, 1 << 20)
    queue.put(record("kept"))
    queue.open = False
    queue.put(record("late"))
    assert queue.refused == 1
    assert statements(queue.take(1 << 20)) == ["kept"]


def test_a_record_that_cannot_be_encoded_costs_only_itself() -> None:
    queue = a_queue(10, 1 << 20)
    bad = record("bad")
    bad.at = float("nan")
    for item in (record("before"), bad, record("after")):
        queue.put(item)
    assert statements(queue.take(1 << 20)) == ["before", "after"]
    assert (queue.accepted, queue.broken) == (2, 1)
    assert queue.cause == "ValueError while encoding"


def test_who_sleeps_is_woken_once() -> None:
    woken: list[int] = []
    queue = a_queue(10, 1 << 20, lambda: woken.append(1))
    queue.put(record())
    assert not woken
    queue.asleep = True
    queue.put(record())
    queue.put(record())
    assert woken == [1]
    assert not queue.asleep


def test_two_threads_lose_nothing() -> None:
    queue = a_queue(10_000, 64 << 20)
    taken: list[str] = []

    def take() -> None:
        while len(taken) < 3000:
            taken.extend(statements(queue.take(1 << 14)))

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    for n in range(3000):
        queue.put(record(f"{n}"))
    thread.join(20)
    assert taken == [f"{n}" for n in range(3000)]
    assert queue.refused == queue.broken == 0


def test_where_records_are_owed_what_was_let_through_is_kept_past_the_bounds() -> None:
    queue = a_queue(2, 50_000)
    assert queue.level() == 0.0
    queue.strict = True
    refusal = record()
    refusal.decision = "block"
    cut = record()
    cut.decision = "block"
    cut.truncated = True  # it ran, and gave rows
    for _ in range(3):
        queue.put(record())
    assert queue.level() == 1.5
    queue.put(refusal)
    queue.put(cut)
    assert (queue.accepted, queue.refused) == (4, 1)
    queue.take(1 << 20)
    for statement in ("x" * 20_000, "x" * 40_000):
        queue.put(record(statement))
    assert queue.level() > 1.0
    assert (queue.accepted, queue.refused) == (6, 1)
    queue.strict = False
    queue.put(record("x" * 20_000))
    assert queue.refused == 2


def test_what_keep_took_is_told_line_by_line() -> None:
    queue = a_queue(100, 1 << 20)
    queue.put(record("early"))
    room = [1]

    def keep(line: bytes) -> int:
        room[0] -= 1
        return len(line) if room[0] >= 0 else 0

    queue.keep = keep
    first, second = record("first"), record("second")
    queue.put_now(first)
    queue.put(first)  # it is here already
    queue.put_now(second)  # no room there
    queue.keep = None
    queue.put(record("late"))
    assert queue.waiting() == 4
    taken: list[tuple[str, int]] = []
    for _ in range(4):
        (line,) = queue.take(1)
        taken.append((json.loads(line)["statement"], queue.taken_kept))
        assert queue.taken_kept in (0, len(line))
    assert [(name, size > 0) for name, size in taken] == [
        ("early", False),
        ("first", True),
        ("second", False),
        ("late", False),
    ]
    assert queue.take(1) == [] and queue.taken_kept == 0


def test_lines_of_another_process_are_taken_like_ones_own() -> None:
    queue = a_queue(100, 1 << 20)
    queue.recover(b"one\ntwo\n")
    queue.recover(b"three\n")
    assert queue.take(1 << 20) == [b"one\ntwo\n", b"three\n"]
    assert queue.taken_kept == 14


def alike(records: int, size: int, offered: list[list[Record]], open_: bool = True) -> tuple[object, ...]:
    """What a queue has of records that came in batches, and one of those that came one by one; asserts that these are
    the same."""
    batches, single = a_queue(records, size), a_queue(records, size)
    batches.open = single.open = open_
    for batch in offered:
        for record in batch:
            record.event_id = "E"
            single.put(record)
        batches.put_all(batch, 1_700_000_000.0)
    found = []
    for queue in (batches, single):
        counts = (queue.accepted, queue.refused, queue.broken, queue.cause, queue.level())
        found.append((*counts, queue.take(1 << 30)))
    assert found[0] == found[1]
    return found[0]


def test_many_at_once_are_taken_as_one_by_one() -> None:
    def some(count: int, length: int = 5) -> list[Record]:
        return [record("x" * length) for _ in range(count)]

    assert alike(100, 1 << 20, [some(3), [], some(4)])[0] == 7
    assert alike(5, 1 << 20, [some(3), some(4)])[:2] == (5, 2)
    assert alike(100, 50_000, [[*some(3, 20_000), *some(2)]])[:2] == (4, 1)
    assert alike(100, 1 << 20, [some(3)], False)[:2] == (0, 3)
    bad, here = record("bad"), record("here")
    bad.at = float("nan")
    here.kept = True
    counts = alike(100, 1 << 20, [[record(), bad, here, record()]])
    assert counts[:4] == (2, 0, 1, "ValueError while encoding")


def test_many_at_once_wake_once_and_are_kept() -> None:
    woken: list[int] = []
    queue = a_queue(10, 1 << 20, lambda: woken.append(1))
    queue.put_all([record()], 0.0)
    assert not woken
    queue.asleep = True
    queue.put_all([], 0.0)
    assert not woken
    queue.put_all([record(), record()], 0.0)
    assert woken == [1] and not queue.asleep
    queue.keep = len
    queue.put_all([record(), record()], 0.0)
    queue.take(1 << 20)
    assert queue.taken_kept > 200
