"""`dbgate-cli policy rollback`: an earlier policy is in force again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dbgate.cli.options import gateway_options, output_option

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient


@click.command()
@click.argument("number", type=click.IntRange(1, 999_999_999))
@output_option
@gateway_options
def rollback(client: ControlClient, number: int, output: str) -> None:
    """Put version NUMBER of the policy into its file again, and live.

    Nothing is rewritten: it becomes a new version (see `dbgate-cli policy versions`). Where it cannot
    be, the file and the policy stay as they are and the exit status is 1.
    """
    from dbgate.cli import output as out

    result = client.policy_rollback(number)
    if output == "json":
        out.print_json(result)
        return
    text = f"Version {result['of']} is live again, as version {result['number']} (policy {result['version']}"
    before = f"before: {result['previous'] or 'none'}" if result["changed"] else "as before"
    print(out.printable(f"{text}, {before})."))
