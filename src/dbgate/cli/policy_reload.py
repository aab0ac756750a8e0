"""`dbgate-cli policy reload`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dbgate.cli.options import gateway_options, output_option

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient


@click.command()
@output_option
@gateway_options
def reload(client: ControlClient, output: str) -> None:
    """Have the gateway read its policy file again.

    The new policy is live when every worker has it; if the file is bad or a worker cannot take it, the old one
    stays everywhere and the exit status is 1.
    """
    from dbgate.cli import output as out

    result = client.reload()
    if output == "json":
        out.print_json(result)
    elif result.get("changed", True):
        before = result.get("previous") or "none"
        print(out.printable(f"Policy {result.get('version', '?')} is live (before: {before})."))
    else:
        print(out.printable(f"Policy {result.get('version', '?')} is live; the file has not changed."))
