"""The list of faults: how each begins and ends, and what is written about it in docs/runbook.md."""

from __future__ import annotations

import contextlib
import datetime
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.chaos import disk
from tests.chaos.world import POLICY, World

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPERATIONS = "allowed_operations: [SELECT, UPDATE]"
PATIENCE = 20.0  # seconds for what must come

Play = Callable[[World, float], "contextlib.AbstractContextManager[None]"]


@dataclass(frozen=True, slots=True)
class Fault:
    """play(world, seconds): a context manager; inside it the fault lasts, after it everything is as before, unless a
    person would have to do something. short: part of the short list; loses: records of what was answered may be lost, as
    far as the log says how many; refused: why it cannot be played on this machine, "" = it can."""

    name: str
    what: str
    play: Play
    short: bool = True
    loses: bool = False
    refused: Callable[[], str] = lambda: ""


@contextlib.contextmanager
def _worker_killed(world: World, seconds: float) -> Iterator[None]:
    world.kill_worker()
    yield


@contextlib.contextmanager
def _supervisor_killed(world: World, seconds: float) -> Iterator[None]:
    assert world.gateway.process is not None
    world.gateway.process.kill()
    world.gateway.process.wait()
    yield
    world.restart_gateway()


@contextlib.contextmanager
def _all_killed(world: World, seconds: float) -> Iterator[None]:
    assert world.gateway.process is not None
    os.killpg(world.gateway.process.pid, signal.SIGKILL)
    world.gateway.process.wait()
    yield
    world.restart_gateway()


@contextlib.contextmanager
def _gateway_restarted(world: World, seconds: float) -> Iterator[None]:
    world.gateway.signal(signal.SIGTERM)
    world.gateway.wait(20)
    yield
    world.restart_gateway()


@contextlib.contextmanager
def _server_killed(world: World, seconds: float) -> Iterator[None]:
    world.database.kill()
    yield
    world.database.start()


@contextlib.contextmanager
def _server_restarted(world: World, seconds: float) -> Iterator[None]:
    process = world.database.process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    yield
    world.database.start()


@contextlib.contextmanager
def _server_frozen(world: World, seconds: float) -> Iterator[None]:
    world.database.freeze()
    yield
    world.database.thaw()


def _network(leg: str, begin: str, *values: float) -> Play:
    @contextlib.contextmanager
    def play(world: World, seconds: float) -> Iterator[None]:
        proxy = world.front if leg == "front" else world.back
        getattr(proxy, begin)(*values)
        yield
        proxy.mend()

    return play


@contextlib.contextmanager
def _disk_full(world: World, seconds: float) -> Iterator[None]:
    world.point("/dev/full")
    yield
    world.point(str(world.audit))


@contextlib.contextmanager
def _disk_slow(world: World, seconds: float) -> Iterator[None]:
    """The log goes into a pipe that somebody empties slowly, and writes out."""
    pipe = world.folder / "slow"
    with contextlib.suppress(FileExistsError):
        os.mkfifo(pipe)
    fd = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    over = threading.Event()

    def empty() -> None:
        with open(world.slow, "ab") as out:
            quiet = 0
            while quiet < 20:
                try:
                    data = os.read(fd, 400 if not over.is_set() else 65_536)
                except BlockingIOError:
                    data = b""
                out.write(data)
                out.flush()
                quiet = 0 if data or not over.is_set() else quiet + 1
                time.sleep(0.02)

    reader = threading.Thread(target=empty, daemon=True)
    reader.start()
    world.point(str(pipe))
    yield
    over.set()
    world.point(str(world.audit))
    reader.join(10)
    os.close(fd)


@contextlib.contextmanager
def _clock_jump(world: World, seconds: float) -> Iterator[None]:
    """With an access rule for yesterday's, today's and tomorrow's days of the week."""
    today = datetime.datetime.now(datetime.UTC).weekday()
    days = ", ".join(DAYS[(today + shift) % 7] for shift in (-1, 0, 1))
    world.load(POLICY.replace(OPERATIONS, f"{OPERATIONS}\n    time_restriction: {{days: [{days}]}}"))
    world.clock.write_text(str(38 * 86_400))  # five weeks and three days
    barred = world.wait(lambda: world.answers()["1227 rule time-restriction"] > 0, PATIENCE)
    world.expect("the access rule follows the clock", barred >= 0)
    time.sleep(seconds / 2)
    world.clock.write_text(str(-86_400))
    yield
    world.clock.unlink()
    world.load(POLICY)


@contextlib.contextmanager
def _no_descriptors(world: World, seconds: float) -> Iterator[None]:
    """The workers may open no further file, and forty clients come."""
    before: dict[int, tuple[int, int]] = {}
    crowd: list[socket.socket] = []
    for pid in world.gateway.worker_pids():
        before[pid] = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 3, before[pid][1]))
    for _ in range(40):
        with contextlib.suppress(OSError):
            crowd.append(socket.create_connection(("127.0.0.1", world.gateway.port), 1))
    yield
    for pid, limit in before.items():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
    for one in crowd:
        one.close()


@contextlib.contextmanager
def _policy_loop(world: World, seconds: float) -> Iterator[None]:
    """Broken and mended, again and again; it ends mended."""
    over = threading.Event()

    def turn() -> None:
        texts = ("access_control: [", POLICY + "globl: {}\n", POLICY)
        number = 0
        while not over.is_set():
            world.gateway.policy.write_text(texts[number % 3])
            world.hang_up()
            number += 1
            over.wait(0.05)

    worker = threading.Thread(target=turn, daemon=True)
    worker.start()
    yield
    over.set()
    worker.join(5)
    world.gateway.policy.write_text(POLICY)
    world.hang_up()


@contextlib.contextmanager
def _certificate_expired(world: World, seconds: float) -> Iterator[None]:
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    world.certificates.issue("gateway.pem", "127.0.0.1", not_after=past)
    world.hang_up()
    time.sleep(0.3)
    world.expect("the log says so", "tls_cert: the certificate" in world.gateway.log_text())
    world.front.reset()  # so that everybody shakes hands anew
    yield
    world.certificates.issue("gateway.pem", "127.0.0.1")
    world.hang_up()


@contextlib.contextmanager
def _certificate_bad(world: World, seconds: float) -> Iterator[None]:
    """… and a worker is killed meanwhile."""
    world.certificate.write_text("half of a certifi")
    world.hang_up()
    world.kill_worker()
    yield
    world.certificates.issue("gateway.pem", "127.0.0.1")
    world.hang_up()


FAULTS = (
    Fault("worker-killed", "kill -9 of one worker of two", _worker_killed),
    Fault(
        "supervisor-killed",
        "kill -9 of the supervisor; the service manager starts it again",
        _supervisor_killed,
    ),
    Fault("all-killed", "kill -9 of all processes of the gateway at once, and their start", _all_killed),
    Fault(
        "gateway-restarted", "SIGTERM; the service manager starts it again", _gateway_restarted, short=False
    ),
    Fault("server-killed", "kill -9 of the database server, and its start", _server_killed),
    Fault("server-restarted", "an orderly restart of the database server", _server_restarted, short=False),
    Fault("server-frozen", "SIGSTOP of the database server, then SIGCONT", _server_frozen, short=False),
    Fault("client-cut", "client–gateway: closed, and nobody gets in", _network("front", "cut")),
    Fault("client-reset", "client–gateway: every connection is reset", _network("front", "reset")),
    Fault(
        "client-delay",
        "client–gateway: 100 ms more, either way",
        _network("front", "delay", 0.1),
        short=False,
    ),
    Fault(
        "client-loss", "client–gateway: 3 % of the packets come late", _network("front", "lose"), short=False
    ),
    Fault(
        "client-hole",
        "client–gateway: nothing passes, nobody is told",
        _network("front", "swallow"),
        short=False,
    ),
    Fault("server-cut", "gateway–server: closed, and nobody gets in", _network("back", "cut")),
    Fault("server-reset", "gateway–server: every connection is reset", _network("back", "reset")),
    Fault(
        "server-delay", "gateway–server: 100 ms more, either way", _network("back", "delay", 0.1), short=False
    ),
    Fault(
        "server-loss", "gateway–server: 3 % of the packets come late", _network("back", "lose"), short=False
    ),
    Fault(
        "server-hole",
        "gateway–server: nothing passes, nobody is told",
        _network("back", "swallow"),
        short=False,
    ),
    Fault("disk-full", "the audit log's disk is full", _disk_full),
    Fault(
        "disk-small",
        "a tmpfs of 2 MB with the audit log is full; a worker is killed meanwhile",
        disk.full_and_required,
        short=False,
        refused=disk.refused,
    ),
    Fault(
        "disk-small-allow",
        "a tmpfs of 2 MB with the audit log is full, with on_failure: allow",
        disk.full_and_not_required,
        short=False,
        loses=True,
        refused=disk.refused,
    ),
    Fault("disk-slow", "the audit log's disk takes 20 KB a second", _disk_slow),
    Fault("clock-jump", "the wall clock jumps by 38 days, then back by 39", _clock_jump),
    Fault("descriptors", "no file can be opened, and forty clients come", _no_descriptors),
    Fault("policy-loop", "the policy is broken and mended, 20 times a second", _policy_loop),
    Fault("certificate-expired", "the certificate has expired; it is replaced", _certificate_expired),
    Fault("certificate-bad", "the file is half written, a worker is killed", _certificate_bad),
)
