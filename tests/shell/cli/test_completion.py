"""Completion as a shell asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.cli.conftest import Run


def test_what_is_completed() -> None:
    command = Path(sys.executable).parent / "dbgate-cli"
    for words, number, expected in (
        ("dbgate-cli pol", 1, "plain,policy"),
        ("dbgate-cli policy roll", 2, "plain,rollback"),
        ("dbgate-cli stats --inter", 2, "plain,--interval"),
    ):
        environment = {**os.environ, "_DBGATE_CLI_COMPLETE": "bash_complete", "COMP_WORDS": words}
        got = subprocess.run(
            [command],
            env={**environment, "COMP_CWORD": str(number)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert got.stdout.split() == [expected]


def test_the_bash_script_works_in_bash(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(run("completion", "bash").stdout)
    folder = Path(sys.executable).parent
    words = 'COMP_WORDS=(dbgate-cli policy vers); COMP_CWORD=2; _dbgate_cli_completion dbgate-cli; echo "${COMPREPLY[@]}"'
    got = subprocess.run(
        ["bash", "--norc", "-c", f"source {script}; {words}"],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert got.stdout.split() == ["versions"]
