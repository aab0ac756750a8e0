"""docs/cli.md shows each command's --help, word for word. To write it anew: DBGATE_WRITE_DOCS=1 pytest tests/unit/cli/test_docs.py"""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dbgate.cli.main import main
from tests.unit.cli.test_main import commands

FILE = Path(__file__).parents[3] / "docs" / "cli.md"
BLOCK = re.compile(r"```text\n\$ (dbgate-cli[^\n]*) --help\n(.*?)```\n", re.DOTALL)


def help_of(name: str) -> str:
    result = CliRunner().invoke(
        main, [*name.split()[1:], "--help"], prog_name="dbgate-cli", terminal_width=100
    )
    assert result.exit_code == 0
    return result.stdout


def names() -> list[str]:
    leaves = [
        path
        for path, command in commands(main)
        if path in (("sessions",),) or not isinstance(command, click.Group)
    ]
    return ["dbgate-cli", *(f"dbgate-cli {' '.join(path)}" for path in leaves)]


@pytest.mark.skipif(not os.environ.get("DBGATE_WRITE_DOCS"), reason="only on request")
def test_write() -> None:
    text = BLOCK.sub(
        lambda found: f"```text\n$ {found[1]} --help\n{help_of(found[1])}```\n", FILE.read_text()
    )
    FILE.write_text(text)


def test_the_document_shows_every_command_as_it_is() -> None:
    shown = dict(BLOCK.findall(FILE.read_text()))
    assert sorted(shown) == sorted(names())
    for name, text in shown.items():
        assert text == help_of(name), f"{name}: run this file with DBGATE_WRITE_DOCS=1"
