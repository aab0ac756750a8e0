from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dbgate.cli.main import main
from tests.unit.control.fake import FakeOperator, serving

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No DBGATE_ variable, no dbgate.yaml, no terminal width of the person who runs the tests."""
    for name in (
        "DBGATE_CONTROL_SOCKET",
        "DBGATE_POLICY",
        "DBGATE_AUDIT_LOG",
        "COLUMNS",
        "NO_COLOR",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run() -> Run:
    """Runs dbgate-cli in this process: run("stats", "-o", "json") -> Result."""

    def invoke(*arguments: str, stdin: bytes | None = None) -> Result:
        result = CliRunner().invoke(main, arguments, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def operator() -> FakeOperator:
    return FakeOperator()


@pytest.fixture
def gateway(
    operator: FakeOperator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeOperator]:
    """A gateway that the commands find by their environment."""
    path = tmp_path / "dbgate.sock"
    monkeypatch.setenv("DBGATE_CONTROL_SOCKET", str(path))
    with serving(operator, path):
        yield operator
