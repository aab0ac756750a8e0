"""`dbgate-cli policy show`: which policy is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dbgate.cli.options import gateway_options, output_option

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient


@click.command()
@click.argument("number", type=click.IntRange(1, 999_999_999), required=False)
@output_option
@gateway_options
def show(client: ControlClient, number: int | None, output: str) -> None:
    """Show which policy is live, since when, and why the latest reload failed, if it did.

    With NUMBER, the text of that version, as it was loaded.
    """
    from dbgate.cli import output as out

    if number is not None:
        version = client.policy_version(number)
        if output == "json":
            out.print_json(version)
        else:
            print(out.printable(version["text"].rstrip("\n")))
        return
    info = client.policy()
    if output == "json":
        out.print_json(info)
        return
    version_text = info.get("version", "")
    print(out.printable(f"Version  {version_text or 'none: everything is refused'}"))
    print(out.printable(f"File     {info.get('file', '')}"))
    print(out.printable(f"Loaded   {info.get('loaded_at') or 'never'}"))
    if problems := info.get("problems", []):
        print("The latest reload was refused:")
        for problem in problems:
            print(f"  {out.printable(str(problem))}")
