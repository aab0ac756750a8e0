from __future__ import annotations

import click

from dbgate import __version__
from dbgate.cli.main import LazyGroup, main
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
            ("token",),
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
    for word, meant in (("kill", "sessions kill"), ("validate", "policy validate"), ("tail", "audit tail")):
        assert f"Did you mean '{meant}'?" in run(word).stderr
    result = run("qqq")
    assert result.exit_code == 2
    assert "No such command" in result.stderr
    assert run("stats", "--output", "xml").exit_code == 2
    assert run("stats", "--timeout", "0").exit_code == 2
