from __future__ import annotations

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dbgate.cli.options import (
    DEFAULT_LOG,
    DEFAULT_SOCKET,
    Exit,
    fail,
    fail_control,
    far_options,
    gateway_options,
    output_option,
    settings_here,
    socket_path,
)
from dbgate.config.options import OPTIONS
from dbgate.control.client import ControlClient, ControlError, Refused, Unreachable
from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator


def test_defaults_are_those_of_the_gateway() -> None:
    defaults = {option.name: option.default for option in OPTIONS}
    assert defaults["control_socket"] == DEFAULT_SOCKET
    assert defaults["audit_log"] == DEFAULT_LOG


def test_exit_codes() -> None:
    assert [int(code) for code in (Exit.DONE, Exit.NO, Exit.USAGE, Exit.UNREACHABLE)] == [0, 1, 2, 3]


def test_flag_over_environment_over_file_over_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert socket_path(None) == DEFAULT_SOCKET
    (tmp_path / "dbgate.yaml").write_text("control_socket: /from/file.sock\n")
    assert socket_path(None) == "/from/file.sock"
    monkeypatch.setenv("DBGATE_CONTROL_SOCKET", "/from/environment.sock")
    assert socket_path(None) == "/from/environment.sock"
    assert socket_path("/from/flag.sock") == "/from/flag.sock"


def test_far_options_reach_the_command_and_are_bounded() -> None:
    seen: list[tuple[str | None, float]] = []

    @click.command()
    @far_options
    def read(socket: str | None, timeout: float) -> None:
        seen.append((socket, timeout))

    runner = CliRunner()
    assert runner.invoke(read, []).exit_code == 0
    assert runner.invoke(read, ["--socket", "/a.sock", "--timeout", "0.01"]).exit_code == 0
    assert seen == [(None, 30.0), ("/a.sock", 0.01)]
    for seconds in ("0", "-1", "3601", "soon"):
        refused = runner.invoke(read, ["--timeout", seconds])
        assert refused.exit_code == Exit.USAGE
        assert "--timeout" in refused.output
    assert len(seen) == 2


def test_the_settings_of_this_folder(tmp_path: Path) -> None:
    assert settings_here("do this") is None
    (tmp_path / "dbgate.yaml").write_text("audit_log: a.jsonl\n")
    found = settings_here("do this")
    assert found is not None
    assert found.audit_log == "a.jsonl"


def test_a_socket_that_is_off(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DBGATE_CONTROL_SOCKET", "off")
    with pytest.raises(SystemExit) as caught:
        socket_path(None)
    assert caught.value.code == 2
    assert "--socket" in capsys.readouterr().err


def test_a_bad_settings_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dbgate.yaml").write_text("control_sockt: /x\n")
    with pytest.raises(SystemExit) as caught:
        socket_path(None)
    assert caught.value.code == 2
    assert "control_socket" in capsys.readouterr().err


def test_fail_shows_no_control_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        fail(Exit.NO, "bad \x1b[31m name", "do \x07 this")
    assert caught.value.code == 1
    assert capsys.readouterr().err == "dbgate-cli: bad \\x1b[31m name\n  → do \\x07 this\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [(Unreachable("m", "h"), 3), (ControlError("m", "h"), 3), (Refused(404, "c", "m", "h", ["p1", "p2"]), 1)],
)
def test_errors_of_the_control_api(
    error: ControlError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        fail_control(error)
    assert caught.value.code == code
    said = capsys.readouterr().err
    assert "h" in said
    assert ("p1" in said) == (code == 1)


def test_timeout_and_socket_flags_reach_the_client(run: Run, gateway: FakeOperator) -> None:
    path = os.environ["DBGATE_CONTROL_SOCKET"]
    gateway.wait = 0.15
    result = run("stats", "--timeout", "0.05")
    assert result.exit_code == 3
    assert "0.05 s" in result.stderr
    gateway.wait = 0.0
    os.environ["DBGATE_CONTROL_SOCKET"] = "/nonexistent"
    assert run("stats").exit_code == 3
    assert run("stats", "--socket", path).exit_code == 0


def test_options_before_a_subcommand_hold_for_it(run: Run, gateway: FakeOperator) -> None:
    path = os.environ.pop("DBGATE_CONTROL_SOCKET")
    result = run("sessions", "--socket", path, "-o", "json", "kill", "01J-1")
    assert result.exit_code == 0
    assert result.stdout.startswith("{")
    assert gateway.acts[0][:2] == ("kill", "01J-1")


def test_the_options_that_every_command_gets() -> None:
    seen: list[object] = []

    @click.command()
    @output_option
    @gateway_options
    def look(client: ControlClient, output: str) -> None:
        seen.extend([client.path, client.timeout, output])
        raise Unreachable("nobody", "do this")

    result = CliRunner().invoke(look, ["--socket", "/x", "--timeout", "2.5", "-o", "json"])
    assert seen == ["/x", 2.5, "json"]
    assert result.exit_code == 3
    assert result.stderr == "dbgate-cli: nobody\n  → do this\n"
