"""The manual page of dbgate-cli, made from the commands themselves (docs/dbgate-cli.1; a test compares them)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from dbgate import __version__


def manual(main: click.Group, name: str = "dbgate-cli") -> str:
    """The page in man(7) macros, with every command and option."""
    parts = [
        f'.TH {name.upper()} 1 "" "dbgate {__version__}" "dbgate"',
        ".SH NAME",
        f"{name} \\- look at a running dbgate, and steer it",
        ".SH SYNOPSIS",
        f".B {name}",
        "COMMAND [OPTIONS] [ARGS]...",
        ".SH DESCRIPTION",
        *_paragraphs(main.help or ""),
        ".SH COMMANDS",
    ]
    for path, command in _commands(main, click.Context(main, info_name=name)):
        parts += _command(path, command)
    parts += [
        ".SH FILES",
        ".TP",
        "dbgate.yaml",
        "In the working folder: its control_socket is used where neither \\-\\-socket nor the environment names one.",
        ".SH ENVIRONMENT",
        *_environment(),
        ".SH SEE ALSO",
        "docs/cli.md, docs/policy.md and docs/control\\-api.md of dbgate.",
    ]
    return "\n".join(parts) + "\n"


def _environment() -> Iterator[str]:
    for variable, what in (
        ("DBGATE_CONTROL_SOCKET", "The gateway's control socket."),
        ("DBGATE_POLICY", "The policy that policy explain and who\\-can look at."),
        ("DBGATE_AUDIT_LOG", "The audit log."),
        ("NO_COLOR", "Set to anything: no colour."),
    ):
        yield from (".TP", f".B {variable}", what)


def _commands(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Every command below `group` with its words, those that are commands themselves included."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None  # noqa: S101  # the group named it
        path = f"{context.info_name} {name}"
        inner = click.Context(command, info_name=path)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield path, command
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def _command(path: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=path, help_option_names=["-h", "--help"])
    yield f".SS {_text(path)} {_text(' '.join(command.collect_usage_pieces(context)))}"
    yield from _paragraphs(command.help or "")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record is not None:
            yield ".TP"
            yield f".B {_text(record[0])}"
            yield _text(record[1])


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", inspect.cleandoc(text))):
        if number:
            yield ".PP"
        yield _text(" ".join(paragraph.split()))


def _text(text: str) -> str:
    """As roff shows it: nothing in it is a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return "\\&" + escaped if escaped.startswith((".", "\\(aq")) else escaped
