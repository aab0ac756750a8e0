"""The installed `dbgate-cli`, as a process of its own, against a control API on a real Unix socket."""

from __future__ import annotations

import grp
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dbgate.control.client import ControlClient, ControlError
from tests.unit.control.fake import FakeOperator, serving, session

CLI = Path(sys.executable).parent / "dbgate-cli"


def cli(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("DBGATE_", "COLUMNS"))
    }
    return subprocess.run(
        [CLI, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        cwd="/",
    )


@pytest.fixture
def operator() -> FakeOperator:
    return FakeOperator()


@pytest.fixture
def path(operator: FakeOperator, tmp_path: Path) -> Iterator[str]:
    with serving(operator, tmp_path / "dbgate.sock"):
        yield str(tmp_path / "dbgate.sock")


def test_each_command_finds_the_gateway_by_flag_or_environment(path: str) -> None:
    for arguments in (("stats",), ("sessions",), ("policy", "show"), ("policy", "reload")):
        by_flag = cli(*arguments, "--socket", path, "-o", "json")
        by_environment = cli(*arguments, "-o", "json", DBGATE_CONTROL_SOCKET=path)
        assert by_flag.returncode == by_environment.returncode == 0, by_flag.stderr
        assert by_flag.stderr == ""
        assert isinstance(json.loads(by_flag.stdout), dict)
        assert json.loads(by_environment.stdout).keys() == json.loads(by_flag.stdout).keys()


def test_exit_codes(path: str, operator: FakeOperator) -> None:
    operator.problems = ["policy.yaml:1:1: bad"]
    assert cli("policy", "reload", "--socket", path).returncode == 1
    assert cli("sessions", "kill", "nobody", "--socket", path).returncode == 1
    assert cli("sessions", "--sort", "colour", "--socket", path).returncode == 2
    assert cli("stats", "--socket", path + ".not").returncode == 3
    operator.wait = 60.0
    assert cli("stats", "--socket", path, "--timeout", "0.2").returncode == 3
    operator.wait = 0.0


def test_no_colour_in_a_pipe_nor_with_no_color(path: str) -> None:
    assert "\x1b" not in cli("stats", "--socket", path).stdout
    assert "\x1b[" in cli("stats", "--socket", path, FORCE_COLOR="1", TERM="xterm-256color").stdout
    no_colour = cli("stats", "--socket", path, FORCE_COLOR="1", TERM="xterm-256color", NO_COLOR="1").stdout
    assert "\x1b[3" not in no_colour
    assert "\x1b[9" not in no_colour


def test_a_terminal_that_does_not_know_every_character(path: str, operator: FakeOperator) -> None:
    operator.open = [session(1, db_user="数据→")]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1:strict", "DBGATE_CONTROL_SOCKET": path}
    for arguments in (["sessions"], ["sessions", "kill", "数"], ["stats"]):
        got = subprocess.run([CLI, *arguments], capture_output=True, env=environment, timeout=30)
        assert b"Traceback" not in got.stderr
        said = got.stdout.decode("latin-1") + got.stderr.decode("latin-1")
        assert ("\\u6570" in said) == (arguments != ["stats"])


def test_a_reader_that_goes_away_is_no_traceback(path: str) -> None:
    command = f"{CLI} stats --watch --interval 0.1 -o json --socket {path} | head -n 1"
    got = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30)
    assert json.loads(got.stdout)["total_queries"] == 4
    assert "Traceback" not in got.stderr


def test_a_look_costs_little(path: str) -> None:
    def cpu(*command: str | Path) -> float:
        before = os.times()
        assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    best = min(cpu(CLI, "stats", "--socket", path) for _ in range(3))
    bare = min(cpu(sys.executable, "-c", "pass") for _ in range(3))
    # Aim 0.2 s; the bound leaves room for a machine that is slow or does other things, and for coverage.
    assert best < max(0.6, 30 * bare), f"{best:.2f} s of CPU, an empty program {bare:.3f} s"


def answer(verb: Callable[[], object]) -> str:
    try:
        verb()
    except ControlError as error:
        return f"{type(error).__name__} {getattr(error, 'status', '')}".strip()
    return "ok"


def as_nobody(path: str) -> list[str]:
    """What each verb says to a process of another user: "ok", or the error's kind and status."""
    grp.getgrall()  # loaded now: the child may not read the interpreter's own files
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            client = ControlClient(path)
            verbs: list[Callable[[], object]] = [client.health, client.stats, client.sessions, client.policy]
            verbs += [client.reload, lambda: client.kill("01J-1"), client.catalog, client.policy_versions]
            verbs += [lambda: client.policy_version(1), lambda: client.policy_diff(1, 2)]
            verbs += [lambda: client.policy_rollback(1)]
            verbs += [lambda: client.policy_explain({"sql": "SELECT 1", "user": "app"})]
            os.write(writer, ",".join(map(answer, verbs)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        said = answers.read().split(",")
    os.waitpid(child, 0)
    return said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_else_is_refused_by_the_kernel_and_by_the_table(operator: FakeOperator) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = f"{folder}/dbgate.sock"
        with serving(operator, Path(path)):
            assert as_nobody(path) == ["Unreachable"] * 12
            os.chmod(path, 0o666)  # even where somebody opened the socket to all
            assert as_nobody(path) == ["ok"] + ["Refused 403"] * 11
            assert operator.acts == []
            os.chown(path, -1, 65534)  # nobody's group is now the socket's
            assert as_nobody(path) == ["ok"] * 12
            assert [act[-1] for act in operator.acts] == ["nobody (uid 65534)"] * 3
