from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dbgate.dashboard.journal import ActionLog
from dbgate.dashboard.main import main
from dbgate.errors import ConfigError
from tests.shell.dashboard.pages import HASHER, set_password


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
