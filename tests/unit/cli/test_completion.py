from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Run


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --")]
)
def test_scripts(run: Run, shell: str, word: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert word in result.stdout
    assert "_DBGATE_CLI_COMPLETE" in result.stdout
    assert "dbgate-cli" in result.stdout


def test_a_shell_that_is_not_known(run: Run) -> None:
    assert run("completion", "csh").exit_code == 2
