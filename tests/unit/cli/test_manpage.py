"""docs/dbgate-cli.1 says what --help says. To write it anew: DBGATE_WRITE_DOCS=1 pytest tests/unit/cli/test_manpage.py"""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
import pytest

from dbgate.cli.main import main
from dbgate.cli.manpage import manual
from tests.unit.cli.test_docs import help_of, names

FILE = Path(__file__).parents[3] / "docs" / "dbgate-cli.1"


@pytest.mark.skipif(not os.environ.get("DBGATE_WRITE_DOCS"), reason="only on request")
def test_write() -> None:
    FILE.write_text(manual(main))


def test_the_page_is_what_the_commands_say() -> None:
    assert FILE.read_text() == manual(main), "run this file with DBGATE_WRITE_DOCS=1"


def test_every_command_and_option_of_help_is_in_it() -> None:
    text = FILE.read_text().replace("\\-", "-")
    for name in names()[1:]:
        assert f".SS {name} " in text
        for option in re.findall(r"^  +(?:-\w, )?(--[a-z-]+)", help_of(name), re.MULTILINE):
            assert option in text, (name, option)


def test_text_is_no_request() -> None:
    @click.command(help=".SH evil\n\n'quoted \\fB")
    def evil() -> None: ...

    group = click.Group("g", commands={"evil": evil})
    text = manual(group, "g")
    assert "\n\\&.SH evil\n" in text
    assert "\n\\&\\(aqquoted \\efB\n" in text
