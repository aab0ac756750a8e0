"""What `./run topology --once` plays, through HAProxy, with processes and with containers alike."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pymysql
from pymysql.connections import Connection

INSTANCES = (1, 2, 3)
NAMES = tuple(f"dbgate{number}" for number in INSTANCES)
WAIT_SECONDS = 60.0


class Topology(Protocol):
    """What the scenario needs. port, stats_port: HAProxy's, on 127.0.0.1; near, far: addresses that a client of this
    machine can come from, as (what to bind to, what the gateway sees); far is None where there is only one."""

    port: int
    stats_port: int
    dashboard_port: int
    client_password: str
    near: tuple[str, str]
    far: tuple[str, str] | None
    policy: Path  # the file that all three watch

    def up(self) -> None: ...
    def down(self) -> None: ...
    def kill(self, number: int) -> None: ...
    def ask_to_stop(self, number: int) -> None: ...
    def wait_stopped(self, number: int) -> None: ...
    def start(self, number: int) -> None: ...
    def stop_server(self) -> None: ...
    def start_server(self) -> None: ...
    def records(self, number: int) -> list[dict[str, Any]]: ...


def records_in(text: str) -> list[dict[str, Any]]:
    """The records of an audit log; the last line may still be on its way."""
    return [json.loads(line) for line in text.rpartition("\n")[0].splitlines() if line]


class Failed(Exception):
    """Something did not hold; the message says what."""


def say(text: str) -> None:
    print(f"topology: {text}", flush=True)


def hold(what: str, truth: object) -> None:
    """Says what held; Failed where it did not."""
    if not truth:
        raise Failed(what)
    say(f"ok: {what}")


def until(what: str, look: Callable[[], bool]) -> None:
    """Waits for it. Failed where it does not come."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        with contextlib.suppress(OSError):
            if look():
                say(f"ok: {what}")
                return
        if time.monotonic() > deadline:
            raise Failed(f"did not come within {WAIT_SECONDS:.0f} s: {what}")
        time.sleep(0.1)


def servers(port: int) -> dict[str, dict[str, str]]:
    """HAProxy's statistics of the instances, by server name."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/;csv", timeout=5) as reply:
        rows = csv.DictReader(io.StringIO(reply.read().decode().lstrip("# ")))
        return {row["svname"]: row for row in rows if row["pxname"] == "mysql"}


def states(port: int) -> dict[str, str]:
    """HAProxy's view of the instances ("UP", "DOWN", "UP 1/2")."""
    return {name: row["status"] for name, row in servers(port).items()}


def sessions(port: int) -> dict[str, int]:
    """How many sessions each instance has now."""
    return {name: int(row["scur"] or 0) for name, row in servers(port).items()}


def dashboard_answers(port: int) -> bool:
    """Whether its /healthz is 200."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as reply:
        return bool(reply.status == 200)


def login(place: Topology, source: str, user: str = "app_service") -> Connection[Any]:
    """A session through HAProxy, from that address of this machine."""
    return pymysql.connect(
        host="127.0.0.1",
        port=place.port,
        bind_address=source,
        user=user,
        password=place.client_password,
        database="shop",
        autocommit=True,
        connect_timeout=20,
        read_timeout=20,
    )


def ask(connection: Connection[Any], sql: str) -> Any:
    """The first value of the answer."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
        return row[0] if row else None


def refused(work: Callable[[], object]) -> str:
    """The error's text, "" where there was none."""
    try:
        work()
    except pymysql.Error as error:
        return str(error)
    return ""


def all_up(place: Topology) -> bool:
    found = states(place.stats_port)
    return all(found.get(f"dbgate{number}") == "UP" for number in INSTANCES)


def play(place: Topology) -> None:
    """The scenario. Failed at the first thing that does not hold."""
    until("HAProxy sees three instances that are ready", lambda: all_up(place))
    bind, seen = place.near
    first = login(place, bind)
    hold("an allowed statement passes", ask(first, "SELECT COUNT(*) FROM products") == 5)
    text = refused(lambda: ask(first, "DROP TABLE products"))
    hold("a forbidden one is blocked", "dbgate: blocked by policy (rule: block-statement" in text)
    hold("the session goes on after the block", ask(first, "SELECT COUNT(*) FROM products") == 5)

    def recorded() -> bool:
        found = [
            one for number in INSTANCES for one in place.records(number) if one["event"] == "query.blocked"
        ]
        return bool(found) and {one.get("client_ip") for one in found} == {seen}

    until(f"records name the client's address, {seen}, not HAProxy's", recorded)
    analyst = login(place, bind, "analyst")
    hold("source_ip lets the client's address in", ask(analyst, "SELECT COUNT(*) FROM report_sales") == 3)
    analyst.close()
    if place.far is not None:
        far = place.far[0]
        hold("source_ip keeps another address out", refused(lambda: login(place, far, "analyst").close()))
    first.close()
    lose_one(place, bind)
    stop_one(place, bind)
    change_policy(place, bind)
    lose_server(place, bind)
    until("the dashboard answers", lambda: dashboard_answers(place.dashboard_port))


def lose_one(place: Topology, bind: str) -> None:
    """One instance is killed, its clients go on elsewhere, and it comes back."""
    sessions = [login(place, bind) for _ in range(9)]
    place.kill(2)
    lost = [one for one in sessions if refused(lambda one=one: ask(one, "SELECT 1"))]  # type: ignore[misc]
    hold(f"only sessions of the killed instance are lost ({len(lost)} of 9)", 0 < len(lost) < 9)
    again = [login(place, bind) for _ in lost]
    hold(
        "clients that connect again at once are served",
        all(ask(one, "SELECT COUNT(*) FROM products") == 5 for one in again),
    )
    until("HAProxy has taken it out", lambda: states(place.stats_port)["dbgate2"].startswith("DOWN"))
    hold("the others' sessions go on", all(ask(one, "SELECT 1") == 1 for one in sessions if one not in lost))
    before = len(place.records(1)) + len(place.records(3))
    hold("records of the others go on", before > 0)
    place.start(2)
    until("it is back", lambda: all_up(place))
    old = sum(one["event"] == "query" for one in place.records(2))
    late = [login(place, bind) for _ in range(3)]
    for one in late:
        ask(one, "SELECT COUNT(*) FROM orders")
    until("it serves again", lambda: sum(one["event"] == "query" for one in place.records(2)) > old)
    for one in [*sessions, *again, *late]:
        one.close()


def stop_one(place: Topology, bind: str) -> None:
    """One instance is asked to stop: its open transactions end well, and new clients are served elsewhere."""
    sessions = [login(place, bind) for _ in range(6)]
    for one in sessions:
        ask(one, "BEGIN")
        ask(one, "SELECT COUNT(*) FROM products")
    place.ask_to_stop(3)
    until(
        "HAProxy has taken out the one that drains",
        lambda: states(place.stats_port)["dbgate3"].startswith("DOWN"),
    )
    late = login(place, bind)
    hold("new clients are served elsewhere", ask(late, "SELECT COUNT(*) FROM products") == 5)
    failed = [text for one in sessions if (text := refused(one.commit))]
    hold("every open transaction was committed", not failed)
    for one in [*sessions, late]:
        one.close()
    place.wait_stopped(3)
    place.start(3)
    until("three are ready again", lambda: all_up(place))


def change_policy(place: Topology, bind: str) -> None:
    """The one file is replaced: all three instances follow, a bad one changes nothing, and then it is put back."""
    text = place.policy.read_text()
    sessions = [login(place, bind) for _ in range(6)]

    def refusing() -> int:
        return sum(bool(refused(lambda one=one: ask(one, "SELECT COUNT(*) FROM orders"))) for one in sessions)  # type: ignore[misc]

    hold("all sessions may read the orders", refusing() == 0)
    replace(place.policy, text.replace("products, orders]", "products]"))
    until("a new policy binds the open sessions of all three instances", lambda: refusing() == 6)
    replace(place.policy, "access_control: [")
    time.sleep(3)
    hold("a bad one changes nothing", refusing() == 6 and all_up(place))
    replace(place.policy, text)
    until("the one before is in force again", lambda: refusing() == 0)
    for one in sessions:
        one.close()


def replace(path: Path, text: str) -> None:
    """The whole file at once, as a careful editor does it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.chmod(0o644)
    os.replace(fresh, path)


def lose_server(place: Topology, bind: str) -> None:
    """The database server goes away and comes back."""
    place.stop_server()
    until(
        "without the server HAProxy takes out all three",
        lambda: all(
            state.startswith("DOWN") for name, state in states(place.stats_port).items() if name in NAMES
        ),
    )
    hold("a client is refused then", refused(lambda: login(place, bind).close()))
    place.start_server()
    until("all three are back by themselves when the server is", lambda: all_up(place))
    again = login(place, bind)
    hold("and serve", ask(again, "SELECT COUNT(*) FROM products") == 5)
    again.close()
