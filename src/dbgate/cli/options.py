"""What all commands have in common: where the gateway is, how the answer is printed, and how they fail."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from dbgate.errors import ConfigError

if TYPE_CHECKING:
    from dbgate.config.settings import Settings

DEFAULT_SOCKET: Final = "/run/dbgate/dbgate.sock"  # as config.options has it; a test compares them
DEFAULT_LOG: Final = "/var/log/dbgate/audit.jsonl"  # the same
DEFAULT_TIMEOUT: Final = 5.0
SETTINGS_FILE: Final = "dbgate.yaml"
_SHARED: Final = ("socket", "timeout", "output")

Command = TypeVar("Command", bound=Callable[..., Any])


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    NO = 1
    USAGE = 2
    UNREACHABLE = 3


def fail(status: Exit, message: str, hint: str = "") -> NoReturn:
    """End the command: what is wrong, and what to do next, on standard error."""
    from dbgate.cli.output import printable

    click.echo(f"dbgate-cli: {printable(message)}", err=True)
    if hint:
        click.echo(f"  → {printable(hint)}", err=True)
    sys.exit(int(status))


def output_option(command: Command) -> Command:
    """`-o table|json`, for every command."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="For people, or for programs.",
    )(command)


def far_options(command: Command) -> Command:
    """`--socket` and `--timeout` of a command that reads audit logs, or asks a gateway for what is in its own."""
    with_timeout = click.option(
        "--timeout",
        type=click.FloatRange(min=0.01, max=3600),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="How long the gateway may take for each page.",
    )(command)
    return click.option(
        "--socket",
        metavar="PATH|URL",
        default=None,
        help="Ask this gateway for its records, where its log cannot be read here.",
    )(with_timeout)


def gateway_options(command: Command) -> Command:
    """`--socket` and `--timeout`, for every command that may ask a gateway. The command gets `client`, a
    ControlClient, and its ControlErrors end the process with the right status and advice."""

    @functools.wraps(command)
    def run(*args: Any, socket: str | None, timeout: float, **kwargs: Any) -> Any:
        from dbgate.control.client import Access, ControlClient, ControlError

        ctx = click.get_current_context()
        if ctx.invoked_subcommand:
            # What was given before the subcommand's name holds for it too: sessions --socket X kill ID.
            ctx.default_map = {ctx.invoked_subcommand: {name: ctx.params[name] for name in _SHARED}}
        try:
            client = ControlClient(socket_path(socket), timeout, access=Access.from_environment())
            return command(*args, client=client, **kwargs)
        except ControlError as error:
            fail_control(error)

    with_timeout = click.option(
        "--timeout",
        type=click.FloatRange(min=0.01, max=3600),
        default=DEFAULT_TIMEOUT,
        show_default=True,
        metavar="SECONDS",
        help="How long the gateway may take to answer.",
    )(run)
    return click.option(
        "--socket",
        metavar="PATH|URL",
        default=None,
        help=f"The gateway's control socket, or https://HOST:PORT.  [env: DBGATE_CONTROL_SOCKET; default: {DEFAULT_SOCKET}]",
    )(with_timeout)  # type: ignore[return-value]


def fail_control(error: Exception) -> NoReturn:
    """End the command because of a ControlError."""
    from dbgate.control.client import ControlError, Refused

    assert isinstance(error, ControlError)  # noqa: S101
    if isinstance(error, Refused) and error.answered:
        problems = "".join(f"\n  {problem}" for problem in error.problems)
        fail(Exit.NO, error.message + problems, error.hint)
    fail(Exit.UNREACHABLE, error.message, error.hint)


def socket_path(flag: str | None) -> str:
    """Where the control socket is: flag, else environment, else dbgate.yaml in the working folder, else default."""
    found = flag or os.environ.get("DBGATE_CONTROL_SOCKET", "")
    if not found:
        here = settings_here("name the socket with --socket")
        found = here.control_socket if here is not None else DEFAULT_SOCKET
    if found == "off" or not found:
        fail(Exit.USAGE, "the control socket is off", "name the gateway's socket with --socket")
    return found


def settings_here(instead: str) -> Settings | None:
    """What the dbgate.yaml of the working folder says, None = there is none. Ends the command where it is wrong; instead: what
    helps besides correcting it."""
    if not os.path.exists(SETTINGS_FILE):
        return None
    from dbgate.config.settings import load

    try:
        return load({}, {}, Path(SETTINGS_FILE).read_text(encoding="utf-8"), SETTINGS_FILE)
    except (ConfigError, OSError, UnicodeDecodeError) as error:
        fail(Exit.USAGE, f"{SETTINGS_FILE} in this folder: {error}", f"correct it, or {instead}")
