"""The `dbgate-cli` command. Each subcommand is a module of its own, loaded when it is asked for, so that a look at the
statistics does not pay for a policy parser."""

from __future__ import annotations

import importlib
import io
import sys
from typing import Any, Final

import click

from dbgate import __version__

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class LazyGroup(click.Group):
    """A group whose commands are `module:attribute` texts until they are needed."""

    def __init__(self, name: str, targets: dict[str, str], help_text: str) -> None:
        super().__init__(name=name, help=help_text, context_settings=dict(CONTEXT), no_args_is_help=True)
        self.targets = targets

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """As click's; a terminal that cannot show a character gets its escape instead of a traceback."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return super().main(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table, which is the order of use."""
        return list(self.targets)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for a name that is no command."""
        target = self.targets.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(f"dbgate.cli.{module}"), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  # a wrong table is a defect
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the nearest command in the error."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = self._within(ctx, args[0]) or difflib.get_close_matches(args[0], self.targets, 1, 0.5)
            if not near:
                raise
            raise click.UsageError(f"{error.message.rstrip('.')}. Did you mean {near[0]!r}?", ctx) from None

    def _within(self, ctx: click.Context, name: str) -> list[str]:
        """Commands of that name in the groups of this one: `kill` is `sessions kill`."""
        found: list[str] = []
        for group in self.targets:
            command = self.get_command(ctx, group)
            if isinstance(command, click.Group) and name in command.list_commands(ctx):
                found.append(f"{group} {name}")
        return found


policy = LazyGroup(
    "policy",
    {
        "validate": "policy_validate:validate",
        "explain": "policy_explain:explain",
        "who-can": "policy_who_can:who_can",
        "backtest": "policy_backtest:backtest",
        "learn": "policy_learn:learn",
        "reload": "policy_reload:reload",
        "show": "policy_show:show",
        "versions": "policy_versions:versions",
        "diff": "policy_diff:diff",
        "rollback": "policy_rollback:rollback",
        "promote": "policy_promote:promote",
    },
    "Check, understand and change the policy.",
)

audit = LazyGroup("audit", {"tail": "audit_tail:tail", "query": "audit_query:query"}, "Read the audit log.")

main = LazyGroup(
    "dbgate-cli",
    {
        "sessions": "sessions:sessions",
        "stats": "stats:stats",
        "policy": "main:policy",
        "audit": "main:audit",
        "top": "top:top",
        "token": "token:token",
        "completion": "completion:completion",
    },
    """Look at a running dbgate, and steer it.

    Commands take -o table (for people, the default) or -o json (for programs). Errors go to
    standard error and say what to do next. Exit status: 0 done, 1 the answer is no (a block, a
    refused policy, no such session), 2 wrong usage, 3 the gateway cannot be reached or does not
    answer as it should.
    """,
)
click.version_option(__version__, "-V", "--version", prog_name="dbgate-cli")(main)
