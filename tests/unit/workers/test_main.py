"""The `dbgate` command: what it refuses before anything runs. The running gateway is tested in tests/integration."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from dbgate.config.options import OPTIONS
from dbgate.config.settings import load
from dbgate.control.tokens import make
from dbgate.errors import ConfigError
from dbgate.workers import main as command
from tests.servers.tls import Certificates

GOOD = "version: 1\naccess_control: []\n"
BY_COLUMN = """version: 1
access_control:
  - {user: app, grants: [{tables: [shop.orders], operations: [SELECT], columns: [id]}]}
"""


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)
    return CliRunner()


def test_help_names_every_setting(runner: CliRunner) -> None:
    text = runner.invoke(command.main, ["serve", "--help"]).output
    for option in OPTIONS:
        assert option.flag in text
    assert "serve" in runner.invoke(command.main, ["--help"]).output
    assert "0." in runner.invoke(command.main, ["--version"]).output


def test_check(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(GOOD)
    result = runner.invoke(command.main, ["check", "--policy", "p.yaml"])
    assert result.exit_code == 0
    assert "policy p.yaml: good, version " in result.output


def test_check_says_what_is_wrong(runner: CliRunner, tmp_path: Path) -> None:
    result = runner.invoke(command.main, ["check", "--policy", "p.yaml"])
    assert result.exit_code == 1
    assert (
        "the policy file has 1 finding\n" in result.output and "p.yaml:1:1: cannot be read" in result.output
    )
    (tmp_path / "p.yaml").write_text("nothing: 1\nglobal: {mode: never}\n")
    assert "has 2 findings\n" in runner.invoke(command.main, ["check", "--policy", "p.yaml"]).output
    result = runner.invoke(command.main, ["check", "--workers", "many"])
    assert result.exit_code == 1
    assert "--workers: expected" in result.output
    (tmp_path / "dbgate.yaml").write_text("listen: nowhere\n")
    assert "dbgate.yaml:1:9: listen: expected" in runner.invoke(command.main, ["check"]).output


def test_check_warns_of_a_certificate_that_has_expired(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(GOOD)
    certificates = Certificates()
    try:
        past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        path = certificates.issue("old.pem", "127.0.0.1", not_after=past)
        result = runner.invoke(command.main, ["check", "--policy", "p.yaml", "--tls-cert", str(path)])
    finally:
        certificates.remove()
    assert result.exit_code == 0
    assert "warning: tls_cert: the certificate, or one of its chain, has expired on " in result.output


def test_check_warns_of_rights_by_columns_without_a_catalog(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(BY_COLUMN)
    result = runner.invoke(command.main, ["check", "--policy", "p.yaml"])
    assert result.exit_code == 0
    assert "warning: the policy grants rights by columns, and no catalog_user is set" in result.output
    result = runner.invoke(
        command.main, ["check", "--policy", "p.yaml", "--catalog-user", "seer", "--catalog-password", "pw"]
    )
    assert result.exit_code == 0
    assert "columns" not in result.output


def test_check_warns_of_a_likely_slip(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.yaml").write_text(GOOD)
    monkeypatch.setenv("DBGATE_UPSTREM", "db:1")
    result = runner.invoke(command.main, ["check", "--policy", "p.yaml"])
    assert result.exit_code == 0
    assert "did you mean DBGATE_UPSTREAM?" in result.output


def test_check_opens_the_files_of_the_control_api(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(GOOD)
    pair = trustme.CA().issue_cert("localhost")
    pair.private_key_and_cert_chain_pem.write_to_path("both.pem")
    (tmp_path / "tokens").write_text(make("ada", "viewer")[1] + "\n")

    def check(**changed: str) -> tuple[int, list[str]]:
        settings = {
            "control_listen": "127.0.0.1:1",
            "control_tls_cert": "both.pem",
            "control_tokens": "tokens",
        }
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in {**settings, **changed}.items()]
        result = runner.invoke(command.main, ["check", "--policy", "p.yaml", *flags])
        return result.exit_code, result.output.splitlines()

    assert check()[0] == 0
    code, (cert, tokens, policy, place) = check(control_tls_cert="no.pem", control_tokens="no", policy="no")
    assert code == 1
    assert cert.startswith("dbgate: control_tls_cert: no.pem cannot be read: No such file or directory; name")
    assert tokens.startswith(
        "dbgate: control_tokens: no cannot be read: No such file or directory; `dbgate-cli token"
    )
    assert policy == "dbgate: the policy file has 1 finding"
    assert place.startswith("no:1:1: ")
    assert check(control_listen="off", control_tls_cert="", control_tokens="")[0] == 0


def test_serve_refuses_bad_settings(runner: CliRunner) -> None:
    result = runner.invoke(command.main, ["serve", "--idle-timeout", "30"])
    assert result.exit_code == 2
    assert "dbgate: --idle-timeout: expected a duration" in result.output
    assert "no such file" in runner.invoke(command.main, ["serve", "--config", "x.yaml"]).output
    assert "No such option" in runner.invoke(command.main, ["serve", "--lisen", "x"]).output


def test_settings_come_from_the_file_of_this_folder(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "dbgate.yaml").write_text("workers: 3\n")
    assert command.read_settings(None, {"listen": None}).workers == 3
    assert command.read_settings(None, {"workers": "2"}).workers == 2
    (tmp_path / "other.yaml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"other\.yaml: cannot be read"):
        command.read_settings("other.yaml", {})


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = {"audit_log": str(tmp_path / "new" / "a.jsonl"), "control_socket": "off"}
    command.check_places(load(where, {}))
    assert (tmp_path / "new").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"control_socket: the folder .* cannot be made .*--control-socket"):
        command.check_places(load({**where, "control_socket": str(tmp_path / "file" / "s")}, {}))
    monkeypatch.setattr(command.os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match="audit_log: no right to write"):
        command.check_places(load(where, {}))
    command.check_places(load({"audit_log": "-", "control_socket": "off"}, {}))
