from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from dbgate.dashboard import main as module
from dbgate.dashboard.journal import ActionLog
from dbgate.dashboard.main import main
from dbgate.errors import ConfigError
from tests.unit.dashboard.pages import HASHER, set_password


def test_passwd(tmp_path: Path) -> None:
    path = str(tmp_path / "users.yaml")
    done = CliRunner().invoke(
        main, ["passwd", "ada", "--role", "admin", "--users", path, "--stdin"], "correct horse\n"
    )
    assert done.exit_code == 0 and "added ada" in done.output
    done = CliRunner().invoke(main, ["passwd", "ada", "--users", path], "another horse\nanother horse\n")
    assert done.exit_code == 0 and "changed ada" in done.output and "another horse" not in done.output
    done = CliRunner().invoke(main, ["passwd", "bob", "--users", path, "--stdin"], "correct horse\n")
    assert done.exit_code == 2 and "give a --role" in done.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--users", "/nowhere/users.yaml"], "cannot be read"),
        (["--listen", "nonsense"], "expected HOST:PORT"),
        (["--listen", "192.0.2.1:80"], "cannot listen"),
        (["--socket", "a=/x", "--socket", "a=/y"], "two gateways named a"),
        (["--tls-cert", "x"], "belong together"),
    ],
)
def test_what_cannot_be_served(tmp_path: Path, arguments: list[str], says: str) -> None:
    path = str(tmp_path / "users.yaml")
    set_password(path, "ada", "admin", "correct horse", HASHER)
    done = CliRunner().invoke(main, ["serve", "--users", path, *arguments])
    assert done.exit_code == 2 and says in done.output


def test_the_action_log_must_be_writable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        ActionLog(str(tmp_path / "no" / "x"), lambda: 0.0)
    full = ActionLog("/dev/full", lambda: 0.0)
    full.write("x", "ada", "", "done")
    full.close()
    assert '"user": "ada"' in capsys.readouterr().err
    log = ActionLog("-", lambda: 0.0)
    log.write("x", "a\nb", "", "done")
    log.close()
    assert capsys.readouterr().err.count("\n") == 1


def test_it_serves_and_ends(tmp_path: Path) -> None:
    path = str(tmp_path / "users.yaml")
    set_password(path, "ada", "admin", "correct horse", HASHER)
    command = [
        sys.executable,
        "-X",
        "dev",
        "-m",
        module.__name__,
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--users",
        path,
    ]
    command += ["--socket", str(tmp_path / "nowhere.sock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            found = re.search(r"http://127.0.0.1:\d+/", process.stdout.readline())
            assert found is not None, process.stderr.read()
            with urllib.request.urlopen(found[0] + "login", timeout=30) as answer:
                assert b"Password" in answer.read()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, process.stderr.read()
