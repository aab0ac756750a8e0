"""The `dbgate` command: `serve`, `check` and `demo`."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from dbgate import __version__
from dbgate.config.options import OPTIONS
from dbgate.config.settings import Settings, load
from dbgate.errors import ConfigError, PolicyError

DEFAULT_FILE: Final = "dbgate.yaml"

Command = TypeVar("Command", bound=Callable[..., Any])


def _settings_options(command: Command) -> Command:
    """One flag for each row of the table of options."""
    for option in reversed(OPTIONS):
        shown = option.default or '""'
        command = click.option(
            option.flag, option.name, metavar="VALUE", default=None, help=f"{option.help} [{shown}]"
        )(command)
    return click.option(
        "--config",
        "config_file",
        metavar="FILE",
        default=None,
        envvar="DBGATE_CONFIG",
        help=f"settings file [{DEFAULT_FILE}, where there is one]",
    )(command)


def read_settings(config_file: str | None, flags: dict[str, str | None]) -> Settings:
    """Flags over environment over file over defaults. ConfigError with every finding."""
    name = config_file or DEFAULT_FILE
    text = ""
    try:
        text = Path(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        if config_file:
            raise ConfigError(f"{name}: no such file; give --config the path of your dbgate.yaml") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: cannot be read: {error}") from None
    given = {key: value for key, value in flags.items() if value is not None}
    return load(given, os.environ, text, name)


def fail(message: str, status: int = 2) -> None:
    """Ends the command with `message` on standard error."""
    click.echo(f"dbgate: {message}", err=True)
    sys.exit(status)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="dbgate")
def main() -> None:
    """dbgate stands between database clients and MySQL or MariaDB, and lets pass what the policy allows.

    Operators use `dbgate-cli` to look at a running gateway.
    """


@main.command()
@_settings_options
def serve(config_file: str | None, **flags: str | None) -> None:
    """Run the gateway. SIGHUP reloads the policy, SIGUSR1 reopens log files, SIGTERM drains and ends."""
    from dbgate.gateway.certificates import expiry_warnings, load_contexts, read_files
    from dbgate.workers import log
    from dbgate.workers.activation import handed_over
    from dbgate.workers.loop import run
    from dbgate.workers.operator import GatewayOperator
    from dbgate.workers.supervisor import Supervisor

    try:
        settings = read_settings(config_file, flags)
        check_places(settings)
        load_contexts(settings)
        log.set_up(settings.log_level, "supervisor")
        log.warn((*settings.warnings, *expiry_warnings(read_files(settings), time.time())))
        given = handed_over(os.environ, os.getpid())
        instance = settings.instance or socket.gethostname()
        supervisor = Supervisor(settings, instance, say, GatewayOperator, given)
        sys.exit(run(supervisor.run()))
    except ConfigError as error:
        fail(str(error))


def say(line: str) -> None:
    """The line at the start, at once also when standard output is a pipe."""
    click.echo(line)
    sys.stdout.flush()


def check_places(settings: Settings) -> None:
    """ConfigError where a folder that the gateway must write to is not there: better now than at the first query."""
    for name, path in (("audit_log", settings.audit_log), ("control_socket", settings.control_socket)):
        if not path or path == "-":
            continue
        folder = os.path.dirname(os.path.abspath(path))
        if not os.path.isdir(folder):
            try:
                os.makedirs(folder, mode=0o750, exist_ok=True)
            except OSError as error:
                raise ConfigError(
                    f"{name}: the folder {folder} is not there and cannot be made ({error.strerror}); "
                    f"make it, or set --{name.replace('_', '-')} to another path, or to off"
                ) from None
        writable = (
            os.access(path, os.W_OK)
            if name == "audit_log" and os.path.exists(path)
            else os.access(folder, os.W_OK)
        )
        if not writable:
            raise ConfigError(
                f"{name}: no right to write {path}; change its owner, or set --{name.replace('_', '-')} to another path"
            )


@main.command()
@_settings_options
def check(config_file: str | None, **flags: str | None) -> None:
    """Check the settings, the files that they name and the policy file, without running anything. Status 0: all are good; 1:
    not."""
    from dbgate.control.identity import problems as control_problems
    from dbgate.gateway.certificates import expiry_warnings, load_contexts, read_files
    from dbgate.workers.reload import NO_CATALOG_USER, load_file

    try:
        settings = read_settings(config_file, flags)
    except ConfigError as error:
        fail(str(error), 1)
        return
    findings: list[str] = []
    warnings = list(settings.warnings)
    try:
        load_contexts(settings)
        warnings += expiry_warnings(read_files(settings), time.time())
    except ConfigError as error:
        findings.append(str(error))
    if settings.control_listen is not None:
        findings += control_problems(
            settings.control_tls_cert, settings.control_tls_key, settings.control_tokens
        )
    version = ""
    try:
        loaded = load_file(settings.policy)
        version = loaded.version
        if loaded.policy.limits_columns and not settings.catalog_user:
            warnings.append(NO_CATALOG_USER)
    except PolicyError as error:
        count = len(error.problems)
        findings.append(f"the policy file has {count} finding{'' if count == 1 else 's'}\n{error}")
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    if findings:
        fail("\ndbgate: ".join(findings), 1)
    click.echo(f"settings: good\npolicy {settings.policy}: good, version {version}")


@main.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True}, add_help_option=False
)
@click.pass_context
def demo(context: click.Context) -> None:
    """Start a sample database, a policy and the gateway, and show what passes and what is blocked."""
    try:
        from dbgate.workers import demo as scenario
    except ImportError as error:
        fail(f"the demo is not part of this installation ({error})")
        return
    sys.exit(scenario.main(context.args))


if __name__ == "__main__":
    main()
