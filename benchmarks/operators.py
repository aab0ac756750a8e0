"""What it costs to operate a gateway while it works. By hand, a minute or two each, on a machine that does nothing else:

`python -m benchmarks.operators reload`      a policy of 1,000 rules: how long it takes to validate, and what a reload under
                                             sysbench does to failed statements and to p99, measured in one run
`python -m benchmarks.operators backtest`    a million recorded statements through a candidate: rate and memory
`python -m benchmarks.operators dashboards`  ten dashboards open on three gateways: CPU of the workers a query with and without
                                             them, and of the supervisors
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path

from benchmarks.candidates import POLICY, rules, wait_for_login
from benchmarks.load import Script, _command, prepare
from benchmarks.processes import ran_for
from dbgate.control.client import ControlClient, Refused
from dbgate.dashboard.users import set_password
from dbgate.hot import describe
from tests.servers.gateway import Gateway
from tests.servers.mariadb import MariaDB

RULES = 1000
SECONDS = 20  # of one sysbench run
RELOAD_AT = 8  # the second at which it begins
RELOADS = 3
PLAIN = {"DBGATE_TEST_PLAIN": "1", "PYTHONASYNCIODEBUG": ""}
RECORDS = 1_000_000
DIGESTS = 400
DASHBOARDS = 10
PAIRS = 5
RATE = 400
INSTANCES = 3
CLI = str(Path(sys.executable).parent / "dbgate-cli")
PASSWORD = "a password for ten dashboards"
_SECOND = re.compile(r"\[ (\d+)s \].*?qps: ([\d.]+).*?lat \(ms,99%\): ([\d.]+) err/s: ([\d.]+)")


def say(line: str) -> None:
    print(line, flush=True)


def sysbench(port: int, threads: int, rate: int, seconds: int) -> subprocess.Popen[str]:
    """A run that reports each second."""
    script = Script(name="oltp_point_select", threads=threads, rate=rate)
    command = [option for option in _command(port, script, seconds) if not option.startswith("--histogram")]
    command += ["--report-interval=1", "--percentile=99", "run"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


# --- reload ---


def reload(rate: int) -> None:
    """The numbers of a reload while sysbench sends as many statements as go, and also at a steady rate where one is given."""
    text = rules(RULES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text(text)
        command = [CLI, "policy", "validate", str(path)]
        took = []
        for _ in range(3):
            began = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True)
            took.append(time.monotonic() - began)
            assert done.returncode == 0 and done.stdout, done.stdout + done.stderr
        say(
            f"validate, {RULES:,} rules, with the start of the command: {min(took):.2f} s (of {len(took)}, slowest {max(took):.2f} s)"
        )
    with MariaDB() as server:
        server.sql("CREATE DATABASE sbtest")
        prepare(server.port)
        with Gateway(server, text, PLAIN) as gateway:
            wait_for_login(gateway.port)
            for steady in {0, rate}:
                _reload_under(gateway, text, steady)


def _reload_under(gateway: Gateway, text: str, rate: int) -> None:
    client = ControlClient(str(gateway.control), 60.0)
    process = sysbench(gateway.port, 4, rate, SECONDS)
    spans: list[tuple[float, float]] = []
    began = time.monotonic()

    def operate() -> None:
        time.sleep(RELOAD_AT)
        for number in range(RELOADS):
            gateway.policy.write_text(text + f"# {rate} {number}\n")
            start = time.monotonic()
            assert client.reload()["changed"]
            spans.append((start - began, time.monotonic() - began))
        before = client.policy()["version"]
        gateway.policy.write_text(text + "nonsense: 1\n")
        try:
            client.reload()
        except Refused as refused:
            assert client.policy()["version"] == before
            say(f"  a bad file: refused ({refused.problems[0].split(': ', 1)[1]}), policy {before} stays")
        else:
            raise AssertionError("a bad policy was taken")

    thread = threading.Thread(target=operate)
    thread.start()
    output, _ = process.communicate(timeout=SECONDS + 60)
    thread.join()
    assert process.returncode == 0, output
    seconds = {
        int(n): (float(qps), float(p99), float(errors)) for n, qps, p99, errors in _SECOND.findall(output)
    }
    first, last = spans[0][0], spans[-1][1]
    during = [seconds[n] for n in seconds if first <= n <= last + 1]
    before_ = [seconds[n] for n in seconds if 1 < n < first]
    p99 = statistics.median(value[1] for value in before_)
    worst = max(value[1] for value in during)
    errors = sum(value[2] for value in seconds.values())
    say(
        f"  {'as many as go' if not rate else f'{rate:,} a second'}: {statistics.median(v[0] for v in before_):,.0f} qps before; "
        f"p99 before {p99:.2f} ms (median of {len(before_)} seconds, worst {max(v[1] for v in before_):.2f}), "
        f"during {RELOADS} reloads {statistics.median(v[1] for v in during):.2f} ms (worst second {worst:.2f}), "
        f"ratio of medians {statistics.median(v[1] for v in during) / p99:.2f}; "
        f"a reload took {statistics.mean(stop - start for start, stop in spans):.2f} s; failed statements: {errors:.0f}"
    )


# --- backtest ---


def backtest() -> None:
    """Rate and memory of `policy backtest`."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "audit.jsonl"
        policy = Path(folder) / "policy.yaml"
        policy.write_text(POLICY)
        _write_log(log)
        say(f"{RECORDS:,} records with {DIGESTS} digests, {log.stat().st_size >> 20} MiB")
        command = [
            CLI,
            "policy",
            "backtest",
            str(policy),
            "--traffic",
            str(log),
        ]
        began = time.monotonic()
        done = subprocess.run([*command, "-o", "json"], capture_output=True, text=True)
        took = time.monotonic() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        peak = used.ru_maxrss
        assert done.returncode in (0, 1) and done.stdout, done.stderr
        found = json.loads(done.stdout)
        say(
            f"  {took:.1f} s: {RECORDS / took:,.0f} statements a second, {peak >> 10} MiB at most, {describe()}"
        )
        say("  " + json.dumps({name: value for name, value in found.items() if isinstance(value, int | str)}))


def _write_log(path: Path) -> None:
    """Records as the gateway writes them: its own masks and digests."""
    from dbgate.sql.analyze import analyze
    from dbgate.sql.statement import MARIADB, LexContext

    context = LexContext(MARIADB, 101100)
    lines: list[str] = []
    for number in range(DIGESTS):
        sql = f"SELECT c{number}, k FROM sbtest1 WHERE id = {number} AND k > 5"
        found = analyze(sql.encode(), context, "sbtest")
        lines.append(
            json.dumps(
                {
                    "time": "2026-01-30T12:00:00.000000Z",
                    "event": "query",
                    "event_id": "01KG0000000000000000000000",
                    "instance": "gw",
                    "session_id": f"a-{number}",
                    "db_user": "app",
                    "client_ip": "127.0.0.1",
                    "client_port": 40000,
                    "db_schema": "sbtest",
                    "operation": "SELECT",
                    "operations": ["SELECT"],
                    "tables": ["sbtest.sbtest1"],
                    "statement": found.masked,
                    "digest": found.digest,
                    "decision": "allow",
                    "duration_us": 300,
                }
            )
            + "\n"
        )
    with path.open("w") as file:
        for start in range(0, RECORDS, DIGESTS):
            file.writelines(lines[: RECORDS - start])


# --- dashboards ---


def dashboards(rate: int) -> None:
    """CPU with and without ten open dashboards, by turns, under `rate` statements a second to each gateway."""
    with MariaDB() as server, contextlib.ExitStack() as stack:
        server.sql("CREATE DATABASE sbtest")
        prepare(server.port)
        gateways = [
            stack.enter_context(Gateway(server, POLICY, PLAIN, instance=f"gw{n}")) for n in range(INSTANCES)
        ]
        for gateway in gateways:
            wait_for_login(gateway.port)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        without: list[Cost] = []
        among: list[Cost] = []
        _cost(gateways, [], rate)  # caches fill, and pages are touched for the first time
        for _ in range(PAIRS):
            without.append(_cost(gateways, [], rate))
            with _ten_dashboards(gateways, folder) as pid:
                among.append(_cost(gateways, [pid], rate))
        for name, costs in (("without", without), ("with", among)):
            each = ", ".join(f"{cost.query:.1f}" for cost in costs)
            say(
                f"  {name}: workers {statistics.median(c.query for c in costs):.1f} µs of CPU a query ({each}); "
                f"supervisors together {statistics.median(c.supervisors for c in costs):.2%} of a core; "
                f"dashboard {statistics.median(c.dashboard for c in costs):.2%}"
            )
        ratios = [b.query / a.query - 1 for a, b in zip(without, among, strict=True)]
        say(
            f"  workers' CPU a query with {DASHBOARDS} dashboards on {INSTANCES} gateways, {rate} statements a second each: "
            f"{statistics.median(ratios):+.1%} (median of {PAIRS} pairs: {', '.join(f'{r:+.1%}' for r in ratios)})"
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """query: the workers' µs of CPU a query; supervisors, dashboard: shares of a core."""

    query: float
    supervisors: float
    dashboard: float


def _cost(gateways: list[Gateway], others: list[int], rate: int, seconds: int = 8) -> Cost:
    """While sysbench asks each gateway for `rate` statements a second. others: the dashboard's process."""
    loads = [sysbench(gateway.port, 2, rate, seconds + 2) for gateway in gateways]
    time.sleep(1.5)
    workers, supervisors, dashboard, queries, began = *_spent(gateways, others), time.monotonic()
    time.sleep(seconds - 1)
    workers_after, supervisors_after, dashboard_after, queries_after = _spent(gateways, others)
    took = time.monotonic() - began
    for load in loads:
        output, _ = load.communicate(timeout=60)
        assert load.returncode == 0, output
    return Cost(
        (workers_after - workers) / (queries_after - queries) * 1e6,
        (supervisors_after - supervisors) / took,
        (dashboard_after - dashboard) / took,
    )


def _spent(gateways: list[Gateway], others: list[int]) -> tuple[float, float, float, int]:
    workers = supervisors = 0.0
    queries = 0
    for gateway in gateways:
        assert gateway.process is not None
        workers += sum(ran_for(pid) for pid in gateway.worker_pids())
        supervisors += ran_for(gateway.process.pid)
        queries += int(ControlClient(str(gateway.control), 10.0).stats()["total_queries"])
    return workers, supervisors, sum(ran_for(pid) for pid in others), queries


@contextlib.contextmanager
def _ten_dashboards(gateways: list[Gateway], folder: Path) -> Iterator[int]:
    """The id of one dashboard process with every gateway, and ten visitors with the overview open and the list of sessions asked for
    every four seconds, as the page does."""
    users = folder / "users.yaml"
    set_password(str(users), "ada", "admin", PASSWORD)
    command = [
        sys.executable,
        "-m",
        "dbgate.dashboard.main",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--users",
        str(users),
    ]
    command += ["--action-log", str(folder / "actions.jsonl")]
    for gateway in gateways:
        command += ["--socket", f"{gateway.folder.name}={gateway.control}"]
    setpriv = shutil.which("setpriv")
    process = subprocess.Popen(
        [*([setpriv, "--pdeathsig", "KILL"] if setpriv else []), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONASYNCIODEBUG": ""},
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline().decode())
    assert found is not None
    url = found[0].rstrip("/")
    opener = _log_in(url)
    over = threading.Event()
    seen: list[int] = []
    visitors = [
        threading.Thread(target=_visit, args=(opener, url, over, seen), daemon=True)
        for _ in range(DASHBOARDS)
    ]
    try:
        for visitor in visitors:
            visitor.start()
        until = time.monotonic() + 60
        while len(seen) < DASHBOARDS and time.monotonic() < until:
            time.sleep(0.1)
        assert len(seen) == DASHBOARDS, f"{len(seen)} of {DASHBOARDS} dashboards opened"
        yield process.pid
    finally:
        over.set()
        process.terminate()
        process.wait(30)
        process.stdout.close()


def _log_in(url: str) -> urllib.request.OpenerDirector:
    """What has the cookie. Ten logins of one name at the same time look like an attack."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with opener.open(f"{url}/login", timeout=30) as page:
        token = re.search(r'name="token" value="([^"]+)"', page.read().decode())
    form = {"user": "ada", "password": PASSWORD, "token": token[1] if token else "", "next": "/"}
    with opener.open(f"{url}/login", urllib.parse.urlencode(form).encode(), timeout=60) as page:
        assert "Overview" in page.read().decode()
    return opener


def _visit(opener: urllib.request.OpenerDirector, url: str, over: threading.Event, seen: list[int]) -> None:
    """Hold the live stream open, and look at the sessions now and then."""
    stream = opener.open(f"{url}/live", timeout=30)
    assert stream.readline()
    seen.append(1)
    drain = threading.Thread(target=_drain, args=(stream, over), daemon=True)
    drain.start()
    while not over.wait(4.0):
        with contextlib.suppress(OSError), opener.open(f"{url}/sessions?live=1", timeout=10) as page:
            page.read()


def _drain(stream: object, over: threading.Event) -> None:
    with contextlib.suppress(Exception):
        while not over.is_set() and stream.readline():  # type: ignore[attr-defined]
            pass


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["reload", "backtest", "dashboards"])
    parser.add_argument(
        "--rate",
        type=int,
        default=0,
        help="statements a second: reload is measured under so many too, dashboards under so many to each gateway",
    )
    options = parser.parse_args()
    say(f"load of the machine before: {os.getloadavg()[0]:.1f}; {describe()}")
    if options.what == "reload":
        reload(options.rate)
    elif options.what == "backtest":
        backtest()
    else:
        dashboards(options.rate or RATE)


if __name__ == "__main__":
    main()
