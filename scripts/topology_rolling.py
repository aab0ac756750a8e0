"""Under load: one instance is killed; then all three are stopped by SIGTERM and started, one after another."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import pymysql
from topology_scenario import INSTANCES, Topology, all_up, ask, hold, login, sessions, states, until

CLIENTS = 8
# What a client may see between two transactions: the session is over (1053, 2006, 2013), or cannot begin just now (2003).
RETRYABLE = (1053, 2003, 2006, 2013)


class Worker(threading.Thread):
    """Does transactions until it is stopped, and connects again where one could not begin."""

    def __init__(self, place: Topology, bind: str) -> None:
        super().__init__(daemon=True)
        self.place = place
        self.bind = bind
        self.stopped = threading.Event()
        self.done = 0  # transactions whose COMMIT was answered
        self.again: Counter[int] = Counter()  # retryable errors
        self.failed: list[str] = []

    def run(self) -> None:
        connection: Any = None
        while not self.stopped.wait(0.005):
            begun = False
            try:
                if connection is None:
                    connection = login(self.place, self.bind)
                ask(connection, "BEGIN")
                begun = True
                ask(connection, "UPDATE products SET price = price + 0 WHERE id = 1")
                ask(connection, "SELECT COUNT(*) FROM products")
                ask(connection, "COMMIT")
                self.done += 1
            except (pymysql.Error, OSError) as error:
                number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
                if begun or number not in RETRYABLE:
                    self.failed.append(f"{'in a transaction' if begun else 'outside'}: {error}")
                self.again[number] += 1
                if connection is not None and connection.open:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()


def kill_one(place: Topology, bind: str) -> None:
    """One instance is killed while clients work. Failed where another's session is lost."""
    workers = [Worker(place, bind) for _ in range(CLIENTS + 1)]
    for worker in workers:
        worker.start()
    until("all clients work", lambda: all(worker.done > 2 for worker in workers))
    had = sessions(place.stats_port)["dbgate2"]
    place.kill(2)
    marks = [worker.done for worker in workers]
    until(
        "all of them work again",
        lambda: all(worker.done > mark + 2 for worker, mark in zip(workers, marks, strict=True)),
    )
    stop_all(workers)
    lost = [worker for worker in workers if worker.again]
    hold(
        f"of {len(workers)} working clients only those of the killed instance lost their connection, once each: "
        f"{len(lost)} of {had} that it had",
        0 < len(lost) <= had < len(workers) and all(sum(worker.again.values()) <= 2 for worker in lost),
    )
    place.start(2)
    until("it is back", lambda: all_up(place))


def stop_all(workers: list[Worker]) -> None:
    for worker in workers:
        worker.stopped.set()
    for worker in workers:
        worker.join(60)


def restart_all(place: Topology, bind: str) -> None:
    """Failed where a transaction that had begun did not end well."""
    workers = [Worker(place, bind) for _ in range(CLIENTS)]
    for worker in workers:
        worker.start()
    began = time.monotonic()
    for number in INSTANCES:
        before = sum(worker.done for worker in workers)
        place.ask_to_stop(number)
        place.wait_stopped(number)
        until(
            f"HAProxy has taken out instance {number}",
            lambda number=number: states(place.stats_port)[f"dbgate{number}"].startswith("DOWN"),  # type: ignore[misc]
        )
        until(
            "the others serve",
            lambda before=before: sum(worker.done for worker in workers) > before,  # type: ignore[misc]
        )
        place.start(number)
        until(f"instance {number} is back", lambda: all_up(place))
    seconds = time.monotonic() - began
    stop_all(workers)
    done = sum(worker.done for worker in workers)
    again: Counter[int] = sum((worker.again for worker in workers), Counter())
    failed = [text for worker in workers for text in worker.failed]
    seen = ", ".join(f"{count} times error {number}" for number, count in sorted(again.items())) or "no error"
    hold(
        f"a rolling restart of all three in {seconds:.0f} s: {done} transactions, none failed that had begun; "
        f"between two of them {CLIENTS} clients saw {seen}" + (f"; FAILED: {failed[:5]}" if failed else ""),
        done > 0 and not failed,
    )
