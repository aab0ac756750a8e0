from __future__ import annotations

import subprocess
import sys

import click

from dbgate import __version__
from dbgate.cli.main import LazyGroup, main
from tests.rows import rows
from tests.unit.cli.conftest import Run


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


def test_every_command_says_what_it_does_and_takes_the_common_options() -> None:
    for path, command in commands(main):
        assert command.get_short_help_str(), path
        if isinstance(command, LazyGroup):
            continue
        if path == ("completion",):  # it prints a script
            continue
        options = {name for parameter in command.params for name in parameter.opts}
        assert {"-o", "--output"} <= options, path
        if path not in (
            ("policy", "learn"),
            ("audit", "tail"),
            ("audit", "query"),
        ):  # those that never ask a gateway
            assert {"--socket", "--timeout"} <= options, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (path, parameter.name)


def test_version_and_help(run: Run) -> None:
    assert run("--version").stdout == f"dbgate-cli, version {__version__}\n"
    assert "Exit status" in run("--help").stdout
    assert run("policy", "-h").exit_code == 0


def test_wrong_usage_is_2_and_names_the_nearest(run: Run) -> None:
    result = run("sesions")
    assert result.exit_code == 2
    assert "Did you mean 'sessions'?" in result.stderr
    result = run("qqq")
    assert result.exit_code == 2
    assert "No such command" in result.stderr
    assert run("stats", "--output", "xml").exit_code == 2
    assert run("stats", "--timeout", "0").exit_code == 2


@rows("arguments", [("stats",), ("stats", "-o", "json"), ("sessions", "kill", "x")])
def test_a_look_at_a_gateway_loads_no_parser_and_no_table_library_needlessly(
    arguments: tuple[str, ...],
) -> None:
    code = (
        "import sys\n"
        "from dbgate.cli.main import main\n"
        f"try: main({list(arguments)!r} + ['--socket', '/nonexistent/x'])\n"
        "except SystemExit as end: print(end.code)\n"
        "print([m for m in ('rich', 'pydantic', 'yaml', 'starlette', 'uvicorn', 'dbgate.sql', 'dbgate.policy')"
        " if m in sys.modules])\n"
    )
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert got.stdout == "3\n[]\n"
    assert "dbgate serve" in got.stderr
